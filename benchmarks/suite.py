"""The suite itself: how long the laws of a domain take, and how soon a known mistake is caught."""

import time

from benchmarks.peers import single_threaded
from properties.harness.laws import DEFAULT, Law, laws
from properties.mistakes import mistakes

MISTAKES = [
    "sample_gaussian_scaled_by_variance",
    "symmetric_scale_over_128",
    "adam_step_with_epsilon_before_correction",
    "nearest_resize_by_centres",
    "sigmoid_log_loss_as_a_difference",
]


class Laws:
    """Seconds that all laws of one domain take in one process, with the examples of the default profile."""

    params = (["numerics", "vision", "training", "language", "transformer", "probability", "diffusion"],)
    param_names = ("domain",)
    timeout = 900

    def setup(self, domain: str) -> None:
        single_threaded()
        self.laws = [law for law in laws().values() if law.test.__module__.split(".")[1] == domain]

    def track_seconds(self, domain: str) -> float:
        return elapsed(self.laws)

    track_seconds.unit = "seconds"


class Catch:
    """Seconds until the first law of its function fails on a known mistake."""

    params = (MISTAKES,)
    param_names = ("mistake",)

    def setup(self, mistake: str) -> None:
        single_threaded()
        self.known = next(known for known in mistakes() if known.name == mistake)
        self.laws = [law for law in laws().values() if self.known.of in law.functions]
        assert self.caught(), "no law catches it"

    def caught(self) -> bool:
        return any(law.catches({self.known.of: self.known.function}) for law in self.laws)

    def track_seconds(self, mistake: str) -> float:
        began = time.perf_counter()
        self.caught()
        return time.perf_counter() - began

    track_seconds.unit = "seconds"


def elapsed(chosen: list[Law]) -> float:
    began = time.perf_counter()
    for law in chosen:
        law.run({}, DEFAULT)
    return time.perf_counter() - began
