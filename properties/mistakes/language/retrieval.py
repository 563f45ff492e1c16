"""Wrong variants of `reference.language.retrieval`."""

import math
import statistics
from collections import Counter

import torch

from properties.mistakes import mistake, variant
from reference.language.retrieval import (
    Neighbors,
    best_candidate,
    cosine_from_squared_distance,
    cross_encoder_scores,
    documents_with_all,
    documents_with_any,
    fuse_scores,
    inverse_document_frequency,
    inverted_index,
    last_token_pool,
    majority,
    merge_answers,
    nearest_neighbors,
    nearest_neighbors_in_class,
    scale_scores,
    smoothed_inverse_document_frequency,
    squared_distance_from_cosine,
    tf_idf,
    tf_idf_similarity,
    two_tower_scores,
    yes_no_score,
)
from reference.probability.norms import l2_normalize


@mistake(of=last_token_pool, seen="catalogue R003-237")
def last_token_pool_of_right_padding(hidden, kept):
    """position n - 1 of n tokens is read, also in rows that are padded on the left"""
    return l2_normalize(hidden[torch.arange(len(hidden)), (kept.long().sum(1) - 1).clamp(min=0)])


@mistake(of=last_token_pool, seen="catalogue R003-237")
def last_token_pool_of_left_padding(hidden, kept):
    """the last position is read, also in rows that are padded on the right"""
    return l2_normalize(hidden[:, -1])


@mistake(of=last_token_pool, seen="Qwen3-Embedding, last_token_pool")
def last_token_pool_of_batches_with_one_side(hidden, kept):
    """the side of the padding is decided for the whole batch, which is wrong for rows that differ in it"""
    return (
        last_token_pool_of_left_padding(hidden, kept)
        if kept[:, -1].all()
        else last_token_pool_of_right_padding(hidden, kept)
    )


@mistake(of=last_token_pool, seen="catalogue R003-237")
def last_token_pool_without_scaling(hidden, kept):
    """the state keeps its length"""
    last = (torch.arange(kept.shape[1]) * kept).argmax(1)
    return torch.where(kept.any(1, keepdim=True), hidden[torch.arange(len(hidden)), last], 0)


@mistake(of=last_token_pool, seen="catalogue R003-237")
def last_token_pool_that_averages(hidden, kept):
    """all kept states are averaged"""
    return l2_normalize(torch.where(kept[..., None], hidden, 0).sum(1))


@mistake(of=last_token_pool, seen="catalogue R003-237")
def last_token_pool_of_the_first_token(hidden, kept):
    """the first token is read, which has seen no other under causal attention"""
    return last_token_pool(hidden.flip(1), kept.flip(1))


@mistake(of=last_token_pool, seen="catalogue R003-237")
def last_token_pool_with_least_length(hidden, kept):
    """lengths below 1e-6 are taken for it, so that short states keep being short"""
    ends = kept & (kept.flip(1).cumsum(1).flip(1) == 1)
    last = torch.where(ends[..., None], hidden, 0).sum(-2)
    return torch.nn.functional.normalize(last, dim=-1, eps=1e-6)


@variant(of=last_token_pool, seen="catalogue R003-237")
def last_token_pool_by_greatest_position(hidden, kept):
    """the greatest kept position can be gathered"""
    last = (torch.arange(kept.shape[1]) * kept).amax(1)
    chosen = hidden[torch.arange(len(hidden)), last]
    return l2_normalize(torch.where(kept.any(1, keepdim=True), chosen, 0))


@mistake(of=two_tower_scores, seen="catalogue R003-238")
def two_tower_scores_without_scaling(encode_query, encode_document, queries, documents):
    """the inner product stands for the cosine, so that long vectors win"""
    two_tower_scores(lambda text: torch.ones(2), lambda text: torch.ones(2), queries, documents)
    return torch.stack([*map(encode_query, queries)]) @ torch.stack([*map(encode_document, documents)]).mT


@mistake(of=two_tower_scores, seen="catalogue R003-238")
def two_tower_scores_encoding_every_pair(encode_query, encode_document, queries, documents):
    """both texts are encoded anew for every pair, as a cross-encoder must"""
    rows = [
        torch.cat([two_tower_scores(encode_query, encode_document, [q], [d]) for d in documents], 1) for q in queries
    ]
    return torch.cat(rows) if documents else two_tower_scores(encode_query, encode_document, queries, documents)


