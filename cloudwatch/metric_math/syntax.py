"""The syntax tree of an expression, and how it is written down again.

A tree is never walked by recursion: a sum of 500 metrics is 500 levels deep, because operators lean to the left.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Node:
    """``position`` is the index in the text, of the operator for an operation. Equality does not look at it."""

    position: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A scalar; never negative, the sign is an operation."""

    value: float


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A string, as it stands between its quotation marks."""

    value: str


@dataclass(frozen=True, slots=True)
class Word(Node):
    """A keyword, which only means something as an argument: REPEAT, AVG, DESC, true, …"""

    name: str


@dataclass(frozen=True, slots=True)
class Id(Node):
    """The id of a metric or of another expression."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """``operator`` is ``-`` or ``!``."""

    operator: str
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """``&&`` and ``||`` are spelt AND and OR here."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Array(Node):
    """``[m1, m2]``"""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function that exists, and its arguments."""

    function: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class InsightsQuery(Node):
    """A Metrics Insights query (``SELECT …``), which may stand in place of an expression. It is not looked into."""

    text: str


Expression = Number | Text | Word | Id | Unary | Binary | Array | Call | InsightsQuery

# AWS documents no precedence. This is the customary one; "^" and the signs lean to the right.
PRECEDENCE = {"OR": 1, "AND": 2} | dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 4)
PRECEDENCE |= {"+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "^": 8}
NOT_PRECEDENCE = 3
SIGN_PRECEDENCE = 7
_ATOM = 9


def parts(node: Expression) -> tuple[Expression, ...]:
    """What the node is made of, in the order of the text."""
    match node:
        case Unary():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Array():
            return node.items
        case Call():
            return node.arguments
        case _:
            return ()


def postorder(root: Expression) -> Iterator[Expression]:
    """Every node of the tree, after its parts."""
    waiting = [(root, False)]
    while waiting:
        node, opened = waiting.pop()
        if opened or not parts(node):
            yield node
        else:
            waiting.append((node, True))
            waiting.extend((part, False) for part in reversed(parts(node)))


def fold(root: Expression, combine: Callable[[Expression, list[T]], T]) -> T:
    """``combine(node, results of its parts)`` from the leaves up; the result of the root."""
    results: list[T] = []
    for node in postorder(root):
        first = len(results) - len(parts(node))
        results[first:] = [combine(node, results[first:])]
    return results[0]


def beginning(node: Expression) -> int:
    """Where the text of the node begins (but for parentheses)."""
    while isinstance(node, Binary):
        node = node.left
    return node.position


def unparse(root: Expression) -> str:
    """The text of the expression, with no more parentheses than it needs. Parsing it gives an equal tree."""
    return fold(root, _written)[0]


def _written(node: Expression, written: list[tuple[str, int]]) -> tuple[str, int]:
    match node:
        case Unary():
            return f"{node.operator}{_within(written[0], SIGN_PRECEDENCE)}", SIGN_PRECEDENCE
        case Binary():
            return _written_operation(node.operator, *written), PRECEDENCE[node.operator]
        case Array():
            return f"[{_listed(written)}]", _ATOM
        case Call():
            return f"{node.function}({_listed(written)})", _ATOM
        case _:
            return _written_leaf(node), _ATOM


def _written_operation(operator: str, left: tuple[str, int], right: tuple[str, int]) -> str:
    precedence = PRECEDENCE[operator]
    leans_right = operator == "^"
    return f"{_within(left, precedence + leans_right)} {operator} {_within(right, precedence + (not leans_right))}"


def _within(written: tuple[str, int], precedence: int) -> str:
    text, its = written
    return text if its >= precedence else f"({text})"


def _listed(written: list[tuple[str, int]]) -> str:
    return ", ".join(text for text, _ in written)


def _written_leaf(node: Expression) -> str:
    match node:
        case Number():
            return repr(node.value).removesuffix(".0")
        case Text():
            mark = "'" if '"' in node.value else '"'
            return f"{mark}{node.value}{mark}"
        case InsightsQuery():
            return node.text
        case Word() | Id():
            return node.name
        case _:
            raise TypeError(f"{node!r} is no leaf")
