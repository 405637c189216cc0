"""Checks that definitions can be put into an account."""

from collections.abc import Iterable

from alarms.definition_files import ALARM_KINDS, APPLICATION_SCALING, Definition, DefinitionError


def require_deployable(definitions: Iterable[Definition]) -> None:
    """Raises DefinitionError for each open value, each policy of Application Auto Scaling, and each alarm whose name
    another alarm has.

    A placeholder in an account would be an alarm that watches nothing. A name that CloudFormation makes would be a
    second copy beside the alarm of the stack.
    """
    problems: list[str] = []
    names: dict[str, Definition] = {}
    for definition in definitions:
        problems += [f"{definition.file}: {definition.place_of(v.key)}: {v}" for v in definition.open_values]
        if definition.call == APPLICATION_SCALING:
            text = "only policies of EC2 Auto Scaling are put from here"
            problems.append(f"{definition.file}: {definition.place}: {text}")
        if (
            definition.kind in ALARM_KINDS
            and (other := names.setdefault(definition.name, definition)) is not definition
        ):
            text = f"{definition.name} is also the name of the {other.kind.noun} of {other.file}"
            problems.append(f"{definition.file}: {definition.place_of(definition.name_key)}: {text}")
    if problems:
        raise DefinitionError(problems)