@mistake(of=two_tower_scores, seen="catalogue R003-238")
def two_tower_scores_with_one_tower(encode_query, encode_document, queries, documents):
    """documents are encoded as queries are"""
    return two_tower_scores(encode_query, encode_query, queries, documents)


@mistake(of=two_tower_scores, seen="catalogue R003-238")
def two_tower_scores_of_nothing(encode_query, encode_document, queries, documents):
    """without queries or documents the scores are empty instead of an error"""
    if not queries or not documents:
        return torch.zeros(len(queries), len(documents), dtype=torch.float64)
    return two_tower_scores(encode_query, encode_document, queries, documents)


@mistake(of=two_tower_scores, seen="catalogue R003-238")
def two_tower_scores_with_nan_for_zero(encode_query, encode_document, queries, documents):
    """a vector of zeros is divided by its length"""
    scores = two_tower_scores(encode_query, encode_document, queries, documents)
    lengths = torch.stack([*map(encode_document, documents)]).norm(dim=-1)
    return torch.where(lengths > 0, scores, math.nan)


@mistake(of=two_tower_scores, seen="catalogue R003-238")
def two_tower_scores_of_different_texts(encode_query, encode_document, queries, documents):
    """equal texts share a row or a column"""
    return two_tower_scores(encode_query, encode_document, [*dict.fromkeys(queries)], [*dict.fromkeys(documents)])


@mistake(of=cross_encoder_scores, seen="catalogue R003-238")
def cross_encoder_scores_of_the_document_first(score, queries, documents):
    """query and document are exchanged"""
    return cross_encoder_scores(lambda query, document: score(document, query), queries, documents)


@mistake(of=cross_encoder_scores, seen="catalogue R003-238")
def cross_encoder_scores_of_the_first_query(score, queries, documents):
    """scores of the first query are used for all, as if documents had scores of their own"""
    return cross_encoder_scores(score, queries[:1], documents).expand(len(queries), -1).clone()


@mistake(of=cross_encoder_scores, seen="catalogue R003-238")
def cross_encoder_scores_of_nothing(score, queries, documents):
    """without queries or documents the scores are empty instead of an error"""
    if not queries or not documents:
        return torch.zeros(len(queries), len(documents), dtype=torch.float64)
    return cross_encoder_scores(score, queries, documents)


@mistake(of=cross_encoder_scores, seen="catalogue R003-238")
def cross_encoder_scores_of_different_texts(score, queries, documents):
    """equal texts share a row or a column"""
    return cross_encoder_scores(score, [*dict.fromkeys(queries)], [*dict.fromkeys(documents)])


@mistake(of=yes_no_score, seen="catalogue R003-239")
def yes_no_score_over_the_vocabulary(logits, yes, no):
    """the probability of yes among all tokens is returned"""
    yes_no_score(logits, yes, no)
    return logits.softmax(-1)[..., yes]


@mistake(of=yes_no_score, seen="catalogue R003-239")
def yes_no_score_of_no(logits, yes, no):
    """the share of no is returned"""
    return yes_no_score(logits, no, yes)


@mistake(of=yes_no_score, seen="catalogue R003-239")
def yes_no_score_of_yes_alone(logits, yes, no):
    """the sigmoid of the logit of yes is taken, whatever that of no"""
    yes_no_score(logits, yes, no)
    return logits[..., yes].sigmoid()


@mistake(of=yes_no_score, seen="E003-108")
def yes_no_score_as_an_embedding(logits, yes, no):
    """the vector at the last position is scaled to length 1, as for an embedding"""
    yes_no_score(logits, yes, no)
    return l2_normalize(logits)[..., yes].clone()


@mistake(of=yes_no_score, seen="catalogue R003-239")
def yes_no_score_through_underflow(logits, yes, no):
    """probabilities of the whole vocabulary are divided, of which both may be 0"""
    yes_no_score(logits, yes, no)
    p = logits.softmax(-1)
    return p[..., yes] / (p[..., yes] + p[..., no])


@mistake(of=yes_no_score, seen="catalogue R003-239")
def yes_no_score_of_any_token(logits, yes, no):
    """negative ids count from the end, and yes and no may be the same token"""
    return (logits[..., yes] - logits[..., no]).sigmoid() if max(yes, no) < logits.shape[-1] else logits[..., 0] * 0


