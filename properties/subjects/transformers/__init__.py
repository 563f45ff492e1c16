"""Judges transformers: how it samples, searches, batches and teaches, and what its models are made of.

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
    label smoothing                       LabelSmoother of the Trainer
    learning rates                        get_cosine_with_min_lr_schedule_with_warmup, get_linear_schedule_with_warmup
    attention                             eager_attention_forward of Llama, with eager_mask's numbers for a mask
    attention with shared heads           sdpa_attention_forward
    cache, sliding-window cache           DynamicLayer.update, DynamicSlidingWindowLayer.update
    masks by distance                     masking_utils.sdpa_mask with its causal and sliding-window functions
    ALiBi, buckets                        slopes of BLOOM; T5Attention._relative_position_bucket
    frequencies                           compute_default_rope_parameters of Llama, of GPT-NeoX for part of a head
    scaled frequencies and their factors  ROPE_INIT_FUNCTIONS: proportional, linear, dynamic, yarn, llama3, longrope
    rotations                             apply_rotary_pos_emb of Llama, of GPT-J (neighbours), of GPT-NeoX (in part)
    M-RoPE                                Qwen2_5_VLRotaryEmbedding
    axes of its pairs                     recomposition_frequencies of Qwen2.5-VL and Qwen3-VL
    frequencies of an axis                compute_axial_rope_parameters of Qwen2.5-VL
    position ids of images and videos     get_rope_index and get_vision_position_ids of Qwen2.5-VL
    ids of what follows                   compute_3d_position_ids of Qwen2.5-VL
    order of patches, merging them        vision_utils.get_vision_position_ids, PatchMerger of Qwen2-VL
    windows of a vision tower             vision_utils.get_vision_window_index
    windows of Swin                       window_partition, window_reverse, SwinLayer, SwinStage, SwinPatchMerging
    bias of Swin                          SwinRelativePositionBias
    patches, class token, registers       ViTPatchEmbeddings, ViTEmbeddings, Dinov2WithRegistersEmbeddings
    RMS norm, gated layer, activations    LlamaRMSNorm, LlamaMLP, ACT2FN with "gelu_new" for the tanh
    dropped branches, their rates         SwinDropPath, SwinEncoder
    residual blocks                       ResNetBasicLayer with ResNetShortCut; ResNetConvLayer thrice for a bottleneck
    squeeze-and-excitation                RegNetSELayer with biases of 0
    feed-forward layer, ConvNeXt          CLIPMLP with "gelu", ConvNextLayer

Processors and masks take one axis of a batch: several are made one. A pack reaches the mask as the numbers of its
documents, and its padding as the mask of attention. A flattened batch has no padding: it is left out and put back, and
the labels are shifted as a model does.

The log probabilities of a search are the logits of a model, and as they are a processor's result too, since beam search
normalises logits. A beam of one is the greedy search that generate makes of it. A beam that found less than it holds is
filled up with scores of -1e9, which are left out.

Frequencies that are given reach a way of scaling as a base of which the powers are looked up, and the ends of llama3's
band are tensors, by which 0 divides. M-RoPE has sections of
one pair or none, by which any axis can turn any pair. Neighbouring videos have a token of text between them, which is
taken out again. A layer gets what it
is made of in place of its parameters, and uniform numbers in place of torch.rand. A norm that is folded into the
weights is left out, and a kernel is padded with zeros to 7 x 7. Training goes on from the step that is asked for. What
would be the input itself is copied. Half of it all is computed in float32, whatever goes in.
"""

import math
from functools import partial
from types import SimpleNamespace
from unittest.mock import patch

