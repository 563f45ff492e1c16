"""What a language model is taught: its labels, the loss over them, rankings of its answers, and the row of padding.

A label of -100 is ignored: its position has no loss. Labels stand at the place of their own token and are shifted once,
by `next_token_labels`, when they meet the logits; many libraries do that inside the model.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import logsigmoid

from reference.training.losses import IGNORED, mean_of_kept, softmax_log_loss


class Example(NamedTuple):
    """Tokens for a decoder, and for each of them itself as its label or -100."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]


class Turn(NamedTuple):
    """One turn of a dialogue: tokens that say who speaks, tokens that are said, and whether these are learned."""

    header: tuple[int, ...]
    text: tuple[int, ...]
    is_learned: bool


class Seq2SeqExample(NamedTuple):
    """Tokens for the encoder and for the decoder, and what the decoder is to answer at each of its tokens."""

    encoder_ids: tuple[int, ...]
    decoder_ids: tuple[int, ...]
    labels: tuple[int, ...]


def next_token_labels(labels: Int64[Tensor, "*batch length"]) -> Int64[Tensor, "*batch length"]:
    """Label of the next position at each position, and -100 at the last, which has none.

        out_t = labels_{t+1},   out_{T-1} = -100

    The logits at t are compared with out_t. Plain ids are labels of which all are learned.

    Domain: every length; of one token nothing can be learned.
    Source: Radford et al. 2018, Improving Language Understanding by Generative Pre-Training, eq. 1.
    Notes: R004-016.
    """
    return torch.cat([labels[..., 1:], torch.full_like(labels[..., :1], IGNORED)], -1)


def packed_next_token_labels(
    labels: Int64[Tensor, "*batch length"], documents: Int64[Tensor, "*batch length"]
) -> Int64[Tensor, "*batch length"]:
    """Label of the next position where it belongs to the same document, else -100.

        out_t = labels_{t+1} if d_{t+1} = d_t >= 0, else -100

    The first token of a document is the label of nothing: neither the end of the document before it nor padding on its
    left predicts it. The loss over a pack is then that over its documents, token by token.

    Domain: d is the number of each token's document and -1 in padding; for a padded batch d = kept - 1.
    Source: Radford et al. 2018, eq. 1, for each document alone; Krell et al. 2021, arXiv:2107.02027.
    Differs: libraries that set the labels of padding to -100 and then shift learn, with padding on the left, to predict
    the first token from padding.
    Notes: R003-250, R003-251, R004-016.
    """
    goes_on = (next_token_labels(documents) == documents) & (documents >= 0)
    return torch.where(goes_on, next_token_labels(labels), IGNORED)


def masked_token_loss(logits: Float[Tensor, "*batch vocabulary"], labels: Int64[Tensor, "*batch"]) -> Float[Tensor, ""]:
    """Mean negative log probability of the labels that are not -100, in nats.

        loss = -1/n sum_{t: y_t != -100} log softmax(a_t)_{y_t},   n = number of such t

    Its exponential is the perplexity. The labels are shifted already: y_t is the answer to the logits a_t.

    Domain: labels in 0..V-1 or -100, else RuntimeError (on a GPU a device assertion). If all are -100 the loss is 0
    with gradient 0. Logits at ignored positions, NaN too, have no influence and get gradient 0.
    Source: Radford et al. 2018, Improving Language Understanding by Generative Pre-Training, eq. 1.
    Differs: torch.nn.functional.cross_entropy returns NaN if all labels are ignored.
    Notes: R003-200, R003-253.
    """
    kept = labels != IGNORED
    losses = softmax_log_loss(torch.where(kept[..., None], logits, 0), torch.where(kept, labels, 0))
    return mean_of_kept(losses, kept)


def prompt_completion_labels(prompt: Sequence[int], completion: Sequence[int], eos: int) -> Example:
    """A prompt, the answer to it and the end token, of which the answer and the end token are learned.

        ids    = prompt + completion + [eos]
        labels = [-100] * len(prompt) + completion + [eos]

    >>> prompt_completion_labels([1, 5, 6], [7, 8], 2)
    Example(ids=(1, 5, 6, 7, 8, 2), labels=(-100, -100, -100, 7, 8, 2))

    Domain: all special tokens before the answer are part of the prompt; nothing is added but the end token. Without a
    prompt the first token of the answer has a label that no position predicts.
    Source: Touvron et al. 2023, arXiv:2307.09288, section 3.1, for the loss over the answer alone.
    Notes: R003-200.
    """
    answer = (*completion, eos)
    return Example((*prompt, *answer), (*[IGNORED] * len(prompt), *answer))