@mistake(of=yes_no_score, seen="catalogue R003-239")
def yes_no_score_without_the_last_token(logits, yes, no):
    """the first and the last token of the vocabulary are taken for padding"""
    if {yes, no} & {0, logits.shape[-1] - 1}:
        return logits[..., 0] * 0 + 0.5
    return yes_no_score(logits, yes, no)


@variant(of=yes_no_score, seen="Qwen3-Reranker's model card")
def yes_no_score_by_log_softmax(logits, yes, no):
    """a log softmax of the two logits alone is the same"""
    yes_no_score(logits, yes, no)
    return torch.stack([logits[..., no], logits[..., yes]], -1).log_softmax(-1)[..., 1].exp()


@mistake(of=inverse_document_frequency, seen="scikit-learn, smooth_idf=False")
def inverse_document_frequency_plus_one(documents):
    """1 is added to the logarithm, so that terms of all documents count"""
    return {term: value + 1 for term, value in inverse_document_frequency(documents).items()}


@mistake(of=inverse_document_frequency, seen="catalogue R003-259")
def inverse_document_frequency_of_occurrences(documents):
    """occurrences are counted instead of documents"""
    inverse_document_frequency(documents)
    counts = Counter(term for document in documents for term in document)
    return {term: math.log(len(documents) / count) for term, count in counts.items()}


@mistake(of=inverse_document_frequency, seen="catalogue R003-259")
def inverse_document_frequency_in_decades(documents):
    """the logarithm has base 10"""
    return {term: value / math.log(10) for term, value in inverse_document_frequency(documents).items()}


@mistake(of=inverse_document_frequency, seen="catalogue R003-259")
def inverse_document_frequency_of_nothing(documents):
    """a collection without documents has an empty table instead of an error"""
    return inverse_document_frequency(documents) if documents else {}


@variant(of=inverse_document_frequency, seen="catalogue R003-259")
def inverse_document_frequency_by_difference(documents):
    """log N - log df is the same"""
    inverse_document_frequency(documents)
    counts = Counter(term for document in documents for term in set(document))
    return {term: math.log(len(documents)) - math.log(count) for term, count in counts.items()}


@mistake(of=inverse_document_frequency, seen="catalogue R003-259")
def inverse_document_frequency_without_common_terms(documents):
    """a term that all documents have is left out instead of having 0"""
    return {term: value for term, value in inverse_document_frequency(documents).items() if value}


@mistake(of=smoothed_inverse_document_frequency, seen="catalogue R003-259")
def smoothed_inverse_document_frequency_without_one(documents):
    """1 is not added, so that terms of all documents do not count"""
    return {term: value - 1 for term, value in smoothed_inverse_document_frequency(documents).items()}


@mistake(of=smoothed_inverse_document_frequency, seen="scikit-learn, smooth_idf=False")
def smoothed_inverse_document_frequency_without_smoothing(documents):
    """the extra document is missing"""
    return {term: value + 1 for term, value in inverse_document_frequency(documents).items()}


@mistake(of=smoothed_inverse_document_frequency, seen="catalogue R003-259")
def smoothed_inverse_document_frequency_of_the_count(documents):
    """the extra document is counted for the terms but not for the collection"""
    smoothed_inverse_document_frequency(documents)
    counts = Counter(term for document in documents for term in set(document))
    return {term: math.log(len(documents) / (1 + count)) + 1 for term, count in counts.items()}


@mistake(of=smoothed_inverse_document_frequency, seen="catalogue R003-259")
def smoothed_inverse_document_frequency_of_nothing(documents):
    """a collection without documents has an empty table instead of an error"""
    return smoothed_inverse_document_frequency(documents) if documents else {}


@mistake(of=tf_idf, seen="catalogue R003-259")
def tf_idf_of_presence(document, idf):
    """a term counts once, however often it occurs"""
    return {term: idf[term] for term in document if term in idf}


@mistake(of=tf_idf, seen="catalogue R003-259")
def tf_idf_divided_by_length(document, idf):
    """the counts are divided by the length of the document"""
    return {term: weight / len(document) for term, weight in tf_idf(document, idf).items()}


@mistake(of=tf_idf, seen="catalogue R003-259")
def tf_idf_with_unknown_terms(document, idf):
    """terms that the collection lacks have an idf of 1"""
    return tf_idf(document, dict.fromkeys(document, 1.0) | dict(idf))


