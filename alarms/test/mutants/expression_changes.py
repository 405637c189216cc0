"""Changes of an expression: each number, operator, id and function, and each part of it left out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from alarms.test.mutants.change import near_numbers, shown
from alarms.test.mutants.query_changes import query_changes
from cloudwatch.insights import SelectQuery
from cloudwatch.metric_math import Expression, parse, read_selection, unparse
from cloudwatch.metric_math.signatures import SIGNATURES
from cloudwatch.metric_math.syntax import Array, Call, fold, parts, postorder, with_parts
from cloudwatch.metric_math.tokens import tokenize
from cloudwatch.token_reader import Token

_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_OPERATORS = {
    **{one: tuple(other for other in _COMPARISONS if other != one) for one in _COMPARISONS},
    **{"+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("*",), "^": ("*",), "AND": ("OR",), "OR": ("AND",)},
    **{"NOT": ("",), "!": ("",)},
}
# Functions that take the same arguments and are easily mistaken for each other.
_SIBLINGS = (
    ("AVG", "MAX", "MIN", "SUM", "STDDEV"),
    ("CEIL", "FLOOR"),
    ("FIRST", "LAST"),
    ("DIFF", "RATE", "RUNNING_SUM"),
    ("LOG", "LOG10"),
    ("MINUTE", "HOUR", "DAY", "DATE", "MONTH", "YEAR"),
    ("REPEAT", "LINEAR", "0"),  # of FILL
    ("ASC", "DESC"),
)


def expression_changes(text: str, ids: Sequence[str]) -> list[str]:
    """The expression with each single part changed. ``ids`` are the other ids of the alarm.

    Some of them CloudWatch refuses, because an id or a function does not fit in its place.
    """
    selection = read_selection(parse(text))
    if selection and isinstance(selection.query, SelectQuery):
        return list(query_changes(selection.query))
    tokens = tokenize(text)
    changed = (each for index in range(len(tokens)) for each in _changed(text, tokens, index, ids))
    return list(dict.fromkeys((*changed, *_without_a_part(parse(text)))))


def _without_a_part(root: Expression) -> Iterator[str]:
    """The expression with one operation or call replaced by one of its parts, and with the branches of IF exchanged."""
    for place in postorder(root):
        for other in parts(place) if not isinstance(place, Array) else ():
            yield unparse(_replaced(root, place, other))
        if isinstance(place, Call) and place.function == "IF" and len(place.arguments) == 3:
            condition, one, other = place.arguments
            yield unparse(_replaced(root, place, replace(place, arguments=(condition, other, one))))


def _replaced(root: Expression, place: Expression, other: Expression) -> Expression:
    """The tree with another node in one place. Equal nodes in other places stay."""

    def rebuilt(node: Expression, own: list[Expression]) -> Expression:
        return other if node is place else with_parts(node, own)

    return fold(root, rebuilt)


def _changed(text: str, tokens: Sequence[Token], index: int, ids: Sequence[str]) -> Iterator[str]:
    token = tokens[index]
    begins, ends = token.position, token.position + len(_written(text, token))
    for other in _others(tokens, index, ids):
        yield f"{text[:begins]}{other}{text[ends:]}"


def _written(text: str, token: Token) -> str:
    """The token as it stands in the text: ``&&`` has the text AND."""
    return token.text if text.startswith(token.text, token.position) else text[token.position : token.position + 2]


def _others(tokens: Sequence[Token], index: int, ids: Sequence[str]) -> Sequence[str]:
    token = tokens[index]
    if token.kind == "number":
        return [shown(number) for number in near_numbers(float(token.text), least=0)]
    if token.kind == "operator":
        return [""] if token.text == "-" and not _ends_a_value(tokens, index) else _OPERATORS.get(token.text, ())
    if token.kind == "word":
        siblings = [other for group in _SIBLINGS if token.text in group for other in group if other != token.text]
        return siblings if token.text in SIGNATURES or siblings else [name for name in ids if name != token.text]
    return ()


def _ends_a_value(tokens: Sequence[Token], index: int) -> bool:
    """Whether a value ends before the token, so that a minus there is no sign."""
    before = tokens[index - 1] if index else None
    return before is not None and (before.kind in ("number", "word") or before.text in (")", "]"))
