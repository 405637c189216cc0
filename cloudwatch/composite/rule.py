"""The rule of a composite alarm: ``(ALARM("cpu high") OR ALARM(disk)) AND NOT ALARM(deployment)``.

Source: AlarmRule in the API reference of PutCompositeAlarm. AWS does not say which operator binds closer; here NOT
comes before AND, and AND before OR, as everywhere. AWS writes ``FALSE`` and, in one place, ``False``: both are read.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from cloudwatch.alarm.state import AlarmState

CHARACTERS_MAX = 10_240
CHILDREN_MAX = 100
ELEMENTS_MAX = 500

_TOKEN = re.compile(
    r"""\s*+(?:
        (?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*+\(\s*+(?:"(?P<quoted>[^"]+)"|(?P<plain>[^()"]++))\s*+\)
        | (?P<constant>TRUE|FALSE|True|False|true|false)\b
        | (?P<operator>AND|OR|NOT)\b
        | (?P<parenthesis>[()])
        | (?P<end>\Z)
    )""",
    re.VERBOSE,
)


class RuleRefused(ValueError):
    """``position`` is the index of the faulty character; the message counts from 1."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"character {position + 1}: {reason}")
        self.position = position


@dataclass(frozen=True, slots=True)
class InState:
    """True while ``alarm`` (a name) is in ``state``."""

    state: AlarmState
    alarm: str


class Operator(Enum):
    """The value says how close it binds."""

    OR = 1
    AND = 2
    NOT = 3


Instruction = InState | Operator | bool


@dataclass(frozen=True, slots=True)
class Rule:
    """``program``: the rule in postfix order, so that neither reading nor evaluating it can nest too deeply."""

    text: str
    program: tuple[Instruction, ...]

    @property
    def children(self) -> tuple[str, ...]:
        """The names of the alarms that the rule watches, each once."""
        return tuple(dict.fromkeys(each.alarm for each in self.program if isinstance(each, InState)))

    def holds(self, states: Mapping[str, AlarmState]) -> bool:
        """An alarm without a state counts as INSUFFICIENT_DATA."""
        stack: list[bool] = []
        for instruction in self.program:
            if isinstance(instruction, InState):
                state = states.get(instruction.alarm, AlarmState.INSUFFICIENT_DATA)
                stack.append(state is instruction.state)
            elif isinstance(instruction, Operator):
                _apply(instruction, stack)
            else:
                stack.append(instruction)
        return stack.pop()


def _apply(operator: Operator, stack: list[bool]) -> None:
    last = stack.pop()
    if operator is Operator.NOT:
        stack.append(not last)
    else:
        first = stack.pop()
        stack.append(first and last if operator is Operator.AND else first or last)


def alarm_name(reference: str) -> str:
    """The name of an alarm, from its name or its ARN."""
    return reference.split(":alarm:", 1)[1] if reference.startswith("arn:") and ":alarm:" in reference else reference


def parse_rule(text: str) -> Rule:
    """Raises RuleRefused where the rule cannot be read, or at its end if it is too long."""
    if not 1 <= len(text) <= CHARACTERS_MAX:
        raise RuleRefused(len(text), f"a rule has 1 to {CHARACTERS_MAX} characters")
    reader = _RuleReader()
    for match in _tokens(text):
        reader.take(match)
    rule = Rule(text, tuple(reader.program))
    if len(rule.children) > CHILDREN_MAX:
        raise RuleRefused(len(text), f"{len(rule.children)} alarms, at most {CHILDREN_MAX} are allowed")
    if reader.elements > ELEMENTS_MAX:
        raise RuleRefused(len(text), f"{reader.elements} elements, at most {ELEMENTS_MAX} are allowed")
    return rule


def _tokens(text: str) -> Iterator[re.Match[str]]:
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            rest = text[position:].lstrip()
            raise RuleRefused(len(text) - len(rest), f"cannot read {rest[:30]!r}")
        yield match
        if match.lastgroup == "end":
            return
        position = match.end()


class _RuleReader:
    """Dijkstra's shunting yard: takes token by token, keeps what still waits for its right side."""

    def __init__(self) -> None:
        self.program: list[Instruction] = []
        self.elements = 0  # alarms, TRUE and FALSE, pairs of parentheses
        self._waiting: list[Operator | None] = []  # None is an open parenthesis
        self._open: list[int] = []  # where the open parentheses stand
        self._operand_next = True

    def take(self, match: re.Match[str]) -> None:
        position = match.end() - len(match[0].lstrip())
        if match["state"]:
            alarm = alarm_name(match["quoted"] or match["plain"].strip())
            self._operand(position, InState(AlarmState(match["state"]), alarm))
        elif match["constant"]:
            self._operand(position, match["constant"].upper() == "TRUE")
        elif match["operator"]:
            self._operator(position, Operator[match["operator"]])
        elif match["parenthesis"] == "(":
            self._open_parenthesis(position)
        else:
            self._close(position, at_end=match["parenthesis"] is None)

    def _expect(self, position: int, *, operand: bool) -> None:
        if operand is not self._operand_next:
            expected = "an alarm, TRUE or FALSE" if self._operand_next else "AND, OR or the end"
            raise RuleRefused(position, f"{expected} is expected here")

    def _operand(self, position: int, operand: InState | bool) -> None:
        self._expect(position, operand=True)
        self.program.append(operand)
        self.elements += 1
        self._operand_next = False

    def _operator(self, position: int, operator: Operator) -> None:
        self._expect(position, operand=operator is Operator.NOT)
        if operator is not Operator.NOT:
            self._release(operator.value)
        self._waiting.append(operator)
        self._operand_next = True

    def _open_parenthesis(self, position: int) -> None:
        self._expect(position, operand=True)
        self._waiting.append(None)
        self._open.append(position)
        self.elements += 1

    def _close(self, position: int, *, at_end: bool) -> None:
        self._expect(position, operand=False)
        self._release(0)
        if at_end and self._open:
            raise RuleRefused(self._open[-1], "this parenthesis is never closed")
        if not at_end:
            self._close_parenthesis(position)

    def _close_parenthesis(self, position: int) -> None:
        if not self._open:
            raise RuleRefused(position, "this parenthesis was never opened")
        self._waiting.pop()
        self._open.pop()

    def _release(self, binding: int) -> None:
        """Whatever waits and binds at least as close has its right side now."""
        while self._waiting and (operator := self._waiting[-1]) is not None and operator.value >= binding:
            self.program.append(operator)
            self._waiting.pop()
