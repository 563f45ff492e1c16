"""The `assay` command: reports compared and rendered, and the coverage of the catalogue."""

import argparse
import sys
from collections import Counter
from pathlib import Path

from properties.harness.catalogue import BY_READING, PLANNED, catalogue
from properties.harness.report import law_outcomes, page, read, verdict_line


def main(arguments: list[str] | None = None) -> int:
    """Runs one of the commands; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="assay", description="Compare and render reports of laws; show what is covered."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    diff = commands.add_parser("diff", help="laws that came out differently in two reports; exit status 1 if any did")
    diff.add_argument("before", type=Path)
    diff.add_argument("after", type=Path)
    html = commands.add_parser("html", help="write the page of a report, also of one that did not finish")
    html.add_argument("report", type=Path)
    matrix = commands.add_parser("matrix", help="table of laws against subjects, in Markdown")
    matrix.add_argument("reports", type=Path, nargs="+")
    commands.add_parser("coverage", help="rows of the catalogue by domain, answered and planned, in Markdown")
    commands.add_parser("errata", help="statements that are often met and wrong, and what shows it, in Markdown")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "diff":
            return _diff(chosen.before, chosen.after)
        if chosen.command == "html":
            chosen.report.with_suffix(".html").write_text(page(chosen.report))
            return 0
        if chosen.command == "coverage":
            print(coverage_table())
            return 0
        if chosen.command == "errata":
            print(errata_table())
            return 0
        return _matrix(chosen.reports)
    except (OSError, ValueError) as error:
        print(f"assay: {error}", file=sys.stderr)
        return 2


def _diff(before: Path, after: Path) -> int:
    reports = read(before), read(after)
    old, new = (law_outcomes(report.cases) for report in reports)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    for name in changed:
        print(f"{old.get(name, 'did not run'):12} -> {new.get(name, 'did not run'):12} {name}")
    for report, outcomes in zip(reports, (old, new), strict=True):
        print(verdict_line(report.header, Counter(outcomes.values())))
    return int(bool(changed))


def coverage_table() -> str:
    """Rows of the catalogue by domain: how many are answered by code and how many are planned."""
    answered: Counter[str] = Counter()
    planned: Counter[str] = Counter()
    for row in catalogue().values():
        (planned if row.answered_by == (PLANNED,) else answered)[row.domain] += 1
    domains = sorted({*answered, *planned}, key=lambda domain: (-answered[domain], domain))
    lines = [f"| {domain} | {answered[domain]} | {planned[domain]} |" for domain in domains]
    return "\n".join(["| domain | answered | planned |", "|---|---:|---:|", *lines])


def errata_table() -> str:
    """What is right where a statement is often met and wrong, and the claims and mistakes that refute it."""
    lines = ["| erratum | what is right | verdict |", "|---|---|---|"]
    for row in catalogue().values():
        if row.id.startswith("E"):
            shown_by = ", ".join(f"`{name}`" for name in row.answered_by)
            verdict = {PLANNED: "open", BY_READING: "corrected by reading"}.get(" ".join(row.answered_by), shown_by)
            lines.append(f"| {row.id} | {row.statement.replace('|', '&#124;')} | {verdict} |")
    return "\n".join(lines)


def _matrix(paths: list[Path]) -> int:
    reports = [read(path) for path in paths]
    columns = [law_outcomes(report.cases) for report in reports]
    names = [report.header["subject"] for report in reports]
    print(f"| law | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for law in sorted({law for column in columns for law in column}):
        print(f"| {law.removeprefix('test_')} | {' | '.join(column.get(law, '') for column in columns)} |")
    return 0