import torch
from huggingface_hub.errors import StrictDataclassError
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from torch import nn
from torch.func import functional_call
from torch.nn import functional
from transformers import (
    DataCollatorWithFlattening,
    GenerationConfig,
    GenerationMixin,
    GPTNeoXConfig,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    SwinConfig,
    T5PreTrainedModel,
    get_cosine_with_min_lr_schedule_with_warmup,
    get_linear_schedule_with_warmup,
    vision_utils,
)
from transformers.activations import ACT2FN
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer
from transformers.generation import logits_process
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.loss.loss_utils import fixed_cross_entropy
from transformers.masking_utils import (
    and_masks,
    bidirectional_mask_function,
    causal_mask_function,
    eager_mask,
    packed_sequence_mask_function,
    sdpa_mask,
    sliding_window_bidirectional_mask_function,
    sliding_window_causal_mask_function,
)
from transformers.modeling_outputs import CausalLMOutput
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.bloom import modeling_bloom
from transformers.models.clip.modeling_clip import CLIPMLP
from transformers.models.convnext.modeling_convnext import ConvNextLayer
from transformers.models.dinov2_with_registers.modeling_dinov2_with_registers import Dinov2WithRegistersEmbeddings
from transformers.models.gpt_neox import modeling_gpt_neox
from transformers.models.gptj import modeling_gptj
from transformers.models.llama import modeling_llama
from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl
from transformers.models.qwen2_vl.modeling_qwen2_vl import PatchMerger
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLTextRotaryEmbedding
from transformers.models.regnet.modeling_regnet import RegNetSELayer
from transformers.models.resnet.modeling_resnet import ResNetBasicLayer, ResNetConvLayer, ResNetShortCut
from transformers.models.swin import modeling_swin
from transformers.models.t5.modeling_t5 import T5Attention
from transformers.models.vit.modeling_vit import ViTEmbeddings, ViTPatchEmbeddings
from transformers.trainer_pt_utils import LabelSmoother
from transformers.utils import logging

from reference.language.batching import PaddedBatch
from reference.language.search import Hypothesis
from reference.transformer.cache import CachedAttention, KeyValueCache
from reference.transformer.windows import VisionWindows

PACKAGES = ("transformers", "tokenizers")
DTYPE = "float32"

logging.set_verbosity_error()  # configurations warn of numbers that their authors did not mean


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
        rows = zip(found.sequences[:, 1:].tolist(), lengths, scores, strict=True)
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
    if pad < 0:
        raise NotImplementedError(
            "PreTrainedTokenizerFast pads with a token of its vocabulary, whose ids are not negative"
        )
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


def label_smoothing_loss(logits, labels, smoothing):
    return LabelSmoother(smoothing)({"logits": logits}, labels)


# Learning rates


def _rate(learning_rate, step, schedule, *counts, **ends):
    """The rate at this step, from which training goes on."""
    if step < 0:
        raise NotImplementedError("schedules of transformers count steps from 0 themselves")
    group = {"params": [nn.Parameter(torch.zeros(1))], "initial_lr": learning_rate}
    optimizer = torch.optim.SGD([group], learning_rate)
    return schedule(optimizer, *counts, **ends, last_epoch=step - 1).get_last_lr()[0]


def cosine_rate(learning_rate, least_rate, step, num_steps):
    return _rate(learning_rate, step, get_cosine_with_min_lr_schedule_with_warmup, 0, num_steps, min_lr=least_rate)


def linear_epoch_rate(learning_rate, epoch, num_epochs):
    return _rate(learning_rate, epoch, get_linear_schedule_with_warmup, 0, num_epochs)


# Attention and its cache


def _attend(query, key, value, added):
    """What Llama's attention reads when these numbers are added to its scores."""
    module = SimpleNamespace(num_key_value_groups=1, training=False)
    scaling = query.shape[-1] ** -0.5
    read, _ = modeling_llama.eager_attention_forward(module, query, key, value, added, scaling)
    return read.transpose(1, 2)


def _added(mask, dtype):
    return torch.where(mask, 0.0, torch.finfo(dtype).min).to(dtype)


def _flat(x, axes):
    """All axes but the last ones as one."""
    return x.reshape(math.prod(x.shape[:-axes]), *x.shape[-axes:])


def attention(query, key, value, mask):
    batch, queries, keys = query.shape[:-2], query.shape[-2], key.shape[-2]
    mask = _flat(mask.expand(*batch, queries, keys), 2)[:, None]
    parts = (_flat(x, 2)[:, None] for x in (query, key, value))
    return _attend(*parts, _added(mask, query.dtype)).reshape(*batch, queries, -1)


