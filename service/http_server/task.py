"""waitress' tasks: one call of the application, and the answer when that call fails."""

import json
from typing import Any

from waitress.task import ErrorTask, WSGITask

from service.admission import REFUSAL
from service.messages import ERRORS
from service.middleware.security_headers import security_headers


class RequestTask(WSGITask):  # type: ignore[misc]
    """Passes a refusal to the application. Closes the connection after a refusal, and while the process drains."""

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        if self.request.refusal is not None:
            environ[REFUSAL] = self.request.refusal
            environ["CONTENT_LENGTH"] = "0"
        return environ

    def build_response_header(self) -> bytes:
        self.channel.note_answer()
        if self.request.refusal is not None or self.channel.server.is_draining:
            self.set_close_on_finish()
        return bytes(super().build_response_header())

    def finish(self) -> None:
        super().finish()
        self.channel.note_answer()


class LastResort(ErrorTask):  # type: ignore[misc]
    """Answers when the application itself fails. Falcon's handler of unexpected errors makes that very rare."""

    def execute(self) -> None:
        body = json.dumps({"code": "unexpected", "message": ERRORS["unexpected"]}, ensure_ascii=False).encode()
        self.status = "500 Internal Server Error"
        self.response_headers += [("Content-Type", "application/json"), *security_headers(self.channel.adj.url_scheme)]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
