"""Laws of `reference.diffusion.layout_diffusion`."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, unit

# Ends of the lines, by the field of the schedule: first stage, second stage.
_ENDS = {
    "category_keep": ("0.99999", "0.9999", "0.9999", "0.000009"),
    "category_mask": ("0.000009", "0.00009", "0.00009", "0.9998"),
    "coordinate_keep": ("0.99999", "0.0001", "0.00009", "0.000009"),
    "coordinate_mask": ("0.000009", "0.00009", "0.0001", "0.9999"),
}
_CATEGORIES, _COORDINATES = 3, 4
_MASK = 5 + _CATEGORIES + _COORDINATES
_SPECIALS, _CATEGORY, _COORDINATE = slice(0, 5), slice(5, 8), slice(8, 12)
# START, two elements of categories 7 and 5, END, PAD.
_LAYOUT = torch.tensor([0, 7, 8, 9, 11, 10, 4, 5, 10, 8, 10, 11, 1, 3])


def _shifts(num_steps):
    """A chain whose every step moves each token to the next, and the last one to the first."""
    return torch.eye(_MASK + 1, dtype=torch.float64).roll(1, 1).repeat(num_steps, 1, 1)


def _line(field, num_steps, t):
    """The schedule in rational numbers."""
    first, last, next_first, next_last = map(Fraction, _ENDS[field])
    split = num_steps * 4 // 5
    if t < split:
        return first + (last - first) * Fraction(t, split - 1)
    return next_first + (next_last - next_first) * Fraction(t - split, num_steps - split - 1)


def _lines(field, num_steps):
    return torch.tensor([float(_line(field, num_steps, t)) for t in range(num_steps)], dtype=torch.float64)


def _widths(num_steps):
    """Widths of the blur from the shares, in rational numbers, that are replaced in each step of the first stage."""
    kept = [
        _line("coordinate_keep", num_steps, t) + _line("coordinate_mask", num_steps, t)
        for t in range(num_steps * 4 // 5)
    ]
    return [12.4 * float(1 - after / before) ** 2.5 for before, after in zip([1, *kept], kept, strict=False)]


def _blur(width):
    """Moves between four coordinates: Gaussian weights of all moves by up to three, those off the edge staying put."""
    weights = {move: math.exp(-((2 * move / 3) ** 2) / width) for move in range(-3, 4)}
    total = math.fsum(weights.values())
    rows = [[weights[to - start] / total if to != start else 0 for to in range(4)] for start in range(4)]
    return [[1 - math.fsum(row) if to == start else row[to] for to in range(4)] for start, row in enumerate(rows)]


_LOGITS = torch.randn(6, _MASK + 1, _MASK + 1, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def _unsure(x, t):
    """A denoiser with some probability for every token, which depends on the token that is there."""
    return _LOGITS.to(x.device)[t][x]


def _naming(tokens, seen):
    """A denoiser that is sure of the given tokens and notes what it is shown."""

    def denoiser(x, t):
        seen.append((t, x.clone()))
        return torch.where(torch.arange(_MASK + 1) == tokens[:, None], 0.0, -torch.inf).to(torch.float64)

    return denoiser


@pytest.mark.parametrize("num_steps", [6, 9, 13, 200])
def test_two_stage_schedule_lies_on_lines(two_stage_schedule, num_steps):
    """Each probability runs on one line through the first floor(4 T / 5) steps and on another through the rest."""
    schedule = two_stage_schedule(num_steps)
    for field in _ENDS:
        assert_close(getattr(schedule, field), _lines(field, num_steps), 1.0)


@pytest.mark.parametrize("num_steps", [5, 1, 0, -3])
def test_two_stage_schedule_rejects_stage_of_one_step(two_stage_schedule, num_steps):
    """Fewer than six steps leave no line for the second stage."""
    assert len(two_stage_schedule(6).coordinate_keep) == 6
    assert_rejects(two_stage_schedule, num_steps)


@pytest.mark.parametrize(
    ("num_steps", "scale_and_power"), [(6, ()), (13, ()), (200, ()), (13, (3.0, 1.5)), (200, (0.5, 4.0))]
)
def test_blur_widths_account_for_replaced_share(blur_widths, num_steps, scale_and_power):
    """With b_t = (width / scale)^(1 / power), prod(1 - b_t) is the share that is still kept or masked."""
    scale, power = scale_and_power or (12.4, 2.5)
    split = num_steps * 4 // 5
    left = torch.cumprod(1 - (blur_widths(num_steps, *scale_and_power) / scale) ** (1 / power), 0)
    expected = _lines("coordinate_keep", num_steps) + _lines("coordinate_mask", num_steps)
    assert_close(left, expected[:split], 1.0, roundings=8 * num_steps)


@pytest.mark.parametrize("num_steps", [6, 13])
def test_layout_transitions_multiply_up_to_schedule(layout_transitions, num_steps):
    """Over all steps a category is kept or masked, and a coordinate masked, as often as the schedule says."""
    transitions = layout_transitions(num_steps, _CATEGORIES, _COORDINATES)
    product = torch.eye(_MASK + 1, dtype=transitions.dtype)
    for t in range(num_steps):
        product = product @ transitions[t]
        keep, mask = (float(_line(f"category_{name}", num_steps, t)) for name in ("keep", "mask"))
        expected = keep * torch.eye(3, dtype=torch.float64) + (1 - keep - mask) / 3
        assert_close(product[_CATEGORY, _CATEGORY], expected, 1.0, roundings=8 * num_steps)
        assert_close(product[_CATEGORY, _MASK], mask, 1.0, roundings=8 * num_steps)
        masked = float(_line("coordinate_mask", num_steps, t))
        assert_close(product[_COORDINATE, _MASK], masked, 1.0, roundings=8 * num_steps)


@pytest.mark.parametrize("num_steps", [6, 13])
def test_layout_transitions_blur_coordinates_then_resample_them(layout_transitions, num_steps):
    """A coordinate that is not masked moves by a Gaussian in the first stage, and anywhere alike in the second."""
    transitions = layout_transitions(num_steps, _CATEGORIES, _COORDINATES)
    moves = [_blur(width) for width in _widths(num_steps)]
    moves += [[[0.25] * 4] * 4] * (num_steps - len(moves))
    masked = _lines("coordinate_mask", num_steps)
    stay = (1 - masked) / (1 - torch.cat([masked.new_zeros(1), masked[:-1]]))
    expected = stay[:, None, None] * torch.tensor(moves, dtype=torch.float64)
    assert_close(transitions[:, _COORDINATE, _COORDINATE], expected, 1.0, roundings=64)


@pytest.mark.parametrize("num_steps", [6, 13])
def test_layout_transitions_keep_tokens_in_their_class(layout_transitions, num_steps):
    """Specials and MASK never change; categories and coordinates stay what they are or become MASK; rows sum to 1."""
    transitions = layout_transitions(num_steps, _CATEGORIES, _COORDINATES)
    fixed = [*range(5), _MASK]
    allowed = torch.zeros(_MASK + 1, _MASK + 1)
    for block in (_CATEGORY, _COORDINATE):
        allowed[block, block] = 1
        allowed[block, _MASK] = 1
    allowed[fixed, fixed] = 1
    assert transitions.shape == (num_steps, _MASK + 1, _MASK + 1)
    assert_equal(transitions * (1 - allowed), torch.zeros_like(transitions))
    assert_equal(transitions[:, fixed, fixed], torch.ones(num_steps, 6))
    assert_equal(transitions < 0, torch.zeros_like(transitions, dtype=torch.bool))
    assert_close(transitions.sum(-1), 1.0, 1.0)


@pytest.mark.parametrize(("num_categories", "classes"), [(5, 139), (4, 138)])
def test_layout_transitions_number_tokens_as_public_layouts(layout_transitions, num_categories, classes):
    """Five categories and the default 128 coordinates make 139 classes, of which MASK is the last."""
    transitions = layout_transitions(6, num_categories)
    coordinates = slice(5 + num_categories, classes - 1)
    assert transitions.shape == (6, classes, classes)
    assert_close(transitions[-1, coordinates, coordinates].sum(-1) + transitions[-1, coordinates, -1], 1.0, 1.0, 64)
    assert_equal(transitions[:, -1, -1], torch.ones(6))


@pytest.mark.parametrize(
    ("num_elements", "size", "tokens"),
    [
        (1, (), [0, *[138] * 5, 1, *[3] * 114]),
        (20, (), [0, *[138] * 5, *[4, *[138] * 5] * 19, 1]),
        (2, (15, 4), [0, *[14] * 5, 4, *[14] * 5, 1, 3, 3]),
        (3, (24, 7), [0, *[17] * 5, 4, *[17] * 5, 4, *[17] * 5, 1, *[3] * 5]),
    ],
)
def test_masked_layout_holds_only_the_frame(masked_layout, num_elements, size, tokens):
    """n elements are START, n times five MASK joined by separators, END, PAD."""
    assert_equal(masked_layout(num_elements, 5, *size), tokens)


@pytest.mark.parametrize(("num_elements", "length"), [(0, 121), (-1, 121), (21, 121), (3, 18), (1, 6)])
def test_masked_layout_rejects_what_does_not_fit(masked_layout, num_elements, length):
    """n elements need 6 n + 1 tokens, and a layout has at least one."""
    assert_equal(masked_layout(3, 5, 19)[-1], 1)
    assert_rejects(masked_layout, num_elements, 5, length)


@given(categories=dyadics(5, 7, 2, grid=1), uniform=unit(2, 4))
def test_layout_given_categories_draws_all_coordinates_alike(layout_given_categories, categories, uniform):
    """Coordinate c is taken for uniform numbers in [c / N, (c + 1) / N), beside the given categories."""
    tokens = layout_given_categories(categories.long(), uniform, _CATEGORIES, 14, _COORDINATES)
    drawn = [[8 + sum(u >= edge for edge in (0.25, 0.5, 0.75)) for u in row] for row in uniform.tolist()]
    first, second = ([int(category), *row] for category, row in zip(categories, drawn, strict=True))
    assert_equal(tokens, [0, *first, 4, *second, 1, 3])


@pytest.mark.parametrize(("size", "last", "end"), [((), 137, 6), ((7,), 137, 6), ((9, 6), 15, 6)])
def test_layout_given_categories_takes_sizes(layout_given_categories, size, last, end):
    """The length is 121 and coordinates are 128 unless given, and the largest uniform number is the last coordinate."""
    uniform = torch.full((1, 4), 4095 / 4096, dtype=torch.float64)
    tokens = layout_given_categories(torch.tensor([7]), uniform, 5, *size)
    assert_equal(tokens[:7], [0, 7, *[last] * 4, 1])
    assert_equal(tokens[end + 1 :], [3] * ((size[0] if size else 121) - 7))


def test_layout_given_categories_rejects_what_does_not_fit(layout_given_categories):
    """Three elements need 19 tokens, and a layout has at least one."""
    categories, uniform = torch.tensor([5, 6, 7]), torch.full((3, 4), 0.5, dtype=torch.float64)
    assert_equal(layout_given_categories(categories, uniform, 3, 19)[-1], 1)
    assert_rejects(layout_given_categories, categories, uniform, 3, 18)
    assert_rejects(layout_given_categories, categories[:0], uniform[:0], 3, 18)


@given(uniform=unit(3, 14, _MASK + 1), named=dyadics(8, 11, 14, grid=1), moved=dyadics(8, 11, 14, grid=1))
def test_sample_given_categories_keeps_what_is_given(
    sample_given_categories, discrete_sample, layout_transitions, uniform, named, moved
):
    """Specials and categories stay as given, whatever the network names; coordinates become those it is sure of.

    Where it is not sure, coordinates are sampled over the first steps as if nothing were given. A chain that moves each
    token to the next takes coordinates three back, and nothing else.
    """
    transitions = layout_transitions(6, _CATEGORIES, _COORDINATES)
    is_coordinate = _LAYOUT >= 8
    start = torch.where(is_coordinate, moved.long(), _LAYOUT)
    wanted = torch.where(is_coordinate, named.long(), _LAYOUT)
    wrong = torch.where((wanted >= 5) & (wanted < 8), 12 - wanted, wanted)
    seen = []
    tokens = sample_given_categories(_naming(wrong, seen), start, uniform, transitions, _CATEGORIES)
    assert_equal(tokens, wanted)
    assert_equal([t for t, _ in seen], [2, 1, 0])
    for _, x in seen:
        assert_equal(torch.where(is_coordinate, 0, x), torch.where(is_coordinate, 0, _LAYOUT))
    assert_equal(seen[0][1], start)

    sampled = sample_given_categories(_unsure, start, uniform, transitions, _CATEGORIES)
    free = discrete_sample(_unsure, start, uniform, transitions[:3])
    assert_equal(sampled, torch.where(is_coordinate, free, start))
    moved_back = sample_given_categories(_unsure, start, uniform, _shifts(6), _CATEGORIES)
    assert_equal(moved_back, torch.where(is_coordinate, start - 3, start))


@given(uniform=unit(4, 14, _MASK + 1), named=dyadics(8, 11, 14, grid=1), moved=dyadics(8, 11, 14, grid=1))
def test_refine_layout_takes_the_last_steps_from_the_given_tokens(
    refine_layout, discrete_sample, layout_transitions, uniform, named, moved
):
    """The network sees the given tokens first, then levels steps_left - 1 .. 0, and what it is sure of comes out.

    Where it is not sure, the tokens are sampled over the first steps: none leave them as they are, and four through a
    chain that moves every token to the next take specials back too.
    """
    transitions = layout_transitions(6, _CATEGORIES, _COORDINATES)
    rough, wanted = (torch.where(_LAYOUT >= 8, new.long(), _LAYOUT) for new in (moved, named))
    seen = []
    assert_equal(refine_layout(_naming(wanted, seen), rough, uniform, transitions), wanted)
    assert_equal([t for t, _ in seen], [3, 2, 1, 0])
    assert_equal(seen[0][1], rough)

    sampled = refine_layout(_unsure, rough, uniform, transitions)
    assert_equal(sampled, discrete_sample(_unsure, rough, uniform, transitions[:4]))
    assert_equal(refine_layout(_unsure, rough, uniform[:0], transitions), rough)
    assert_equal(refine_layout(_unsure, rough, uniform, _shifts(6)), (rough - 4) % (_MASK + 1))


def test_complete_layout_shows_known_tokens_at_the_level_of_noise(
    complete_layout, discrete_sample, layout_transitions, masked_layout
):
    """At step t known tokens are shown as winners of races at rates q(x | x_0); in the end they are back.

    The others are sampled as if nothing were known.
    """
    transitions = layout_transitions(6, _CATEGORIES, _COORDINATES)
    known, start = _LAYOUT[:6], masked_layout(2, _CATEGORIES, 14, _COORDINATES)
    generator = torch.Generator().manual_seed(5)
    uniform = torch.rand(6, 14, _MASK + 1, generator=generator, dtype=torch.float64)
    known_uniform = torch.rand(6, 6, _MASK + 1, generator=generator, dtype=torch.float64)
    named = torch.where(_LAYOUT >= 8, 19 - _LAYOUT, _LAYOUT)
    seen = []
    tokens = complete_layout(_naming(named, seen), start, known, uniform, known_uniform, transitions)
    assert_equal(tokens, torch.cat([known, named[6:]]))
    assert_equal([t for t, _ in seen], [5, 4, 3, 2, 1, 0])
    for t, x in seen:
        rates = torch.linalg.multi_dot([torch.eye(_MASK + 1, dtype=transitions.dtype), *transitions[: t + 1]])[known]
        assert_equal(x[:6], (-known_uniform[t].log() / rates).argmin(-1))
    assert_equal(seen[0][1][6:], start[6:])
    sampled = complete_layout(_unsure, start, known, uniform, known_uniform, transitions)
    assert_equal(sampled, torch.cat([known, discrete_sample(_unsure, start, uniform, transitions)[6:]]))


def test_complete_layout_rejects_matrices_that_lose_mass(complete_layout, layout_transitions, masked_layout):
    """Rows of a transition matrix sum to 1."""
    transitions = layout_transitions(6, _CATEGORIES, _COORDINATES)
    start = masked_layout(2, _CATEGORIES, 14, _COORDINATES)
    uniform = torch.full((6, 14, _MASK + 1), 0.5, dtype=torch.float64)
    rest = (_naming(_LAYOUT, []), start, _LAYOUT[:1], uniform, uniform[:, :1])
    assert_equal(complete_layout(*rest, transitions)[0], 0)
    assert_rejects(complete_layout, *rest, transitions * 0.75)
