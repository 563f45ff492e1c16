"""Laws of `reference.language.batching`."""

import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, masks, normals, simplex

TEXT = st.lists(st.integers(0, 4), max_size=4)
IDS = st.lists(st.sampled_from([0, 1, 3, -100, 2**24 + 1]), max_size=4)
TEXTS = st.lists(IDS, min_size=1, max_size=3)
TEXTS |= TEXTS.map(lambda texts: [*texts, [3, 1, 4, 3]])
LENGTHS = st.lists(st.integers(0, 6), max_size=6)
SIZES = st.lists(st.integers(1, 3), min_size=1, max_size=3)


def filled(rows, fill):
    """Rows of equal length: the columns of all rows, with a fill where one has ended, turned back."""
    return [list(row) for row in zip(*itertools.zip_longest(*rows, fillvalue=fill), strict=True)] or [[] for _ in rows]


def pack_and_its_mirror(sizes, rest):
    """Two rows of documents of these sizes, with padding on the outside: the second starts where the first ends."""
    numbers = [number for number, size in zip((0, 9, 4), sizes, strict=False) for _ in range(size)]
    return torch.tensor([[-1] * rest + numbers, numbers[::-1] + [-1] * rest])


def padded_tokens(lengths):
    return len(lengths) * max(lengths)


@given(texts=TEXTS)
def test_pad_right_fills_up_to_the_longest(pad_right, texts):
    """Rows are as long as the longest text; the mask is True for tokens, those that equal the padding too."""
    ids, kept = pad_right(texts, 3)
    assert_equal(ids.tolist(), filled(texts, 3))
    assert_equal(kept.tolist(), filled([[True] * len(text) for text in texts], False))


@given(texts=TEXTS)
def test_pad_left_fills_up_to_the_longest(pad_left, texts):
    """Rows are the mirror images of mirrored texts with padding behind them."""
    ids, kept = pad_left(texts, 3)
    assert_equal([row[::-1] for row in ids.tolist()], filled([text[::-1] for text in texts], 3))
    assert_equal([row[::-1] for row in kept.tolist()], filled([[True] * len(text) for text in texts], False))


def test_pad_right_fills_labels_up_with_any_number(pad_right, pad_left):
    """Labels are padded with -100, which some of their own may be."""
    behind, before = pad_right([[5], [-100, 6]], -100), pad_left([[5], [-100, 6]], -100)
    assert_equal([behind.ids.dtype, before.ids.dtype], [torch.int64] * 2)
    assert_equal([behind.kept.dtype, before.kept.dtype], [torch.bool] * 2)
    assert_equal(behind.ids.tolist(), [[5, -100], [-100, 6]])
    assert_equal(behind.kept.tolist(), [[True, False], [True, True]])
    assert_equal(before.ids.tolist(), [[-100, 5], [-100, 6]])
    assert_equal(before.kept.tolist(), [[False, True], [True, True]])


def test_pad_left_rejects_an_empty_batch(pad_left, pad_right):
    """Without texts no length is the greatest."""
    assert_rejects(pad_left, [], 3)
    assert_rejects(pad_right, [], 3)


@given(kept=masks(2, 3, 5))
def test_position_ids_count_kept_tokens(position_ids, kept):
    """The kept tokens of each row have the positions 0, 1, 2, ..., and padding has 0."""
    positions = position_ids(kept)
    counts = [row[mask].tolist() for row, mask in zip(positions.flatten(0, 1), kept.flatten(0, 1), strict=True)]
    assert_equal(counts, [[*range(number)] for number in kept.sum(-1).flatten()])
    assert_equal(positions[~kept].tolist(), [0] * int((~kept).sum()))


@given(kept=masks(2, 5) | masks(2, 3, 5))
def test_padding_mask_hides_columns(padding_mask, kept):
    """Every query of a row has the same mask, that of its keys."""
    assert_equal(padding_mask(kept).reshape(-1, 5, 5).tolist(), [[row] * 5 for row in kept.reshape(-1, 5).tolist()])


