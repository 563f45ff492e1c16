"""One small valid input of every function in `reference.language`, for the smoke check of adapters.

Axis sizes differ, and no parameter has the value at which formulas coincide.
"""

import torch

from reference.language.supervision import Turn
from reference.language.word2vec import TreePath

# n-grams of "ababb" and "abac"; the vocabulary has a word that occurs in neither.
_ngram_counts = {("a",): 4, ("b",): 4, ("c",): 1, ("a", "b"): 3, ("a", "c"): 1, ("b", "a"): 2, ("b", "b"): 1}
_ngram_counts |= {("a", "b", "a"): 2, ("a", "b", "b"): 1, ("b", "a", "b"): 1, ("b", "a", "c"): 1}
_ngram_words = ("a", "c", "b", "d")
_after_ab = {"word": "b", "context": ("a", "b"), "counts": _ngram_counts}


def _ngram_chance(word: str, context: tuple[str, ...]) -> float:
    """A chance that depends on the word and on all of its context."""
    return (len(word) + 3 * len("".join(context)) % 5) / 16


# A vocabulary of five words with three dimensions, a batch of two windows of four words.
_vectors = torch.tensor([[2, -1, 0], [0, 3, 1], [-2, 1, 1], [1, 1, -3], [3, 0, 2]], dtype=torch.float64) / 2
_windows = {
    "context": torch.tensor([[1, 4, 0, 2], [3, 0, 0, 0]]),
    "kept": torch.tensor([[True, True, False, True], [True, False, False, False]]),
}
_documents = [["a", "b", "a"], ["b", "c", "b", "d"], ["b", "a"], ["d"], []]
_idf = {"a": 1.5, "b": 0.25, "c": 2.0, "e": 3.0}
_channels = [{"x": 0.5, "y": 3.0, "z": 1.0}, {"y": 0.25, "w": 1.25}]
_search = {"queries": _vectors[:2] + 0.25, "vectors": _vectors, "k": 2}


def _embed(text: str) -> torch.Tensor:
    return torch.tensor([len(text), text.count("a"), -1], dtype=torch.float64)


# Logits and ids for decoding, and a model in which the table after a prefix depends on its length and its last token.
_LOGITS = torch.tensor([[0.5, -1.0, 1.25, 0.125, -0.375], [-0.25, 1.5, -0.75, 0.375, 0.875]], dtype=torch.float64)
_IDS = torch.tensor([[2, 0, 2], [4, 1, 4]])


def _log_probabilities(prefix: tuple[int, ...]) -> torch.Tensor:
    shares = torch.tensor([3.0, 1.0 + len(prefix), 2.0], dtype=torch.float64)
    return (shares.roll(prefix[-1] if prefix else 0) / shares.sum()).log()


_unigram_model = {"p": -1.5, "u": -2.0, "g": -1.75, "pu": -2.5, "ug": -3.0}
_unigram_corpus = {"pug": 3, "gu": 2}

