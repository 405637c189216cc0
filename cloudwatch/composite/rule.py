"""The rule of a composite alarm: ``(ALARM("cpu high") OR AT_LEAST(2, NOT OK, (a, b, c))) AND NOT ALARM(deployment)``.

Sources: AlarmRule in the API reference of PutCompositeAlarm, and "Composite alarms" in the CloudWatch user guide. A
name without quotation marks has no blank, parenthesis or comma; in a quoted one, a backslash stands before a quotation
mark. AWS does not document:

- the precedence of operators: here it is the usual one, NOT before AND, and AND before OR;
- the spelling of constants: AWS writes ``FALSE`` and, in one place, ``False``, and both are read;
- the limits of M in AT_LEAST: any whole number or percentage is read, also more than there are alarms. "At least 60 %"
  of three alarms is two of them, because one is 33 %.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from cloudwatch.alarm.state import AlarmState
from cloudwatch.text_fault import TextFault

CHARACTERS_MAX = 10_240
CHILDREN_MAX = 100
ELEMENTS_MAX = 500

_REFERENCE = r"""(?:"(?:[^"\\]|\\.)++"|[^()",\s]++)"""
_STATE = r"(?:ALARM|OK|INSUFFICIENT_DATA)"
_TOKEN = re.compile(
    rf"""\s*+(?:
        (?P<state>{_STATE})\s*+\(\s*+(?P<alarm>{_REFERENCE})\s*+\)
        | (?P<at_least>AT_LEAST)\s*+\(\s*+(?P<count>\d++)\s*+(?P<percent>%?)\s*+,
          \s*+(?P<negation>NOT\s++)?(?P<counted>{_STATE})\s*+,
          \s*+\(\s*+(?P<alarms>{_REFERENCE}(?:\s*+,\s*+{_REFERENCE})*+)\s*+\)\s*+\)
        | (?P<constant>TRUE|FALSE|True|False|true|false)\b
        | (?P<operator>AND|OR|NOT)\b
        | (?P<parenthesis>[()])
        | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_REFERENCES = re.compile(_REFERENCE)
_ESCAPED = re.compile(r"\\(.)")
_TO_ESCAPE = re.compile(r'["\\]')
_ATOM = 4  # the precedence of an operand: more than that of every operator


class RuleRefused(TextFault):
    """The rule cannot be read."""


# The states of alarms by name. None is a state that is not known, because the alarm is not played.
States = Mapping[str, AlarmState | None]


@dataclass(frozen=True, slots=True)
class InState:
    """True while ``alarm`` (a name) is in ``state``."""

    state: AlarmState
    alarm: str

    def holds(self, states: States) -> bool | None:
        """None if the state of the alarm is not known. An alarm without a state counts as INSUFFICIENT_DATA."""
        state = states.get(self.alarm, AlarmState.INSUFFICIENT_DATA)
        return None if state is None else state is self.state


@dataclass(frozen=True, slots=True)
class AtLeast:
    """True while at least ``count`` (a number, or percent) of ``alarms`` are in ``state``; if ``negated``, are not."""

    count: int
    percent: bool
    state: AlarmState
    negated: bool
    alarms: tuple[str, ...]

    def holds(self, states: States) -> bool | None:
        """None if the result depends on alarms whose state is not known."""
        each = [InState(self.state, alarm).holds(states) for alarm in self.alarms]
        certain, unknown = each.count(not self.negated), each.count(None)
        if self._enough(certain):
            return True
        return None if self._enough(certain + unknown) else False

    def _enough(self, number: int) -> bool:
        return 100 * number >= self.count * len(self.alarms) if self.percent else number >= self.count


class Operator(Enum):
    """The value is the precedence."""

    OR = 1
    AND = 2
    NOT = 3


Instruction = InState | AtLeast | Operator | bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed rule. ``program`` is in postfix order, so that no rule is nested too deeply to be read or evaluated."""

    text: str
    program: tuple[Instruction, ...]

    @property
    def children(self) -> tuple[str, ...]:
        """The names of the alarms that the rule watches, each once. An ARN in the rule gives the name of its alarm."""
        return tuple(dict.fromkeys(name for each in self.program for name in _alarms(each)))

    def holds(self, states: States) -> bool | None:
        """Whether the rule holds; None if that depends on an alarm whose state is not known.

        The logic has three values (Kleene's): FALSE AND unknown is FALSE, TRUE OR unknown is TRUE, and every other
        combination with unknown is unknown. ``states`` has the state of each alarm that the rule names; an alarm
        without one counts as INSUFFICIENT_DATA.
        """
        stack: list[bool | None] = []
        for instruction in self.program:
            if isinstance(instruction, InState | AtLeast):
                stack.append(instruction.holds(states))
            elif instruction is Operator.NOT:
                stack.append(_negated(stack.pop()))
            elif isinstance(instruction, Operator):
                last, first = stack.pop(), stack.pop()
                deciding = instruction is Operator.OR  # if either side has this value, it is the result
                if deciding in (first, last):
                    stack.append(deciding)
                else:
                    stack.append(None if None in (first, last) else not deciding)
            else:
                stack.append(instruction)
        return stack.pop()


def _alarms(instruction: Instruction) -> tuple[str, ...]:
    match instruction:
        case InState(alarm=alarm):
            return (alarm,)
        case AtLeast(alarms=alarms):
            return alarms
        case _:
            return ()


def _negated(value: bool | None) -> bool | None:
    return None if value is None else not value


def alarm_name(reference: str) -> str:
    """The name of an alarm, from its name or its ARN."""
    return reference.split(":alarm:", 1)[1] if reference.startswith("arn:") and ":alarm:" in reference else reference


def _name_of(written: str) -> str:
    """The name of an alarm as it is written in a rule: with or without quotation marks, a name or an ARN."""
    return alarm_name(_ESCAPED.sub(r"\1", written[1:-1]) if written.startswith('"') else written)


def parse_rule(text: str) -> Rule:
    """Parse a rule. Raises RuleRefused with the position of the fault, or of the end of a rule that exceeds a limit."""
    if not 1 <= len(text) <= CHARACTERS_MAX:
        raise RuleRefused(len(text), f"a rule has 1 to {CHARACTERS_MAX} characters")
    reader = _RuleReader()
    for token in _tokens(text):
        reader.take(token)
    rule = Rule(text, tuple(reader.program))
    if len(rule.children) > CHILDREN_MAX:
        raise RuleRefused(len(text), f"{len(rule.children)} alarms, at most {CHILDREN_MAX} are allowed")
    if reader.elements > ELEMENTS_MAX:
        raise RuleRefused(len(text), f"{reader.elements} elements, at most {ELEMENTS_MAX} are allowed")
    return rule


def written_rule(program: Iterable[Instruction]) -> str:
    """The text of a program, with as few parentheses as possible. Parsing it gives an equal program."""
    stack: list[tuple[str, int]] = []  # texts with their precedence
    for instruction in program:
        if instruction is Operator.NOT:
            stack.append((f"NOT {_parenthesized(*stack.pop(), Operator.NOT.value)}", Operator.NOT.value))
        elif isinstance(instruction, Operator):
            own, last, first = instruction.value, stack.pop(), stack.pop()
            text = f"{_parenthesized(*first, own)} {instruction.name} {_parenthesized(*last, own + 1)}"
            stack.append((text, own))
        else:
            stack.append((_written(instruction), _ATOM))
    return stack.pop()[0]


def _written(operand: InState | AtLeast | bool) -> str:
    match operand:
        case InState(state=state, alarm=alarm):
            return f"{state}({_quoted(alarm)})"
        case AtLeast():
            counted = f"{'NOT ' * operand.negated}{operand.state}"
            alarms = ", ".join(map(_quoted, operand.alarms))
            return f"AT_LEAST({operand.count}{'%' * operand.percent}, {counted}, ({alarms}))"
        case _:
            return "TRUE" if operand else "FALSE"


def _quoted(name: str) -> str:
    escaped = _TO_ESCAPE.sub(r"\\\g<0>", name)
    return f'"{escaped}"'


def _parenthesized(text: str, precedence: int, needed: int) -> str:
    return text if precedence >= needed else f"({text})"


def _tokens(text: str) -> Iterator[re.Match[str]]:
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            rest = text[position:].lstrip()
            raise RuleRefused(len(text) - len(rest), f"cannot read {rest[:30]!r}{_hint(rest)}")
        yield match
        if match.lastgroup == "end":
            return
        position = match.end()


def _hint(rest: str) -> str:
    if rest.startswith("AT_LEAST"):
        return "; the form is AT_LEAST(2, ALARM, (a, b)) or AT_LEAST(60%, NOT OK, (a, b))"
    if re.match(rf'{_STATE}\s*\(\s*[^()"]*[\s,]', rest):
        return "; a name with a blank or a comma needs quotation marks"
    return ""


def _at_least(token: re.Match[str]) -> AtLeast:
    alarms = tuple(_name_of(written) for written in _REFERENCES.findall(token["alarms"]))
    counted = AlarmState(token["counted"])
    return AtLeast(int(token["count"]), token["percent"] == "%", counted, token["negation"] is not None, alarms)


class _RuleReader:
    """Dijkstra's shunting yard: takes the tokens one by one and writes ``program`` in postfix order."""

    def __init__(self) -> None:
        self.program: list[Instruction] = []
        self.elements = 0  # alarms, TRUE and FALSE, pairs of parentheses
        self._waiting: list[Operator | None] = []  # operators without their right side; None is an open parenthesis
        self._open: list[int] = []  # the positions of the open parentheses
        self._operand_next = True

    def take(self, token: re.Match[str]) -> None:
        """Take the next token, a match of ``_TOKEN``. Raises RuleRefused if it cannot stand here."""
        position = token.end() - len(token[0].lstrip())
        match token.lastgroup:
            case "alarm":
                self._operand(position, InState(AlarmState(token["state"]), _name_of(token["alarm"])))
            case "alarms":
                self._operand(position, _at_least(token))
            case "constant":
                self._operand(position, token["constant"].upper() == "TRUE")
            case "operator":
                self._operator(position, Operator[token["operator"]])
            case "parenthesis" if token["parenthesis"] == "(":
                self._expect(position, operand=True)
                self._waiting.append(None)
                self._open.append(position)
                self.elements += 1
            case "parenthesis":
                self._close_group(position)
                if not self._open:
                    raise RuleRefused(position, "this parenthesis was never opened")
                self._waiting.pop()
                self._open.pop()
            case _:
                self._close_group(position)
                if self._open:
                    raise RuleRefused(self._open[-1], "this parenthesis is never closed")

    def _expect(self, position: int, *, operand: bool) -> None:
        if operand is not self._operand_next:
            expected = "an alarm, TRUE or FALSE" if self._operand_next else "AND, OR or the end"
            raise RuleRefused(position, f"{expected} is expected here")

    def _operand(self, position: int, operand: InState | AtLeast | bool) -> None:
        self._expect(position, operand=True)
        self.program.append(operand)
        self.elements += len(operand.alarms) + 1 if isinstance(operand, AtLeast) else 1
        self._operand_next = False

    def _operator(self, position: int, operator: Operator) -> None:
        self._expect(position, operand=operator is Operator.NOT)
        if operator is not Operator.NOT:
            self._release(operator.value)
        self._waiting.append(operator)
        self._operand_next = True

    def _close_group(self, position: int) -> None:
        """End the group since the last open parenthesis: all its operators go to the program."""
        self._expect(position, operand=False)
        self._release(0)

    def _release(self, precedence: int) -> None:
        """Move the waiting operators of at least this precedence to the program: their right side is complete."""
        while self._waiting and (operator := self._waiting[-1]) is not None and operator.value >= precedence:
            self.program.append(operator)
            self._waiting.pop()
