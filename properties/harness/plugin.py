"""The pytest side of the harness: fixtures for the functions under test, verdicts, the report and its summary."""

import functools
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings

import properties
from properties.harness.contracts import reference_in, under_contract
from properties.harness.expected import Expected, load_expected
from properties.harness.laws import DEFAULT, THOROUGH, Law, laws
from properties.harness.report import Report
from properties.harness.smoke import broken_functions
from properties.harness.subjects import Subject, SubjectError, load_subject, reference_subject
from properties.harness.verdicts import Verdict, judge, judge_isolated, without_shrinking
from properties.harness.vocabulary import Function

settings.register_profile("thorough", THOROUGH)


class LawBroken(Exception):
    """Carries the verdict of a law that did not pass out of the test; its text is the page."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.page)
        self.verdict = verdict


class Harness:
    """One run: the subject, its known differences, and what came of each law."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        torch.set_num_threads(1)
        self.subject = self._subject()
        self.expected = load_expected(self.subject.expected_path, self.subject.functions)
        self.broken: dict[str, str] = {}
        self.applicable = {
            name: law for name, law in laws().items() if set(law.functions) & set(self.subject.functions)
        }
        name = config.getoption("hypothesis_profile", None)
        self.profile_name = name or "default"
        self.profile = settings.get_profile(name) if name else DEFAULT
        is_worker = hasattr(config, "workerinput")
        self.report = None if is_worker else Report(self._path(), self._header())

    def _subject(self) -> Subject:
        name, device = self.config.getoption("--subject"), self.config.getoption("--device")
        return load_subject(name, device) if name else reference_subject(device)

    def _path(self) -> Path | None:
        name = self.config.getoption("--report")
        return Path(name) if name else None

    def _header(self) -> dict[str, Any]:
        return {
            "subject": self.subject.name,
            "versions": dict(self.subject.versions),
            "arrays": self.subject.conventions.arrays,
            "dtype": str(self.subject.conventions.dtype).removeprefix("torch."),
            "device": self.subject.conventions.device,
            "profile": self.profile_name,
            "seed": self._seed(),
            "offered": sorted(self.subject.functions),
            "apply": len(self.applicable),
            "not_offered": sorted(set(laws()) - set(self.applicable)),
        }

    def _seed(self) -> str:
        seed = self.config.getoption("hypothesis_seed", None)
        return str(seed) if seed is not None else "fixed" if self.profile.derandomize else "random"

    def implementation(self, name: str) -> Function:
        """The function that the laws get by this name: the subject's, or the reference's in the subject's dtype."""
        if name in self.subject.functions:
            return under_contract(name, self.subject.functions[name], self.subject.conventions)
        return reference_in(name, self.subject.conventions.dtype)

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """With a subject, files of this package that hold no law for it are not read."""
        path = collection_path.resolve()
        if self.subject.is_reference or not _is_ours(path) or not (path.is_dir() or path.name.startswith("test_")):
            return None
        return None if path in self._homes else True

    @functools.cached_property
    def _homes(self) -> set[Path]:
        """The files of the laws that apply, and the folders above them."""
        modules = {law.test.__module__ for law in self.applicable.values()}
        files = [Path(str(sys.modules[module].__file__)).resolve() for module in modules]
        return {path for file in files for path in (file, *file.parents)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """With a subject, keeps only the laws that apply to it, among the tests of this package."""
        kept, left = [], []
        for item in items:
            law = law_of(item)
            if law is None and (self.subject.is_reference or not _is_ours(item.path)):
                kept.append(item)
            elif law is not None and law.name in self.applicable:
                item.user_properties.append(("assay_law", [law.name, case_of(item)]))
                if item.get_closest_marker("autograd") and self.subject.conventions.arrays != "torch":
                    item.add_marker(pytest.mark.skip(reason="needs autograd through the function"))
                kept.append(item)
            else:
                left.append(item)
        items[:] = kept
        if left:
            config.hook.pytest_deselected(items=left)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        first = next((law for law in map(law_of, session.items) if law), None)
        if self.subject.is_reference or first is None:
            return
        first.run({})  # on the reference: what Hypothesis and torch do once is then not done again in every child
        self.broken = broken_functions(self.subject, self._limit())

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        law = law_of(pyfuncitem)
        if law is None:
            return None
        case = case_of(pyfuncitem)
        known = next((entry for entry in self.expected if entry.covers(law.name, case)), None)
        verdict = self._judge(law, case, pyfuncitem, known)
        if known and verdict.outcome == "failed":
            verdict.outcome, verdict.reason = "expected", f"{known.reason} {known.link}".strip()
        pyfuncitem.user_properties.append(("assay_verdict", verdict.as_record()))
        if verdict.outcome != "passed":
            raise LawBroken(verdict)
        return True

    def _judge(self, law: Law, case: str, item: pytest.Function, known: Expected | None) -> Verdict:
        problems = [f"{name}: {self.broken[name]}" for name in law.functions if name in self.broken]
        if problems:
            return Verdict("broken", "BROKEN ADAPTER\n    " + "\n    ".join(problems))
        arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}
        profile = without_shrinking(self.profile) if known else self.profile
        limit = self._limit()
        if self.subject.is_reference or limit is None:
            return judge(law, case, arguments, profile, self.subject)
        return judge_isolated(law, case, arguments, profile, self.subject, limit)

    def _limit(self) -> float | None:
        """Seconds that a child process gets; None if the subject runs in this one."""
        return None if self.config.getoption("--in-process") else self.config.getoption("--law-timeout")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.excinfo and isinstance(call.excinfo.value, LawBroken):
            verdict = call.excinfo.value.verdict
            report.longrepr = verdict.page
            if verdict.outcome == "expected":
                report.outcome, report.wasxfail = "skipped", verdict.reason
            elif verdict.outcome == "skipped":
                report.outcome, report.longrepr = "skipped", (str(item.path), 0, f"Skipped: {verdict.reason}")
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self.report is None:
            return
        found: dict[str, Any] = dict(report.user_properties)
        if "assay_mistake" in found and report.when == "call":
            self.report.add_mistake(found["assay_mistake"])
        if "assay_law" in found and (report.when == "call" or report.outcome != "passed"):
            name, case = found["assay_law"]
            self.report.add(name, case, report, found.get("assay_verdict"))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.report is None:
            return
        cut_short = bool(session.shouldfail or session.shouldstop)  # as by -x, which leaves exit status 1
        stale = self.report.finish(self.expected, complete=exitstatus in (0, 1) and not cut_short)
        nothing_ran = not self.subject.is_reference and not self.report.cases
        session.exitstatus = exit_status(exitstatus, stale, nothing_ran)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.report is not None and (self.report.cases or not self.subject.is_reference):
            terminalreporter.section(f"assay: {self.subject.name}")
            for line in self.report.summary():
                terminalreporter.write_line(line)


