"""Command-line options of the harness. Installed as a pytest plugin, which does nothing in a run without laws."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("assay", "laws for implementations of published algorithms")
    group.addoption(
        "--subject",
        metavar="NAME",
        help="implementation to judge: a shipped adapter (diffusers), a module (mylib.adapter) or a path (my.py); "
        "without it, the reference",
    )
    group.addoption("--report", metavar="FILE.jsonl", help="write a machine-readable report, and FILE.html beside it")
    group.addoption("--device", default="cpu", metavar="DEVICE", help="device that tensors are handed over on")
    group.addoption("--law-timeout", type=float, default=60.0, metavar="SECONDS", help="time limit of one law")
    group.addoption(
        "--in-process",
        action="store_true",
        help="run the subject in this process, for a debugger; a crash or a hang then ends the run",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Starts the harness where the laws run; in a process that only distributes tests no conftest.py would."""
    by_name = config.getoption("pyargs") and any(name.split(".")[0] == "properties" for name in config.args)
    if config.getoption("--subject") or by_name:
        from properties.harness import plugin

        plugin.configure(config)
