"""Wrong variants of `reference.language.batching`."""

import itertools
import math

import torch

from properties.mistakes import mistake, variant
from reference.language.batching import (
    PackedBatch,
    PaddedBatch,
    TokenCounts,
    evaluation_windows,
    first_fit_packs,
    masked_scores,
    masked_weights,
    pack_documents,
    packed_causal_mask,
    packed_position_ids,
    pad_left,
    pad_right,
    padding_mask,
    position_ids,
    sorted_batches,
    tokens_processed,
)


@mistake(of=pad_right, seen="E003-112")
def pad_right_with_mask_from_pad_id(sequences, pad):
    """the mask is made from the ids, so that a token that equals the pad id, such as the end token, is lost"""
    ids, _ = pad_right(sequences, pad)
    return PaddedBatch(ids, ids != pad)


@mistake(of=pad_right, seen="E003-113")
def pad_right_on_the_left(sequences, pad):
    """padding stands on the left"""
    return pad_left(sequences, pad)


@mistake(of=pad_right, seen="catalogue R003-250")
def pad_right_with_mask_of_padding(sequences, pad):
    """the mask is True for padding"""
    ids, kept = pad_right(sequences, pad)
    return PaddedBatch(ids, ~kept)


@mistake(of=pad_right, seen="catalogue R000-004")
def pad_right_with_pad_id_in_the_mask(sequences, pad):
    """the mask is filled up with the pad id, which is not 0, and so is True in padding"""
    ids, kept = pad_right(sequences, pad)
    return PaddedBatch(ids, kept | (pad != 0))


@mistake(of=pad_right, seen="catalogue R003-250")
def pad_right_with_ignored_labels_masked(sequences, pad):
    """negative ids in a sequence count as padding"""
    ids, kept = pad_right(sequences, pad)
    return PaddedBatch(ids, kept & (ids >= 0))


@mistake(of=pad_right, seen="catalogue R003-251")
def pad_right_with_padding_of_at_least_0(sequences, pad):
    """a negative pad id, such as -100 for labels, is taken for 0"""
    return pad_right(sequences, max(pad, 0))


@mistake(of=pad_right, seen="catalogue R003-250")
def pad_right_through_float32(sequences, pad):
    """ids pass through float32, which has no odd numbers above 2^24"""
    ids, kept = pad_right(sequences, pad)
    return PaddedBatch(ids.float().long(), kept)


@mistake(of=pad_right, seen="catalogue R003-251")
def pad_right_beyond_the_longest(sequences, pad):
    """rows are longer than the longest sequence, up to a multiple of eight"""
    ids, kept = pad_right(sequences, pad)
    room = -ids.shape[1] % 8
    pads = torch.nn.functional.pad
    return PaddedBatch(pads(ids, (0, room), value=pad), pads(kept, (0, room), value=False))


@mistake(of=pad_right, seen="catalogue R003-251")
def pad_right_cut_to_the_first(sequences, pad):
    """rows are as long as the first sequence, and longer ones are cut"""
    ids, kept = pad_right(sequences, pad)
    return PaddedBatch(ids[:, : len(sequences[0])].clone(), kept[:, : len(sequences[0])].clone())


@mistake(of=pad_right, seen="catalogue R003-250")
def pad_right_of_nothing(sequences, pad):
    """an empty batch is accepted"""
    return pad_right(sequences or [[]], pad)


@mistake(of=pad_right, seen="catalogue R003-250")
def pad_right_with_a_mask_of_numbers(sequences, pad):
    """the mask has 1 and 0, which select rows where True and False select elements"""
    ids, kept = pad_right(sequences, pad)
    return PaddedBatch(ids, kept.long())


@mistake(of=pad_left, seen="E003-113")
def pad_left_on_the_right(sequences, pad):
    """padding stands on the right, where a decoder reads its last position"""
    return pad_right(sequences, pad)


@mistake(of=pad_left, seen="E003-112")
def pad_left_with_mask_from_pad_id(sequences, pad):
    """the mask is made from the ids, so that a token that equals the pad id is lost"""
    ids, _ = pad_left(sequences, pad)
    return PaddedBatch(ids, ids != pad)


