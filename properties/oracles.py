"""Expected values that several files of laws share, each by another way than the reference takes."""

import functools
import itertools
import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np
import torch
from scipy import special, stats
from torch import Tensor
from torch.nn.functional import pad


def mean_log_ratio(mean_1: Tensor, variance_1: Tensor, mean_2: Tensor, variance_2: Tensor) -> Tensor:
    """KL(N_1 || N_2) of each element as the mean of log N_1 - log N_2 under N_1.

    The ratio is quadratic, so that its mean over the two points mean_1 +- one standard deviation is the exact one.
    """
    nodes = torch.stack([mean_1 - variance_1.sqrt(), mean_1 + variance_1.sqrt()])
    log_1 = stats.norm.logpdf(nodes, mean_1, variance_1.sqrt())
    log_2 = stats.norm.logpdf(nodes, mean_2, variance_2.sqrt())
    return torch.as_tensor(log_1 - log_2).mean(0)


def kl_magnitude(spread: Tensor, variance_1: Tensor, variance_2: Tensor) -> Tensor:
    """Largest term of a Gaussian KL whose means are made of numbers of the size of `spread`."""
    return 1 + variance_1.log().abs() + variance_2.log().abs() + (variance_1 + spread**2) / variance_2


def product_of_gaussians(x_t: Tensor, x_0: Tensor, step: Tensor, alpha_bar_s: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of q(x_s | x_t, x_0), proportional to q(x_t | x_s) q(x_s | x_0), so that precisions add.

    `step` is alpha_bar_t / alpha_bar_s.
    """
    precision = step / (1 - step) + 1 / (1 - alpha_bar_s)
    pull = step.sqrt() * x_t / (1 - step) + alpha_bar_s.sqrt() * x_0 / (1 - alpha_bar_s)
    return pull / precision, 1 / precision


def pixel_probabilities(pixel: Tensor, mean: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Probability of each value 0..255 when a Gaussian on [-1, 1] is cut into 256 bins: exact, and by a GELU.

    tanh-GELU(u) is u times the approximate distribution function. Both are at least 1e-12.
    """
    upper, lower = (((2 * pixel - 255 + side) / 255 - mean) / scale for side in (1, -1))

    def by_gelu(edge: Tensor) -> Tensor:
        return torch.where(edge == 0, 0.5, torch.nn.functional.gelu(edge, approximate="tanh") / edge)

    def between(above: Tensor, below: Tensor) -> Tensor:
        return (torch.where(pixel == 255, 1, above) - torch.where(pixel == 0, 0, below)).clamp(min=1e-12)

    exact = between(torch.as_tensor(stats.norm.cdf(upper)), torch.as_tensor(stats.norm.cdf(lower)))
    return exact, between(by_gelu(upper), by_gelu(lower))


def pixel_magnitude(mean_size: Tensor, scale: Tensor) -> Tensor:
    """Size of the terms of a bin's probability: its edges are made of numbers up to `mean_size` + 1, over the scale."""
    return 1 + (1 + mean_size) / scale


def closest(observed: Tensor, candidates: tuple[Tensor, ...]) -> Tensor:
    """The one of several accepted values that is nearest to the observed one, taken as a whole."""
    return min(candidates, key=lambda candidate: float((observed.detach() - candidate).abs().max()))


def nearest_integers(numbers: Iterable[Fraction], at_ties: Sequence[int]) -> tuple[int, ...]:
    """The integer nearest to each number; of two that are equally near the one in `at_ties`, if it is one of them.

    A tie is decided by the last bit of a stride that float64 cannot hold, so a law must take either side of it.
    """
    seen = itertools.chain(at_ties, itertools.repeat(0))
    return tuple(
        choice if abs(number - choice) == Fraction(1, 2) else round(number)
        for number, choice in zip(numbers, seen, strict=False)
    )


def signal_and_noise(alpha_bar: Tensor) -> tuple[Tensor, Tensor]:
    """cos(phi) and sin(phi) of the angle with cos(phi)^2 = alpha_bar, where cos(2 phi) = 2 alpha_bar - 1.

    Each is the sine of half an arc, which is exact at 0 and 1.
    """
    return torch.acos(1 - 2 * alpha_bar).div(2).sin(), torch.acos(2 * alpha_bar - 1).div(2).sin()


def implied(wanted: str, alpha_bar: Tensor, **known: Tensor) -> Tensor:
    """One of x_0, epsilon, x_t, v and score, from two others, by solving what these mean for x_0 and epsilon.

    (x_t, v) is (x_0, epsilon) turned by phi, and score = -epsilon / sin(phi).
    """
    cos, sin = signal_and_noise(alpha_bar)
    zero, one = torch.zeros_like(cos), torch.ones_like(cos)
    means = {"x_0": (one, zero), "epsilon": (zero, one), "x_t": (cos, sin), "v": (-sin, cos), "score": (zero, -one)}
    unit = {"score": sin}
    matrix = torch.stack([torch.cat(means[name], -1) for name in known], -2)
    values = torch.stack([value * unit.get(name, one) for name, value in known.items()], -2)
    found = torch.cat(means[wanted], -1)[..., None, :] @ torch.linalg.solve(matrix, values)
    return found.squeeze(-2) / unit.get(wanted, one)


def signal_left(betas: Tensor) -> Tensor:
    """Signal levels alpha_bar in exact arithmetic, as what the noise leaves: v_t = (1 - beta_t) v_{t-1} + beta_t."""
    noise, left = Fraction(0), []
    for beta in map(Fraction, betas.tolist()):
        noise = (1 - beta) * noise + beta
        left.append(float(1 - noise))
    return torch.tensor(left, dtype=torch.float64)


def every_path(transitions: Tensor) -> Tensor:
    """Probability of every path of a Markov chain given its first state; axis n is the state after n steps."""
    paths, *rest = transitions
    for transition in rest:
        paths = paths[..., None] * transition
    return paths


def relative_entropy(p: Tensor, q: Tensor) -> Tensor:
    """sum_j p_j log(p_j / q_j), where 0 log 0 = 0."""
    return torch.as_tensor(special.rel_entr(p.numpy(), q.numpy())).sum(-1)


def dot_products(first: Tensor, second: Tensor) -> Tensor:
    """sum_c first[..., i, c] second[..., j, c] for every pair (i, j), one after the other."""
    if first.ndim > 2:
        return torch.stack([dot_products(one, other) for one, other in zip(first, second, strict=True)])
    rows = second.tolist()
    pairs = [[math.fsum(map(operator.mul, row, other)) for other in rows] for row in first.tolist()]
    return torch.tensor(pairs, dtype=torch.float64).reshape(len(first), len(second))


def attended(scores: Tensor, value: Tensor) -> Tensor:
    """Mean of the values, weighted by exp(score), query by query; a key of score -inf is not there, 0 without any."""
    if value.ndim > 2:
        return torch.stack([attended(one, other) for one, other in zip(scores, value, strict=True)])
    columns, rows = value.T.tolist(), []
    for row in scores.tolist():
        highest = max([score for score in row if score > -math.inf], default=0.0)
        weights = [math.exp(score - highest) for score in row]
        total = math.fsum(weights) or 1.0
        rows.append([math.fsum(map(operator.mul, weights, column)) / total for column in columns])
    return torch.tensor(rows, dtype=torch.float64).reshape(len(scores), value.shape[-1])


def attended_magnitude(size: Tensor | float, value: Tensor) -> Tensor:
    """How far what is read may be off, in roundings: scores are made of numbers of this size, weights of exponentials.

    A score that is off by size * eps changes its weight, and the sum of all, by that factor.
    """
    return (1 + 2 * torch.as_tensor(size).abs().amax()) * value.abs().amax()


@functools.cache
def cell_weights(size: int, side: int) -> Tensor:
    """Share of each of `size` pixels in each of `side` cells: equal for all pixels that a cell touches."""
    touched = [[(u + 1) * side > i * size and u * side < (i + 1) * size for u in range(size)] for i in range(side)]
    return torch.tensor([[inside / sum(row) for inside in row] for row in touched], dtype=torch.float64)


@functools.cache
def cubic_weights(size: int, side: int) -> Tensor:
    """Share of each of `size` pixels in each of `side` by cubic convolution with a = -3/4, in exact arithmetic."""

    def weight(distance: Fraction) -> Fraction:
        d, a = abs(distance), Fraction(-3, 4)
        if d <= 1:
            return (a + 2) * d**3 - (a + 3) * d**2 + 1
        return a * (d - 1) * (d - 2) ** 2 if d < 2 else Fraction(0)

    table = torch.zeros(side, size, dtype=torch.float64)
    for i in range(side):
        centre = Fraction((2 * i + 1) * size, 2 * side) - Fraction(1, 2)
        for u in range(-2 - size, 2 * size + 2):
            table[i, min(max(u, 0), size - 1)] += float(weight(centre - u))
    return table


def segmentations(word: str) -> list[tuple[str, ...]]:
    """All ways to cut a word into pieces, one for each set of places to cut; the empty word has one, without pieces."""
    places = range(1, len(word))
    chosen = itertools.chain.from_iterable(itertools.combinations(places, size) for size in range(len(word) or 1))
    cuts = [(0, *inner, len(word)) for inner in chosen]
    return [tuple(word[start:end] for start, end in itertools.pairwise(ends) if end) for ends in cuts]


def segmentation_probability(pieces: Iterable[str], weights: Mapping[str, int]) -> Fraction:
    """Product of the pieces' shares of all weights; a piece without a weight has none."""
    total = sum(weights.values()) or 1
    return math.prod((Fraction(weights.get(piece, 0), total) for piece in pieces), start=Fraction(1))


def word_probability(word: str, weights: Mapping[str, int]) -> Fraction:
    """Sum of the probabilities of all segmentations of a word."""
    return sum((segmentation_probability(pieces, weights) for pieces in segmentations(word)), start=Fraction(0))


def log_shares(weights: Mapping[str, int]) -> dict[str, float]:
    """Natural logarithm of each weight's share of all."""
    total = sum(weights.values())
    return {piece: math.log(weight / total) for piece, weight in weights.items()}


def log_fraction(value: Fraction) -> float:
    """Natural logarithm of a rational number however small, -inf at 0."""
    return math.log(value.numerator) - math.log(value.denominator) if value else -math.inf


def correlated(images: Tensor, kernel: Tensor) -> Tensor:
    """Each image (channels, height, width) correlated with a kernel (out, group channels, rows, columns), same size.

    The kernel's sides are odd, and pixels outside are 0. Groups are consecutive, and as many as it takes.
    """
    rows, columns = (side // 2 for side in kernel.shape[2:])
    groups = images.shape[1] // kernel.shape[1]
    framed = pad(images, (columns, columns, rows, rows)).chunk(groups, 1)
    of_group = [
        torch.stack([sums_under_kernels(image, kernels) for image in part])
        for part, kernels in zip(framed, kernel.chunk(groups), strict=True)
    ]
    return torch.cat(of_group, 1)


def sums_under_kernels(x: Tensor, weight: Tensor, stride: int = 1, padding: int = 0, dilation: int = 1) -> Tensor:
    """What the kernels make of an image in a frame of zeros: at every place the sum over the pixels under them."""
    channels, height, width = x.shape
    high, wide = (dilation * (side - 1) + 1 for side in weight.shape[2:])
    framed, kernels = np.zeros((channels, height + 2 * padding, width + 2 * padding)), weight.numpy()
    framed[:, padding : padding + height, padding : padding + width] = x.numpy()
    tops, lefts = (range(0, side - span + 1, stride) for side, span in zip(framed.shape[1:], (high, wide), strict=True))
    rows = [
        [(kernels * framed[:, i : i + high : dilation, j : j + wide : dilation]).sum((1, 2, 3)) for j in lefts]
        for i in tops
    ]
    return torch.tensor(np.array(rows)).movedim(-1, 0)


# Mantissa bits, log2 of the smallest positive number, how many finite numbers have no minus sign, how many codes.
_RUNGS = {
    "TF32": (10, -136, 261120, 2**19),
    "FP16": (10, -24, 31744, 2**16),
    "BF16": (7, -133, 32640, 2**16),
    "E5M2": (2, -16, 124, 2**8),
    "E4M3": (3, -9, 127, 2**8),
    "E5M2FNUZ": (2, -17, 128, 2**8),
    "E4M3FNUZ": (3, -10, 128, 2**8),
    "E2M1": (1, -1, 8, 2**4),
    "E8M0": (0, -127, 255, 2**8),
}


_INFINITE = ("TF32", "FP16", "BF16", "E5M2")


@functools.cache
def _ladder(format: str) -> Tensor:
    mantissa_bits, lowest, count, _ = _RUNGS[format]
    zeros = int(format == "E8M0")
    binades = np.arange(count + zeros) >> mantissa_bits
    gaps = 2.0 ** (lowest + np.maximum(binades - 1, 0))
    return torch.from_numpy(np.concatenate([[0.0], np.cumsum(gaps)])[zeros:])


def rungs(format: str) -> Tensor:
    """All finite numbers of a float format that have no minus sign, by their codes, each one spacing above the last.

    The spacing doubles with every binade, but for the first two that a mantissa can count, from 0, which E8M0 lacks.
    """
    return _ladder(format)[:-1]


def gap_above(index: Tensor, format: str) -> Tensor:
    """Spacing above each of these rungs; above the last one is what would come next."""
    return _ladder(format)[index + 1] - _ladder(format)[index]


@functools.cache
def float_numbers(format: str) -> Tensor:
    """The number of every code of a float format."""
    *_, num_codes = _RUNGS[format]
    upwards = torch.cat([rungs(format), *([torch.tensor([math.inf])] if format in _INFINITE else [])])
    if format == "E8M0":
        return torch.cat([upwards, torch.tensor([math.nan])])
    half = torch.cat([upwards, torch.full((num_codes // 2 - len(upwards),), math.nan)])
    below = torch.cat([torch.tensor([math.nan]), -half[1:]]) if format.endswith("FNUZ") else -half
    return torch.cat([half, below])


@functools.cache
def numbers_around(format: str) -> Tensor:
    """Numbers of a float format and those between them: on, beside, below, above and halfway, up to the overflow.

    All rungs of small formats are there, and some hundreds of large ones, those at both ends included.
    """
    fine, middle, coarse = 2.0**-36, 2.0**-20, 2.0**-12
    ties = [0.5 - coarse, 0.5 - fine, 0.5, 0.5 + fine, 0.5 + coarse]
    parts = torch.tensor([0.0, fine, middle, coarse, 0.25, *ties, 0.875, 1 - coarse, 1 - fine], dtype=torch.float64)
    count = len(rungs(format))
    ends = torch.cat(
        [torch.arange(count)[:40], torch.arange(count)[-40:], torch.arange(0, count, count // 512 * 2 + 1)]
    )
    index = torch.from_numpy(np.unique(ends.numpy()))
    x = (rungs(format)[index][:, None] + parts * gap_above(index, format)[:, None]).flatten()
    return x if format == "E8M0" else torch.cat([x, -x])


def place_among(x: Tensor, format: str) -> tuple[Tensor, Tensor]:
    """Index of the rung at or below |x|, and the part of the spacing by which |x| exceeds it."""
    index = (torch.searchsorted(rungs(format), x.double().abs(), right=True) - 1).clamp(min=0)
    return index, (x.double().abs() - rungs(format)[index]) / gap_above(index, format)


def signed_rung(x: Tensor, index: Tensor, format: str) -> Tensor:
    """The rung of an index with the sign of x; behind the last one is what becomes of numbers beyond and infinity."""
    last = len(rungs(format)) - 1
    overflow = 6.0 if format == "E2M1" else math.inf if format in _INFINITE else math.nan
    rung = torch.where((index > last) | x.isinf(), overflow, rungs(format)[index.clamp(max=last)])
    return torch.where(x.signbit() & ~((rung == 0) & format.endswith("FNUZ")), -rung, rung)