@given(sizes=SIZES, rest=st.integers(0, 2))
def test_packed_causal_mask_equals_triangles_along_the_diagonal(packed_causal_mask, sizes, rest):
    """It is block-diagonal, with a lower triangle for each document and zeros for padding."""
    blocks, empty = [torch.ones(size, size).tril() for size in sizes], torch.zeros(rest, rest)
    expected = torch.stack([torch.block_diag(empty, *blocks), torch.block_diag(*blocks[::-1], empty)])
    seen = packed_causal_mask(pack_and_its_mirror(sizes, rest)[:, None])
    assert_equal(seen.tolist(), expected[:, None].bool().tolist())


@given(sizes=SIZES, rest=st.integers(0, 2))
def test_packed_position_ids_restart(packed_position_ids, sizes, rest):
    """Every document, the one at the start of another row too, counts from 0, and padding has 0."""
    rows = [[0] * rest, *([*range(size)] for size in sizes)], [*([*range(size)] for size in sizes[::-1]), [0] * rest]
    expected = [[*itertools.chain(*row)] for row in rows]
    assert_equal(packed_position_ids(pack_and_its_mirror(sizes, rest)[:, None]).tolist(), [[row] for row in expected])


@given(
    texts=st.lists(TEXT, min_size=1, max_size=3).filter(any),
    tokens=dyadics(-16, 16, 5, 2, grid=8),
    places=dyadics(-16, 16, 4, 2, grid=8),
)
def test_packed_causal_mask_gives_the_attention_of_separate_documents(
    packed_causal_mask, packed_position_ids, masked_scores, texts, tokens, places
):
    """Causal attention over tokens and positions gives each document in a pack what it gives the document alone."""
    documents = torch.tensor([number for number, text in enumerate(texts) for _ in text])
    states = tokens[[token for text in texts for token in text]] + places[packed_position_ids(documents)]
    scores = masked_scores(states @ states.mT, packed_causal_mask(documents))
    alone = [tokens[text] + places[: len(text)] for text in texts if text]
    expected = [torch.softmax(text[: i + 1] @ text[i], 0) @ text[: i + 1] for text in alone for i in range(len(text))]
    # Entries of the states are at most 4, scores at most 32.
    assert_close(scores.softmax(-1) @ states.to(scores.dtype), torch.stack(expected), 4 * (1 + 2 * 32))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
@given(scores=normals(2, 3, 5), kept=masks(2, 3, 5) | masks(2, 1, 5))
def test_masked_scores_leave_no_weight_to_masked_keys(masked_scores, dtype, scores, kept):
    """The softmax is that over the kept keys alone, with 0 elsewhere, and uniform in a row without keys."""
    observed = masked_scores(8 * scores.to(dtype), kept)
    kept = kept.expand(2, 3, 5)
    weights = observed.softmax(-1)
    shares = torch.where(kept, (8 * scores.to(dtype)).double().exp(), 0)
    expected = torch.where(kept.any(-1, keepdim=True), shares / shares.sum(-1, keepdim=True), 1 / 5)
    assert_equal(observed[kept].double(), (8 * scores.to(dtype))[kept].double())
    assert_equal(
        weights[~kept & kept.any(-1, keepdim=True)].tolist(), expected[~kept & kept.any(-1, keepdim=True)].tolist()
    )
    assert_close(weights, expected, 1)


@pytest.mark.parametrize("scale", [1, 2.0**-40])
@given(weights=simplex(2, 3, 5, grid=8), kept=masks(2, 3, 5) | masks(2, 1, 5))
def test_masked_weights_equal_shares_of_what_is_left(masked_weights, weights, kept, scale):
    """They are the shares of the kept weights in their sum, and 0 where that is 0."""
    weights = scale * weights
    rows = torch.where(kept, weights, 0).flatten(0, 1).tolist()
    sums = [sum(map(Fraction, row)) for row in rows]
    expected = [
        [float(Fraction(w) / total) if total else 0.0 for w in row] for row, total in zip(rows, sums, strict=True)
    ]
    assert_close(masked_weights(weights, kept), torch.tensor(expected, dtype=torch.float64).reshape(2, 3, 5))