@mistake(of=pad_left, seen="catalogue R003-250")
def pad_left_by_mirroring(sequences, pad):
    """rows are padded on the right and turned round, so that the tokens run backwards"""
    ids, kept = pad_right(sequences, pad)
    return PaddedBatch(ids.flip(-1), kept.flip(-1))


@mistake(of=pad_left, seen="catalogue R003-250")
def pad_left_with_ignored_labels_masked(sequences, pad):
    """negative ids in a sequence count as padding"""
    ids, kept = pad_left(sequences, pad)
    return PaddedBatch(ids, kept & (ids >= 0))


@mistake(of=pad_left, seen="catalogue R003-250")
def pad_left_through_float32(sequences, pad):
    """ids pass through float32, which has no odd numbers above 2^24"""
    ids, kept = pad_left(sequences, pad)
    return PaddedBatch(ids.float().long(), kept)


@mistake(of=pad_left, seen="catalogue R003-250")
def pad_left_with_mask_for_the_right(sequences, pad):
    """ids are padded on the left, and the mask on the right"""
    return PaddedBatch(pad_left(sequences, pad).ids, pad_right(sequences, pad).kept)


@mistake(of=position_ids, seen="E003-112")
def position_ids_of_all(kept):
    """padding is counted: positions are those in the row"""
    return torch.zeros_like(kept, dtype=torch.int64) + torch.arange(kept.shape[-1])


@mistake(of=position_ids, seen="catalogue R003-250")
def position_ids_from_one(kept):
    """positions begin at 1"""
    return torch.where(kept, kept.cumsum(-1), 0)


@mistake(of=position_ids, seen="catalogue R003-250")
def position_ids_below_zero(kept):
    """padding on the left has position -1, the last row of a table of positions"""
    return kept.cumsum(-1) - 1


@mistake(of=position_ids, seen="catalogue R003-250")
def position_ids_over_the_batch(kept):
    """the count goes down the batch instead of along the row"""
    return torch.where(kept, kept.cumsum(-2) - 1, 0)


@mistake(of=padding_mask, seen="hyunwoongko/transformer#40")
def padding_mask_on_queries(kept):
    """rows of padding are masked instead of columns: real tokens attend to padding"""
    return padding_mask(kept).mT.clone()


@mistake(of=padding_mask, seen="E003-119")
def padding_mask_that_is_causal(kept):
    """it is the causal mask, which hides no padding on the left"""
    return torch.ones_like(padding_mask(kept)).tril()


@mistake(of=padding_mask, seen="catalogue R003-252")
def padding_mask_of_pairs(kept):
    """queries that are padding see nothing, so that the softmax of their rows is NaN"""
    return padding_mask(kept) & padding_mask(kept).mT


@mistake(of=padding_mask, seen="catalogue R003-250")
def padding_mask_of_padding(kept):
    """the mask is True for padding"""
    return ~padding_mask(kept)


@mistake(of=packed_causal_mask, seen="huggingface/nanoVLM#204")
def packed_causal_mask_of_the_pack(documents):
    """the mask is causal over the whole pack, so that a document sees those before it"""
    return ((documents[..., None, :] >= 0) & (documents[..., :, None] >= 0)).tril()


@mistake(of=packed_causal_mask, seen="catalogue R003-251")
def packed_causal_mask_in_both_directions(documents):
    """tokens see those after them"""
    return (documents[..., None, :] == documents[..., :, None]) & (documents[..., None, :] >= 0)


@mistake(of=packed_causal_mask, seen="catalogue R003-251")
def packed_causal_mask_with_padding(documents):
    """padding is a document of its own"""
    return (documents[..., None, :] == documents[..., :, None]).tril()


@mistake(of=packed_causal_mask, seen="catalogue R004-016")
def packed_causal_mask_without_diagonal(documents):
    """a token does not see itself, so that the first row is empty"""
    return packed_causal_mask(documents).tril(-1)


@mistake(of=packed_causal_mask, seen="catalogue R003-251")
def packed_causal_mask_of_numbers_from_0(documents):
    """document i is looked for under the number i"""
    numbers = torch.arange(documents.shape[-1])
    own = documents[..., None] == numbers
    return packed_causal_mask(documents) & own.any(-1, keepdim=True)


