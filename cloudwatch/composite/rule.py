"""The rule of a composite alarm: ``(ALARM("cpu high") OR ALARM(disk)) AND NOT ALARM(deployment)``.

Source: AlarmRule in the API reference of PutCompositeAlarm. AWS does not document the precedence of operators. Here it
is the usual one: NOT before AND, and AND before OR. AWS writes ``FALSE`` and, in one place, ``False``: both are read.
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
    """The rule cannot be read. ``position`` is the index of the faulty character; the message counts from 1."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"character {position + 1}: {reason}")
        self.position = position
        self.reason = reason


@dataclass(frozen=True, slots=True)
class InState:
    """True while ``alarm`` (a name) is in ``state``."""

    state: AlarmState
    alarm: str


class Operator(Enum):
    """The value is the precedence."""

    OR = 1
    AND = 2
    NOT = 3


Instruction = InState | Operator | bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed rule. ``program`` is in postfix order, so that no rule is nested too deeply to be read or evaluated."""

    text: str
    program: tuple[Instruction, ...]

    @property
    def children(self) -> tuple[str, ...]:
        """The names of the alarms that the rule watches, each once. An ARN in the rule gives the name of its alarm."""
        return tuple(dict.fromkeys(each.alarm for each in self.program if isinstance(each, InState)))

    def holds(self, states: Mapping[str, AlarmState]) -> bool:
        """True if the rule holds. ``states`` has the state of each alarm that the rule names.

        An alarm without a state counts as INSUFFICIENT_DATA.
        """
        stack: list[bool] = []
        for instruction in self.program:
            if isinstance(instruction, InState):
                state = states.get(instruction.alarm, AlarmState.INSUFFICIENT_DATA)
                stack.append(state is instruction.state)
            elif instruction is Operator.NOT:
                stack.append(not stack.pop())
            elif isinstance(instruction, Operator):
                last, first = stack.pop(), stack.pop()
                stack.append(first and last if instruction is Operator.AND else first or last)
            else:
                stack.append(instruction)
        return stack.pop()


def alarm_name(reference: str) -> str:
    """The name of an alarm, from its name or its ARN."""
    return reference.split(":alarm:", 1)[1] if reference.startswith("arn:") and ":alarm:" in reference else reference


def parse_rule(text: str) -> Rule:
    """The rule of a text. Raises RuleRefused: at the fault, or at the end of a rule that exceeds a limit."""
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
            case "quoted" | "plain":
                name = token["quoted"] or token["plain"].strip()
                self._operand(position, InState(AlarmState(token["state"]), alarm_name(name)))
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

    def _close_group(self, position: int) -> None:
        """End the group since the last open parenthesis: all its operators go to the program."""
        self._expect(position, operand=False)
        self._release(0)

    def _release(self, precedence: int) -> None:
        """Move the waiting operators of at least this precedence to the program: their right side is complete."""
        while self._waiting and (operator := self._waiting[-1]) is not None and operator.value >= precedence:
            self.program.append(operator)
            self._waiting.pop()
