"""The names in an expression: the ids that it uses, and its operators that AWS does not document."""

from collections.abc import Collection

from cloudwatch.metric_math.syntax import Binary, Call, Expression, Id, Text, Unary, postorder


def references(root: Expression, metrics: Collection[str]) -> frozenset[str]:
    """The ids that the expression uses. METRICS() stands for ids of ``metrics``."""
    found: set[str] = set()
    for node in postorder(root):
        if isinstance(node, Id):
            found.add(node.name)
        elif isinstance(node, Call) and node.function == "METRICS":
            found.update(selected(node, metrics))
    return frozenset(found)


def selected(call: Call, metrics: Collection[str]) -> list[str]:
    """The ids for which METRICS() stands: all metrics, or those with its string *anywhere* in their id."""
    wanted = [argument.value for argument in call.arguments if isinstance(argument, Text)]
    return [metric for metric in metrics if all(text in metric for text in wanted)]


def undocumented(root: Expression) -> list[tuple[int, str]]:
    """Position and name of the operators ``%`` and ``!`` (NOT): they are computed, but AWS does not document them."""
    operations = (node for node in postorder(root) if isinstance(node, Unary | Binary))
    return sorted((node.position, node.operator) for node in operations if node.operator in ("%", "!"))