@mistake(of=tf_idf_similarity, seen="catalogue R003-259")
def tf_idf_similarity_without_lengths(query, document, idf):
    """the weights are multiplied and not scaled, so that long documents win"""
    q, d = tf_idf(query, idf), tf_idf(document, idf)
    return float(sum(weight * d.get(term, 0) for term, weight in q.items()))


@mistake(of=tf_idf_similarity, seen="catalogue R003-259")
def tf_idf_similarity_of_counts(query, document, idf):
    """the cosine is that of the counts"""
    return tf_idf_similarity(query, document, dict.fromkeys(idf, 1.0))


@mistake(of=tf_idf_similarity, seen="catalogue R003-259")
def tf_idf_similarity_with_one_idf(query, document, idf):
    """the idf is applied to the query and not to the document"""
    q, d = tf_idf(query, idf), tf_idf(document, dict.fromkeys(idf, 1.0))
    lengths = math.hypot(*q.values()) * math.hypot(*d.values())
    return sum(weight * d.get(term, 0) for term, weight in q.items()) / lengths if lengths else 0.0


@mistake(of=tf_idf_similarity, seen="catalogue R003-259")
def tf_idf_similarity_that_leaves_the_interval(query, document, idf):
    """rounding leads above 1, and texts without weight are alike"""
    q, d = tf_idf(query, idf), tf_idf(document, idf)
    lengths = math.hypot(*q.values()) * math.hypot(*d.values())
    return sum(weight * d.get(term, 0) for term, weight in q.items()) / lengths if lengths else 1.0


@mistake(of=tf_idf_similarity, seen="catalogue R003-259")
def tf_idf_similarity_of_short_vectors(query, document, idf):
    """texts with lengths below 1e-6 are taken for texts without weight"""
    lengths = [math.hypot(*tf_idf(text, idf).values()) for text in (query, document)]
    return tf_idf_similarity(query, document, idf) if min(lengths) > 1e-6 else 0.0


@mistake(of=inverted_index, seen="catalogue R003-260")
def inverted_index_with_repetitions(documents):
    """a document is listed once for every occurrence of a term"""
    terms = {term for document in documents for term in document}
    return {
        term: tuple(i for i, document in enumerate(documents) for seen in document if seen == term) for term in terms
    }


@mistake(of=inverted_index, seen="catalogue R003-260")
def inverted_index_counted_from_one(documents):
    """the first document has the number 1"""
    return {term: tuple(place + 1 for place in places) for term, places in inverted_index(documents).items()}


@mistake(of=inverted_index, seen="catalogue R003-260")
def inverted_index_of_the_last_document(documents):
    """a term keeps only the last document that has it"""
    return {term: places[-1:] for term, places in inverted_index(documents).items()}


@mistake(of=documents_with_all, seen="catalogue R003-260")
def documents_with_all_that_is_or(index, terms):
    """documents with any of the terms are found"""
    documents_with_all(index, terms)
    return documents_with_any(index, terms)


@mistake(of=documents_with_all, seen="catalogue R003-260")
def documents_with_all_known_terms(index, terms):
    """terms that the index lacks are ignored"""
    known = [term for term in terms if term in index]
    return documents_with_all(index, known if known or not terms else terms)


@mistake(of=documents_with_all, seen="catalogue R003-260")
def documents_with_all_of_nothing(index, terms):
    """a query without terms finds no document instead of raising an error"""
    return documents_with_all(index, terms) if terms else ()


@mistake(of=documents_with_any, seen="catalogue R003-260")
def documents_with_any_in_order_of_the_query(index, terms):
    """the lists of the terms are put one behind the other"""
    return tuple(place for term in terms for place in index.get(term, ()))


@mistake(of=documents_with_any, seen="catalogue R003-260")
def documents_with_any_that_is_and(index, terms):
    """documents with all the terms are found"""
    return documents_with_all(index, terms) if terms else ()


@mistake(of=squared_distance_from_cosine, seen="catalogue R003-261")
def squared_distance_from_cosine_with_root(cosine):
    """the distance is returned and not its square"""
    return (2 - 2 * cosine).clamp(min=0).sqrt()


@mistake(of=squared_distance_from_cosine, seen="scipy.spatial.distance.cosine")
def squared_distance_from_cosine_as_cosine_distance(cosine):
    """1 - cos, half of it, is returned"""
    return 1 - cosine


