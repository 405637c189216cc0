"""The fixtures of tests/, for every folder of tests."""

pytest_plugins = ["tests.fixtures", "tests.faults.fixtures"]
