"""Changes of a composite alarm: each part of its rule, its suppressor with its times, and its actions."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from alarms.test.mutants.action_changes import action_changes
from alarms.test.mutants.change import REMOVED, ParameterChange, Parameters, changes, near_minutes, with_value
from cloudwatch.alarm.state import AlarmState
from cloudwatch.composite.composite_alarm import PERIODS
from cloudwatch.composite.rule import AtLeast, InState, Instruction, Operator, parse_rule, written_rule

Program = tuple[Instruction, ...]


def composite_changes(alarm: Parameters) -> Iterator[ParameterChange]:
    """Every change of one part that has an effect."""
    yield from _rule_changes(alarm)
    if "ActionsSuppressor" in alarm:
        yield from _suppressor_changes(alarm)
    yield from action_changes(alarm)


def _suppressor_changes(alarm: Parameters) -> Iterator[ParameterChange]:
    (change,) = changes(alarm, ["ActionsSuppressor"], [REMOVED])
    without = change.parameters
    for name in PERIODS:
        without = with_value(without, [name], REMOVED)
    yield replace(change, parameters=without)
    for name in PERIODS:
        yield from changes(alarm, [name], near_minutes(alarm[name]))


def _rule_changes(alarm: Parameters) -> Iterator[ParameterChange]:
    """An operand of AND that is TRUE, and one of OR that is FALSE, is as good as removed."""
    program = parse_rule(alarm["AlarmRule"]).program
    seen: Counter[str] = Counter()
    for index, part in enumerate(program):
        name = _name(part)
        seen[name] += 1
        number = f" #{seen[name]}" if seen[name] > 1 else ""
        for text, others in _others(part):
            changed = written_rule((*program[:index], *others, *program[index + 1 :]))
            yield ParameterChange("AlarmRule", f"{name}{number} -> {text}", with_value(alarm, ["AlarmRule"], changed))


def _others(part: Instruction) -> Iterator[tuple[str, Program]]:
    """What may stand instead of the part, each with its text."""
    match part:
        case InState():
            yield from _operands(*(replace(part, state=state) for state in AlarmState if state is not part.state))
            yield f"NOT {_name(part)}", (part, Operator.NOT)
        case AtLeast():
            yield from _operands(*_counted_otherwise(part))
        case Operator.NOT:
            yield "none", ()
        case Operator():
            other = Operator.AND if part is Operator.OR else Operator.OR
            yield other.name, (other,)
            yield f"NOT (… {part.name} …)", (part, Operator.NOT)
        case bool():
            yield _name(not part), (not part,)


def _operands(*others: Instruction) -> Iterator[tuple[str, Program]]:
    return ((_name(other), (other,)) for other in (*others, True, False))


def _counted_otherwise(part: AtLeast) -> Iterator[AtLeast]:
    step = max(1, 100 // len(part.alarms)) if part.percent else 1
    yield from (replace(part, count=count) for count in (part.count - step, part.count + step) if count >= 0)
    yield from (replace(part, state=state) for state in AlarmState if state is not part.state)
    yield replace(part, negated=not part.negated)
    if len(part.alarms) > 1:
        for index in range(len(part.alarms)):
            yield replace(part, alarms=(*part.alarms[:index], *part.alarms[index + 1 :]))


def _name(part: Instruction) -> str:
    return part.name if isinstance(part, Operator) else written_rule((part,))