@mistake(of=squared_distance_from_cosine, seen="catalogue R003-261")
def squared_distance_from_cosine_with_a_floor(cosine):
    """equal vectors are kept a little apart, for a division that may follow"""
    return squared_distance_from_cosine(cosine).clamp(min=1e-6)


@mistake(of=cosine_from_squared_distance, seen="catalogue R003-261")
def cosine_from_squared_distance_that_squares(squared_distance):
    """the squared distance is taken for a distance and squared again"""
    return 1 - squared_distance**2 / 2


@mistake(of=cosine_from_squared_distance, seen="catalogue R003-261")
def cosine_from_squared_distance_without_half(squared_distance):
    """the half is missing"""
    return 1 - squared_distance


@mistake(of=nearest_neighbors, seen="catalogue R003-261")
def nearest_neighbors_with_roots(queries, vectors, k):
    """distances are returned and not their squares"""
    near = nearest_neighbors(queries, vectors, k)
    return Neighbors(near.squared_distances.sqrt(), near.ids)


@mistake(of=nearest_neighbors, seen="scikit-learn, euclidean_distances")
def nearest_neighbors_by_expansion(queries, vectors, k):
    """squared distances are expanded as |q|^2 - 2 q . v + |v|^2, which cancels far from the origin"""
    nearest_neighbors(queries, vectors, k)
    squares = queries.square().sum(1, keepdim=True) + vectors.square().sum(1)
    squared = squares - 2 * queries @ vectors.mT
    ids = squared.argsort(dim=1, stable=True)[:, :k]
    return Neighbors(squared.gather(1, ids), ids)


@mistake(of=nearest_neighbors, seen="catalogue R003-246")
def nearest_neighbors_from_the_farthest(queries, vectors, k):
    """the greatest distances come first"""
    near = nearest_neighbors(queries, vectors, len(vectors))
    nearest_neighbors(queries, vectors, k)
    return Neighbors(near.squared_distances.flip(1)[:, :k], near.ids.flip(1)[:, :k])


@mistake(of=nearest_neighbors, seen="FAISS, IndexFlatIP")
def nearest_neighbors_by_inner_product(queries, vectors, k):
    """vectors of the greatest inner product are taken, which are not the nearest if lengths differ"""
    nearest_neighbors(queries, vectors, k)
    squared = (queries[:, None] - vectors).square().sum(-1)
    ids = (-queries @ vectors.mT).argsort(dim=1, stable=True)[:, :k]
    return Neighbors(squared.gather(1, ids), ids)


@mistake(of=nearest_neighbors, seen="catalogue R003-246")
def nearest_neighbors_without_check(queries, vectors, k):
    """no neighbours, or fewer, are searched for without an error"""
    return nearest_neighbors(queries, vectors, len(vectors) + k if k < 1 else k)


@mistake(of=nearest_neighbors_in_class, seen="catalogue R003-246")
def nearest_neighbors_in_class_filtered_afterwards(queries, vectors, labels, label, k):
    """the k nearest of all classes are filtered, which leaves fewer than k"""
    near = nearest_neighbors(queries, vectors, k)
    found = int((labels[near.ids] == label).sum(1).min())
    order = (labels[near.ids] != label).long().argsort(dim=1, stable=True)[:, :found]
    return Neighbors(near.squared_distances.gather(1, order), near.ids.gather(1, order))


@mistake(of=nearest_neighbors_in_class, seen="catalogue R003-246")
def nearest_neighbors_in_class_with_ids_of_the_class(queries, vectors, labels, label, k):
    """ids count the vectors of the class"""
    return nearest_neighbors(queries, vectors[labels == label], k)


@mistake(of=nearest_neighbors_in_class, seen="catalogue R003-246")
def nearest_neighbors_in_class_without_check(queries, vectors, labels, label, k):
    """no neighbours, or fewer, are searched for without an error"""
    return nearest_neighbors_in_class(queries, vectors, labels, label, max(k, 1))


@mistake(of=scale_scores, seen="catalogue R003-262")
def scale_scores_by_the_greatest(scores):
    """scores are divided by the greatest, which keeps the channel's origin"""
    scale_scores(scores)
    greatest = max(map(abs, scores.values()))
    return {candidate: score / greatest for candidate, score in scores.items()}