EXAMPLES = {
    # text
    "bytes_from_text": {"text": "a \u7231"},
    "text_from_bytes": {"data": b"a \xe7\x88\xb1 \xe7\x88!"},
    "delete_characters": {"text": "it's 'a-b'", "characters": "'-s"},
    "gpt2_pre_tokens": {"text": "we'll see  42 \u7231!\n "},
    "digit_pre_tokens": {"text": "ab 123c"},
    "pre_token_counts": {"documents": ["a bc a", "bc a", ""], "pre_tokenize": str.split},
    "mark_spaces": {"text": "a  bc"},
    "unmark_spaces": {"marked": "\u2581a\u2581\u2581bc"},
    "split_special_tokens": {"text": "ab<s>c<s>>", "special_tokens": ["<s>", "<s>>"]},
    "bytes_per_token": {"text": "a \u7231b", "ids": [7, 5, 6]},
    "characters_per_token": {"text": "a \u7231b", "ids": [7, 5, 6]},
    "words_per_token": {"text": "a \u7231b", "ids": [7, 5, 6]},
    # bpe
    "bpe_pair_counts": {"word_counts": {(3, 3, 3, 5): 2, (5, 3, 6): 1}},
    "most_frequent_pair": {"pair_counts": {(5, 3): 3, (3, 5): 3, (3, 3): 1}},
    "merge_pair": {"ids": [3, 3, 3, 5, 3, 3], "pair": (3, 3), "new_id": 256},
    "update_pair_counts": {
        "pair_counts": {(3, 3): 3, (3, 5): 2, (5, 3): 3},
        "word_counts": {(3, 3, 5, 3): 2, (5, 3, 3): 1},
        "pair": (3, 3),
        "new_id": 9,
    },
    "train_bpe": {"word_counts": {"aaab": 2, "abaa": 3}, "vocab_size": 260, "num_special_tokens": 1},
    "train_bpe_heap": {"word_counts": {"aaab": 2, "abaa": 3}, "vocab_size": 260, "num_special_tokens": 1},
    "train_bpe_incremental": {"word_counts": {"aaab": 2, "abaa": 3}, "vocab_size": 260, "num_special_tokens": 1},
    "bpe_vocabulary": {"merges": [(98, 99), (97, 256), (97, 98)]},
    "encode_bpe": {"data": b"abcabaac", "merges": [(98, 99), (97, 256), (97, 98)]},
    "encode_bpe_heap": {"data": b"abcabaac", "merges": [(98, 99), (97, 256), (97, 98)]},
    "encode_bpe_by_scores": {"text": "abcab", "scores": {"bc": -1.0, "ab": -2.0, "abc": -3.0}},
    "decode_bpe": {"ids": [257, 97, 258, 255], "merges": [(98, 99), (97, 256), (97, 98)]},
    "bpe_byte_spans": {"ids": [257, 97, 258, 255], "merges": [(98, 99), (97, 256), (97, 98)]},
    "encode_bpe_text": {"text": "abc <s>ab", "merges": [(98, 99), (97, 256), (97, 98)], "special_ids": {"<s>": 300}},
    "decode_bpe_text": {
        "ids": [257, 300, 0xE7, 258],
        "merges": [(98, 99), (97, 256), (97, 98)],
        "special_ids": {"<s>": 300},
    },
    # wordpiece
    "wordpiece_characters": {"word": "pun"},
    "wordpiece_pair_scores": {"words": {("h", "##u", "##g"): 3, ("p", "##u"): 2}},
    "wordpiece_best_pair": {"words": {("h", "##u", "##g"): 3, ("p", "##u"): 2}},
    "wordpiece_merge": {"words": {("h", "##u", "##g"): 3, ("p", "##u"): 2}, "pair": ("##u", "##g")},
    "wordpiece_train": {"word_counts": {"hug": 3, "pu": 2}, "size": 6},
    "wordpiece_encode": {"word": "pug", "vocabulary": {"p", "pu", "##g"}, "unknown": "?", "max_length": 7},
    # unigram
    "unigram_segmentation_log_probability": {"pieces": ("pu", "g"), "model": _unigram_model},
    "unigram_forward": {"word": "pug", "model": _unigram_model},
    "unigram_backward": {"word": "pug", "model": _unigram_model},
    "unigram_log_likelihood": {"word": "pug", "model": _unigram_model},
    "unigram_viterbi": {"word": "pug", "model": _unigram_model},
    "unigram_viterbi_trie": {"word": "pug", "model": _unigram_model},
    "unigram_n_best": {"word": "pug", "model": _unigram_model, "n": 2},
    "unigram_sample": {"word": "pug", "model": _unigram_model, "theta": 0.5, "uniform": (0.25, 0.625, 0.375)},
    # unigram_training
    "unigram_word_counts": {"texts": ("gu pug", "pug")},
    "unigram_substring_counts": {"word_counts": _unigram_corpus, "max_length": 2},
    "unigram_seed_model": {"word_counts": _unigram_corpus, "size": 1, "max_length": 3},
    "unigram_loss": {"word_counts": _unigram_corpus, "model": _unigram_model},
    "unigram_viterbi_loss": {"word_counts": _unigram_corpus, "model": _unigram_model},
    "unigram_expected_counts": {"word_counts": _unigram_corpus, "model": _unigram_model},
    "unigram_viterbi_counts": {"word_counts": _unigram_corpus, "model": _unigram_model},
    "unigram_m_step": {"counts": {"p": 1.5, "ug": 4.0, "u": 2.0}},
    "unigram_digamma_m_step": {"counts": {"p": 1.5, "ug": 4.0, "u": 0.25}, "least": 0.75},
    "unigram_em_step": {"word_counts": _unigram_corpus, "model": _unigram_model},
    "unigram_hard_em_step": {"word_counts": _unigram_corpus, "model": _unigram_model},
    "unigram_loss_increases": {"word_counts": _unigram_corpus, "model": _unigram_model},
    "unigram_pruned_model": {"model": _unigram_model, "increases": {"pu": 0.75, "ug": 2.0}, "size": 4},
    "unigram_required_characters": {"word_counts": _unigram_corpus, "coverage": 0.75},
    "unigram_final_model": {"model": _unigram_model, "characters": ("u", "x"), "size": 4},
    # ngram
    "pad_sentence": {"words": ("no", "yes"), "num_starts": 3},
    "frequent_words": {"sentences": (("no", "yes", "no"), ("yes", "oh")), "min_count": 2},
    "map_unknown_words": {"words": ("no", "oh", "yes"), "vocabulary": ("yes", "no", "<UNK>", "</s>")},
    "ngram_counts": {"sentences": (("<s>", "no", "yes", "</s>"), ("<s>", "no", "</s>")), "order": 3},
    "counts_after": {"context": ("a", "b"), "counts": _ngram_counts},
    "continuation_counts": {"counts": _ngram_counts},
    "words_in_context": {"words": ("no", "yes", "oh", "no"), "order": 3},
    "sentence_log_probability": {"words": ("no", "yes", "oh", "no"), "order": 3, "probability": _ngram_chance},
    "ngram_perplexity": {"sentences": (("no", "yes", "oh"), ("no",)), "order": 3, "probability": _ngram_chance},
    "generate_words": {
        "uniforms": (0.25, 0.0, 0.875, 0.75),
        "order": 3,
        "probability": _ngram_chance,
        "vocabulary": ("yes", "</s>", "no"),
    },
    # smoothing
    "maximum_likelihood_probability": _after_ab,
    "lidstone_probability": {**_after_ab, "vocabulary": _ngram_words, "k": 0.25},
    "laplace_probability": {**_after_ab, "vocabulary": _ngram_words},
    "absolute_discount": {"counts": _ngram_counts, "order": 2},
    "absolute_discount_probability": {**_after_ab, "vocabulary": _ngram_words, "discounts": (0.25, 0.5, 0.625)},
    "kneser_ney_probability": {**_after_ab, "vocabulary": _ngram_words, "discounts": (0.25, 0.5, 0.625)},
    "modified_kneser_ney_discounts": {
        "counts": {(str(i),): count for i, count in enumerate((1, 1, 2, 2, 3))},
        "order": 1,
    },
    "modified_kneser_ney_probability": {
        **_after_ab,
        "vocabulary": _ngram_words,
        "discounts": ((0.25, 0.5, 0.75), (0.5, 1.0, 1.25), (0.625, 1.125, 1.5)),
    },
    "witten_bell_probability": _after_ab,
    "context_totals": {"counts": _after_ab["counts"]},
    "witten_bell_probability_by_totals": {**_after_ab, "totals": {(): (9, 4), ("b",): (4, 3), ("a", "b"): (3, 2)}},
    "good_turing_ratios": {
        "counts": {(str(i),): count for i, count in enumerate((1, 1, 1, 1, 1, 2, 2, 3))},
        "order": 1,
        "cutoff": 2,
    },
    "katz_probability": {**_after_ab, "vocabulary": _ngram_words, "ratios": ((0.75, 0.875), (0.5,), (0.625, 0.75))},
    "stupid_backoff_score": {**_after_ab, "word": "c", "factor": 0.375},
    "interpolation_components": {**_after_ab, "order": 3},
    "interpolated_probability": {**_after_ab, "weights": (0.25, 0.125, 0.625)},
    "interpolation_em_step": {
        "weights": torch.tensor([0.25, 0.75], dtype=torch.float64),
        "components": torch.tensor([[0.5, 0.25], [0.125, 0.5], [0.25, 0.375]], dtype=torch.float64),
    },
    "interpolation_weights": {
        "held_out": (("a", ()), ("b", ("a",)), ("a", ("a", "b"))),
        "counts": _ngram_counts,
        "order": 3,
        "num_steps": 2,
    },
    # sampling
    "temperature_logits": {"logits": _LOGITS, "temperature": 0.75},
    "soft_cap_logits": {"logits": _LOGITS, "cap": 1.5},
    "penalize_repetition": {"logits": _LOGITS, "ids": _IDS, "penalty": 1.25},
    "penalize_frequency": {"logits": _LOGITS, "ids": _IDS, "frequency": 0.25, "presence": 0.625},
    "top_k_filter": {"logits": _LOGITS, "k": 3},
    "top_p_filter": {"logits": _LOGITS, "p": 0.8125},
    "min_p_filter": {"logits": _LOGITS, "ratio": 0.1875},
    "typical_filter": {"logits": _LOGITS, "mass": 0.8125},
    "sampling_probabilities": {"logits": _LOGITS, "temperature": 0.75, "k": 4, "p": 0.8125},
    "inverse_cdf_sample": {"weights": _LOGITS.exp(), "uniform": torch.tensor([0.375, 0.8125], dtype=torch.float64)},
    # speculative
    "rejection_bound": {"p": _LOGITS.softmax(-1), "q": _LOGITS.flip(0).softmax(-1)},
    "rejection_mask": {
        "p_x": torch.tensor([0.125, 0.5, 0.25], dtype=torch.float64),
        "q_x": torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64),
        "bound": torch.tensor([2.0, 2.5, 1.5], dtype=torch.float64),
        "uniform": torch.tensor([0.375, 0.625, 0.8125], dtype=torch.float64),
    },
    "residual_distribution": {"p": _LOGITS.softmax(-1), "q": _LOGITS.flip(0).softmax(-1)},
    "log_residual": {"log_p": _LOGITS - 2, "log_q": 2 * _LOGITS - 7},
    "speculative_step": {
        "draft": torch.tensor([[1, 3], [0, 4]]),
        "q": torch.stack([_LOGITS, _LOGITS.flip(1)], 1).softmax(-1),
        "p": torch.stack([_LOGITS.flip(1), _LOGITS, _LOGITS.flip(0)], 1).softmax(-1),
        "uniform": torch.tensor([[0.375, 0.625, 0.8125], [0.0625, 0.5, 0.25]], dtype=torch.float64),
    },
    # search
    "length_normalized_score": {"log_probability": _LOGITS - 2, "length": 3, "alpha": 0.75},
    "greedy_search": {"log_probabilities": _log_probabilities, "eos": 1, "max_length": 4},
    "beam_search": {
        "log_probabilities": _log_probabilities,
        "eos": 1,
        "max_length": 4,
        "beam_width": 2,
        "alpha": 0.75,
    },
    # word2vec
    "skip_gram_pairs": {"sentence": ["a", "b", "c", "a", "d"], "window": 2},
    "cbow_contexts": {"sentence": ["a", "b", "c", "a", "d"], "window": 2},
    "context_mean": {"context_vectors": _vectors[_windows["context"]], "kept": _windows["kept"]},
    "cbow_loss": {
        "context_vectors": _vectors[_windows["context"]],
        "kept": _windows["kept"],
        "output_vectors": _vectors.flip(0) + 0.25,
        "target": torch.tensor([3, 1]),
    },
    "skip_gram_loss": {"centre_vector": _vectors[:2], "output_vectors": _vectors.flip(0) + 0.25, **_windows},
    "negative_sampling_loss": {
        "centre_vector": _vectors[:2],
        "context_vector": _vectors[1:3] + 0.25,
        "negative_vectors": _vectors[_windows["context"]] - 0.5,
    },
    "negative_sampling_optimum": {
        "joint": torch.tensor([[3, 1, 4], [2, 5, 1]], dtype=torch.float64) / 16,
        "noise": torch.tensor([0.5, 0.125, 0.375], dtype=torch.float64),
        "num_negatives": 4,
    },
    "noise_distribution": {"counts": torch.tensor([5.0, 0, 1, 12], dtype=torch.float64), "power": 0.625},
    "subsampling_drop_probability": {
        "frequency": torch.tensor([0.5, 0.125, 0.015625], dtype=torch.float64),
        "threshold": 0.0625,
    },
    "subsampling_keep_probability": {
        "frequency": torch.tensor([0.5, 0.25, 0.015625], dtype=torch.float64),
        "threshold": 0.0625,
    },
    "huffman_paths": {"counts": [3, 1, 9, 2, 2]},
    "hierarchical_softmax_log_probability": {
        "centre_vector": _vectors[:2],
        "node_vectors": _vectors[1:],
        "path": TreePath((3, 0, 2), (1, 0, 1)),
    },
    # retrieval
    "last_token_pool": {"hidden": torch.stack([_vectors, _vectors.flip(0)])[:, :4] + 0.25, "kept": _windows["kept"]},
    "two_tower_scores": {
        "encode_query": _embed,
        "encode_document": lambda text: _embed(text) + 0.5,
        "queries": ["aa", "b"],
        "documents": ["a b", "cab", "d"],
    },
    "cross_encoder_scores": {
        "score": lambda query, document: _embed(query) @ _embed(document),
        "queries": ["aa", "b"],
        "documents": ["a b", "cab", "d"],
    },
    "yes_no_score": {"logits": _vectors.T[:2] - 0.25, "yes": 3, "no": 1},
    "inverse_document_frequency": {"documents": _documents},
    "smoothed_inverse_document_frequency": {"documents": _documents},
    "tf_idf": {"document": ["a", "b", "f", "a"], "idf": _idf},
    "tf_idf_similarity": {"query": ["a", "b", "f"], "document": ["a", "b", "c", "a"], "idf": _idf},
    "inverted_index": {"documents": _documents},
    "documents_with_all": {"index": {"a": (0, 2), "b": (0, 1, 2), "c": (1,)}, "terms": ["b", "a"]},
    "documents_with_any": {"index": {"a": (0, 2), "b": (0, 1, 2), "c": (1,)}, "terms": ["a", "c", "d"]},
    "squared_distance_from_cosine": {"cosine": _vectors[:2] / 4},
    "cosine_from_squared_distance": {"squared_distance": _vectors[:2] + 0.75},
    "nearest_neighbors": _search,
    "nearest_neighbors_in_class": {**_search, "labels": torch.tensor([1, 0, 1, 1, 0]), "label": 1},
    "scale_scores": {"scores": _channels[0]},
    "fuse_scores": {"channels": _channels},
    "best_candidate": {"scores": _channels[0]},
    "majority": {"answers": ["b", "a", "a", "c"]},
    "merge_answers": {"answers": [{"verdict": "guilty", "months": 39}, {"verdict": "no"}, {"months": 0}]},
    # supervision
    "next_token_labels": {"labels": torch.tensor([[4, 0, 3], [-100, 1, 5]])},
    "packed_next_token_labels": {
        "labels": torch.tensor([[4, 0, 3, 1, 1], [0, -100, 2, 5, 6]]),
        "documents": torch.tensor([[0, 0, 1, 1, -1], [-1, 0, 0, 0, 1]]),
    },
    "masked_token_loss": {"logits": _LOGITS, "labels": torch.tensor([3, -100])},
    "prompt_completion_labels": {"prompt": [1, 5, 6], "completion": [7, 8], "eos": 2},
    "multi_turn_labels": {"turns": [Turn((3,), (5, 6), False), Turn((4, 3), (7,), True)], "eos": 2},
    "multi_document_labels": {"documents": [[5, 6, 7], [8]], "summary": [9, 5], "bos": 1, "eos": 2},
    "seq2seq_example": {"source": [5, 6, 7], "target": [8, 9], "eos": 1, "pad": 0},
    "decoder_inputs": {"labels": torch.tensor([[4, -100, 3], [2, 1, 5]]), "pad": 7},
    "ranking_loss": {"rewards": _vectors[:2] + 0.25},
    "masked_embedding": {"table": _vectors + 0.25, "ids": torch.tensor([[3, 0], [1, 3]]), "pad": 3},
    # batching
    "pad_right": {"sequences": [[4, 0, 3], [5]], "pad": 7},
    "pad_left": {"sequences": [[4, 0, 3], [5]], "pad": 7},
    "position_ids": {"kept": _windows["kept"]},
    "padding_mask": {"kept": _windows["kept"]},
    "packed_causal_mask": {"documents": torch.tensor([[0, 0, 1, 1, -1], [-1, 0, 0, 0, 1]])},
    "packed_position_ids": {"documents": torch.tensor([[0, 0, 1, 1, -1], [-1, 0, 0, 0, 1]])},
    "masked_scores": {"scores": _LOGITS, "kept": _LOGITS > 0},
    "masked_weights": {"weights": _LOGITS.softmax(-1), "kept": _LOGITS > 0},
    "sorted_batches": {"lengths": [5, 2, 9, 2, 3], "batch_size": 2},
    "tokens_processed": {"lengths": [5, 2, 9, 2, 3], "batch_size": 2},
    "first_fit_packs": {"lengths": [3, 3, 2, 1], "capacity": 5},
    "pack_documents": {"packs": [[[4, 0], [3]], [[5]]], "length": 4, "pad": 7},
    "evaluation_windows": {"ids": [5, 6, 7, 4], "bos": 1, "length": 4},
}
