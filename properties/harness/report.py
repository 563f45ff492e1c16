"""The report of a run: a JSON line as soon as each case is decided, then one page of HTML and a few lines of text."""

import datetime
import functools
import importlib.metadata
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import jinja2
import jsonschema
import pytest

from properties.harness.expected import Expected, stale
from properties.harness.laws import laws

_KINDS = (
    ("passed", "obeyed", ""),
    ("failed", "broken law", "s"),
    ("expected", "expected difference", "s"),
    ("broken", "not run because the adapter is broken", ""),
    ("skipped", "skipped", ""),
)
_RANK = ("broken", "failed", "expected", "skipped", "passed")


class Report:
    """Collects what came of each case, and writes it to a file if there is one."""

    def __init__(self, path: Path | None, header: dict[str, Any]) -> None:
        self.path, self.header = path, header
        self.cases: list[dict[str, Any]] = []
        self.stale: list[Expected] = []
        self._stream: TextIO | None = path.open("w") if path else None
        started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self._write({"type": "header", "assay": importlib.metadata.version("assay"), "started": started, **header})
        for name in header["not_offered"]:
            self._write({"type": "not_offered", "law": name, "functions": list(laws()[name].functions)})

    def add(self, law: str, case: str, report: pytest.TestReport, verdict: dict[str, Any] | None) -> None:
        """Records one case of one law."""
        known = verdict or {
            "outcome": "skipped" if report.outcome == "skipped" else "failed",
            "page": "" if report.outcome == "skipped" else str(report.longrepr),
            "looks_like": [],
            "reason": str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else "",
        }
        record = {
            "type": "case",
            "law": law,
            "case": case,
            "functions": list(laws()[law].functions),
            "statement": laws()[law].statement,
            "seconds": round(report.duration, 4),
            **known,
        }
        self.cases.append(record)
        self._write(record)

    def add_mistake(self, record: dict[str, Any]) -> None:
        """Records which laws catch a known mistake."""
        self._write({"type": "mistake", **record})

    def finish(self, expected: Iterable[Expected], complete: bool) -> bool:
        """Writes the footer and the page; true if an entry of expected.toml no longer fails."""
        outcomes = {(record["law"], record["case"]): record["outcome"] for record in self.cases}
        self.stale = stale(expected, outcomes)
        if complete:
            counts = Counter(law_outcomes(self.cases).values())
            left = [entry.label for entry in self.stale]
            self._write({"type": "footer", "ran": counts.total(), **counts, "stale": left})
        if self._stream and self.path:
            self._stream.close()
            self.path.with_suffix(".html").write_text(page(self.path))
        return bool(self.stale)

    def summary(self) -> Iterator[str]:
        """The verdict and its denominator, and one line for each law that is not obeyed."""
        outcomes = law_outcomes(self.cases)
        counts = Counter(outcomes.values())
        yield ", ".join(f"{name} {version}" for name, version in self.header["versions"].items())
        for name, outcome in outcomes.items():
            if outcome in ("broken", "failed"):
                causes = [cause for record in self.cases if record["law"] == name for cause in record["looks_like"]]
                yield f"  {outcome}: {name}" + (f" -- looks like: {causes[0]}" if causes else "")
        for entry in self.stale:
            yield f"  expected.toml: {entry.label} no longer fails; remove the entry"
        yield verdict_line(self.header, counts)
        if self.path:
            yield f"report: {self.path} and {self.path.with_suffix('.html')}"

    def _write(self, record: dict[str, Any]) -> None:
        if self._stream:
            schema().validate(record)
            self._stream.write(json.dumps(record) + "\n")
            self._stream.flush()


def verdict_line(header: dict[str, Any], counts: Counter[str]) -> str:
    """One sentence: how many laws apply, ran and were not offered, and how those that ran came out."""
    named = [
        f"{counts[kind]} {label}{plural if counts[kind] > 1 else ''}" for kind, label, plural in _KINDS if counts[kind]
    ]
    denominator = f"{header['apply']} laws apply, {counts.total()} ran, {len(header['not_offered'])} not offered"
    return f"VERDICT on {header['subject']}: {denominator}: {', '.join(named) or 'nothing is known'}"


def law_outcomes(cases: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The worst outcome of any case of each law."""
    outcomes: dict[str, str] = {}
    for record in cases:
        before = outcomes.get(record["law"], "passed")
        outcomes[record["law"]] = min(before, record["outcome"], key=_RANK.index)
    return outcomes


@functools.cache
def schema() -> jsonschema.Draft202012Validator:
    """The schema that every line of a report obeys."""
    text = files("properties.harness").joinpath("report.schema.json").read_text()
    return jsonschema.Draft202012Validator(json.loads(text))


class Contents(NamedTuple):
    """A report as read from its file; the footer is None if the run did not finish."""

    header: dict[str, Any]
    cases: list[dict[str, Any]]
    mistakes: list[dict[str, Any]]
    footer: dict[str, Any] | None


def read(path: Path) -> Contents:
    """The lines of a report, each checked against the schema."""
    records = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            records.append(json.loads(line))
            schema().validate(records[-1])
        except (json.JSONDecodeError, jsonschema.ValidationError) as error:
            raise ValueError(f"{path}:{number} is not a line of a report: {error}") from None
    if not records or records[0]["type"] != "header":
        raise ValueError(f"{path} does not begin with a header")
    of_type = {kind: [line for line in records if line["type"] == kind] for kind in ("case", "mistake", "footer")}
    return Contents(records[0], of_type["case"], of_type["mistake"], next(iter(of_type["footer"]), None))


def page(path: Path) -> str:
    """The report as one page of HTML."""
    header, cases, mistakes, footer = read(path)
    outcomes = law_outcomes(cases)
    functions: dict[str, list[dict[str, Any]]] = {}
    for record in sorted(cases, key=lambda record: _RANK.index(record["outcome"])):
        for name in set(record["functions"]) & set(header["offered"]):
            functions.setdefault(name, []).append(record)
    template = files("properties.harness").joinpath("report.html.jinja").read_text()
    return (
        jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        .from_string(template)
        .render(
            header=header,
            footer=footer,
            mistakes=mistakes,
            counts=Counter(outcomes.values()),
            verdict=verdict_line(header, Counter(outcomes.values())),
            functions=dict(sorted(functions.items(), key=lambda item: (_RANK.index(item[1][0]["outcome"]), item[0]))),
        )
    )
