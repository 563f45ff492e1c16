"""Finding texts for a query: embeddings and their neighbours, terms and their lists, and what is made of the finds."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from reference.probability.norms import l2_normalize


class Neighbors(NamedTuple):
    """The vectors nearest to each query, nearest first: their squared distances and their ids."""

    squared_distances: Float[Tensor, "queries found"]
    ids: Int64[Tensor, "queries found"]


def last_token_pool(
    hidden: Float[Tensor, "batch length dim"], kept: Bool[Tensor, "batch length"]
) -> Float[Tensor, "batch dim"]:
    """Embedding of each text: the hidden state of its last token, scaled to Euclidean length 1.

        e = h_last / |h_last|_2,   last = the greatest position that is kept

    With causal attention only the last token has seen the whole text.

    Domain: rows padded on the left, on the right or on both sides, each as it likes; the mask is True for tokens. What
    stands in the padding, NaN too, has no influence. A row without tokens becomes 0.
    Source: Zhang et al. 2025, arXiv:2506.05176, section 2, and code (`last_token_pool`).
    Differs: the code takes every row from its end if all are padded on the left, and else reads position n - 1 of n
    tokens, which is wrong for rows with padding on the left among others.
    Notes: R003-237.
    """
    tokens_to_come = kept.flip(1).cumsum(1).flip(1)
    is_last = kept & (tokens_to_come == 1)
    return l2_normalize(torch.where(is_last[..., None], hidden, 0).sum(-2))


def two_tower_scores(
    encode_query: Callable[[str], Tensor],
    encode_document: Callable[[str], Tensor],
    queries: Sequence[str],
    documents: Sequence[str],
) -> Float[Tensor, "queries documents"]:
    """Similarity of every query and every document, each of which is encoded once and alone.

        score[q, d] = cos(e(q), e(d))

    Q queries and N documents take Q + N encodings, of which the N can be kept for other queries.

    Domain: encoders that return a vector; at least one query and one document, else ValueError. 0 for a zero vector.
    Source: Reimers & Gurevych 2019, arXiv:1908.10084, sections 1 and 3.
    Notes: R003-238.
    """
    if not queries or not documents:
        raise ValueError(f"there must be queries and documents; got {len(queries)} and {len(documents)}")
    towers = (torch.stack([*map(encode_query, queries)]), torch.stack([*map(encode_document, documents)]))
    return l2_normalize(towers[0]) @ l2_normalize(towers[1]).mT


def cross_encoder_scores(
    score: Callable[[str, str], Tensor], queries: Sequence[str], documents: Sequence[str]
) -> Float[Tensor, "queries documents"]:
    """Score of every query with every document, which the model reads together.

        score[q, d] = f(q, d)

    Q queries and N documents take Q N passes, none of which serves another pair.

    Domain: a model that returns a number; at least one query and one document, else ValueError.
    Source: Reimers & Gurevych 2019, arXiv:1908.10084, section 1.
    Notes: R003-238.
    """
    if not queries or not documents:
        raise ValueError(f"there must be queries and documents; got {len(queries)} and {len(documents)}")
    return torch.stack([torch.stack([score(query, document) for document in documents]) for query in queries])


def yes_no_score(logits: Float[Tensor, "*batch vocabulary"], yes: int, no: int) -> Float[Tensor, "*batch"]:
    """Relevance by a language model that is asked whether a document answers a query.

        score = P(yes) / (P(yes) + P(no)) = 1 / (1 + exp(l_no - l_yes))

    The logits are those after the last token of the prompt; other words have no influence.

    Domain: finite logits of two different tokens with ids in 0..V-1, else ValueError.
    Source: Zhang et al. 2025, arXiv:2506.05176, section 2, and the model card of Qwen3-Reranker.
    Notes: R003-239.
    """
    if yes == no or not all(0 <= token < logits.shape[-1] for token in (yes, no)):
        raise ValueError(f"yes and no must be two of {logits.shape[-1]} tokens; got {yes} and {no}")
    return (logits[..., yes] - logits[..., no]).sigmoid()


def inverse_document_frequency(documents: Sequence[Sequence[str]]) -> dict[str, float]:
    """Information in nats that a text has a term, for every term of a collection.

        idf(w) = log(N / df(w)),   df(w) = number of documents with w

    0 for a term that all documents have.

    >>> inverse_document_frequency([["a", "a"], ["a", "b"]])
    {'a': 0.0, 'b': 0.6931471805599453}

    Domain: documents are lists of terms; at least one document, else ValueError.
    Source: Sparck Jones 1972; Manning et al. 2008, Introduction to Information Retrieval, section 6.2.1.
    Differs: scikit-learn adds 1 to the logarithm, with smoothing or without.
    Notes: R003-259.
    """
    return {term: math.log(len(documents) / count) for term, count in _document_frequencies(documents).items()}


def smoothed_inverse_document_frequency(documents: Sequence[Sequence[str]]) -> dict[str, float]:
    """Weight of every term of a collection as if one more document had them all, and 1 more.

        idf(w) = log((1 + N) / (1 + df(w))) + 1

    1 for a term that all documents have, which thus still counts.

    Domain: documents are lists of terms; at least one document, else ValueError.
    Source: scikit-learn, `TfidfTransformer` with smooth_idf=True, the default.
    Differs: smooth_idf=False is log(N / df(w)) + 1.
    Notes: R003-259.
    """
    frequencies = _document_frequencies(documents)
    return {term: math.log((1 + len(documents)) / (1 + count)) + 1 for term, count in frequencies.items()}


def _document_frequencies(documents: Sequence[Sequence[str]]) -> Counter[str]:
    """In how many documents each term is."""
    if not documents:
        raise ValueError(f"a collection needs documents; got {documents}")
    return Counter(term for document in documents for term in set(document))


def tf_idf(document: Sequence[str], idf: Mapping[str, float]) -> dict[str, float]:
    """Weight of each term in a document.

        w(term) = tf(term) idf(term),   tf = number of times that the document has the term

    Domain: every list of terms. Terms without an idf, which the collection lacks, are left out.
    Source: Manning et al. 2008, Introduction to Information Retrieval, section 6.2.2.
    Differs: tf is also divided by the length of the document, or taken as 1 + log tf.
    Notes: R003-259.
    """
    return {term: count * idf[term] for term, count in Counter(document).items() if term in idf}


def tf_idf_similarity(query: Sequence[str], document: Sequence[str], idf: Mapping[str, float]) -> float:
    """Cosine of the weights of two texts' terms, whatever the order of the terms and the lengths of the texts.

        cos = sum_w q(w) d(w) / (|q|_2 |d|_2)

    Domain: idf >= 0, for which the result is in [0, 1]. 0 if one of the texts has no term of weight above 0.
    Source: Manning et al. 2008, Introduction to Information Retrieval, section 6.3.1.
    Notes: R003-259.
    """
    q, d = tf_idf(query, idf), tf_idf(document, idf)
    lengths = math.hypot(*q.values()) * math.hypot(*d.values())
    if lengths == 0:
        return 0.0
    return min(sum(weight * d.get(term, 0) for term, weight in q.items()) / lengths, 1.0)


def inverted_index(documents: Sequence[Sequence[str]]) -> dict[str, tuple[int, ...]]:
    """Documents of each term, by their places in the collection: each once, in ascending order.

        index(w) = (i : w in document_i)

    Its lengths are the document frequencies.

    >>> inverted_index([["a", "b", "a"], [], ["b"]])
    {'a': (0,), 'b': (0, 2)}

    Domain: documents are lists of terms, empty ones included.
    Source: Manning et al. 2008, Introduction to Information Retrieval, section 1.2.
    Notes: R003-260.
    """
    index: dict[str, tuple[int, ...]] = {}
    for place, document in enumerate(documents):
        for term in dict.fromkeys(document):
            index[term] = (*index.get(term, ()), place)
    return index


def documents_with_all(index: Mapping[str, Sequence[int]], terms: Sequence[str]) -> tuple[int, ...]:
    """Documents that have all terms of a query, in ascending order.

        out = index(w_1) & ... & index(w_n)

    Domain: at least one term, else ValueError: an index does not know documents without terms. A term that it lacks has
    no documents.
    Source: Manning et al. 2008, Introduction to Information Retrieval, section 1.3.
    Notes: R003-260.
    """
    if not terms:
        raise ValueError(f"a query needs terms; got {terms}")
    return tuple(sorted(set.intersection(*(set(index.get(term, ())) for term in terms))))


def documents_with_any(index: Mapping[str, Sequence[int]], terms: Sequence[str]) -> tuple[int, ...]:
    """Documents that have a term of a query, in ascending order.

        out = index(w_1) | ... | index(w_n)

    Domain: every list of terms. A term that the index lacks has no documents, and neither has a query without terms.
    Source: Manning et al. 2008, Introduction to Information Retrieval, section 1.3.
    Notes: R003-260.
    """
    return tuple(sorted({place for term in terms for place in index.get(term, ())}))


def squared_distance_from_cosine(cosine: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Squared distance of two vectors of length 1.

        |a - b|^2 = 2 - 2 cos(a, b)

    Domain: cosines in [-1, 1]. The results are in [0, 4], and the closer the vectors the smaller.
    Source: textbook.
    Notes: R003-261.
    """
    return 2 - 2 * cosine


