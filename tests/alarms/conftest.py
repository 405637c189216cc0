import pytest

from alarms.definition_files import Definition, Variables, read_definitions, read_variables
from alarms.options import EXAMPLE


@pytest.fixture(scope="session")
def variables() -> Variables:
    return read_variables(EXAMPLE)


@pytest.fixture(scope="session")
def definitions(variables: Variables) -> list[Definition]:
    return read_definitions(variables)
