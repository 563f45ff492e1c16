"""Inputs for the laws: bounded, away from the values where different formulas agree, exact in float32.

Every number is a small multiple of a power of two. A subject that works in float32 then receives the same inputs as
the float64 oracle, and 1 - level and the product of two levels are exact in both, so tolerances need to count only the
roundings of the subject itself.
"""

import itertools

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

_GRID = 4096


def dyadics(low: int, high: int, *shape: int, grid: int = _GRID) -> st.SearchStrategy[Tensor]:
    """Tensors with entries k / grid, low <= k <= high; half of them near 0 or an end of the range, at every scale.

    All entries come from one string of bytes, which Hypothesis draws and shrinks much faster than a list of numbers.
    Smaller bytes are simpler entries: 0, or low where 0 is not allowed.
    """
    size, count = high - low + 1, int(torch.Size(shape).numel())

    def entries(raw: bytes) -> Tensor:
        words = np.frombuffer(raw, dtype=">u4").astype(np.int64)
        kind, offset = words >> 24, (words & 0xFFFFFF) % size
        offset >>= np.where(kind & 1, kind >> 4, 0)
        offset = np.where(kind & 2, size - 1 - offset, offset)
        numbers = np.where(offset > high, offset - size, offset) if low <= 0 <= high else low + offset
        return torch.from_numpy(numbers / grid).reshape(shape)

    return st.binary(min_size=4 * count, max_size=4 * count).map(entries)


def normals(*shape: int) -> st.SearchStrategy[Tensor]:
    """Tensors with entries in [-4, 4], where nearly all of a standard normal lies."""
    return dyadics(-4 * _GRID, 4 * _GRID, *shape)


def levels(*shape: int) -> st.SearchStrategy[Tensor]:
    """Signal levels, or ratios of two levels, strictly between 0 and 1."""
    return dyadics(1, _GRID - 1, *shape)


def unit(*shape: int) -> st.SearchStrategy[Tensor]:
    """Uniform numbers in [0, 1), the end included."""
    return dyadics(0, _GRID - 1, *shape)


def betas(min_steps: int = 2, max_steps: int = 12) -> st.SearchStrategy[Tensor]:
    """Tables of betas in (0, 1/2], of any length between the bounds."""
    lengths = st.integers(min_steps, max_steps)
    return lengths.flatmap(lambda length: dyadics(1, _GRID // 2, length))


def level_tables(min_steps: int = 1, max_steps: int = 6, grid: int = 64, least: int = 0) -> st.SearchStrategy[Tensor]:
    """Tables of falling signal levels k / grid, least <= k < grid."""
    numerators = st.sets(st.integers(least, grid - 1), min_size=min_steps, max_size=max_steps)
    return numerators.map(lambda chosen: torch.tensor(sorted(chosen, reverse=True), dtype=torch.float64) / grid)


def pixels(*shape: int) -> st.SearchStrategy[Tensor]:
    """Values of 8-bit data, 0..255, as floats."""
    return dyadics(0, 255, *shape, grid=1)


def covariances(dim: int) -> st.SearchStrategy[Tensor]:
    """Covariance matrices B B^T + I / 2, with eigenvalues in [1/2, dim^2 + 1/2]."""
    identity = torch.eye(dim, dtype=torch.float64)
    return dyadics(-16, 16, dim, dim, grid=16).map(lambda factor: factor @ factor.T + identity / 2)


def designs() -> st.SearchStrategy[Tensor]:
    """Features of 7 samples in 3 columns, with singular values from 1 to 4: an identity above numbers up to 1."""
    return dyadics(-16, 16, 4, 3, grid=16).map(lambda rest: torch.cat([torch.eye(3, dtype=torch.float64), rest]))


def distributions(min_size: int = 2, max_size: int = 7, grid: int = 64) -> st.SearchStrategy[Tensor]:
    """Probabilities k / grid, each above 0, that sum to exactly 1."""

    def between(cuts: set[int]) -> Tensor:
        return torch.tensor([0, *sorted(cuts), grid], dtype=torch.float64).diff() / grid

    sizes = st.integers(min_size - 1, max_size - 1)
    return sizes.flatmap(lambda size: st.sets(st.integers(1, grid - 1), min_size=size, max_size=size)).map(between)


def levels_and(*edges: float, axes: int = 1) -> st.SearchStrategy[Tensor]:
    """A column of two levels strictly between 0 and 1 and, below them, the given edges; for samples of so many axes."""
    ones = [1] * axes
    column = torch.tensor(edges, dtype=torch.float64).reshape(-1, *ones)
    return levels(2, *ones).map(lambda drawn: torch.cat([drawn, column]))


def masks(*shape: int) -> st.SearchStrategy[Tensor]:
    """Tensors of True and False."""
    return dyadics(0, 1, *shape, grid=1).map(Tensor.bool)


def simplex(*shape: int, least: int = 0, grid: int = 64) -> st.SearchStrategy[Tensor]:
    """Probabilities k / grid with k >= least that sum to exactly 1 along the last axis, such as rows of transitions."""
    *batch, size = shape
    free = grid - least * size

    def shares(cuts: Tensor) -> Tensor:
        ends = torch.cat([torch.zeros(*batch, 1), cuts.sort(-1).values, torch.full((*batch, 1), free)], -1)
        return (ends.diff() + least) / grid

    return dyadics(0, free, *batch, size - 1, grid=1).map(shares)


def indices(count: int, *shape: int) -> st.SearchStrategy[Tensor]:
    """Tensors of integers 0..count - 1."""
    return dyadics(0, count - 1, *shape, grid=1).map(Tensor.long)


def chains(tables: st.SearchStrategy[Tensor], least: int = 1) -> st.SearchStrategy[tuple[Tensor, list[int]]]:
    """A table, and at least `least` of its timesteps in any order."""

    def some_of(table: Tensor) -> st.SearchStrategy[tuple[Tensor, list[int]]]:
        timesteps = st.lists(st.integers(0, len(table) - 1), min_size=least, max_size=len(table), unique=True)
        return timesteps.map(lambda kept: (table, kept))

    return tables.flatmap(some_of)


def piece_weights(least: int = 1) -> st.SearchStrategy[dict[str, int]]:
    """Whole weights up to 8 of some strings of one to three letters a and b; the two letters weigh at least `least`."""
    pieces = ["".join(letters) for length in (1, 2, 3) for letters in itertools.product("ab", repeat=length)]

    def weighed(raw: bytes) -> dict[str, int]:
        kept = dict(zip(pieces, (byte % 9 for byte in raw), strict=True))
        kept |= {letter: max(kept[letter], least) for letter in "ab"}
        return {piece: weight for piece, weight in kept.items() if weight}

    return st.binary(min_size=len(pieces), max_size=len(pieces)).map(weighed)


def corpora(max_words: int = 3, alphabet: str = "ab") -> st.SearchStrategy[dict[str, int]]:
    """Counts from 1 to 5 of one or more words of up to four letters."""
    return st.dictionaries(st.text(alphabet, min_size=1, max_size=4), st.integers(1, 5), min_size=1, max_size=max_words)


def numbers(*values: float) -> Tensor:
    """A vector of these float64 values."""
    return torch.tensor(values, dtype=torch.float64)


def steps(*shape: int) -> Tensor:
    """Distinct numbers in [-2, 2), in no simple order."""
    size = int(torch.Size(shape).numel())
    return ((torch.arange(size, dtype=torch.float64) * 11 % size) * 4 / size - 2).reshape(shape)