def multi_turn_labels(turns: Sequence[Turn], eos: int) -> Example:
    """A dialogue, of which the texts of some turns are learned, each with an end token.

        learned turn:  ids = header + text + [eos],   labels = [-100] * len(header) + text + [eos]
        other turns:   ids = header + text,           labels = [-100] * (len(header) + len(text))

    Which positions are learned does not depend on what the others say.

    >>> multi_turn_labels([Turn((3,), (5, 6), False), Turn((4,), (7,), True)], 2)
    Example(ids=(3, 5, 6, 4, 7, 2), labels=(-100, -100, -100, -100, 7, 2))

    Domain: any turns in any order. Nothing is put before the first turn: the start token, if any, is in its header.
    Source: Touvron et al. 2023, arXiv:2307.09288, section 3.1, for the loss over the answers alone.
    Differs: templates that end every turn with a token have it in the text of the other turns. Where the header is to
    be learned too it is part of the text.
    Notes: R003-201.
    """
    ids: list[int] = []
    labels: list[int] = []
    for header, text, is_learned in turns:
        said = (*text, eos) if is_learned else text
        ids += [*header, *said]
        labels += [*[IGNORED] * len(header), *(said if is_learned else [IGNORED] * len(said))]
    return Example(tuple(ids), tuple(labels))


def multi_document_labels(documents: Sequence[Sequence[int]], summary: Sequence[int], bos: int, eos: int) -> Example:
    """Documents, each closed by an end token, and their summary, of which the summary and its end token are learned.

        ids    = [bos] + d_1 + [eos] + ... + d_n + [eos] + summary + [eos]
        labels = [-100] * (1 + sum_i (len(d_i) + 1)) + summary + [eos]

    Domain: at least one document, else ValueError.
    Source: textbook.
    Notes: R003-202.
    """
    if not documents:
        raise ValueError(f"there must be documents to summarise; got {documents}")
    prompt = [bos, *(token for document in documents for token in (*document, eos))]
    return prompt_completion_labels(prompt, summary, eos)


def seq2seq_example(source: Sequence[int], target: Sequence[int], eos: int, pad: int) -> Seq2SeqExample:
    """Tokens for an encoder and a decoder: the source is read by the one, the target is learned by the other.

        encoder = source + [eos],   decoder = [pad] + target,   labels = target + [eos]

    The task's prefix is part of the source, of which nothing is a label.

    >>> seq2seq_example([5, 6, 7], [8, 9], eos=1, pad=0)
    Seq2SeqExample(encoder_ids=(5, 6, 7, 1), decoder_ids=(0, 8, 9), labels=(8, 9, 1))

    Domain: source and target without end tokens of their own.
    Source: Raffel et al. 2019, arXiv:1910.10683, section 2, and code of T5, which has no start token.
    Differs: BART starts the decoder with the end token.
    Notes: R003-203.
    """
    return Seq2SeqExample((*source, eos), (pad, *target), (*target, eos))


def decoder_inputs(labels: Int64[Tensor, "*batch length"], pad: int) -> Int64[Tensor, "*batch length"]:
    """Tokens that a decoder reads to be taught the labels: those before each, after a first pad token.

        out_0 = pad,   out_t = labels_{t-1}, or pad where that is -100

    Domain: labels not shifted: the answer to out_t is labels_t.
    Source: Raffel et al. 2019, arXiv:1910.10683, code; `_shift_right` of T5 in transformers.
    Notes: R003-203.
    """
    shifted = torch.cat([torch.full_like(labels[..., :1], pad), labels[..., :-1]], -1)
    return torch.where(shifted == IGNORED, pad, shifted)


def ranking_loss(rewards: Float[Tensor, "*batch answers"]) -> Float[Tensor, "*batch"]:
    """Mean negative log probability, by Bradley and Terry, that each answer beats those ranked below it.

        loss = -1/(K choose 2) sum_{i < j} log sigmoid(r_i - r_j)

    The rewards of a ranking come best first. Equal rewards have the loss log 2, and a constant added to all of them
    changes nothing.

    Domain: K >= 2 answers without ties, else ValueError. K = 2 is the loss of one comparison.
    Source: Ouyang et al. 2022, arXiv:2203.02155, eq. 1; Bradley & Terry 1952.
    Notes: R003-179.
    """
    num_answers = rewards.shape[-1]
    if num_answers < 2:
        raise ValueError(f"a ranking needs at least two answers; got {num_answers}")
    winner, loser = torch.triu_indices(num_answers, num_answers, offset=1, device=rewards.device)
    return -logsigmoid(rewards[..., winner] - rewards[..., loser]).mean(-1)


def masked_embedding(
    table: Float[Tensor, "vocabulary dim"], ids: Int64[Tensor, "*shape"], pad: int
) -> Float[Tensor, "*shape dim"]:
    """Row of the table for each token, and 0 for padding, whose row gets no gradient.

        out_t = table[ids_t] if ids_t != pad, else 0

    Domain: pad in 0..V-1, else ValueError; ids in 0..V-1, as `token_embeddings`.
    Source: PyTorch, documentation of torch.nn.Embedding (`padding_idx`).
    Differs: nn.Embedding returns the row as it stands, which `padding_idx` sets to 0 when the table is made and then
    leaves without gradient; without `padding_idx` it is drawn at random and trained.
    Notes: R003-254.
    """
    if not 0 <= pad < len(table):
        raise ValueError(f"pad must be one of {len(table)} tokens; got {pad}")
    return torch.where((ids == pad)[..., None], 0, torch.nn.functional.embedding(ids, table))
