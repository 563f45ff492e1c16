"""The table of core loops in the README, made of the results that asv has saved: `python -m benchmarks.table`."""

import itertools
import json
import math
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SAVED = ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- core loops -->", "<!-- end of core loops -->"
HEAD = ["loop", "peer", "sizes", "time at the largest", "reference / peer, eager", "compiled", "growth"]

Values = dict[tuple[str, ...], float]


def table(saved: Path = SAVED) -> str:
    """A section for each machine, a row for each loop and device: of each loop the newest results."""
    benchmarks = {
        name: entry
        for name, entry in json.loads((saved / "benchmarks.json").read_text()).items()
        if isinstance(entry, dict)
    }
    machines = sorted(path.parent for path in saved.glob("*/machine.json"))
    return "\n\n".join(filter(None, (_section(machine, benchmarks) for machine in machines)))


def _section(machine: Path, benchmarks: Mapping[str, Any]) -> str:
    from asv.results import iter_results_for_machine  # not in the environments in which asv looks for benchmarks

    results = [*iter_results_for_machine(str(machine.parent), machine.name)]
    if not results:
        return ""
    results.sort(key=lambda result: result.date)
    newest = {loop: each for each in results for loop in _loops(each.get_all_result_keys())}
    about = json.loads((machine / "machine.json").read_text())
    commits = ", ".join(each.commit_hash[:8] for each in results if each in newest.values())
    rows = [row for loop in _loops(benchmarks) if loop in newest for row in _rows(loop, benchmarks, newest[loop])]
    title = f"{about['cpu']}, {about['num_cpu']} cores, commit {commits}:"
    lines = [HEAD, ["---"] * len(HEAD), *rows]
    return "\n".join([title, "", *(f"| {' | '.join(line)} |" for line in lines)])


def _loops(names: Iterable[str]) -> list[str]:
    return [name.removesuffix(".time_reference") for name in names if name.endswith(".time_reference")]


def _rows(loop: str, benchmarks: Mapping[str, Any], result: Any) -> Iterator[list[str]]:
    times = _values(f"{loop}.time_reference", benchmarks, result)
    ratios = {
        entry["unit"].removeprefix("reference / "): _values(name, benchmarks, result)
        for name, entry in benchmarks.items()
        if name.startswith(f"{loop}.track_ratio")
    }
    limits = _values(f"{loop}.track_multiple_of_limit", benchmarks, result)
    for device in dict.fromkeys(place[1] for place in times):
        eager = {place[0]: value for place, value in times.items() if place[1:] == (device, "eager")}
        if not eager:
            continue
        peer, of_peer = max(ratios.items(), key=lambda item: _largest(item[1], device, "eager"), default=("none", {}))
        growth = _slope(eager) if len(eager) > 2 else math.nan
        largest = [*eager][-1]
        limit = limits.get((largest, device, "eager"), math.nan)
        yield [
            loop.split(".")[1] + (f" ({device})" if device != "cpu" else ""),
            peer,
            " ".join(map(_short, eager)),
            _seconds(eager[largest]) + ("" if math.isnan(limit) else f", {limit:.2f} of the limit"),
            " ".join(_number(of_peer.get((size, device, "eager"), math.nan)) for size in eager),
            _number(_largest(of_peer, device, "compile")),
            _number(growth),
        ]


def _values(name: str, benchmarks: Mapping[str, Any], result: Any) -> Values:
    """The value at each size, device and mode that was measured."""
    if name not in benchmarks or name not in result.get_all_result_keys():
        return {}
    params: Sequence[Sequence[str]] = benchmarks[name]["params"]
    values = result.get_result_value(name, params)
    places = itertools.product(*params)
    measured = {place: value for place, value in zip(places, values, strict=True) if value is not None}
    return {
        tuple(part.strip("'") for part in place): value for place, value in measured.items() if not math.isnan(value)
    }


def _largest(values: Values, device: str, mode: str) -> float:
    return next((value for place, value in reversed(values.items()) if place[1:] == (device, mode)), math.nan)


def _slope(times: Mapping[str, float]) -> float:
    """Exponent of growth over the three largest sizes, by least squares."""
    sizes = [math.log(int(size)) for size in times]
    return statistics.linear_regression(sizes[-3:], [math.log(time) for time in times.values()][-3:]).slope


def _short(size: str) -> str:
    return re.sub(r"000$", "k", re.sub(r"000000$", "M", size))


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _seconds(value: float) -> str:
    unit, scale = next((unit, scale) for unit, scale in (("s", 1), ("ms", 1e3), ("us", 1e6)) if value * scale >= 1)
    return f"{value * scale:.3g} {unit}"


def main() -> None:
    readme = ROOT / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    _, after = rest.split(END)
    readme.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}")


if __name__ == "__main__":
    main()
