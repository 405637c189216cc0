import pytest

from alarms.definition_files import Definition, Variables, read_variables
from alarms.definition_reading import read_definitions
from alarms.options import EXAMPLE


@pytest.fixture(scope="session")
def variables() -> Variables:
    return read_variables(EXAMPLE)


@pytest.fixture(scope="session")
def definitions(variables: Variables) -> list[Definition]:
    return read_definitions(variables)
