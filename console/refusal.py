"""The errors of the CloudWatch API, as a client sees them."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from cloudwatch.parameters import ParametersRefused

INVALID_VALUE = "InvalidParameterValue"
INVALID_COMBINATION = "InvalidParameterCombination"
MISSING = "MissingParameter"
NOT_FOUND = "ResourceNotFound"
VALIDATION = "ValidationError"

T = TypeVar("T")


class Refusal(Exception):
    """An answer that is an error. ``code`` is the code of AWS, and ``members`` are further members of its shape."""

    def __init__(self, code: str, message: str, **members: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        vars(self).update(members)  # moto's serializer reads the members of an error as attributes


class UnsupportedOperation(Refusal):
    """CloudWatch would accept the request, and the console cannot answer it. AWS has no such error."""

    def __init__(self, what: str) -> None:
        super().__init__("UnsupportedOperation", f"The console does not support {what}.")


def read_as_aws(read: Callable[[Mapping[str, Any]], T], parameters: Mapping[str, Any]) -> T:
    """What ``read`` makes of the parameters of a call. Raises Refusal with every problem."""
    try:
        return read(parameters)
    except ParametersRefused as error:
        raise Refusal(VALIDATION, "; ".join(map(str, error.problems))) from error
