"""Known differences of a subject, each with its reason: expected.toml beside the adapter."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from properties.harness.laws import laws
from properties.harness.subjects import SubjectError


@dataclass(frozen=True)
class Expected:
    """A law, or every law of a function, that the subject is known to break."""

    reason: str
    law: str = ""
    function: str = ""
    link: str = ""

    @property
    def label(self) -> str:
        return f"law = {self.law!r}" if self.law else f"function = {self.function!r}"

    def covers(self, law: str, case: str) -> bool:
        """Whether it speaks of this case of this law; `law` may name one case, as in test_x[3]."""
        return self.law in (law, law + case) if self.law else self.function in laws()[law].functions


def load_expected(path: Path | None, offered: Iterable[str]) -> tuple[Expected, ...]:
    """The entries of the file, none if there is no file; an entry that can match nothing is an error."""
    if path is None or not path.exists():
        return ()
    entries = []
    for number, table in enumerate(tomllib.loads(path.read_text()).get("expected", []), 1):
        try:
            entry = Expected(**table)
        except TypeError as error:
            raise SubjectError(f"{path}, entry {number}: {error}") from None
        if not entry.reason.strip() or bool(entry.law) == bool(entry.function):
            raise SubjectError(f"{path}, entry {number}: needs a reason, and either a law or a function")
        applicable = [name for name, law in laws().items() if set(law.functions) & set(offered)]
        if entry.law and entry.law.split("[")[0] not in applicable:
            raise SubjectError(f"{path}: {entry.label} is no law that applies to this subject")
        if entry.function and entry.function not in offered:
            raise SubjectError(f"{path}: {entry.label} is not offered by this subject")
        entries.append(entry)
    return tuple(entries)


def stale(entries: Iterable[Expected], outcomes: Mapping[tuple[str, str], str]) -> list[Expected]:
    """Entries of which no case failed although one ran; `outcomes` maps (law, case) to what happened.

    Behind a broken adapter nothing runs, and nothing is known of its entries.
    """
    left = []
    for entry in entries:
        seen = [outcome for (law, case), outcome in outcomes.items() if entry.covers(law, case)]
        if seen and not {"expected", "broken"} & set(seen):
            left.append(entry)
    return left