@given(scores=normals(2, 3, 5), kept=masks(2, 3, 5))
def test_masked_weights_equal_softmax_of_masked_scores(masked_weights, masked_scores, scores, kept):
    """Masks before and after the softmax give the weights among the kept keys, and differ in rows without any."""
    shares = torch.where(kept, scores.exp(), 0)
    some = kept.any(-1)
    expected = (shares / shares.sum(-1, keepdim=True))[some]
    after, before = masked_weights(scores.softmax(-1), kept), masked_scores(scores, kept).softmax(-1)
    assert_close(after[some], expected, 16)
    assert_close(before[some], expected, 16)
    assert_equal(after[~some].sum(-1), torch.zeros(int((~some).sum())))
    assert_close(before[~some].sum(-1), torch.ones(int((~some).sum())))


@given(lengths=LENGTHS, batch_size=st.integers(1, 4))
def test_sorted_batches_sort_by_length(sorted_batches, lengths, batch_size):
    """Each sequence is in one batch, shorter before longer and earlier before later; only the last may be smaller."""
    batches = sorted_batches(lengths, batch_size)
    order = [*itertools.chain(*batches)]
    assert_equal(order, sorted(order, key=lambda index: (lengths[index], index)))
    assert_equal(sorted(order), [*range(len(lengths))])
    full, rest = divmod(len(lengths), batch_size)
    assert_equal([*map(len, batches)], [batch_size] * full + [rest] * (rest > 0))


@given(lengths=st.sampled_from([4, 6]).flatmap(lambda n: st.lists(st.integers(0, 9), min_size=n, max_size=n)))
def test_sorted_batches_need_least_padding_of_all_halves(sorted_batches, lengths):
    """No other way to halve the sequences makes the two padded batches smaller."""
    batch_size = len(lengths) // 2
    batches = sorted_batches(lengths, batch_size)
    everything = set(range(len(lengths)))
    halves = [(half, everything - {*half}) for half in itertools.combinations(everything, batch_size)]
    assert_equal(set(batches[0]), everything - set(batches[1]))
    cost, *others = (sum(padded_tokens([lengths[i] for i in half]) for half in pair) for pair in (batches, *halves))
    assert_at_most(cost, min(others))


@given(lengths=LENGTHS, batch_size=st.integers(1, 4))
def test_tokens_processed_equal_sizes_of_tensors(tokens_processed, pad_right, lengths, batch_size):
    """They are the entries of the padded tensors that each way makes, and of packs the tokens themselves."""

    def entries(lengths, size):
        cuts = range(0, len(lengths), size)
        return sum(pad_right([[1] * n for n in lengths[cut : cut + size]], 0).ids.numel() for cut in cuts)

    sizes = ((sorted(lengths), batch_size), (lengths, batch_size), (lengths, 7))
    expected = (sum(lengths), *(entries(*way) for way in sizes))
    assert_equal(tuple(tokens_processed(lengths, batch_size)), expected)


@given(lengths=st.lists(st.integers(1, 9), min_size=6, max_size=6), batch_size=st.sampled_from([1, 2, 3, 6]))
def test_tokens_processed_are_fewer_the_better_lengths_agree(tokens_processed, lengths, batch_size):
    """With batches that divide the sequences: packed <= sorted <= in order <= all in one."""
    counts = tokens_processed(lengths, batch_size)
    assert_equal(list(counts), sorted(counts))
    assert_equal([counts.packed, counts.in_one_batch], [sum(lengths), 6 * max(lengths)])


