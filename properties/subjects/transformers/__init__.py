"""Judges transformers: its logits processors, its search, the batches of its tokenizers and what its models are taught.

    temperature                           TemperatureLogitsWarper
    penalty of repetition                 RepetitionPenaltyLogitsProcessor
    filters                               TopKLogitsWarper, TopPLogitsWarper, MinPLogitsWarper, TypicalLogitsWarper
    their composition                     LogitsProcessorList
    greedy search, beam search            generate with num_beams, length_penalty=alpha and early_stopping="never"
    padding                               PreTrainedTokenizerFast.pad
    positions                             GenerationMixin._prepare_position_ids_for_generation
    masks                                 masking_utils.sdpa_mask, of padding and of packed sequences
    positions and labels of a pack        DataCollatorWithFlattening
    inputs of a decoder                   T5PreTrainedModel._shift_right
    loss                                  loss_utils.fixed_cross_entropy, which ForCausalLMLoss takes in float32

Processors and masks take one axis of a batch: several are made one. A pack reaches the mask as the numbers of its
documents, and its padding as the mask of attention. A flattened batch has no padding: it is left out and put back, and
the labels are shifted as a model does.

The log probabilities of a search are the logits of a model, and as they are a processor's result too, since beam search
normalises logits. A beam of one is the greedy search that generate makes of it. A beam that found less than it holds is
filled up with scores of -1e9, which are left out.
"""

import math
from types import SimpleNamespace

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from torch.nn import functional
from transformers import (
    DataCollatorWithFlattening,
    GenerationConfig,
    GenerationMixin,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    T5PreTrainedModel,
)
from transformers.generation import logits_process
from transformers.loss.loss_utils import fixed_cross_entropy
from transformers.masking_utils import (
    and_masks,
    bidirectional_mask_function,
    causal_mask_function,
    packed_sequence_mask_function,
    sdpa_mask,
)
from transformers.modeling_outputs import CausalLMOutput

from reference.language.batching import PaddedBatch
from reference.language.search import Hypothesis

PACKAGES = ("transformers", "tokenizers")


def _processed(logits, *processors, ids=None):
    """The logits after the processors, one after the other."""
    rows = logits.reshape(-1, logits.shape[-1])
    ids = ids if ids is None else ids.reshape(len(rows), -1)
    return logits_process.LogitsProcessorList(processors)(ids, rows).reshape(logits.shape)


# The next token


def _warmer(temperature):
    if temperature == 0:
        raise NotImplementedError("transformers has no temperature of 0: it does not sample then")
    return logits_process.TemperatureLogitsWarper(temperature)


def temperature_logits(logits, temperature):
    return _processed(logits, _warmer(temperature))


def penalize_repetition(logits, ids, penalty):
    return _processed(logits, logits_process.RepetitionPenaltyLogitsProcessor(penalty), ids=ids)


def top_k_filter(logits, k):
    return _processed(logits, logits_process.TopKLogitsWarper(k))


def top_p_filter(logits, p):
    return _processed(logits, logits_process.TopPLogitsWarper(p))


def min_p_filter(logits, ratio):
    return _processed(logits, logits_process.MinPLogitsWarper(ratio))


def typical_filter(logits, mass):
    if mass in (0, 1):
        raise NotImplementedError("transformers has no typical mass of 0 or of 1")
    return _processed(logits, logits_process.TypicalLogitsWarper(mass))


def sampling_probabilities(logits, temperature, k, p):
    top_k, top_p = logits_process.TopKLogitsWarper(k), logits_process.TopPLogitsWarper(p)
    return _processed(logits, _warmer(temperature), top_k, top_p).softmax(-1)


# Search