def grouped_query_attention(query, key, value, mask):
    *batch, heads, queries, _ = query.shape
    mask = _flat(mask.expand(*batch, heads, queries, key.shape[-2]), 3)
    if not key.shape[-3]:
        raise NotImplementedError("transformers makes no model without heads of keys")
    module = SimpleNamespace(num_key_value_groups=heads // key.shape[-3])
    read, _ = sdpa_attention_forward(module, *(_flat(x, 3) for x in (query, key, value)), mask)
    return read.transpose(1, 2).reshape(*batch, heads, queries, -1)


def _with_heads(*parts):
    return [_flat(x, 2)[:, None] for x in parts]


def _held(layer, cache):
    """The layer with what the cache holds."""
    layer.update(*_with_heads(*cache))
    return layer


def _taken(layer, cache):
    keys, values = (x[:, 0].clone() for x in (layer.keys, layer.values))
    batch = cache.key.shape[:-2]
    return KeyValueCache(keys.reshape(*batch, *keys.shape[1:]), values.reshape(*batch, *values.shape[1:]))


def append_to_cache(cache, key, value):
    layer = _held(DynamicLayer(), cache)
    layer.update(*_with_heads(key, value))
    return _taken(layer, cache)


def trim_cache(cache, length):
    return _taken(_held(DynamicSlidingWindowLayer(length + 1), cache), cache)


def _cached(layer, function, query, key, value, cache):
    _held(layer, cache)
    count, offset = query.shape[-2], layer.get_seq_length()
    length, start = layer.get_mask_sizes(count)
    added = eager_mask(1, count, length, offset, start, function, dtype=query.dtype)
    keys, values = layer.update(*_with_heads(key, value))
    read = _attend(*_with_heads(query), keys, values, added)
    return CachedAttention(read.reshape(*query.shape[:-1], -1), _taken(layer, cache))


def cached_attention(query, key, value, cache):
    return _cached(DynamicLayer(), causal_mask_function, query, key, value, cache)


def cached_window_attention(query, key, value, cache, window):
    function = sliding_window_causal_mask_function(window)
    return _cached(DynamicSlidingWindowLayer(window), function, query, key, value, cache)


# Masks and biases


def _mask_of(queries, keys, function):
    return sdpa_mask(1, queries, keys, keys - queries, mask_function=function, allow_is_causal_skip=False)[0, 0]


def causal_mask(queries, keys):
    return _mask_of(queries, keys, causal_mask_function).clone()


def sliding_window_mask(queries, keys, window):
    return _mask_of(queries, keys, sliding_window_causal_mask_function(window)).clone()


def local_mask(tokens, radius):
    return _mask_of(tokens, tokens, sliding_window_bidirectional_mask_function(radius)).clone()


def alibi_slopes(heads):
    return modeling_bloom._get_alibi_slopes(heads, "cpu")


def t5_causal_buckets(relative, num_buckets=32, max_distance=128):
    return T5Attention._relative_position_bucket(relative, False, num_buckets, max_distance)


def t5_bidirectional_buckets(relative, num_buckets=32, max_distance=128):
    return T5Attention._relative_position_bucket(relative, True, num_buckets, max_distance)


# Rotary positions


class _Powers:
    """A base of which the powers are looked up: one for each pair."""

    def __init__(self, frequencies):
        self.periods = 1 / frequencies

    def __pow__(self, exponents):
        return self.periods


def _configured(kind, **parameters):
    """The configuration; where it refuses, with the ValueError that it wraps."""
    try:
        return kind(**parameters)
    except StrictDataclassError as error:
        raise ValueError(f"{kind.__name__} refuses") from error


def _plain(kind, model, channels, **parameters):
    parameters["rope_type"] = "default"
    config = _configured(kind, hidden_size=channels, num_attention_heads=1, rope_parameters=parameters)
    return model.compute_default_rope_parameters(config)[0]


def rope_frequencies(channels, base=10000.0):
    return _plain(LlamaConfig, modeling_llama.LlamaRotaryEmbedding, channels, rope_theta=base)


def partial_rope_frequencies(channels, fraction, base=10000.0):
    neox = modeling_gpt_neox.GPTNeoXRotaryEmbedding
    return _plain(GPTNeoXConfig, neox, channels, rope_theta=base, partial_rotary_factor=fraction)


def _scaled(kind, channels, base, length=None, longest=2048, **parameters):
    """Frequencies and factor of a way of scaling; a base that is no number takes the place of one."""
    head = {"head_dim": channels, "hidden_size": 8, "num_attention_heads": 1, "max_position_embeddings": longest}
    parameters = {"rope_type": kind, "rope_theta": 2.0, **parameters}
    config = _configured(LlamaConfig, **head, rope_parameters=parameters)
    config.rope_parameters["rope_theta"] = base
    return ROPE_INIT_FUNCTIONS[kind](config, seq_len=length)


def proportional_rope_frequencies(channels, fraction, base=10000.0):
    return _scaled("proportional", channels, base, partial_rotary_factor=fraction)[0]


def linear_scaled_frequencies(frequencies, factor):
    return _scaled("linear", 2 * len(frequencies), _Powers(frequencies), factor=factor)[0]


def dynamic_ntk_frequencies(channels, base, factor, length, original_length):
    return _scaled("dynamic", channels, base, length, original_length, factor=factor)[0]


def yarn_frequencies(channels, base, factor, original_length, beta_fast=32.0, beta_slow=1.0):
    return _yarn(channels, base, factor, original_length, beta_fast=beta_fast, beta_slow=beta_slow)[0]


def yarn_frequencies_untruncated(channels, base, factor, original_length, beta_fast=32.0, beta_slow=1.0):
    betas = {"beta_fast": beta_fast, "beta_slow": beta_slow}
    return _yarn(channels, base, factor, original_length, **betas, truncate=False)[0]


def _yarn(channels, base, factor, original_length, **parameters):
    lengths = {"original_max_position_embeddings": original_length}
    return _scaled("yarn", channels, base, factor=factor, **lengths, **parameters)


def yarn_attention_factor(factor):
    return _yarn(8, 10000.0, factor, 2048)[1]


def yarn_attention_factor_by_mscale(factor, mscale, mscale_all_dim):
    return _yarn(8, 10000.0, factor, 2048, mscale=mscale, mscale_all_dim=mscale_all_dim)[1]


def llama3_frequencies(frequencies, factor, low_factor, high_factor, original_length):
    band = {"low_freq_factor": torch.tensor(low_factor), "high_freq_factor": torch.tensor(high_factor)}
    lengths = {"original_max_position_embeddings": original_length}
    return _scaled("llama3", 2 * len(frequencies), _Powers(frequencies), factor=factor, **band, **lengths)[0]


def longrope_frequencies(frequencies, short_factors, long_factors, length, original_length):
    tables = {"short_factor": short_factors.tolist(), "long_factor": long_factors.tolist()}
    lengths = {"original_max_position_embeddings": original_length}
    table = _Powers(frequencies)
    return _scaled("longrope", 2 * len(frequencies), table, length, attention_factor=1.0, **tables, **lengths)[0]


def longrope_attention_factor(factor, original_length):
    tables = {"short_factor": [1.0] * 4, "long_factor": [1.0] * 4}
    lengths = {"original_max_position_embeddings": original_length}
    return float(_scaled("longrope", 8, 10000.0, factor=factor, **tables, **lengths)[1])


def _twice(*tables):
    return [torch.cat([table, table], -1) for table in tables]


def rope_half_split(x, cosine, sine):
    cosine, sine = _twice(cosine, sine)
    return modeling_llama.apply_rotary_pos_emb(x, x, cosine, sine, 0)[0].reshape(x.shape)


def partial_rope_half_split(x, cosine, sine):
    cosine, sine = (_flat(table.expand(*x.shape[:-1], -1), 2) for table in _twice(cosine, sine))
    row = _flat(x, 2)[:, None]
    return modeling_gpt_neox.apply_rotary_pos_emb(row, row, cosine, sine)[0].reshape(x.shape)


def rope_interleaved(x, cosine, sine):
    cosine, sine = (_flat(table.expand(*x.shape[:-1], -1), 2) for table in (cosine, sine))
    return modeling_gptj.apply_rotary_pos_emb(_flat(x, 2)[:, :, None], sine, cosine).reshape(x.shape)


# Positions of text, images and videos


_QWEN = modeling_qwen2_5_vl.Qwen2_5_VLModel


def axial_rope_frequencies(channels, num_axes, base=10000.0):
    if num_axes != 2:
        raise NotImplementedError("Qwen2.5-VL has two axes: rows and columns")
    config = SimpleNamespace(hidden_size=channels, num_attention_heads=1, rope_parameters={"rope_theta": base})
    return modeling_qwen2_5_vl.Qwen2_5_VLVisionRotaryEmbedding.compute_axial_rope_parameters(config)[0]


def _axes(model, sections):
    """The axis of each pair, from frequencies that are the number of their axis."""
    axes = torch.arange(3)[:, None].repeat(1, max(sum(sections), 0))
    return model.recomposition_frequencies(SimpleNamespace(mrope_section=list(sections)), axes).chunk(2, -1)[0].clone()


def sectioned_axes(sections):
    return _axes(modeling_qwen2_5_vl.Qwen2_5_VLRotaryEmbedding, sections)


def interleaved_axes(sections):
    if len(sections) != 3:
        raise NotImplementedError("Qwen3-VL has three axes")
    return _axes(Qwen3VLTextRotaryEmbedding, sections)


def mrope_cosine_sine(positions, frequencies, axis_of_pair):
    config = SimpleNamespace(max_position_embeddings=1, rope_parameters={"rope_type": "default", "rope_theta": 2.0})
    config.head_dim = 2 * len(frequencies)
    rotary = modeling_qwen2_5_vl.Qwen2_5_VLRotaryEmbedding(config)
    rotary.inv_freq = frequencies
    rotary.mrope_section = functional.one_hot(axis_of_pair, 3).flatten().tolist()
    tables = rotary(frequencies, _flat(positions, 2).movedim(-1, 0))
    return tuple(table.reshape(*positions.shape[:-1], -1) for table in tables)


def _vision_ids(grid, merge_size):
    sizes = torch.tensor(grid[:3])
    return _QWEN.get_vision_position_ids(None, 0, sizes, 1, merge_size, grid.interval)


def temporal_position_ids(frames, seconds_per_frame, tokens_per_second):
    tokens = torch.full((1, max(frames, 0)), 2)
    sizes, seconds = torch.tensor([[frames, 1, 1]]), [seconds_per_frame]
    return _rope_index(tokens, sizes, 1, tokens_per_second, seconds)[0, 0]


def vision_position_ids(grid, merge_size):
    return _vision_ids(grid, merge_size).mT.clone()


def _rope_index(types, sizes, merge_size, tokens_per_second, seconds):
    vision = SimpleNamespace(spatial_merge_size=merge_size, tokens_per_second=tokens_per_second)
    config, of_vision = SimpleNamespace(vision_config=vision), partial(_QWEN.get_vision_position_ids, None)
    model = SimpleNamespace(config=config, get_vision_position_ids=of_vision)
    return _QWEN.get_rope_index(model, types, types, video_grid_thw=sizes, second_per_grid_ts=seconds)[0]


def mrope_position_ids_by_extent(segments, merge_size):
    if any(isinstance(segment, int) and segment < 1 for segment in segments):
        raise NotImplementedError("transformers sees tokens, of which an empty text has none")
    types, between = [], []
    for segment in segments:
        if isinstance(segment, int):
            types += [0] * segment
            between += [False] * segment
        else:
            types += [0] + [2] * (segment.frames * (segment.rows // merge_size) * (segment.columns // merge_size))
            between += [True] + [False] * (len(types) - len(between) - 1)
    grids = [segment for segment in segments if not isinstance(segment, int)]
    sizes = torch.tensor([grid[:3] for grid in grids], dtype=torch.int64)
    seconds = [grid.interval for grid in grids]
    ids = _rope_index(torch.tensor([types], dtype=torch.int64), sizes, merge_size, 1, seconds)[:, 0]
    extra = torch.tensor(between)
    return (ids - extra.cumsum(0)).mT[~extra]


def continued_position_ids(delta, cached, count):
    model = SimpleNamespace(rope_deltas=delta.reshape(-1, 1))
    cache = SimpleNamespace(get_seq_length=lambda: cached)
    embeddings = torch.empty(delta.numel(), count, 0)
    ids = _QWEN.compute_3d_position_ids(model, None, None, None, embeddings, None, cache)
    return ids.movedim(0, -1).reshape(*delta.shape, count, 3)


def _places(rows, columns, merge_size):
    return vision_utils.get_vision_position_ids(torch.tensor([[1, rows, columns]]), merge_size).unbind(-1)


def merge_order(rows, columns, merge_size):
    row, column = _places(rows, columns, merge_size)
    return row * columns + column


def merge_patches(tokens, rows, columns, merge_size, normalize, project):
    row, column = _places(rows, columns, merge_size)
    ordered = torch.unflatten(tokens, -2, (rows, columns))[..., row, column, :]
    hidden_size = tokens.shape[-1] * merge_size**2
    merger = SimpleNamespace(ln_q=normalize, mlp=project, hidden_size=hidden_size)
    merged = PatchMerger.forward(merger, ordered)
    return merged.reshape(*tokens.shape[:-2], -1, merged.shape[-1])


def vision_windows(grids, merge_size, window):
    sizes = torch.tensor([grid[:3] for grid in grids])
    order, boundaries = vision_utils.get_vision_window_index(sizes, merge_size, window * merge_size, 1)
    return VisionWindows(order, boundaries.long())


# Swin


def window_partition(x, size):
    windows = modeling_swin.window_partition(_flat(x, 3), size)
    return windows.reshape(*x.shape[:-3], -1, size * size, x.shape[-1]).clone()


def window_reverse(windows, height, width):
    size, channels = math.isqrt(windows.shape[-2]), windows.shape[-1]
    grid = modeling_swin.window_reverse(windows.reshape(-1, size, size, channels), size, height, width)
    return grid.reshape(*windows.shape[:-3], height, width, channels).clone()


def cyclic_shift(x, shift):
    layer = SimpleNamespace(shift_size=abs(shift))
    return modeling_swin.SwinLayer.cyclic_shift(layer, _flat(x, 3), shift < 0).reshape(x.shape).clone()


def shifted_window_mask(height, width, size, shift):
    layer = SimpleNamespace(shift_size=shift, window_size=size)
    added = modeling_swin.SwinLayer.get_attn_mask(layer, height, width, torch.float32, "cpu")
    if added is None:
        raise NotImplementedError("Swin has no mask without a shift")
    return added == 0


def window_and_shift(height, width, size, block):
    config = SwinConfig(window_size=size, embed_dim=1)
    stage = modeling_swin.SwinStage(config, 1, (height, width), block + 1, 1, [0.0] * (block + 1), None)
    layer = stage.blocks[block]
    layer.set_shift_and_window_size((height, width))
    return layer.window_size, layer.shift_size


def relative_position_index(size):
    return modeling_swin.SwinRelativePositionBias(1, (size, size)).relative_position_index.reshape(size**2, size**2)


def relative_position_bias(table, size):
    module = modeling_swin.SwinRelativePositionBias(table.shape[1], (size, size))
    if module.relative_position_bias_table.shape != table.shape:
        raise NotImplementedError("Swin makes a table of the size that it needs")
    return functional_call(module, {"relative_position_bias_table": table}, ())[0]


def shifted_window_attention(x, size, shift, attend):
    *batch, height, width, channels = x.shape
    kinds, branches = modeling_swin.SwinLayer, []

    def attention(windows, added):
        count = len(windows) // math.prod(batch)
        whole = torch.ones(count, size**2, size**2, dtype=torch.bool)
        mask = whole if added is None else added == 0
        return attend(windows.reshape(*batch, count, *windows.shape[1:]), mask).reshape(windows.shape), None

    layer = SimpleNamespace(window_size=size, shift_size=shift, attention=attention)
    layer.layernorm_before = layer.layernorm_after = layer.mlp = layer.dropout = lambda tokens: tokens
    layer.drop_path = lambda branch: branches.append(branch) or branch
    for method in (kinds.cyclic_shift, kinds.get_attn_mask, kinds.maybe_pad):
        setattr(layer, method.__name__, partial(method, layer))
    kinds.forward.__wrapped__(layer, x.reshape(-1, height * width, channels), (height, width), always_partition=True)
    return branches[0].reshape(x.shape)


def patch_merging(x, normalize, reduction):
    return _halved(x, normalize, partial(functional.linear, weight=reduction))


def stack_patches(x):
    return _halved(x, lambda stacked: stacked, lambda stacked: stacked)


def _halved(x, norm, reduction):
    *batch, height, width, channels = x.shape
    layer = SimpleNamespace(maybe_pad=partial(modeling_swin.SwinPatchMerging.maybe_pad, None))
    layer.norm, layer.reduction = norm, reduction
    tokens = x.reshape(-1, height * width, channels)
    merged = modeling_swin.SwinPatchMerging.forward(layer, tokens, (height, width))
    return merged.reshape(*batch, (height + 1) // 2, (width + 1) // 2, merged.shape[-1]).clone()


def drop_path(branch, rate, uniform):
    layer = modeling_swin.SwinDropPath(rate).train()
    with patch.object(torch, "rand", lambda shape, **_: uniform.reshape(shape)):
        return layer(branch).clone()


def drop_path_rates(depth, last_rate):
    one = {"embed_dim": 1, "window_size": 1, "depths": [depth], "num_heads": [1]}
    encoder = modeling_swin.SwinEncoder(SwinConfig(**one, drop_path_rate=last_rate), (1, 1))
    return [getattr(block.drop_path, "drop_prob", 0.0) for block in encoder.layers[0].blocks]


# Patches, tokens and layers


def patch_embedding_by_convolution(images, weight, bias, patch_size):
    _, channels, height, width = images.shape
    config = SimpleNamespace(image_size=(height, width), patch_size=patch_size, num_channels=channels)
    config.hidden_size = len(weight)
    kernel = weight.reshape(len(weight), channels, patch_size, patch_size)
    parameters = {"projection.weight": kernel, "projection.bias": bias}
    return functional_call(ViTPatchEmbeddings(config), parameters, (images,))


def prepend_class_token(patches, class_token, positions):
    if len(positions) != patches.shape[-2] + 1:
        raise NotImplementedError("ViT makes as many positions as it needs")
    layer = SimpleNamespace(patch_embeddings=lambda _: _flat(patches, 2), cls_token=class_token[None, None])
    layer.position_embeddings, layer.image_size, layer.dropout = positions[None], (1, 1), lambda tokens: tokens
    images = torch.empty(math.prod(patches.shape[:-2]), 1, 1, 1)
    return ViTEmbeddings.forward(layer, images).reshape(*patches.shape[:-2], *positions.shape)


def insert_registers(tokens, registers):
    rows = _flat(tokens, 2)
    layer = SimpleNamespace(patch_embeddings=lambda _: rows[:, 1:], cls_token=rows[:, :1])
    layer.register_tokens, layer.interpolate_pos_encoding = registers[None], lambda *_: 0
    layer.dropout = lambda more: more
    more = Dinov2WithRegistersEmbeddings.forward(layer, torch.empty(len(rows), 1, 1, 1))
    return more.reshape(*tokens.shape[:-2], *more.shape[1:])


def rms_norm(x, gain, epsilon):
    return functional_call(modeling_llama.LlamaRMSNorm(len(gain), epsilon), {"weight": gain}, (x,))


def relu(x):
    return ACT2FN["relu"](x)


def silu(x):
    return ACT2FN["silu"](x)


def gelu(x):
    return ACT2FN["gelu"](x)


def gelu_tanh(x):
    return ACT2FN["gelu_new"](x)


def swiglu_feed_forward(x, gate_weight, up_weight, down_weight):
    hidden, channels = gate_weight.shape
    config = SimpleNamespace(hidden_size=channels, intermediate_size=hidden, mlp_bias=False, hidden_act="silu")
    weights = {"gate_proj.weight": gate_weight, "up_proj.weight": up_weight, "down_proj.weight": down_weight}
    return functional_call(modeling_llama.LlamaMLP(config), weights, (x,))


# Convolutional networks


def _residual(x, branch, shortcut):
    return ResNetBasicLayer.forward(SimpleNamespace(layer=branch, shortcut=shortcut, activation=ACT2FN["relu"]), x)


def post_activation_block(x, branch):
    return _residual(x, branch, nn.Identity())


def projected_block(x, branch, weight, bias, stride):
    shortcut = ResNetShortCut(*weight.T.shape, stride)
    shortcut.normalization = nn.Identity()
    shortcut.convolution.weight, shortcut.convolution.bias = map(nn.Parameter, (weight[..., None, None], bias))
    return _residual(x, branch, shortcut)


def bottleneck_branch(x, reduce, kernel, expand, norms, stride=1):
    inner, group_width = kernel.shape[:2]
    layers = (
        ResNetConvLayer(x.shape[1], inner, kernel_size=1),
        ResNetConvLayer(inner, inner, stride=stride, groups=inner // group_width),
        ResNetConvLayer(inner, len(expand), kernel_size=1, activation=None),
    )
    kernels = reduce[..., None, None], kernel, expand[..., None, None]
    for layer, weight, norm in zip(layers, kernels, norms, strict=True):
        layer.convolution.weight = nn.Parameter(weight)
        given = SimpleNamespace(convolution=layer.convolution, normalization=norm, activation=layer.activation)
        x = ResNetConvLayer.forward(given, x)
    return x


def squeeze_excitation(x, weight_in, weight_out):
    weights = {"attention.0.weight": weight_in, "attention.2.weight": weight_out}
    parameters = {name: weight[..., None, None] for name, weight in weights.items()}
    parameters |= {name.replace("weight", "bias"): x.new_zeros(len(weight)) for name, weight in weights.items()}
    return functional_call(RegNetSELayer(*weight_in.T.shape), parameters, (x,))


def gelu_perceptron(x, weight_in, bias_in, weight_out, bias_out):
    hidden, inputs = weight_in.shape
    layer = CLIPMLP(SimpleNamespace(hidden_size=inputs, intermediate_size=hidden, hidden_act="gelu"))
    parameters = {"fc1.weight": weight_in, "fc1.bias": bias_in, "fc2.weight": weight_out, "fc2.bias": bias_out}
    return functional_call(layer, parameters, (x,))


def convnext_block(x, kernel, kernel_bias, parameters, epsilon):
    *_, rows, columns = kernel.shape
    if rows % 2 == 0 or columns % 2 == 0 or max(rows, columns) > 7:
        raise NotImplementedError("ConvNextLayer has kernels of 7 x 7, which hold smaller ones of odd sides")
    layer = ConvNextLayer(SimpleNamespace(hidden_act="gelu", layer_scale_init_value=1.0), len(kernel))
    layer.layernorm.eps = epsilon
    beside, above = (7 - columns) // 2, (7 - rows) // 2
    names = "layernorm.weight layernorm.bias pwconv1.weight pwconv1.bias pwconv2.weight pwconv2.bias"
    given = dict(zip([*names.split(), "layer_scale_parameter"], parameters, strict=True))
    given |= {"dwconv.weight": functional.pad(kernel, (beside, beside, above, above)), "dwconv.bias": kernel_bias}
    return functional_call(layer, given, (x,))
