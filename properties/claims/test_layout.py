"""Worked numbers of layout token sequences, and a statement about their loader that is met and wrong."""

import math

import pytest
import torch
from torch.utils.data import DataLoader

from properties.closeness import assert_equal
from reference.diffusion.layout import (
    END,
    PAD,
    START,
    LayoutElement,
    corners_from_size,
    decode_layout,
    encode_layout,
    layout_vocabulary,
    mask_id,
    quantize_coordinate,
    token_id,
)
from reference.diffusion.layout_data import infinite_batches, pad_tokens, strided_shard, token_embeddings

PUBLAYNET = ["figure", "text", "title", "table", "list"]
# fmt: off
WORKED = (
    0, 8, 20, 24, 125, 69, 4, 8, 20, 77, 125, 84, 4, 6, 20, 88, 71, 129, 4, 6, 75, 88, 125, 129,
    4, 6, 41, 21, 104, 23, 4, 6, 20, 73, 125, 77, 1, *[3] * 84,
)
# fmt: on


@pytest.mark.claim("R000-001")
@pytest.mark.parametrize(("num_categories", "size"), [(5, 138), (25, 158)])
def test_mask_lies_outside_the_vocabulary(num_categories, size):
    """PubLayNet's 5 categories make 138 tokens and 139 classes, RICO's 25 make 158 and 159: MASK is in none of the
    vocabularies, a table of their size has no row for it, and the id before is coordinate 127.
    """
    vocabulary = layout_vocabulary([f"category {index}" for index in range(num_categories)])
    mask = mask_id(num_categories)
    assert len(vocabulary) == mask == size
    assert set(vocabulary.values()) == set(range(size))
    assert token_id(vocabulary, "127") == mask - 1
    with pytest.raises(IndexError):
        token_embeddings(torch.ones(size, 2), torch.tensor([mask]))


@pytest.mark.claim("R000-002")
def test_worked_example_holds_six_boxes():
    """Of 121 ids the first 37 = 6 6 + 1 are tokens, END the last of them, and 84 are PAD; 121 is room for 20 boxes."""
    assert (len(WORKED), WORKED.index(END), WORKED.count(PAD)) == (121, 36, 84)
    elements = decode_layout(WORKED, PUBLAYNET)
    assert [element.category for element in elements] == ["table", "table", "text", "text", "text", "text"]
    assert encode_layout(elements, PUBLAYNET) == WORKED
    assert len(pad_tokens(encode_layout(elements[:1] * 20, PUBLAYNET), 121)) == 121
    with pytest.raises(ValueError, match="21"):
        encode_layout(elements[:1] * 21, PUBLAYNET)


@pytest.mark.claim("R000-002")
def test_worked_example_gives_corners():
    """An element ends in right and bottom: as height, 74 below 67 and 119 below 78 would leave the page of 127."""
    corners = [[round(127 * x) for x in element[1:]] for element in decode_layout(WORKED, PUBLAYNET)]
    assert [corners[1], corners[2]] == [[10, 67, 115, 74], [10, 78, 61, 119]]
    assert all(left <= right and top <= bottom for left, top, right, bottom in corners)
    assert [top + last > 127 for _, top, _, last in corners] == [False, True, True, True, False, True]


@pytest.mark.claim("R000-002")
def test_decoder_names_the_first_wrong_position():
    """UNK, which belongs nowhere, is reported with its position at all 121; a cut sequence with the position after."""
    for position in range(121):
        with pytest.raises(ValueError, match=rf"position {position} .*got 2$"):
            decode_layout([*WORKED[:position], 2, *WORKED[position + 1 :]], PUBLAYNET)
    for length in range(37):
        with pytest.raises(ValueError, match=rf"position {length} "):
            decode_layout(WORKED[:length], PUBLAYNET)


@pytest.mark.claim("R000-003")
def test_corpora_round_down():
    """The first box of the worked example, left 0.0842, top 0.1131, width 0.8289, height 0.3573, is 10 14 115 59 there:
    rounded down. To the nearest it is 11 14 116 60.
    """
    corners = corners_from_size(torch.tensor([0.0842, 0.1131, 0.8289, 0.3573], dtype=torch.float64))
    assert [token - 10 for token in WORKED[2:6]] == [math.floor(127 * x) for x in corners.tolist()] == [10, 14, 115, 59]
    assert_equal(quantize_coordinate(corners), [11, 14, 116, 60])


@pytest.mark.claim("R000-003")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rounding_down_keeps_a_grid_of_127_steps(dtype):
    """floor(127 (k / 127)) = k for all k, so the corpora's rule keeps the grid too; with 49 steps it would not."""
    grid = torch.arange(128)
    assert_equal((grid.to(dtype) / 127 * 127).floor().long(), grid)
    assert (torch.arange(50).to(dtype) / 49 * 49).floor().long().tolist() != list(range(50))


@pytest.mark.claim("R000-004")
def test_cutting_loses_the_end():
    """21 boxes make 127 tokens; cut to 121, they end in "|" and hold no END."""
    tokens = encode_layout([LayoutElement("text", 0.25, 0.5, 0.75, 1.0)] * 21, PUBLAYNET, 127)
    assert (len(tokens), tokens[120], END in tokens[:121]) == (127, 4, False)
    with pytest.raises(ValueError, match="127"):
        pad_tokens(tokens, 121)


@pytest.mark.claim("R000-005")
def test_padding_is_embedded_84_times():
    """The 121 ids become 121 vectors of 8 numbers, of which the 84 of PAD are the same, and START's occurs once."""
    table = torch.arange(138 * 8, dtype=torch.float64).reshape(138, 8)
    embedded = token_embeddings(table, torch.tensor(WORKED))
    assert embedded.shape == (121, 8)
    assert [int((embedded == table[token]).all(1).sum()) for token in (PAD, START)] == [84, 1]


@pytest.mark.claim("R000-006", "R000-007")
def test_small_shards_make_no_batch():
    """7 items make shards of 3, 2 and 2; of the last, PyTorch's loader makes 0 batches of 3 when it drops the
    incomplete one, so that a loop over it for ever yields nothing.
    """
    shards = [strided_shard(range(7), rank, 3) for rank in range(3)]
    assert shards == [(0, 3, 6), (1, 4), (2, 5)]
    assert [len(DataLoader(shard, batch_size=3, drop_last=True)) for shard in shards] == [1, 0, 0]
    assert next(infinite_batches(shards[0], 3)) == (0, 3, 6)
    with pytest.raises(ValueError, match="3"):
        infinite_batches(shards[1], 3)


@pytest.mark.claim("E000-3")
def test_datasets_are_looked_up_by_split():
    """The loader must return {"train": items}: a bare list, looked up by "train", raises TypeError."""
    items = [WORKED]
    with pytest.raises(TypeError, match="list indices must be integers"):
        items["train"]
    assert {"train": items}["train"][0] == WORKED
