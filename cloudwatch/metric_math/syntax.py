"""The syntax tree of an expression, and its conversion back to text.

No function walks a tree by recursion: a sum of 500 metrics is 500 levels deep, because operators associate to the left.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Node:
    """``position`` is the index in the text, or of the operator in an operation. Equality ignores it."""

    position: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A scalar. It is never negative, because the sign is an operation."""

    value: float


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A string: the text between the quotation marks, as it is written."""

    value: str


@dataclass(frozen=True, slots=True)
class Word(Node):
    """A keyword that is only valid as an argument: REPEAT, AVG, DESC, true, …"""

    name: str


@dataclass(frozen=True, slots=True)
class Id(Node):
    """The id of a metric or of another expression."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """A sign or a negation: ``operator`` is ``-`` or ``!``."""

    operator: str
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """An operation on two values. ``&&`` and ``||`` have the operators AND and OR."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Array(Node):
    """An array of expressions: ``[m1, m2]``."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A call of a function that exists."""

    function: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class InsightsQuery(Node):
    """A Metrics Insights query (``SELECT …``), which may replace an expression. Its text is not parsed."""

    text: str


Expression = Number | Text | Word | Id | Unary | Binary | Array | Call | InsightsQuery

# AWS does not document the precedence. This is the usual one; "^" and the signs associate to the right.
PRECEDENCE = {"OR": 1, "AND": 2} | dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 4)
PRECEDENCE |= {"+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "^": 8}
NOT_PRECEDENCE = 3
SIGN_PRECEDENCE = 7
_ATOM = 9


def parts(node: Expression) -> tuple[Expression, ...]:
    """The parts of the node, in the order of the text."""
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


def with_parts(node: Expression, new: Sequence[Expression]) -> Expression:
    """The node with other parts, as many as it has."""
    match node:
        case Unary():
            return replace(node, operand=new[0])
        case Binary():
            return replace(node, left=new[0], right=new[1])
        case Array():
            return replace(node, items=tuple(new))
        case Call():
            return replace(node, arguments=tuple(new))
        case _:
            return node


def postorder(root: Expression) -> Iterator[Expression]:
    """Every node of the tree; a node comes after its parts."""
    waiting = [(root, False)]
    while waiting:
        node, opened = waiting.pop()
        if opened or not parts(node):
            yield node
        else:
            waiting.append((node, True))
            waiting.extend((part, False) for part in reversed(parts(node)))


def fold(root: Expression, combine: Callable[[Expression, list[T]], T]) -> T:
    """The result of the root, where the result of each node is ``combine(node, results of its parts)``."""
    results: list[T] = []
    for node in postorder(root):
        first = len(results) - len(parts(node))
        results[first:] = [combine(node, results[first:])]
    return results[0]


def beginning(node: Expression) -> int:
    """The position where the text of the node begins, parentheses not counted."""
    while isinstance(node, Binary):
        node = node.left
    return node.position


def unparse(root: Expression) -> str:
    """The text of the expression, with as few parentheses as possible. Parsing it gives an equal tree."""
    return fold(root, _unparse_node)[0]


def _unparse_node(node: Expression, written: list[tuple[str, int]]) -> tuple[str, int]:
    """The text of the node and its precedence. ``written`` has text and precedence of each part."""
    match node:
        case Unary():
            return f"{node.operator}{_parenthesized(written[0], SIGN_PRECEDENCE)}", SIGN_PRECEDENCE
        case Binary():
            precedence, right_associative = PRECEDENCE[node.operator], node.operator == "^"
            left = _parenthesized(written[0], precedence + right_associative)
            right = _parenthesized(written[1], precedence + (not right_associative))
            return f"{left} {node.operator} {right}", precedence
        case Array():
            return f"[{', '.join(text for text, _ in written)}]", _ATOM
        case Call():
            return f"{node.function}({', '.join(text for text, _ in written)})", _ATOM
        case Number():
            return repr(node.value).removesuffix(".0"), _ATOM
        case Text():
            mark = "'" if '"' in node.value else '"'
            return f"{mark}{node.value}{mark}", _ATOM
        case InsightsQuery():
            return node.text, _ATOM
        case Word() | Id():
            return node.name, _ATOM


def _parenthesized(written: tuple[str, int], precedence: int) -> str:
    """The text, in parentheses if it has a lower precedence than ``precedence``."""
    text, own = written
    return text if own >= precedence else f"({text})"
