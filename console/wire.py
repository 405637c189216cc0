"""The protocols of the CloudWatch API: requests in, parameters out, and answers back.

moto's parsers and serialisers do the work, from botocore's model of the service: ``json`` (boto3, aws-cli) and
``query`` (older SDKs, curl). They have no ``smithy-rpc-v2-cbor`` yet. The parsers leave out a member that the model
does not know, and change the types of others, so the form of a JSON body is checked before.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from botocore.utils import parse_timestamp
from moto.core.loaders import create_loader
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SERIALIZERS

from cloudwatch.call_form import form_faults, input_shape
from console.refusal import VALIDATION, Refusal, UnsupportedOperation

SERVICE = "cloudwatch"
TARGET = "GraniteServiceVersion20100801."
_FORM_TYPE = "application/x-www-form-urlencoded"
_JSON_TYPES = ("application/x-amz-json-1.0", "application/x-amz-json-1.1")


@dataclass(frozen=True, slots=True)
class WireRequest:
    """The parts of an HTTP request that the protocols use."""

    content_type: str
    target: str  # the header X-Amz-Target
    body: bytes


@dataclass(frozen=True, slots=True)
class WireAnswer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """Reads calls and writes answers, in the protocol of the request."""

    def __init__(self) -> None:
        self._model = ServiceModel(create_loader().load_service_model(SERVICE, "service-2"), SERVICE)

    def operation_name(self, request: WireRequest) -> str:
        """The name of the operation that is called. Raises Refusal for one that AWS does not have."""
        return str(self._operation_model(request).name)

    def parameters(self, request: WireRequest) -> Mapping[str, Any]:
        """The parameters of the call, as in boto3. Times are in UTC. Raises Refusal."""
        operation = self._operation_model(request)
        name = str(operation.name)
        parser = PROTOCOL_PARSERS[_protocol(request)](operation, timestamp_parser=_moment)
        form = _form(request)
        if form is None:
            _check(name, _json_object(request.body))
        else:
            _check_names(name, form)
        try:
            parsed = parser.parse({"values": form, "body": request.body})  # type: ignore[typeddict-item] # enough
        except (ValueError, TypeError) as error:
            raise Refusal(VALIDATION, f"{name}: a parameter has the wrong type: {error}") from error
        if form is not None:
            _check(name, parsed)
        return parsed

    def answer(self, request: WireRequest, result: Mapping[str, Any] | Refusal) -> WireAnswer:
        """The answer to a request that was read, or an error."""
        try:
            operation = self._operation_model(request)
        except Refusal:
            operation = OperationModel({}, self._model)  # an error needs no model of the operation
        serialized = SERIALIZERS[_protocol(request, "json")](operation).serialize(result)
        body = serialized["body"]
        return WireAnswer(
            serialized["status_code"],
            {**serialized["headers"], **_content_type(request)},
            body if isinstance(body, bytes) else body.encode(),
        )

    def _operation_model(self, request: WireRequest) -> OperationModel:
        form = _form(request)
        name = request.target.removeprefix(TARGET) if form is None else form.get("Action", "")
        if name not in self._model.operation_names:
            raise Refusal("InvalidAction", f"Could not find operation {name[:100]}")
        operation: OperationModel = self._model.operation_model(name)
        return operation


def _content_type(request: WireRequest) -> Mapping[str, str]:
    """The type of a JSON answer; that of another answer is set already."""
    return {} if _protocol(request, "json") == "query" else {"Content-Type": _JSON_TYPES[0]}


def _protocol(request: WireRequest, otherwise: str = "") -> str:
    kind = request.content_type.partition(";")[0].strip().lower()
    if kind == _FORM_TYPE:
        return "query"
    if kind in _JSON_TYPES:
        return "json"
    if otherwise:
        return otherwise
    raise UnsupportedOperation(
        f"the content type {kind or '(none)'}; it speaks {', '.join((*_JSON_TYPES, _FORM_TYPE))}"
    )


def _form(request: WireRequest) -> dict[str, str] | None:
    """The members of a request of the query protocol; None if it is in another one."""
    if _protocol(request) != "query":
        return None
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError as error:
        raise Refusal("SerializationException", f"The body is not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise Refusal("SerializationException", "The body is not a JSON object")
    return parsed


def _check(operation: str, parameters: Mapping[str, Any]) -> None:
    """Raise Refusal for the form of parameters: names, types, enumerations, limits."""
    if faults := [f"{path}: {text}" for path, text in form_faults(parameters, input_shape(SERVICE, operation))]:
        raise Refusal(VALIDATION, f"{operation}: {'; '.join(faults)}")


def _check_names(operation: str, form: Mapping[str, str]) -> None:
    known = {"Action", "Version", *input_shape(SERVICE, operation).members}
    if unknown := {key.partition(".")[0] for key in form} - known:
        raise Refusal(VALIDATION, f"{operation}: there is no such parameter: {', '.join(sorted(unknown))}")


def _moment(value: Any) -> datetime:
    found = parse_timestamp(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