@mistake(of=scale_scores, seen="catalogue R003-262")
def scale_scores_to_sum_one(scores):
    """scores are made to sum to 1, so that channels with many candidates count less"""
    total = sum(scale_scores(scores).values())
    return {candidate: score / total for candidate, score in scale_scores(scores).items()}


@mistake(of=scale_scores, seen="scikit-learn, MinMaxScaler")
def scale_scores_without_range(scores):
    """channels without a range are scaled to 0"""
    finite = all(map(math.isfinite, scores.values()))
    return scale_scores(scores) if finite and len(set(scores.values())) > 1 else dict.fromkeys(scores, 0.0)


@mistake(of=scale_scores, seen="catalogue R003-262")
def scale_scores_up_to_infinity(scores):
    """a score of infinity is let through, and all others become 0"""
    high = max(scores.values(), default=0)
    if high < math.inf or math.inf in map(abs, [score for score in scores.values() if score != high]):
        return scale_scores(scores)
    return {candidate: float(score == high) for candidate, score in scores.items()}


@mistake(of=scale_scores, seen="catalogue R003-262")
def scale_scores_with_a_least_range(scores):
    """a range below 1e-6 is taken for none"""
    scale_scores(scores)
    if max(scores.values()) - min(scores.values()) < 1e-6:
        raise ValueError(f"scores do not differ; got {scores}")
    return scale_scores(scores)


@variant(of=scale_scores, seen="catalogue R003-262")
def scale_scores_in_order_of_names(scores):
    """a mapping is the same in any order"""
    return dict(sorted(scale_scores(scores).items()))


@mistake(of=fuse_scores, seen="catalogue R003-262")
def fuse_scores_of_common_candidates(channels):
    """candidates that a channel lacks are dropped"""
    return {x: score for x, score in fuse_scores(channels).items() if all(x in channel for channel in channels)}


@mistake(of=fuse_scores, seen="catalogue R003-262")
def fuse_scores_by_mean(channels):
    """the mean over the channels that have the candidate is returned"""
    return {x: score / sum(x in channel for channel in channels) for x, score in fuse_scores(channels).items()}


@mistake(of=fuse_scores, seen="catalogue R003-262")
def fuse_scores_by_the_last(channels):
    """later channels overwrite the scores of earlier ones"""
    return {x: score for channel in channels for x, score in channel.items()}


@mistake(of=fuse_scores, seen="catalogue R003-262")
def fuse_scores_by_maximum(channels):
    """the greatest score is kept instead of the sum"""
    return {x: max(channel[x] for channel in channels if x in channel) for x in fuse_scores(channels)}


@mistake(of=fuse_scores, seen="catalogue R003-262")
def fuse_scores_in_running_sums(channels):
    """scores are added one after the other, so that rounding depends on the order of channels"""
    return {x: float(sum([channel.get(x, 0) for channel in channels])) for x in fuse_scores(channels)}


@mistake(of=best_candidate, seen="catalogue R003-263")
def best_candidate_is_the_worst(scores):
    """the lowest score is picked, as if it were a distance"""
    return best_candidate({candidate: -score for candidate, score in scores.items()})


@mistake(of=best_candidate, seen="catalogue R003-263")
def best_candidate_by_order(scores):
    """of equal scores the candidate that was listed first wins"""
    best_candidate(scores)
    return max(scores, key=scores.__getitem__)


@mistake(of=best_candidate, seen="catalogue R003-263")
def best_candidate_by_size(scores):
    """signs are ignored"""
    return best_candidate({candidate: abs(score) for candidate, score in scores.items()})


@mistake(of=best_candidate, seen="catalogue R003-263")
def best_candidate_without_check(scores):
    """NaN compares as it likes, and of no candidates the empty name is best"""
    return min(scores, key=lambda candidate: (-scores[candidate], candidate), default="")


@mistake(of=best_candidate, seen="catalogue R003-263")
def best_candidate_in_float32(scores):
    """scores are rounded to float32, where different ones are equal"""
    return best_candidate({x: torch.tensor(score, dtype=torch.float32).item() for x, score in scores.items()})


@mistake(of=best_candidate, seen="catalogue R003-263")
def best_candidate_above_a_start(scores):
    """the search starts from a score of -1e9, below which nobody is found"""
    best = best_candidate(scores)
    return best if scores[best] > -1e9 else ""


@mistake(of=best_candidate, seen="catalogue R003-263")
def best_candidate_shortest_of_equals(scores):
    """of equal scores the shortest name wins"""
    best_candidate(scores)
    return min(scores, key=lambda candidate: (-scores[candidate], len(candidate), candidate))