@mistake(of=packed_causal_mask, seen="catalogue R004-016")
def packed_causal_mask_turned_over(documents):
    """keys stand before queries: each token sees those after it"""
    return packed_causal_mask(documents).mT.clone()


@mistake(of=packed_position_ids, seen="hiyouga/LlamaFactory#7318, meta-pytorch/torchtune#875")
def packed_position_ids_of_the_pack(documents):
    """positions count through the pack instead of restarting"""
    places = torch.zeros_like(documents) + torch.arange(documents.shape[-1])
    return torch.where(documents >= 0, places, 0)


@mistake(of=packed_position_ids, seen="meta-pytorch/torchtune#1697")
def packed_position_ids_beyond_the_pack(documents):
    """a document that goes on in the next row keeps counting, beyond the length of the pack"""
    return packed_position_ids(documents.flatten()).reshape(documents.shape)


@mistake(of=packed_position_ids, seen="catalogue R003-251")
def packed_position_ids_after_the_pack(documents):
    """padding goes on counting after the last document instead of having position 0"""
    places = torch.zeros_like(documents) + torch.arange(documents.shape[-1])
    return torch.where(documents >= 0, packed_position_ids(documents), places)


@mistake(of=packed_position_ids, seen="NVIDIA-NeMo/Speech#12551")
def packed_position_ids_overwritten(documents):
    """positions are overwritten by those of rows without packs"""
    return torch.zeros_like(documents) + torch.arange(documents.shape[-1])


@mistake(of=packed_position_ids, seen="catalogue R003-251")
def packed_position_ids_from_one(documents):
    """positions begin at 1 in each document"""
    return torch.where(documents >= 0, packed_position_ids(documents) + 1, 0)


@mistake(of=packed_position_ids, seen="catalogue R003-251")
def packed_position_ids_by_numbers_from_0(documents):
    """document i is looked for under the number i, and others get position 0"""
    return torch.where(documents < documents.shape[-1], packed_position_ids(documents), 0)


@variant(of=packed_position_ids, seen="Krell et al. 2021, arXiv:2107.02027")
def packed_position_ids_from_starts(documents):
    """it subtracts the place where the document starts, which is the same"""
    before = torch.cat([documents[..., :1] - 1, documents[..., :-1]], -1)
    places = torch.zeros_like(documents) + torch.arange(documents.shape[-1])
    starts = torch.where(before != documents, places, 0).cummax(-1).values
    return torch.where(documents >= 0, places - starts, 0)


@mistake(of=packed_position_ids, seen="catalogue R003-251")
def packed_position_ids_of_the_first_document_in_the_row(documents):
    """document 0 counts from the start of the row, padding before it too"""
    places = torch.arange(documents.shape[-1])
    return torch.where(documents == 0, places, packed_position_ids(documents))


@mistake(of=masked_scores, seen="E003-114")
def masked_scores_plus_minus_1e9(scores, kept):
    """-1e9 is added, which in FP16 is -inf, so that a row in which nothing is kept becomes NaN"""
    return scores + torch.where(kept, 0.0, -1e9).to(scores.dtype)


@mistake(of=masked_scores, seen="E003-114")
def masked_scores_plus_least(scores, kept):
    """the least number is added: in FP16 it overflows for low scores"""
    return scores + torch.where(kept, 0.0, torch.finfo(scores.dtype).min).to(scores.dtype)


@mistake(of=masked_scores, seen="pytorch/pytorch#41508")
def masked_scores_of_minus_infinity(scores, kept):
    """-inf fills rows in which nothing is kept, so that their softmax is NaN"""
    return torch.where(kept, scores, -math.inf)


@mistake(of=masked_scores, seen="lucidrains/memory-compressed-attention#2")
def masked_scores_of_plus_infinity(scores, kept):
    """masked scores are +inf, the negative of -inf"""
    return torch.where(kept, scores, math.inf)


@mistake(of=masked_scores, seen="catalogue R003-253")
def masked_scores_by_multiplication(scores, kept):
    """scores are multiplied by the mask before the softmax, so that masked keys have the score 0"""
    return torch.where(kept, scores, 0)


