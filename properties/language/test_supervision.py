"""Laws of `reference.language.supervision`."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects, assert_rejects_index
from properties.strategies import indices, masks, normals
from reference.language.supervision import Turn

PAD, BOS, EOS = 0, 1, 2
TEXT = st.lists(st.integers(3, 6), max_size=4).map(tuple)
IDS = st.lists(st.sampled_from([EOS, 5, BOS, PAD]), max_size=4).map(tuple)
OPEN = st.lists(st.sampled_from([5, BOS, PAD, 4]), max_size=4).map(tuple)
TURNS = st.lists(st.builds(Turn, IDS, IDS, st.booleans()), max_size=3)
ROWS = st.integers(0, 6).flatmap(lambda length: st.lists(indices(7, length), min_size=2, max_size=2))
KEPT = masks(2, 3) | st.integers(0, 6).map(lambda place: torch.arange(6).reshape(2, 3) == place)
LABELS = indices(6, 2, 3).map(lambda drawn: torch.where(drawn == 5, -100, drawn))


def surprisal(logits, k):
    """-log of the share of exp(a_k) in the sum of all exp(a)."""
    top = max(logits)
    return math.log(math.fsum(math.exp(a - top) for a in logits)) + top - logits[k]


def mean(numbers):
    return math.fsum(numbers) / max(len(numbers), 1)


@given(rows=ROWS)
def test_next_token_labels_pair_each_token_with_its_successor(next_token_labels, rows):
    """Token and label are the pairs of neighbours, and the last token has nothing to predict."""
    expected = [[*row.tolist(), -100][1:] if len(row) else [] for row in rows]
    assert_equal(next_token_labels(torch.stack(rows)).tolist(), expected)


@given(documents=st.lists(TEXT, max_size=3), before=st.integers(0, 2), after=st.integers(0, 2))
def test_packed_next_token_labels_equal_those_of_each_document(packed_next_token_labels, documents, before, after):
    """A document has the labels that it has alone, wherever it stands, and padding has none, whatever is in it."""
    rows = (documents, documents[::-1])
    ids = [[5] * before + [token for text in row for token in text] + [6] * after for row in rows]
    numbers = [[-1] * before + [i for i, text in enumerate(row) for _ in text] + [-1] * after for row in rows]
    alone = [[label for text in row if text for label in (*text[1:], -100)] for row in rows]
    expected = [[-100] * before + labels + [-100] * after for labels in alone]
    # Whatever has the id 3 is not to be learned.
    labels, numbers, expected = (torch.tensor(table, dtype=torch.int64) for table in (ids, numbers, expected))
    expected = torch.where(expected == 3, -100, expected)
    assert_equal(packed_next_token_labels(torch.where(labels == 3, -100, labels), numbers).tolist(), expected.tolist())


@given(
    table=normals(7, 7),
    documents=st.lists(TEXT, max_size=2).map(lambda texts: [*texts, (4, 5)]),
    rest=st.integers(0, 2),
)
def test_packed_next_token_labels_give_the_loss_of_separate_documents(
    packed_next_token_labels, masked_token_loss, table, documents, rest
):
    """The loss of a pack is the mean over all tokens that follow another in their document."""
    ids = torch.tensor([token for text in documents for token in text] + [PAD] * rest, dtype=torch.int64)
    numbers = torch.tensor([i for i, text in enumerate(documents) for _ in text] + [-1] * rest, dtype=torch.int64)
    logits = table.tolist()
    losses = [surprisal(logits[a], b) for text in documents for a, b in itertools.pairwise(text)]
    assert_close(masked_token_loss(table[ids], packed_next_token_labels(ids, numbers)), mean(losses), 16)


@pytest.mark.parametrize("scale", [1, 256])
@given(logits=normals(2, 3, 5), labels=LABELS, place=st.integers(0, 5))
def test_masked_token_loss_equals_mean_surprisal_of_labels(masked_token_loss, logits, labels, place, scale):
    """It is the mean surprisal of the labels that are not -100; NaN in the logits of others has no influence."""
    logits = scale * logits
    labels.view(-1)[place] = 4
    learned = labels != -100
    pairs = zip(logits[learned].tolist(), labels[learned].tolist(), strict=True)
    expected = mean([surprisal(row, k) for row, k in pairs])
    assert_close(masked_token_loss(torch.where(learned[..., None], logits, math.nan), labels), expected, 16 * scale)


@given(logits=normals(2, 3, 5))
def test_masked_token_loss_of_nothing_to_learn_is_zero(masked_token_loss, logits):
    """Where all labels are -100 the loss is 0, and not NaN; one other label alone has its surprisal for a loss."""
    labels = torch.full((2, 3), -100)
    assert_equal(masked_token_loss(logits, labels), torch.zeros(()))
    labels[1, 0] = 2
    assert_close(masked_token_loss(logits, labels), surprisal(logits[1, 0].tolist(), 2), 16)


@pytest.mark.autograd
@given(logits=normals(2, 3, 5), labels=LABELS)
def test_masked_token_loss_has_slope_of_shares_less_label(masked_token_loss, logits, labels):
    """With n labels the slope is (softmax - one-hot) / n; positions without one have none, whatever is there."""
    learned = labels != -100
    inputs = torch.where(learned[..., None], logits, math.nan).requires_grad_()
    loss = masked_token_loss(inputs, labels)
    (slope,) = torch.autograd.grad(loss, inputs)
    pairs = list(zip(logits[learned].tolist(), labels[learned].tolist(), strict=True))
    shares = [[math.exp(-surprisal(row, j)) - (j == k) for j in range(5)] for row, k in pairs]
    expected = torch.zeros_like(logits)
    expected[learned] = torch.tensor(shares, dtype=torch.float64).reshape(-1, 5) / max(len(pairs), 1)
    assert_close(slope.to(loss.dtype), expected, 16 * learned[..., None])


@pytest.mark.parametrize("label", [-101, -99, -1, 5])
def test_masked_token_loss_rejects_other_labels(masked_token_loss, label):
    """Labels are -100 or one of the five tokens."""
    assert_rejects_index(masked_token_loss, torch.zeros(3, 5, dtype=torch.float64), torch.tensor([0, label, 4]))


@given(prompt=IDS, completion=IDS)
def test_prompt_completion_labels_learn_answer_and_end(prompt_completion_labels, prompt, completion):
    """Each token of the prompt has the label -100; each of the answer, and the end token behind it, itself."""
    ids, labels = prompt_completion_labels(prompt, completion, EOS)
    learned = [(token, token) for token in (*completion, EOS)]
    assert_equal(list(zip(ids, labels, strict=True)), [(token, -100) for token in prompt] + learned)


@given(table=normals(7, 7), prompt=TEXT.map(lambda text: (BOS, *text)), completion=TEXT)
def test_prompt_completion_labels_give_the_loss_of_the_answer(
    prompt_completion_labels, next_token_labels, masked_token_loss, table, prompt, completion
):
    """Shifted once, they give the mean surprisal of the answer and its end, the first after the prompt's last token."""
    ids, labels = (torch.tensor(side) for side in prompt_completion_labels(prompt, completion, EOS))
    pairs = itertools.pairwise((prompt[-1], *completion, EOS))
    expected = mean([surprisal(table[before].tolist(), after) for before, after in pairs])
    assert_close(masked_token_loss(table[ids], next_token_labels(labels)), expected, 16)