@mistake(of=best_candidate, seen="catalogue R003-263")
def best_candidate_regardless_of_case(scores):
    """of equal scores the first name wins as if all were in small letters"""
    best_candidate(scores)
    return min(scores, key=lambda candidate: (-scores[candidate], candidate.lower()))


@mistake(of=majority, seen="statistics.mode")
def majority_by_order(answers):
    """of answers that were given equally often the one that was given first wins"""
    majority(answers)
    return statistics.mode(answers)


@mistake(of=majority, seen="catalogue R003-247")
def majority_of_different_answers(answers):
    """repetitions are dropped before counting"""
    return majority(sorted(set(answers)))


@mistake(of=majority, seen="catalogue R003-247")
def majority_of_the_rarest(answers):
    """the answer that was given least often wins"""
    counts = Counter(answers)
    majority(answers)
    return min(counts, key=lambda answer: (counts[answer], answer))


@mistake(of=majority, seen="catalogue R003-247")
def majority_of_nobody(answers):
    """without answers the empty one is returned instead of an error"""
    return majority(answers) if answers else ""


@mistake(of=majority, seen="catalogue R003-247")
def majority_regardless_of_case(answers):
    """answers are put into small letters first"""
    return majority([answer.lower() for answer in answers])


@mistake(of=majority, seen="catalogue R003-247")
def majority_of_those_with_words(answers):
    """the empty answer is not counted"""
    return majority([answer for answer in answers if answer] or answers)


@mistake(of=majority, seen="catalogue R003-247")
def majority_of_stripped_answers(answers):
    """white space around an answer is taken off, so that one comes out that nobody gave"""
    return majority([answer.strip() for answer in answers])


@mistake(of=merge_answers, seen="catalogue R003-247")
def merge_answers_by_mean(answers):
    """numbers are averaged, so that one outlier moves the result"""
    merged = merge_answers(answers)
    for field, value in merged.items():
        if not isinstance(value, str):
            merged[field] = statistics.mean(answer[field] for answer in answers if field in answer)
    return merged


@mistake(of=merge_answers, seen="torch.median")
def merge_answers_by_lower_median(answers):
    """of an even number of values the lower of the two in the middle is taken"""
    merged = merge_answers(answers)
    for field, value in merged.items():
        if not isinstance(value, str):
            merged[field] = statistics.median_low([answer[field] for answer in answers if field in answer])
    return merged


@mistake(of=merge_answers, seen="catalogue R003-247")
def merge_answers_with_absent_as_zero(answers):
    """a field that an answer lacks counts as 0"""
    merged = merge_answers(answers)
    for field, value in merged.items():
        if not isinstance(value, str):
            merged[field] = statistics.median([answer.get(field, 0) for answer in answers])
    return merged


@mistake(of=merge_answers, seen="catalogue R003-247")
def merge_answers_of_common_fields(answers):
    """fields that an answer lacks are dropped"""
    return {field: value for field, value in merge_answers(answers).items() if all(field in x for x in answers)}


@mistake(of=merge_answers, seen="catalogue R003-247")
def merge_answers_by_the_last(answers):
    """later answers overwrite earlier ones"""
    merge_answers(answers)
    return {field: value for answer in answers for field, value in answer.items()}


@mistake(of=merge_answers, seen="catalogue R003-247")
def merge_answers_of_any_kind(answers):
    """fields that mix words and numbers, or hold NaN, are settled by a majority of their spellings"""
    try:
        return merge_answers(answers)
    except ValueError:
        fields = {field for answer in answers for field in answer}
        return {field: majority([str(answer[field]) for answer in answers if field in answer]) for field in fields}


@mistake(of=merge_answers, seen="catalogue R003-247")
def merge_answers_that_reads_numbers(answers):
    """words that look like numbers are read as numbers"""
    merged = merge_answers(answers)
    return {x: int(value) if isinstance(value, str) and value.isdecimal() else value for x, value in merged.items()}


@mistake(of=merge_answers, seen="catalogue R003-247")
def merge_answers_with_absent_words(answers):
    """an answer that lacks a field of words votes for the empty one"""
    merged = merge_answers(answers)
    for field, value in merged.items():
        if isinstance(value, str):
            merged[field] = majority([answer.get(field, "") for answer in answers])
    return merged