@mistake(of=masked_scores, seen="catalogue R003-252")
def masked_scores_of_kept(scores, kept):
    """the scores to be kept are masked"""
    return masked_scores(scores, ~kept)


@mistake(of=masked_scores, seen="catalogue R003-252")
def masked_scores_with_a_moderate_fill(scores, kept):
    """masked keys have the score -30, which leaves them some weight"""
    return torch.where(kept, scores, -30)


@variant(of=masked_scores, seen="PaddlePaddle/PaddleOCR#18341")
def masked_scores_of_minus_1e4(scores, kept):
    """-1e4 stands in for the least number, which does for scores of moderate size, in FP16 too"""
    return torch.where(kept, scores, -1e4)


@mistake(of=masked_weights, seen="lucidrains/memory-compressed-attention#2")
def masked_weights_without_renormalisation(weights, kept):
    """weights are masked after the softmax but do not sum to 1"""
    return torch.where(kept, weights, 0)


@mistake(of=masked_weights, seen="gabrielmittag/NISQA#17")
def masked_weights_of_minus_infinity(weights, kept):
    """-inf fills the weights after the softmax"""
    return torch.where(kept, weights, -math.inf)


@mistake(of=masked_weights, seen="pytorch/pytorch#41508")
def masked_weights_nan_of_nothing(weights, kept):
    """a row in which nothing is kept is 0 / 0"""
    remaining = torch.where(kept, weights, 0)
    return remaining / remaining.sum(-1, keepdim=True)


@mistake(of=masked_weights, seen="catalogue R003-253")
def masked_weights_over_queries(weights, kept):
    """the weights are made to sum to 1 over the queries"""
    remaining = torch.where(kept, weights, 0)
    total = remaining.sum(-2, keepdim=True)
    return remaining / torch.where(total == 0, 1, total)


@mistake(of=masked_weights, seen="catalogue R003-253")
def masked_weights_by_a_second_softmax(weights, kept):
    """a second softmax is taken of the masked weights"""
    return torch.where(kept, weights, -math.inf).softmax(-1).nan_to_num()


@mistake(of=masked_weights, seen="catalogue R003-253")
def masked_weights_with_epsilon(weights, kept):
    """1e-3 is added to the sum, so that the weights sum to less than 1"""
    remaining = torch.where(kept, weights, 0)
    return remaining / (remaining.sum(-1, keepdim=True) + 1e-3)


@mistake(of=masked_weights, seen="catalogue R003-253")
def masked_weights_over_a_least_sum(weights, kept):
    """sums below 1e-6 count as 1e-6"""
    remaining = torch.where(kept, weights, 0)
    return remaining / remaining.sum(-1, keepdim=True).clamp(min=1e-6)


@mistake(of=masked_weights, seen="catalogue R003-253")
def masked_weights_untouched_where_all_are_kept(weights, kept):
    """a row in which all is kept is returned as it is, whatever its sum"""
    return torch.where(kept.all(-1, keepdim=True), weights, masked_weights(weights, kept))


@mistake(of=sorted_batches, seen="catalogue R003-251")
def sorted_batches_in_the_given_order(lengths, batch_size):
    """the sequences are not sorted"""
    sorted_batches(lengths, batch_size)
    return tuple(tuple(range(len(lengths)))[cut : cut + batch_size] for cut in range(0, len(lengths), batch_size))


@mistake(of=sorted_batches, seen="catalogue R003-251")
def sorted_batches_without_the_rest(lengths, batch_size):
    """the last batch is dropped if it is not full"""
    return tuple(batch for batch in sorted_batches(lengths, batch_size) if len(batch) == batch_size)


@mistake(of=sorted_batches, seen="catalogue R003-251")
def sorted_batches_of_strides(lengths, batch_size):
    """each batch takes every n-th of the sorted sequences, so that short and long meet"""
    batches = sorted_batches(lengths, batch_size)
    order = [*itertools.chain(*batches)]
    return tuple(tuple(order[start :: len(batches)]) for start in range(len(batches)))


@mistake(of=sorted_batches, seen="catalogue R003-251")
def sorted_batches_of_lengths(lengths, batch_size):
    """it returns lengths instead of indices"""
    return tuple(tuple(lengths[index] for index in batch) for batch in sorted_batches(lengths, batch_size))


