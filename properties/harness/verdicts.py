"""Runs one case of one law on the implementation under test and says how it went."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hypothesis import Phase, settings

from properties.harness.isolation import run_isolated
from properties.harness.laws import Law, example_settings
from properties.harness.page import explain, layout
from properties.harness.subjects import Subject
from properties.harness.trial import CannotExpress, recording


@dataclass
class Verdict:
    """Passed, failed, expected (a known difference), broken (the adapter, not the implementation) or skipped.

    A case is skipped when the adapter raises NotImplementedError: the library has no way to express the call.
    """

    outcome: str
    page: str = ""
    looks_like: list[str] = field(default_factory=list)
    reason: str = ""

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


def judge(
    law: Law,
    case: str,
    arguments: Mapping[str, Any],
    profile: settings,
    subject: Subject,
    limit: float = float("inf"),
) -> Verdict:
    """The verdict on one case of a law, in this process, which has so many seconds."""
    with recording(limit) as trial, example_settings(law.test, profile):
        try:
            law.test(**arguments)
        except KeyboardInterrupt:
            raise
        except (NotImplementedError, CannotExpress) as missing:
            if subject.is_reference:
                raise
            return Verdict("skipped", reason=str(missing) or "the adapter cannot express the call")
        except BaseException as exception:
            page, suspects = explain(law, case, arguments, trial, exception, subject)
            return Verdict("failed", page, suspects)
    return Verdict("passed")


def judge_isolated(
    law: Law, case: str, arguments: Mapping[str, Any], profile: settings, subject: Subject, limit: float
) -> Verdict:
    """The verdict on one case of a law, run in a child process that may hang, crash or exit."""
    outcome = run_isolated(lambda: judge(law, case, arguments, profile, subject, limit), limit)
    if not outcome.problem:
        verdict: Verdict = outcome.value
        return verdict
    judged = " or ".join(name for name in law.functions if name in subject.functions)
    return Verdict("failed", layout(law, case, [("OBSERVED", f"{judged} {outcome.problem}")]))


def without_shrinking(profile: settings) -> settings:
    """The profile for a law that is known to fail: the first failing example will do."""
    return settings(profile, phases=[Phase.explicit, Phase.generate])