class _Given(PreTrainedModel, GenerationMixin):
    """A model of which the logits are given for what follows the first token."""

    config_class = PreTrainedConfig

    def __init__(self, log_probabilities):
        super().__init__(PreTrainedConfig(vocab_size=len(log_probabilities(()))))
        self.log_probabilities = log_probabilities
        self.on = torch.nn.Parameter(torch.zeros(()))

    def forward(self, input_ids, **_):
        return CausalLMOutput(logits=self.after(input_ids)[:, None])

    def after(self, input_ids, _=None):
        return torch.stack([self.log_probabilities(tuple(prefix)) for prefix in input_ids[:, 1:].tolist()])

    def search(self, eos, max_length, **config):
        settings = {"max_new_tokens": max_length, "eos_token_id": eos, "pad_token_id": eos, "use_cache": False}
        outputs = {"return_dict_in_generate": True, "output_scores": True}
        config = GenerationConfig(do_sample=False, **settings, **outputs, **config)
        return self.generate(torch.zeros(1, 1, dtype=torch.int64), config, logits_processor=[self.after])

    def hypotheses(self, found, beams=None):
        """Each sequence up to its end, with the sum of the scores of its tokens."""
        scores = self.compute_transition_scores(found.sequences, found.scores, beams)
        lengths = [scores.shape[1]] if beams is None else (beams >= 0).sum(1).tolist()
        rows = zip(found.sequences[:, 1:].tolist(), lengths, scores.double(), strict=True)
        return [Hypothesis(tuple(tokens[:length]), row.sum()) for tokens, length, row in rows]


def greedy_search(log_probabilities, eos, max_length):
    model = _Given(log_probabilities)
    return model.hypotheses(model.search(eos, max_length))[0]


def beam_search(log_probabilities, eos, max_length, beam_width, alpha):
    if beam_width == 1:
        return (greedy_search(log_probabilities, eos, max_length),)
    model = _Given(log_probabilities)
    beam = {"num_beams": beam_width, "num_return_sequences": beam_width}
    found = model.search(eos, max_length, **beam, length_penalty=alpha, early_stopping="never")
    hypotheses = zip(model.hypotheses(found, found.beam_indices), found.sequences_scores, strict=True)
    return tuple(one for one, score in hypotheses if score > -1e8)


# Batches


def _padded(sequences, pad, side):
    vocabulary = Tokenizer(WordLevel({"pad": pad}, "pad"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=vocabulary, pad_token="pad", padding_side=side)
    batch = tokenizer.pad({"input_ids": sequences}, return_tensors="pt")
    return PaddedBatch(batch["input_ids"].long(), batch["attention_mask"].bool())


def pad_right(sequences, pad):
    return _padded(sequences, pad, "right")


def pad_left(sequences, pad):
    return _padded(sequences, pad, "left")


def position_ids(kept):
    return GenerationMixin._prepare_position_ids_for_generation(None, kept, {"attention_mask": kept})


def _mask(kept, function):
    length = kept.shape[-1]
    rows = kept.reshape(-1, length)
    mask = sdpa_mask(len(rows), length, length, mask_function=function, attention_mask=rows, allow_is_causal_skip=False)
    return mask.reshape(*kept.shape, length)


def padding_mask(kept):
    return _mask(kept, bidirectional_mask_function)


def packed_causal_mask(documents):
    same = packed_sequence_mask_function(documents.reshape(-1, documents.shape[-1]))
    return _mask(documents >= 0, and_masks(causal_mask_function, same))


def _flattened(key, tokens, documents, fill):
    """What the collator has under this key for the documents of each row, and the fill for padding."""
    collate, rows = DataCollatorWithFlattening(), torch.full_like(documents, fill)
    count = math.prod(documents.shape[:-1])
    for one, text, row in zip(*(x.reshape(count, documents.shape[-1]) for x in (documents, tokens, rows)), strict=True):
        kept = one >= 0
        if kept.any():
            sizes = one[kept].unique_consecutive(return_counts=True)[1].tolist()
            batch = collate([{"input_ids": document} for document in text[kept].split(sizes)], return_tensors="pt")
            row[kept] = batch[key][0] if key != "labels" else functional.pad(batch[key][0], (0, 1), value=fill)[1:]
    return rows


def packed_position_ids(documents):
    return _flattened("position_ids", documents, documents, 0)


# What is learned


def packed_next_token_labels(labels, documents):
    return _flattened("labels", labels, documents, -100)


def decoder_inputs(labels, pad):
    config = SimpleNamespace(decoder_start_token_id=pad, pad_token_id=pad)
    return T5PreTrainedModel._shift_right(SimpleNamespace(config=config), labels)


def masked_token_loss(logits, labels):
    return fixed_cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1))