@mistake(of=sorted_batches, seen="catalogue R003-251")
def sorted_batches_longest_first(lengths, batch_size):
    """the longest come first, so that a small last batch holds the shortest"""
    return sorted_batches([-length for length in lengths], batch_size)


@mistake(of=sorted_batches, seen="catalogue R003-251")
def sorted_batches_of_no_size(lengths, batch_size):
    """a batch size of 0 or less counts as 1"""
    return sorted_batches(lengths, max(batch_size, 1))


@mistake(of=tokens_processed, seen="catalogue R003-251")
def tokens_processed_without_padding(lengths, batch_size):
    """only real tokens are counted"""
    return TokenCounts(*[tokens_processed(lengths, batch_size).packed] * 4)


@mistake(of=tokens_processed, seen="catalogue R003-251")
def tokens_processed_by_full_batches(lengths, batch_size):
    """a last batch that is not full counts as full"""
    counts = tokens_processed(lengths, batch_size)
    return counts._replace(in_sorted_batches=batch_size * sum(sorted(lengths)[::-1][::batch_size]))


@mistake(of=tokens_processed, seen="catalogue R003-251")
def tokens_processed_by_descending_batches(lengths, batch_size):
    """batches are sorted longest first, which is less when the batch size does not divide the sequences"""
    counts = tokens_processed(sorted(lengths, reverse=True), batch_size)
    return tokens_processed(lengths, batch_size)._replace(in_sorted_batches=counts.in_order)


@mistake(of=tokens_processed, seen="catalogue R003-251")
def tokens_processed_with_ways_exchanged(lengths, batch_size):
    """the counts of sorted batches and of batches in order are exchanged"""
    packed, by_length, in_order, in_one = tokens_processed(lengths, batch_size)
    return TokenCounts(packed, in_order, by_length, in_one)


@mistake(of=tokens_processed, seen="catalogue R003-251")
def tokens_processed_of_any_lengths(lengths, batch_size):
    """negative lengths are accepted and make room"""
    counts = tokens_processed([max(length, 0) for length in lengths], batch_size)
    return counts._replace(packed=sum(lengths))


@mistake(of=first_fit_packs, seen="catalogue R003-251")
def first_fit_packs_in_the_last_only(lengths, capacity):
    """only the last pack is looked at (next fit)"""
    first_fit_packs(lengths, capacity)
    packs, room = [], -1
    for index, length in enumerate(lengths):
        if length > room:
            packs.append([])
            room = capacity
        packs[-1].append(index)
        room -= length
    return tuple(map(tuple, packs))


@mistake(of=first_fit_packs, seen="catalogue R003-251")
def first_fit_packs_longest_first(lengths, capacity):
    """the lengths are sorted before (first fit decreasing)"""
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    packs = first_fit_packs([lengths[index] for index in order], capacity)
    return tuple(tuple(order[place] for place in pack) for pack in packs)


@mistake(of=first_fit_packs, seen="catalogue R003-251")
def first_fit_packs_never_full(lengths, capacity):
    """a pack is never filled to its capacity"""
    first_fit_packs(lengths, capacity)
    packs, room = [], []
    for index, length in enumerate(lengths):
        fitting = [pack for pack, free in enumerate(room) if length < free]
        if not fitting:
            packs.append([])
            room.append(capacity)
        pack = fitting[0] if fitting else len(packs) - 1
        packs[pack].append(index)
        room[pack] -= length
    return tuple(map(tuple, packs))


@mistake(of=first_fit_packs, seen="catalogue R003-251")
def first_fit_packs_in_the_fullest(lengths, capacity):
    """the fullest pack with room is taken (best fit)"""
    first_fit_packs(lengths, capacity)
    packs, room = [], []
    for index, length in enumerate(lengths):
        fitting = [pack for pack, free in enumerate(room) if length <= free]
        if not fitting:
            packs.append([])
            room.append(capacity)
        pack = min(fitting, key=lambda pack: room[pack], default=len(packs) - 1)
        packs[pack].append(index)
        room[pack] -= length
    return tuple(map(tuple, packs))


