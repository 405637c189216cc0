"""Puts the alarms, mute rules and dashboards of definitions into the console, as ``alarms.sync`` puts them into AWS."""

import json
from collections.abc import Iterable, Iterator

from alarms.definition_files import Definition, DefinitionKind
from console.console_state import Console
from console.operations.registry import operation_of
from console.refusal import Refusal


def load_definitions(console: Console, definitions: Iterable[Definition], begin: int) -> Iterator[str]:
    """Put all definitions at ``begin`` (seconds since the epoch), and evaluate the alarms until now.

    Yields a sentence for each one that the console cannot have.
    """
    book = console.alarms
    now, book.now = book.now, lambda: float(begin)
    book.evaluated_until = begin
    for definition in definitions:
        parameters = dict(definition.parameters)
        if definition.kind is DefinitionKind.DASHBOARD and not isinstance(parameters["DashboardBody"], str):
            parameters["DashboardBody"] = json.dumps(parameters["DashboardBody"], ensure_ascii=False)
        try:
            operation_of(definition.call[1])(console, parameters)
        except Refusal as refusal:
            yield f"{definition.file}: left out: {refusal.message}"
    book.now = now
    book.evaluate(int(now()))
