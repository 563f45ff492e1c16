"""The catalogue of everything in scope, and what answers each row: a function, a claim or a mistake."""

import csv
import importlib
import pkgutil
import re
from collections import defaultdict
from dataclasses import dataclass
from importlib.resources import files

import properties.claims
from properties.harness.vocabulary import docstring_section, vocabulary
from properties.mistakes import mistakes

PLANNED = "planned"
BY_READING = "reading"  # an erratum about words, which no test can show
_ID = re.compile(r"[RE]\d{3}-\d+")
_ERRATUM = re.compile(r"E\d{3}-\d+")


@dataclass(frozen=True)
class Row:
    """One fact or algorithm in scope; E rows correct a statement that is often met."""

    id: str
    domain: str
    statement: str
    source: str
    answered_by: tuple[str, ...]


def catalogue() -> dict[str, Row]:
    """Every row by its id."""
    with files("reference").joinpath("catalogue.csv").open() as stream:
        lines = list(csv.reader(stream))[1:]
    return {row: Row(row, domain, text, source, tuple(by.split())) for row, domain, text, source, by in lines}


def mentions() -> dict[str, set[str]]:
    """For each id, the functions whose Notes, the claims whose marks and the mistakes whose `seen` name it."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, function in vocabulary().items():
        for row in _ID.findall(docstring_section(function, "Notes")):
            found[row].add(name)
    for known in mistakes():
        for row in _ERRATUM.findall(known.seen):
            found[row].add(known.name)
    for name, ids in claims().items():
        for row in ids:
            found[row].add(name)
    return dict(found)


def claims() -> dict[str, tuple[str, ...]]:
    """The ids that each claim settles, by the name of its test."""
    found = {}
    for info in pkgutil.iter_modules(properties.claims.__path__, "properties.claims."):
        for name, test in vars(importlib.import_module(info.name)).items():
            marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "claim"]
            if marks:
                found[name] = tuple(row for mark in marks for row in mark.args)
    return found
