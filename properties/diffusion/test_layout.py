"""Laws of `reference.diffusion.layout`."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics
from reference.diffusion.layout import LayoutElement

SPECIALS = ["START", "END", "UNK", "PAD", "|"]
PUBLAYNET = ["figure", "text", "title", "table", "list"]
WORKED = (
    "START table 10 14 115 59 | table 10 67 115 74 | text 10 78 61 119 | text 65 78 115 119 | "
    "text 31 11 94 13 | text 10 63 115 67 END"
)

category_lists = st.lists(st.sampled_from([*PUBLAYNET, "x9", "pad", "Table", "button"]), min_size=1, unique=True)


def names(categories):
    """All tokens in the order of their ids."""
    return [*SPECIALS, *categories, *map(str, range(128))]


def ids(sentence, categories):
    """The place of each word of a sentence in the vocabulary."""
    return tuple(names(categories).index(word) for word in sentence.split())


def spelt(elements):
    """Elements as a sentence, each corner at the nearest of the points k / 127."""
    groups = (" ".join([name, *(str(round(127 * Fraction(x))) for x in corners)]) for name, *corners in elements)
    return f"START {' | '.join(groups)} END"


THREE = ["table", "text", "x9"]
PAIR = ids("START text 10 20 30 40 | table 0 5 127 127 END PAD PAD", THREE)


@st.composite
def layouts(draw, most=21, grid=4096):
    """Categories, and up to `most` elements whose corners are multiples of 1 / grid."""
    categories = draw(category_lists)
    count = draw(st.integers(1, most))
    chosen = draw(dyadics(0, len(categories) - 1, count, grid=1)).long().tolist()
    corners = draw(dyadics(0, grid, count, 2, 2, grid=grid)).sort(dim=1).values.reshape(count, 4).tolist()
    return categories, [LayoutElement(categories[index], *box) for index, box in zip(chosen, corners, strict=True)]


@given(categories=category_lists)
def test_layout_vocabulary_numbers_tokens_without_gap(layout_vocabulary, mask_id, categories):
    """Specials, categories in the given order and 128 coordinates are numbered from 0; MASK is the number after."""
    tokens = names(categories)
    assert_equal(layout_vocabulary(categories), dict(zip(tokens, range(len(tokens)), strict=True)))
    assert_equal(mask_id(len(categories)), len(tokens))


@pytest.mark.parametrize("added", ["table", "127", "128", "007", "START", "END", "UNK", "PAD", "|"])
def test_layout_vocabulary_rejects_ambiguous_names(layout_vocabulary, added):
    """A category that is given twice, is a number or is a special would share an id."""
    assert_rejects(layout_vocabulary, [*PUBLAYNET, added])


@pytest.mark.parametrize("count", [-1, 0])
def test_mask_id_rejects_layouts_without_categories(mask_id, layout_vocabulary, count):
    """An element has a category, so there is at least one: with just one, MASK is 134, with 200 it is 333."""
    assert_equal([mask_id(1), mask_id(200)], [134, 333])
    assert_rejects(mask_id, count)
    assert_rejects(layout_vocabulary, [])


@given(categories=category_lists, place=st.integers(0, 132))
def test_token_id_inverts_enumeration(token_id, layout_vocabulary, categories, place):
    """Every token has the id of its place, and what is no token, as one in other letters, that of UNK."""
    vocabulary = layout_vocabulary(categories)
    assert_equal(token_id(vocabulary, names(categories)[place]), place)
    assert_equal([token_id(vocabulary, unknown) for unknown in ("end", "MASK", "128", "00", " 7", "")], [2] * 6)
    swapped = [name.swapcase() for name in categories if name.swapcase() not in vocabulary]
    assert_equal([token_id(vocabulary, unknown) for unknown in swapped], [2] * len(swapped))


@given(x=dyadics(0, 4096, 2, 3))
def test_quantize_coordinate_equals_nearest_grid_point(quantize_coordinate, x):
    """q is the integer nearest to 127 x, so that q / 127 is at most 1/254 away, and 64 at the only tie, x = 1/2."""
    with_tie = torch.cat([x, torch.full((1, 3), 0.5, dtype=torch.float64)])
    nearest = [[round(127 * Fraction(entry)) for entry in row] for row in with_tie.tolist()]
    assert_equal(quantize_coordinate(with_tie), nearest)


def test_quantize_coordinate_keeps_grid(quantize_coordinate):
    """q / 127 has the index q, for all 128."""
    indices = torch.arange(128).reshape(2, 64)
    assert_equal(quantize_coordinate(indices.double() / 127), indices)


@given(indices=dyadics(0, 127, 2, 3, grid=1))
def test_dequantize_coordinate_divides_page_evenly(dequantize_coordinate, indices):
    """Index 0 is 0, index 127 is 1, and all steps between are equal."""
    indices = torch.cat([indices.long(), torch.tensor([[0, 1, 127]])])
    points = [[float(Fraction(index, 127)) for index in row] for row in indices.tolist()]
    assert_close(dequantize_coordinate(indices), points)


@given(position=dyadics(-4096, 8192, 3, 5, 2), size=dyadics(0, 8192, 3, 5, 2))
def test_corners_from_size_equals_part_on_page(corners_from_size, position, size):
    """Left and right bound what the page shows of [left, left + width], top and bottom of [top, top + height]."""
    boxes = torch.cat([position, size], -1)
    corners = corners_from_size(boxes)
    assert_equal(corners_from_size(boxes[0, 0]), corners[0, 0])
    sides = [[x, x + extent] for x, extent in zip(position.flatten().tolist(), size.flatten().tolist(), strict=True)]
    shown = [[sorted([0, x, 1])[1] for x in side] for side in sides]
    assert_close(corners, torch.tensor(shown).reshape(3, 5, 2, 2).mT.reshape(3, 5, 4))


@pytest.mark.parametrize("given_length", [(), (37,), (38,)])
def test_encode_layout_equals_worked_example(encode_layout, decode_layout, given_length):
    """Six boxes take 37 tokens and, unless told otherwise, 84 PAD, and come back on the grid."""
    length = given_length[0] if given_length else 121
    tokens = ids(WORKED + " PAD" * (length - 37), PUBLAYNET)
    groups = [group.split() for group in WORKED.removeprefix("START ").removesuffix(" END").split(" | ")]
    elements = [LayoutElement(name, *(int(corner) / 127 for corner in corners)) for name, *corners in groups]
    assert_equal(encode_layout(elements, PUBLAYNET, *given_length), tokens)
    assert_equal(encode_layout(decode_layout(tokens, PUBLAYNET), PUBLAYNET, *given_length), tokens)


@given(layout=layouts(), spare=st.integers(0, 7))
def test_encode_layout_spells_elements_in_order(encode_layout, layout, spare):
    """START, the elements joined by "|", END: 6 n + 1 tokens, and PAD for the rest."""
    categories, elements = layout
    tokens = encode_layout(elements, categories, 6 * len(elements) + 1 + spare)
    assert_equal(tokens, ids(spelt(elements) + " PAD" * spare, categories))


@pytest.mark.parametrize("count", [1, 2, 21])
def test_encode_layout_rejects_more_elements_than_fit(encode_layout, count):
    """n elements fill 6 n + 1 tokens, find no room in 6 n, and at least one there must be."""
    elements = [LayoutElement("text", 0.25, 0.5, 0.75, 1.0)] * count
    assert_equal(encode_layout(elements, PUBLAYNET, 6 * count + 1), ids(spelt(elements), PUBLAYNET))
    assert_rejects(encode_layout, elements, PUBLAYNET, 6 * count)
    assert_rejects(encode_layout, [], PUBLAYNET, 6 * count)


@pytest.mark.parametrize(
    "change",
    [
        {"category": "logo"},
        {"category": "|"},
        {"left": -(2.0**-12)},
        {"top": -(2.0**-12)},
        {"right": 1 + 2.0**-12},
        {"bottom": 1 + 2.0**-12},
        {"left": 0.5 + 2.0**-12},
        {"top": 0.5 + 2.0**-12},
        {"left": math.nan},
        {"bottom": math.nan},
    ],
    ids=str,
)
def test_encode_layout_rejects_what_is_no_box_on_the_page(encode_layout, change):
    """A point of the page is a box; unknown categories, corners off the page or in the wrong order are not."""
    point = LayoutElement("text", 0.5, 0.5, 0.5, 0.5)
    assert_equal(encode_layout([point], PUBLAYNET, 7), ids("START text 64 64 64 64 END", PUBLAYNET))
    assert_rejects(encode_layout, [point._replace(**change)], PUBLAYNET, 7)


@given(layout=layouts(), spare=st.integers(0, 7))
def test_decode_layout_reads_spelt_elements(decode_layout, layout, spare):
    """A sentence gives its elements in order, equal ones too, with index q at q / 127, whatever the number of PAD."""
    categories, elements = layout[0], [*layout[1], layout[1][0]]
    decoded = decode_layout(ids(spelt(elements) + " PAD" * spare, categories), categories)
    assert_equal([element.category for element in decoded], [element.category for element in elements])
    corners = [[round(127 * Fraction(x)) / 127 for x in element[1:]] for element in elements]
    assert_close(torch.tensor([element[1:] for element in decoded], dtype=torch.float64), corners)


@given(layout=layouts(most=5, grid=1024))
def test_decode_layout_inverts_encode_layout(decode_layout, encode_layout, layout):
    """A layout comes back with every corner at most 1/254 away, and what came back gives the same tokens."""
    categories, elements = layout
    tokens = encode_layout(elements, categories)
    assert_equal(len(tokens), 121)
    decoded = decode_layout(tokens, categories)
    assert_equal(encode_layout(decoded, categories), tokens)
    assert_equal([element.category for element in decoded], [element.category for element in elements])
    before, after = ([element[1:] for element in layout] for layout in (elements, decoded))
    moved = torch.tensor(after, dtype=torch.float64) - torch.tensor(before, dtype=torch.float64)
    assert_at_most(moved.abs(), 1 / 254, 1)


@pytest.mark.parametrize("intruder", [0, 1, 2, 3, 4, 5, 7, 8, 135, 136, 137, -1])
def test_decode_layout_rejects_tokens_of_another_class(decode_layout, intruder):
    """At each place there is one class of tokens ("|" or END where an element ends), and any other is refused."""
    assert_equal(len(decode_layout(PAIR, THREE)), 2)
    classes = [range(0, 1), range(1, 2), range(3, 4), range(4, 5), range(5, 8), range(8, 136)]
    for place, token in enumerate(PAIR):
        if not any(token in members and intruder in members for members in classes):
            assert_rejects(decode_layout, (*PAIR[:place], intruder, *PAIR[place + 1 :]), THREE)


@pytest.mark.parametrize("place", range(13))
def test_decode_layout_rejects_damaged_sequences(decode_layout, place):
    """Up to END nothing may be missing, be there twice or be put between, nor may the sequence stop before."""
    assert_equal(len(decode_layout(PAIR[:13], THREE)), 2)
    assert_rejects(decode_layout, PAIR[:place], THREE)
    assert_rejects(decode_layout, PAIR[:place] + PAIR[place + 1 :], THREE)
    assert_rejects(decode_layout, PAIR[: place + 1] + PAIR[place:], THREE)
    assert_rejects(decode_layout, (*PAIR[:place], 3, *PAIR[place:]), THREE)
    assert_rejects(decode_layout, (*PAIR[:place], 4, *PAIR[place:]), THREE)


@pytest.mark.parametrize("corners", ["64 30 63 40", "30 64 40 63"])
def test_decode_layout_rejects_corners_in_the_wrong_order(decode_layout, corners):
    """A box may be a point, but left lies not beyond right, nor top beyond bottom."""
    (point,) = decode_layout(ids("START text 64 64 64 64 END", PUBLAYNET), PUBLAYNET)
    assert_close(torch.tensor(point[1:], dtype=torch.float64), 64 / 127)
    assert_rejects(decode_layout, ids(f"START text 64 64 64 64 | text {corners} END", PUBLAYNET), PUBLAYNET)
