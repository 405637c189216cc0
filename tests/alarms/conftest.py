import pytest

from alarms.command import EXAMPLE
from alarms.definitions import Definition, Variables, read_definitions, read_variables


@pytest.fixture(scope="session")
def variables() -> Variables:
    return read_variables(EXAMPLE)


@pytest.fixture(scope="session")
def definitions(variables: Variables) -> list[Definition]:
    return read_definitions(variables)