def exit_status(before: int, stale: bool, nothing_ran: bool) -> int:
    """A run that passed fails after all if an expectation no longer holds, or if a subject met no law."""
    if before == pytest.ExitCode.OK and nothing_ran:
        return pytest.ExitCode.NO_TESTS_COLLECTED
    return pytest.ExitCode.TESTS_FAILED if before == pytest.ExitCode.OK and stale else before


def law_of(item: pytest.Item) -> Law | None:
    """The law that a test item runs, None for any other test."""
    law = laws().get(getattr(item, "originalname", ""))
    return law if law is not None and getattr(item, "obj", None) is law.test else None


def case_of(item: pytest.Item) -> str:
    """The bracketed parameters in the item's name, empty without any."""
    return item.name.removeprefix(getattr(item, "originalname", item.name))


def _is_ours(path: Path) -> bool:
    return Path(properties.__path__[0]).resolve() in path.resolve().parents


def function_fixture(name: str) -> Any:
    """The session fixture of one public function: the implementation under test."""

    @pytest.fixture(scope="session", name=name)
    def implementation(request: pytest.FixtureRequest) -> Function:
        harness = request.config.pluginmanager.get_plugin("assay_harness")
        assert isinstance(harness, Harness)
        return harness.implementation(name)

    return implementation


def configure(config: pytest.Config) -> None:
    """Registers the harness for this run, once; an unusable subject ends it with a message."""
    if config.pluginmanager.has_plugin("assay_harness"):
        return
    config.addinivalue_line("markers", "autograd: a law that differentiates through the function under test")
    config.addinivalue_line("markers", "claim(*ids): a number or statement of the catalogue that the test settles")
    try:
        harness = Harness(config)
    except SubjectError as error:
        raise pytest.UsageError(str(error)) from error
    if not harness.subject.is_reference:  # which may warn as it likes, where our own tests may not
        config.addinivalue_line("filterwarnings", "default")
    config.pluginmanager.register(harness, "assay_harness")