@given(turns=TURNS)
def test_multi_turn_labels_learn_some_texts(multi_turn_labels, turns):
    """The turns follow one another; those that are learned end with the end token and are learned without header."""
    ids, labels = multi_turn_labels(turns, EOS)
    expected = []
    for header, text, is_learned in turns:
        expected += [(token, -100) for token in header]
        expected += [(token, token) for token in (*text, EOS)] if is_learned else [(token, -100) for token in text]
    assert_equal(list(zip(ids, labels, strict=True)), expected)


@given(turns=TURNS.map(lambda turns: [*turns, Turn((3,), (4, 5), True)]))
def test_multi_turn_labels_are_blind_to_what_is_not_learned(multi_turn_labels, turns):
    """Other words, as many, in headers and texts that are not learned, those of the answer too, change no label."""
    others = [
        Turn(tuple(i + 4 for i in header), text if is_learned else tuple((i + 4) % 7 for i in text), is_learned)
        for header, text, is_learned in turns
    ]
    labels = multi_turn_labels(turns, EOS).labels
    assert_equal(multi_turn_labels(others, EOS).labels, labels)
    assert_equal(sum(label != -100 for label in labels), sum(len(turn.text) + 1 for turn in turns if turn.is_learned))


@given(documents=st.lists(TEXT, min_size=1, max_size=3), summary=TEXT)
def test_multi_document_labels_split_at_end_tokens_into_texts(multi_document_labels, documents, summary):
    """Behind the start token the end tokens close the documents and the summary, which alone is learned; those that the
    texts have are kept.
    """
    ids, labels = multi_document_labels(documents, summary, BOS, EOS)
    assert_equal(ids[0], BOS)
    assert_equal(bytes(ids[1:]).split(bytes([EOS])), [*map(bytes, documents), bytes(summary), b""])
    assert_equal(labels, (*[-100] * (len(ids) - len(summary) - 1), *summary, EOS))
    ids, labels = multi_document_labels([(5, EOS), (BOS, 6)], (BOS, EOS), BOS, EOS)
    assert_equal(ids, (BOS, 5, EOS, EOS, BOS, 6, EOS, BOS, EOS, EOS))
    assert_equal(labels, (*[-100] * 7, BOS, EOS, EOS))


def test_multi_document_labels_rejects_no_documents(multi_document_labels):
    """Of nothing there is no summary."""
    assert_rejects(multi_document_labels, [], [5], BOS, EOS)


@given(source=OPEN, target=OPEN, pad=st.sampled_from([PAD, 4, 9]))
def test_seq2seq_example_separates_source_and_target(seq2seq_example, source, target, pad):
    """The source goes to the encoder only; the decoder reads pad and the target, and answers the target and the end."""
    encoder_ids, decoder_ids, labels = seq2seq_example(source, target, EOS, pad)
    assert_equal(encoder_ids, (*source, EOS))
    assert_equal(list(zip(decoder_ids, labels, strict=True)), list(itertools.pairwise((pad, *target, EOS))))