@pytest.mark.parametrize(("lengths", "batch_size"), [([1, 2], 0), ([1, 2], -1), ([], 0)])
def test_sorted_batches_rejects_empty_batches(sorted_batches, tokens_processed, lengths, batch_size):
    """A batch holds at least one sequence."""
    assert_rejects(sorted_batches, lengths, batch_size)
    assert_rejects(tokens_processed, lengths, batch_size)


def test_tokens_processed_rejects_negative_lengths(tokens_processed):
    """No sequence has fewer than no tokens."""
    assert_rejects(tokens_processed, [3, -1], 2)


@given(lengths=LENGTHS.map(lambda lengths: [4, 5, *lengths, 6]))
def test_first_fit_packs_fill_the_first_with_room(first_fit_packs, lengths):
    """When a sequence went into its pack, no pack before it had room; at most one pack is at most half full."""
    packs = first_fit_packs(lengths, 6)
    home = {index: number for number, pack in enumerate(packs) for index in pack}

    def fill(number, index):
        """Length of what is in a pack before the sequence of this index comes."""
        return sum(lengths[other] for other in range(index) if home[other] == number)

    assert_equal(sorted(itertools.chain(*packs)), [*range(len(lengths))])
    assert_equal([*map(list, packs)], [*map(sorted, packs)])
    places = [[n for n in range(len(packs)) if fill(n, i) + lengths[i] <= 6] for i in range(len(lengths))]
    assert_equal([min(fitting) for fitting in places], [home[i] for i in range(len(lengths))])
    assert_at_most(sum(2 * sum(lengths[i] for i in pack) <= 6 for pack in packs), 1)


@pytest.mark.parametrize("lengths", [[2, 7], [7], [3, -1]])
def test_first_fit_packs_rejects_what_fits_nowhere(first_fit_packs, lengths):
    """Lengths lie between 0 and the capacity."""
    assert_rejects(first_fit_packs, lengths, 6)


@given(
    packs=st.lists(st.lists(IDS, max_size=2), min_size=1, max_size=3),
    room=st.integers(0, 2),
    pad=st.sampled_from([3, -100]),
)
def test_pack_documents_holds_each_document_under_its_number(pack_documents, packs, room, pad):
    """Documents stand one after another, numbered from 0 in each row; behind them padding has the number -1."""
    length = max(len([*itertools.chain(*pack)]) for pack in packs) + room
    ids, documents = pack_documents(packs, length, pad)
    rows = [[(token, number) for number, text in enumerate(pack) for token in text] for pack in packs]
    expected = [row + [(pad, -1)] * (length - len(row)) for row in rows]
    assert_equal(torch.stack([ids, documents], -1).tolist(), [[list(pair) for pair in row] for row in expected])


@pytest.mark.parametrize("packs", [[], [[[1, 2]], [[1, 2], [3, 4]]]])
def test_pack_documents_rejects_packs_that_do_not_fit(pack_documents, packs):
    """There are packs, and none is longer than its row."""
    assert_rejects(pack_documents, packs, 3, 0)


@given(ids=st.lists(st.integers(1, 6), max_size=7), length=st.integers(2, 4))
def test_evaluation_windows_hold_each_token_once(evaluation_windows, ids, length):
    """Without the start token at the head of each, the windows joined are the text, and all but the last are full."""
    windows = evaluation_windows(ids, 1, length)
    assert_equal([window[0] for window in windows], [1] * math.ceil(len(ids) / (length - 1)))
    assert_equal([token for window in windows for token in window[1:]], ids)
    assert_equal([len(window) for window in windows[:-1]], [length] * (len(windows) - 1) if windows else [])


@pytest.mark.parametrize("length", [1, 0, -1])
def test_evaluation_windows_rejects_windows_without_tokens(evaluation_windows, length):
    """A window holds a token besides the start token."""
    assert_rejects(evaluation_windows, [5, 6], 1, length)