def cosine_from_squared_distance(squared_distance: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Cosine of two vectors of length 1 from their squared distance, which is what FAISS's flat L2 index returns.

        cos(a, b) = 1 - |a - b|^2 / 2

    Domain: squared distances in [0, 4], of vectors of length 1: of others it is no cosine.
    Source: FAISS, `IndexFlatL2`.
    Notes: R003-261.
    """
    return 1 - squared_distance / 2


def nearest_neighbors(
    queries: Float[Tensor, "queries dim"], vectors: Float[Tensor, "vectors dim"], k: int
) -> Neighbors:
    """The k vectors nearest to each query, by comparison with all of them.

        D[q, i] = sum_j (q_j - v_ij)^2,   the k smallest in ascending order

    Domain: k >= 1, else ValueError. Of fewer than k vectors all are returned. At ties the lower id is first.
    Source: FAISS, `IndexFlatL2`.
    Differs: FAISS fills up to k with the id -1.
    Notes: R003-246, R003-261.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1; got {k}")
    squared = (queries[:, None] - vectors).square().sum(-1)
    ids = squared.argsort(dim=1, stable=True)[:, :k]
    return Neighbors(squared.gather(1, ids), ids)


def nearest_neighbors_in_class(
    queries: Float[Tensor, "queries dim"],
    vectors: Float[Tensor, "vectors dim"],
    labels: Int64[Tensor, "vectors"],
    label: int,
    k: int,
) -> Neighbors:
    """The k vectors nearest to each query among those of one class.

        out = nearest neighbours among {v_i : label_i = label}

    Filtering the k nearest of all classes instead leaves fewer.

    Domain: k >= 1, else ValueError. Of a class of fewer than k vectors all are returned, of an absent class none. Ids
    count the vectors of all classes; at ties the lower id is first.
    Source: textbook.
    Notes: R003-246.
    """
    members = (labels == label).nonzero().flatten()
    near = nearest_neighbors(queries, vectors[members], k)
    return Neighbors(near.squared_distances, members[near.ids])


def scale_scores(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores of one channel mapped onto [0, 1], in order, which frees them of the channel's unit and origin.

        y = (x - min) / (max - min)

    Domain: finite scores that are not all equal, hence at least two; else ValueError. The worst candidate has 0, as if
    the channel had not found it.
    Source: Lee 1997, "Analyses of multiple evidence combination".
    Notes: R003-262.
    """
    if not all(map(math.isfinite, scores.values())) or len(set(scores.values())) < 2:
        raise ValueError(f"scores must be finite and differ; got {scores}")
    low, high = min(scores.values()), max(scores.values())
    return {candidate: (score - low) / (high - low) for candidate, score in scores.items()}


def fuse_scores(channels: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Score of every candidate that a channel has found: the sum over channels, a channel without it giving 0.

        score(x) = sum_channels s_c(x)

    The sum is rounded once, so that the order of channels cannot matter.

    Domain: every list of channels; without channels there are no candidates. Channels in different units, such as
    cosines and counts, are to be scaled first (`scale_scores`).
    Source: Fox & Shaw 1994, "Combination of multiple searches" (CombSUM).
    Notes: R003-262.
    """
    candidates = dict.fromkeys(candidate for channel in channels for candidate in channel)
    return {x: math.fsum(channel.get(x, 0) for channel in channels) for x in candidates}


def best_candidate(scores: Mapping[str, float]) -> str:
    """The candidate of the highest score.

        argmax_x s(x)

    Any strictly increasing function of the scores has the same argmax, and their order is irrelevant.

    Domain: at least one candidate, and no score that is NaN; else ValueError. At ties the first in the order of their
    names.
    Source: textbook.
    Notes: R003-263.
    """
    if not scores or any(math.isnan(score) for score in scores.values()):
        raise ValueError(f"candidates need scores, and there must be one; got {scores}")
    return min(scores, key=lambda candidate: (-scores[candidate], candidate))


def majority(answers: Sequence[str]) -> str:
    """The answer that was given most often.

        argmax_a #{i : answer_i = a}

    Domain: at least one answer, else ValueError. At ties the first in the order of their letters.
    Source: textbook.
    Notes: R003-247.
    """
    if not answers:
        raise ValueError(f"a majority needs answers; got {answers}")
    counts = Counter(answers)
    return min(counts, key=lambda answer: (-counts[answer], answer))


def merge_answers(answers: Sequence[Mapping[str, str | int | float]]) -> dict[str, str | int | float]:
    """One structured answer from several: the median of each field of numbers, the majority of each field of words.

        out[field] = median or majority of answer_i[field] over the answers that have the field

    The order of answers is irrelevant, and equal answers merge to themselves.

    >>> merge_answers([{"verdict": "guilty", "months": 39}, {"verdict": "guilty", "months": 0}, {"months": 0}])
    {'verdict': 'guilty', 'months': 0}

    Domain: at least one answer, and fields that hold only words or only numbers, none of them NaN; else ValueError. The
    median of an even number of values is the mean of the two in the middle.
    Source: textbook.
    Notes: R003-247.
    """
    if not answers:
        raise ValueError(f"there is nothing to merge; got {answers}")
    merged: dict[str, str | int | float] = {}
    for field in dict.fromkeys(field for answer in answers for field in answer):
        values = [answer[field] for answer in answers if field in answer]
        words = [value for value in values if isinstance(value, str)]
        numbers = [value for value in values if not isinstance(value, str) and not math.isnan(value)]
        if len(values) not in (len(words), len(numbers)):
            raise ValueError(f"{field} must hold only words or only numbers; got {values}")
        merged[field] = majority(words) if words else statistics.median(numbers)
    return merged