@given(source=TEXT, target=TEXT)
def test_decoder_inputs_equal_those_of_the_example(decoder_inputs, seq2seq_example, source, target):
    """From the labels of an example come the tokens that its decoder reads."""
    example = seq2seq_example(source, target, EOS, PAD)
    assert_equal(decoder_inputs(torch.tensor(example.labels), PAD).tolist(), [PAD, *target])


@given(labels=LABELS, pad=st.integers(3, 9))
def test_decoder_inputs_show_all_labels_before(decoder_inputs, labels, pad):
    """At each position the decoder has read pad and the labels before it, with pad in the place of -100."""
    read = [[pad, *row[:-1]] for row in labels.tolist()]
    assert_equal(decoder_inputs(labels, pad).tolist(), [[pad if i == -100 else i for i in row] for row in read])


def test_decoder_inputs_of_no_labels_are_none(decoder_inputs):
    """Where there is nothing to teach there is nothing to read, not even pad, and for one label there is pad alone."""
    assert_equal(decoder_inputs(torch.tensor([[5]]), 3).tolist(), [[3]])
    assert_equal(decoder_inputs(torch.zeros(2, 0, dtype=torch.int64), 3).tolist(), [[], []])


@given(
    rewards=st.sampled_from([2, 3, 5]).flatmap(lambda num_answers: normals(2, num_answers)),
    scale=st.sampled_from([1, 8, 256]),
    shift=st.sampled_from([-1000, 0, 1000]),
)
def test_ranking_loss_equals_mean_over_pairs(ranking_loss, rewards, scale, shift):
    """It is the mean of log(1 + exp(r_j - r_i)) over the pairs of better i and worse j, whatever is added to all r."""
    rewards = scale * rewards
    gaps = [[worse - better for better, worse in itertools.combinations(row, 2)] for row in rewards.tolist()]
    expected = [mean([max(gap, 0) + math.log1p(math.exp(-abs(gap))) for gap in row]) for row in gaps]
    assert_close(ranking_loss(rewards + shift), expected, torch.tensor(expected) + 1)


@pytest.mark.autograd
@given(wins=st.integers(1, 9), losses=st.integers(1, 9))
def test_ranking_loss_is_least_at_the_log_odds_of_wins(ranking_loss, wins, losses):
    """For two answers that won n and m comparisons the loss has slope 0 where their rewards are log(n / m) apart."""
    ahead = torch.tensor([math.log(wins / losses)], dtype=torch.float64, requires_grad=True)
    rewards = torch.cat([ahead, torch.zeros(1, dtype=torch.float64)])
    loss = wins * ranking_loss(rewards) + losses * ranking_loss(rewards.flip(0))
    (slope,) = torch.autograd.grad(loss, ahead)
    assert_close(slope.to(loss.dtype), [0], wins + losses)
    total = wins + losses
    assert_close(loss, wins * math.log(total / wins) + losses * math.log(total / losses), 4 * total)


@pytest.mark.parametrize("num_answers", [0, 1])
def test_ranking_loss_rejects_rankings_without_pairs(ranking_loss, num_answers):
    """One answer is better than nothing."""
    assert_rejects(ranking_loss, torch.zeros(3, num_answers, dtype=torch.float64))


@given(table=normals(5, 3), ids=indices(5, 2, 7), pad=st.sampled_from([0, 3, 4]))
def test_masked_embedding_equals_row_unless_padding(masked_embedding, table, ids, pad):
    """Each token has its row, and padding has 0, even if its row is NaN."""
    rows = [[[0.0] * 3 if i == pad else table[i].tolist() for i in row] for row in ids.tolist()]
    assert_equal(masked_embedding(table, ids, pad), torch.tensor(rows, dtype=torch.float64))
    unknown = table.index_fill(0, torch.tensor(pad), math.nan)
    assert_equal(masked_embedding(unknown, ids, pad), torch.tensor(rows, dtype=torch.float64))


@pytest.mark.autograd
@given(table=normals(5, 3), ids=indices(5, 2, 7), pad=st.sampled_from([0, 3, 4]))
def test_masked_embedding_trains_each_row_as_often_as_it_is_read(masked_embedding, table, ids, pad):
    """The sum of the result has for every row the slope of how often its token occurs, and 0 for padding."""
    inputs = table.clone().requires_grad_()
    (slope,) = torch.autograd.grad(masked_embedding(inputs, ids, pad).sum(), inputs)
    assert_equal(slope, torch.tensor([[ids.flatten().tolist().count(i) * (i != pad)] * 3 for i in range(5)]))


@pytest.mark.parametrize("pad", [-1, 5, 6])
def test_masked_embedding_rejects_padding_outside_the_table(masked_embedding, pad):
    """Padding is one of the five tokens."""
    assert_rejects(masked_embedding, torch.ones(5, 3, dtype=torch.float64), torch.tensor([1, 4]), pad)