@mistake(of=first_fit_packs, seen="catalogue R003-251")
def first_fit_packs_with_cut_sequences(lengths, capacity):
    """sequences that are too long are cut without a word"""
    return first_fit_packs([min(max(length, 0), capacity) for length in lengths], capacity)


@mistake(of=pack_documents, seen="catalogue R003-251")
def pack_documents_as_one(packs, length, pad):
    """the documents of a pack have the same number"""
    ids, documents = pack_documents(packs, length, pad)
    return PackedBatch(ids, documents.clamp(max=0))


@mistake(of=pack_documents, seen="catalogue R003-251")
def pack_documents_with_padding_of_the_last(packs, length, pad):
    """padding belongs to the last document"""
    ids, documents = pack_documents(packs, length, pad)
    return PackedBatch(ids, torch.where(documents < 0, documents.amax(-1, keepdim=True), documents))


@mistake(of=pack_documents, seen="catalogue R003-251")
def pack_documents_with_padding_before(packs, length, pad):
    """padding stands before the documents"""
    rests = [length - sum(map(len, pack)) for pack in packs]
    ids, documents = pack_documents(packs, length, pad)
    turned = [(row.roll(rest), line.roll(rest)) for row, line, rest in zip(ids, documents, rests, strict=True)]
    return PackedBatch(*map(torch.stack, zip(*turned, strict=True)))


@mistake(of=pack_documents, seen="catalogue R003-251")
def pack_documents_with_padding_of_at_least_0(packs, length, pad):
    """a negative pad id, such as -100 for labels, is taken for 0"""
    return pack_documents(packs, length, max(pad, 0))


@mistake(of=pack_documents, seen="catalogue R003-251")
def pack_documents_with_numbers_over_the_batch(packs, length, pad):
    """documents are numbered on from row to row"""
    ids, documents = pack_documents(packs, length, pad)
    before = torch.tensor([0, *itertools.accumulate(map(len, packs))][:-1])
    return PackedBatch(ids, torch.where(documents < 0, -1, documents + before[:, None]))


@mistake(of=pack_documents, seen="meta-pytorch/torchtune#1689")
def pack_documents_cut_to_length(packs, length, pad):
    """a pack that is too long loses its end without a word"""
    longest = max(length, *(sum(map(len, pack)) for pack in packs))
    ids, documents = pack_documents(packs, longest, pad)
    return PackedBatch(ids[:, :length].clone(), documents[:, :length].clone())


@mistake(of=evaluation_windows, seen="huggingface/transformers#40524")
def evaluation_windows_with_one_start(ids, bos, length):
    """only the first window begins with the start token"""
    evaluation_windows(ids, bos, length)
    tokens = (bos, *ids) if ids else ()
    return tuple(tokens[start : start + length] for start in range(0, len(tokens), length))


@mistake(of=evaluation_windows, seen="catalogue R004-041")
def evaluation_windows_that_lose_tokens(ids, bos, length):
    """the start token takes the place of a token of the text, which is not scored"""
    evaluation_windows(ids, bos, length)
    return tuple((bos, *ids[start + 1 : start + length]) for start in range(0, len(ids), length))


@mistake(of=evaluation_windows, seen="catalogue R004-041")
def evaluation_windows_that_are_full(ids, bos, length):
    """the last window is dropped if it is not full"""
    return tuple(window for window in evaluation_windows(ids, bos, length) if len(window) == length)


@mistake(of=evaluation_windows, seen="catalogue R004-041")
def evaluation_windows_that_overlap(ids, bos, length):
    """windows begin at every token, so that most tokens are scored several times"""
    evaluation_windows(ids, bos, length)
    return tuple((bos, *ids[start : start + length - 1]) for start in range(len(ids)))


@mistake(of=evaluation_windows, seen="catalogue R004-041")
def evaluation_windows_without_start_tokens_of_the_text(ids, bos, length):
    """start tokens in the text are dropped"""
    return evaluation_windows([token for token in ids if token != bos], bos, length)


@mistake(of=evaluation_windows, seen="catalogue R004-041")
def evaluation_windows_of_start_tokens(ids, bos, length):
    """windows without room for a token are accepted"""
    return evaluation_windows(ids, bos, max(length, 2))
