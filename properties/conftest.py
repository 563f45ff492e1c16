"""Gives every law the functions that it names."""

import pytest

from properties.harness import plugin
from properties.harness.vocabulary import vocabulary


def pytest_configure(config: pytest.Config) -> None:
    plugin.configure(config)


for _name in vocabulary():
    globals()[_name] = plugin.function_fixture(_name)
