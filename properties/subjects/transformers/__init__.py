"""Judges transformers: its logits processors, its masks, the padding of its tokenizers and what its models are taught.

    temperature                           TemperatureLogitsWarper
    penalty of repetition                 RepetitionPenaltyLogitsProcessor
    filters                               TopKLogitsWarper, TopPLogitsWarper, MinPLogitsWarper, TypicalLogitsWarper
    their composition                     LogitsProcessorList
    padding                               PreTrainedTokenizerFast.pad
    positions                             GenerationMixin._prepare_position_ids_for_generation
    masks                                 masking_utils.sdpa_mask, of padding and of packed sequences
    inputs of a decoder                   T5PreTrainedModel._shift_right
    loss                                  loss_utils.fixed_cross_entropy, which ForCausalLMLoss takes in float32

Processors and masks take one axis of a batch: several are made one. A pack reaches the mask as the numbers of its
documents, and its padding as the mask of attention.
"""

from types import SimpleNamespace

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import GenerationMixin, PreTrainedTokenizerFast, T5PreTrainedModel
from transformers.generation import logits_process
from transformers.loss.loss_utils import fixed_cross_entropy
from transformers.masking_utils import (
    and_masks,
    bidirectional_mask_function,
    causal_mask_function,
    packed_sequence_mask_function,
    sdpa_mask,
)

from reference.language.batching import PaddedBatch

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


# What is learned


def decoder_inputs(labels, pad):
    config = SimpleNamespace(decoder_start_token_id=pad, pad_token_id=pad)
    return T5PreTrainedModel._shift_right(SimpleNamespace(config=config), labels)


def masked_token_loss(logits, labels):
    return fixed_cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1))
