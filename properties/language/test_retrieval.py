"""Laws of `reference.language.retrieval`."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, masks, normals

TEXTS = st.lists(st.text("abcd", max_size=4).map(list), min_size=1, max_size=6)
QUERY = st.text("abcdx", min_size=1, max_size=3).map(list)
CANDIDATES = [*"abcde"]
QUARTERS = st.integers(-16, 16).map(lambda number: number / 4)
CHANNEL = st.dictionaries(st.sampled_from(CANDIDATES), QUARTERS, max_size=4)
SPREAD = CHANNEL.filter(lambda scores: len(set(scores.values())) > 1)
ANSWER = st.fixed_dictionaries(
    {},
    optional={
        "verdict": st.sampled_from(["guilty", "not guilty", "10"]),
        "months": st.integers(0, 4),
        "fine": QUARTERS,
    },
)
# The 24 vertices of a polytope in four dimensions: vectors of length 1 in halves.
CELL = torch.cat(
    [
        torch.eye(4, dtype=torch.float64),
        -torch.eye(4, dtype=torch.float64),
        torch.cartesian_prod(*torch.tensor([[0.5, -0.5]] * 4, dtype=torch.float64)),
    ]
)


def directions(vectors):
    """Vectors divided by their hypotenuse; zero stays zero."""
    lengths = torch.tensor([math.hypot(*row) or 1 for row in vectors.tolist()], dtype=torch.float64)
    return vectors / lengths[:, None]


def document_frequencies(documents):
    terms = {term for document in documents for term in document}
    return {term: sum(term in document for document in documents) for term in terms}


def squared_length(weights):
    return sum(Fraction(weight) ** 2 for weight in weights)


@pytest.mark.parametrize("scale", [1, 2.0**-40])
@given(hidden=normals(3, 5, 2), kept=masks(3, 5))
def test_last_token_pool_equals_direction_of_last_kept_state(last_token_pool, hidden, kept, scale):
    """Each row becomes its last kept state over its length, whatever else there is, and 0 if none is kept."""
    kept = torch.cat([kept, torch.zeros(1, 5, dtype=torch.bool)])
    last = [max((place for place in range(5) if row[place]), default=None) for row in kept]
    hidden = scale * torch.cat([hidden, hidden[:1]])
    chosen = [row[place] if place is not None else 0 * row[0] for row, place in zip(hidden, last, strict=True)]
    seen = torch.tensor([[place == end for place in range(5)] for end in last])
    padded = torch.where(seen[..., None], hidden, math.nan)
    assert_close(last_token_pool(padded, kept), directions(torch.stack(chosen)), 1)


@given(text=dyadics(1, 64, 3, 2, grid=8), before=st.integers(0, 2))
def test_last_token_pool_is_invariant_to_padding(last_token_pool, text, before):
    """A text has one embedding, of length 1, wherever in a row of a batch it stands, alone, left, right or between."""
    hidden = torch.full((3, 5, 2), -7, dtype=torch.float64)
    kept = torch.zeros(3, 5, dtype=torch.bool)
    for row, start in enumerate((0, before, 2)):
        hidden[row, start : start + 3], kept[row, start : start + 3] = text, True
    embeddings = last_token_pool(hidden, kept)
    assert_equal(embeddings, last_token_pool(text[None], torch.ones(1, 3, dtype=torch.bool)).expand(3, 2))
    assert_close(embeddings.square().sum(-1), [1, 1, 1])


@given(vectors=dyadics(1, 64, 5, 3, grid=8), signs=dyadics(-1, 1, 5, 3, grid=1))
def test_two_tower_scores_equal_cosines_of_single_encodings(two_tower_scores, vectors, signs):
    """Each score is the cosine of an angle of a triangle, from its sides, for Q + N encodings, one of each text."""
    vectors = torch.cat([vectors[:, :1], signs[:, 1:] * vectors[:, 1:]], -1)
    towers, read = (dict(zip("ab", vectors[:2], strict=True)), dict(zip("axy", vectors[2:], strict=True))), []

    def encoder(tower):
        return lambda text: (read.append((tower, text)), towers[tower][text])[1]

    scores = two_tower_scores(encoder(0), encoder(1), ["a", "b"], ["a", "x", "y"])
    q, d = vectors[:2, None], vectors[None, 2:]
    squared, other, apart = (x.square().sum(-1) for x in (q, d, q - d))
    assert_close(scores, (squared + other - apart) / (2 * (squared * other).sqrt()), 3)
    assert_equal(sorted(read), [(0, "a"), (0, "b"), (1, "a"), (1, "x"), (1, "y")])
    again = two_tower_scores(encoder(0), encoder(1), ["b", "b"], ["x", "a", "x"])
    assert_close(again, scores[[[1], [1]], [1, 0, 1]], 1)


@pytest.mark.parametrize("scale", [0, 2.0**-40])
def test_two_tower_scores_ignore_lengths(two_tower_scores, scale):
    """Of a short vector the direction counts as that of a long one; a vector of zeros scores 0."""
    towers = {"a": torch.tensor([3, 4], dtype=torch.float64), "b": scale * torch.tensor([3, 4], dtype=torch.float64)}
    scores = two_tower_scores(towers.get, towers.get, ["a", "b"], ["a", "b"])
    assert_close(scores, [[1, scale > 0], [scale > 0, scale > 0]])


@given(table=normals(2, 3))
def test_cross_encoder_scores_equal_those_of_each_pair(cross_encoder_scores, table):
    """Each score is the model's for its pair, in a pass of its own: Q N passes."""
    read = []

    def score(query, document):
        read.append((query, document))
        return table["ab".index(query), "axy".index(document)]

    assert_equal(cross_encoder_scores(score, ["a", "b"], ["a", "x", "y"]), table)
    assert_equal(sorted(read), [*itertools.product("ab", "axy")])
    assert_equal(cross_encoder_scores(score, ["b", "b"], ["x", "a", "x"]), table[[[1], [1]], [1, 0, 1]])


@pytest.mark.parametrize(("queries", "documents"), [([], ["a"]), (["a"], []), ([], [])])
def test_two_tower_scores_rejects_missing_texts(two_tower_scores, cross_encoder_scores, queries, documents):
    """Without queries or without documents there is nothing to score."""

    def encode(text):
        return torch.ones(3, dtype=torch.float64)

    def score(query, document):
        return torch.ones((), dtype=torch.float64)

    assert_rejects(two_tower_scores, encode, encode, queries, documents)
    assert_rejects(cross_encoder_scores, score, queries, documents)


@pytest.mark.parametrize("scale", [1, 256])
@given(logits=normals(2, 5), pair=st.permutations(range(5)), shift=st.sampled_from([-1000, 0, 1000]))
def test_yes_no_score_equals_share_of_yes(yes_no_score, logits, pair, shift, scale):
    """It is exp(l_yes) / (exp(l_yes) + exp(l_no)), whatever is added to both and whatever other tokens get."""
    yes, no, *others = pair
    logits = scale * logits + shift
    with mpmath.workdps(50):
        weights = [[mpmath.exp(row[token]) for token in (yes, no)] for row in logits.tolist()]
        expected = torch.tensor([float(first / (first + second)) for first, second in weights], dtype=torch.float64)
    logits[:, others] = 1e4
    assert_close(yes_no_score(logits[None], yes, no)[0], expected, expected * (1 + 8 * scale))


@pytest.mark.parametrize(("yes", "no"), [(1, 1), (3, 1), (1, 3), (4, 1), (1, 4), (-1, 1), (1, -1)])
def test_yes_no_score_rejects_other_tokens(yes_no_score, yes, no):
    """There must be two tokens, of the three that there are."""
    assert_rejects(yes_no_score, torch.tensor([[0.5, 1.0, -2.0]], dtype=torch.float64), yes, no)


@pytest.mark.parametrize(("yes", "no"), [(0, 2), (2, 0)])
def test_yes_no_score_accepts_the_outermost_tokens(yes_no_score, yes, no):
    """The first and the last token count, and the shares of both sum to 1."""
    logits = torch.tensor([[0.5, 1.0, -2.0], [0.0, 3.0, 4.0]], dtype=torch.float64)
    score = yes_no_score(logits, yes, no)
    assert_close(score.log() - yes_no_score(logits, no, yes).log(), logits[:, yes] - logits[:, no], 5)


@given(documents=TEXTS)
def test_inverse_document_frequency_equals_log_of_share(inverse_document_frequency, documents):
    """exp(-idf) is the share of documents that have the term, however often; 0 is the idf of a term that all have."""
    idf = inverse_document_frequency([*documents, ["a", "a"]])
    expected = document_frequencies([*documents, ["a"]])
    assert_equal(set(idf), set(expected))
    shares = [Fraction(expected[term], len(documents) + 1) for term in idf]
    assert_close(list(idf.values()), [float(-mpmath.log(mpmath.mpf(s.numerator) / s.denominator)) for s in shares], 2)
    assert_equal([idf[term] for term in idf if expected[term] == len(documents) + 1].count(0.0), shares.count(1))
    assert_equal(inverse_document_frequency([["a", "b"], ["b"]]).get("b"), 0.0)


@given(documents=TEXTS)
def test_smoothed_inverse_document_frequency_counts_a_text_of_all_terms(
    smoothed_inverse_document_frequency, inverse_document_frequency, documents
):
    """It is 1 more than the plain idf of a collection with one more document, which has all terms; 1 if all have it."""
    everything = [*{term for document in documents for term in document}, "e"]
    documents = [*documents, ["e"]]
    smoothed = smoothed_inverse_document_frequency(documents)
    plain = inverse_document_frequency([*documents, everything])
    assert_equal(set(smoothed), set(plain))
    assert_close([smoothed[term] for term in plain], [1 + value for value in plain.values()], 3)
    assert_equal(smoothed_inverse_document_frequency([["a"], ["b", "a"]])["a"], 1.0)


def test_inverse_document_frequency_rejects_empty_collections(
    inverse_document_frequency, smoothed_inverse_document_frequency
):
    """Without documents no term has a frequency."""
    assert_rejects(inverse_document_frequency, [])
    assert_rejects(smoothed_inverse_document_frequency, [])


@given(document=st.text("abcx", max_size=7).map(list), weights=st.lists(QUARTERS, min_size=3, max_size=3))
def test_tf_idf_adds_the_weight_of_every_occurrence(tf_idf, document, weights):
    """Each occurrence of a term adds its idf, and terms without one are left out."""
    idf = dict(zip("abc", weights, strict=True))
    expected = {term: sum(idf[seen] for seen in document if seen == term) for term in document if term in idf}
    assert_equal(tf_idf(["c", *document], idf), expected | {"c": expected.get("c", 0) + idf["c"]})


@pytest.mark.parametrize("scale", [1, 2.0**-30])
@given(
    query=st.text("abcx", max_size=4).map(list), document=st.text("abcx", max_size=4).map(list), halves=indices(4, 3)
)
def test_tf_idf_similarity_equals_exact_cosine(tf_idf_similarity, query, document, halves, scale):
    """Its square is (q . d)^2 / (|q|^2 |d|^2) in rational numbers; 0 if a text has no weight, and never above 1."""
    idf = {term: scale * half / 2 for term, half in zip("abc", halves.tolist(), strict=True)}
    q, d = ([Fraction(text.count(term)) * Fraction(idf[term]) for term in "abc"] for text in (query, document))
    product = sum(map(Fraction.__mul__, q, d))
    size = squared_length(q) * squared_length(d)
    similarity = tf_idf_similarity(query, document, idf)
    assert_close(similarity, math.sqrt(product**2 / size) if size else 0.0, 1)
    assert_at_most(similarity, 1, roundings=0)
    assert_close(tf_idf_similarity(["a", "b", "b"], ["a"], {"a": 3.0, "b": 2.0}), 0.6)
    assert_equal(tf_idf_similarity("ab", "ab", {"a": 0.25, "b": 1.25}), 1.0)


@given(query=QUERY, document=QUERY, copies=st.integers(2, 3))
def test_tf_idf_similarity_is_invariant_to_length_and_order(tf_idf_similarity, query, document, copies):
    """Neither copies of a text, nor the order of its terms, nor terms without an idf, nor the sides matter."""
    idf = {"a": 1.5, "b": 0.25, "c": 1.0}
    document = [*document, "a"]
    similarity = tf_idf_similarity(query, document, idf)
    longer = [*(document * copies)[::-1], "x", "y"]
    assert_close(tf_idf_similarity(longer, query, idf), similarity, 1)
    assert_close(tf_idf_similarity(longer, document, idf), 1)


@given(documents=TEXTS)
def test_inverted_index_equals_scan(inverted_index, documents):
    """The list of a term holds each document that has it once, in order, so that its length is the term's df."""
    documents = [*documents, ["a", "a"]]
    scan = {
        term: tuple(i for i, text in enumerate(documents) if term in text) for term in {*itertools.chain(*documents)}
    }
    index = inverted_index(documents)
    assert_equal(index, scan)
    assert_equal({term: len(places) for term, places in index.items()}, document_frequencies(documents))


@given(documents=TEXTS, terms=QUERY)
def test_documents_with_all_equals_scan(documents_with_all, inverted_index, documents, terms):
    """An and-query finds what a scan of all documents for all terms finds, in order and each once."""
    documents = [*documents, [*"abcdx"], ["a"], [*"xdcba"]]
    expected = tuple(i for i, text in enumerate(documents) if set(terms) <= set(text))
    assert_equal(documents_with_all(inverted_index(documents), terms), expected)
    assert_equal(documents_with_all({"a": (1, 3), "b": (3,)}, ["a", "z"]), ())


@given(documents=TEXTS, terms=QUERY)
def test_documents_with_any_equals_scan(documents_with_any, inverted_index, documents, terms):
    """An or-query finds what a scan of all documents for any of the terms finds, and without terms nothing."""
    documents = [*documents, [*"abcdx"], ["e"], [*"xdcba"]]
    expected = tuple(i for i, text in enumerate(documents) if set(terms) & set(text))
    assert_equal(documents_with_any(inverted_index(documents), [*terms, "z"]), expected)
    assert_equal(documents_with_any(inverted_index(documents), []), ())


def test_documents_with_all_rejects_queries_without_terms(documents_with_all):
    """All documents satisfy no condition, and an index does not know all documents."""
    assert_rejects(documents_with_all, {"a": (0, 2)}, [])


@given(cosine=dyadics(-4096, 4096, 2, 3))
def test_squared_distance_from_cosine_equals_that_of_a_chord(
    squared_distance_from_cosine, cosine_from_squared_distance, cosine
):
    """(c, sqrt(1 - c^2)) is (1 - c)^2 + (1 - c^2) from (1, 0) in squared distance, and this leads back to c."""
    cosine = torch.cat([cosine, torch.tensor([[-1.0, 0.0, 1.0]])])
    squared = (1 - cosine) ** 2 + (1 - cosine**2)
    assert_close(squared_distance_from_cosine(cosine), squared, 2)
    assert_close(cosine_from_squared_distance(squared), cosine, 2)


@pytest.mark.parametrize("offset", [0, 2**30])
@given(queries=dyadics(-3, 3, 2, 3, grid=2), vectors=dyadics(-3, 3, 5, 3, grid=2), k=st.integers(1, 7))
def test_nearest_neighbors_equal_sorted_squared_distances(nearest_neighbors, queries, vectors, k, offset):
    """All vectors sorted by exact squared distance, and by id at ties, begin with them, far from the origin too."""
    exact = [
        sorted((sum((Fraction(a) - Fraction(b)) ** 2 for a, b in zip(q, v, strict=True)), i) for i, v in rows)[:k]
        for q in queries.tolist()
        for rows in [[*enumerate(vectors.tolist())]]
    ]
    near = nearest_neighbors(*(torch.nn.functional.pad(x, (0, 1), value=offset) for x in (queries, vectors)), k)
    assert_equal(near.ids, torch.tensor([[i for _, i in row] for row in exact]))
    assert_close(near.squared_distances, [[float(distance) for distance, _ in row] for row in exact])


@given(queries=indices(24, 2), vectors=indices(24, 5))
def test_nearest_neighbors_rank_unit_vectors_by_cosine(
    nearest_neighbors, cosine_from_squared_distance, queries, vectors
):
    """For vectors of length 1 the cosines that squared distances imply are the inner products, from the greatest on."""
    near = nearest_neighbors(CELL[queries], CELL[vectors], 5)
    cosines = (CELL[queries] @ CELL[vectors].T).gather(1, near.ids)
    assert_equal(cosine_from_squared_distance(near.squared_distances), cosines)
    assert_equal(cosines, cosines.sort(descending=True).values)


@pytest.mark.parametrize(("label", "k"), [(0, 1), (1, 3), (0, 7), (2, 2)])
@given(queries=dyadics(-3, 3, 2, 3, grid=2), vectors=dyadics(-3, 3, 7, 3, grid=2), labels=indices(2, 6))
def test_nearest_neighbors_in_class_equal_search_of_the_class(
    nearest_neighbors_in_class, queries, vectors, labels, label, k
):
    """They are the nearest of the class sorted alone, as many as it has up to k: all others might as well be absent."""
    labels = torch.cat([labels, torch.tensor([1])])
    members = [i for i in range(7) if labels[i] == label]
    squared = torch.cdist(queries, vectors, compute_mode="donot_use_mm_for_euclid_dist").square().mul(4).round() / 4
    expected = [sorted(members, key=lambda i, row=row: (row[i], i))[:k] for row in squared.tolist()]
    near = nearest_neighbors_in_class(queries, vectors, labels, label, k)
    assert_equal(near.ids, torch.tensor(expected, dtype=torch.int64).reshape(2, -1))
    assert_close(near.squared_distances, squared.gather(1, near.ids))


@pytest.mark.parametrize("k", [0, -1])
def test_nearest_neighbors_rejects_k_below_one(nearest_neighbors, nearest_neighbors_in_class, k):
    """No neighbours, or fewer, are nothing to look for."""
    vectors = torch.eye(3, dtype=torch.float64)
    assert_rejects(nearest_neighbors, vectors[:2], vectors, k)
    assert_rejects(nearest_neighbors_in_class, vectors[:2], vectors, torch.tensor([0, 1, 1]), 1, k)


@given(scores=SPREAD, factor=st.integers(1, 8), origin=QUARTERS)
def test_scale_scores_fills_the_unit_interval(scale_scores, scores, factor, origin):
    """Each candidate gets its share of the range, the worst 0, the best 1, in any unit and from any origin."""
    low, high = Fraction(min(scores.values())), Fraction(max(scores.values()))
    expected = {x: float((Fraction(score) - low) / (high - low)) for x, score in scores.items()}
    short = {x: 2.0**-40 * score for x, score in scores.items()}
    for units in (scores, short, {x: factor * score + origin for x, score in scores.items()}):
        scaled = scale_scores(units)
        assert_equal(set(scaled), set(expected))
        assert_close([scaled[x] for x in expected], list(expected.values()))


@pytest.mark.parametrize("scores", [{}, {"a": 2.0}, {"a": 2.0, "b": 2.0}, {"a": 1.0, "b": math.nan, "c": 2.0}])
def test_scale_scores_rejects_channels_without_range(scale_scores, scores):
    """One candidate, or equal ones, have no range, and neither have NaN and infinity."""
    assert_rejects(scale_scores, scores)
    assert_rejects(scale_scores, {"a": 1.0, "b": -math.inf})
    assert_rejects(scale_scores, {"a": 1.0, "b": math.inf})


@given(channels=st.lists(CHANNEL, max_size=3))
def test_fuse_scores_adds_up_channels(fuse_scores, channels):
    """A candidate has the sum of its scores, and 0 from a channel that lacks it, in any order of the channels."""
    channels = [*channels, {"f": 0.1}, {"f": 0.2, "g": -1.5}, {"f": 1e16}, {"f": -1e16}]
    exact = Counter()
    for channel in channels:
        exact.update({x: Fraction(score) for x, score in channel.items()})
    expected = {x: float(score) for x, score in exact.items()}
    assert_equal(fuse_scores(channels), expected)
    assert_equal(fuse_scores(channels[::-1]), expected)


@given(channels=st.lists(SPREAD, min_size=1, max_size=3), power=st.integers(-3, 3))
def test_fuse_scores_of_scaled_channels_ignores_units(fuse_scores, scale_scores, channels, power):
    """A factor for each channel changes nothing once they are scaled, and each of them adds 1 at most."""
    other = [{x: score * 2.0 ** (power * i) for x, score in channel.items()} for i, channel in enumerate(channels)]
    fused = fuse_scores([scale_scores(channel) for channel in channels])
    assert_equal(fuse_scores([scale_scores(channel) for channel in other]), fused)
    assert_at_most(max(fused.values()), len(channels))
    assert_equal(fuse_scores([scale_scores(channels[0])] * 2), {x: 2 * s for x, s in scale_scores(channels[0]).items()})
    assert_equal(fuse_scores([{"a": 1.0}, {"b": 2.0}]), {"a": 1.0, "b": 2.0})


@given(scores=CHANNEL, order=st.randoms(use_true_random=False))
def test_best_candidate_has_no_better(best_candidate, scores, order):
    """No score is higher, no earlier name has as high a one, and neither order nor cubing the scores matters."""
    scores = scores | {"f": -5.0}
    best = best_candidate(scores)
    assert_equal([x for x in scores if (scores[x], best) > (scores[best], x)], [])
    shuffled = order.sample(list(scores.items()), len(scores))
    assert_equal(best_candidate({x: score**3 for x, score in shuffled}), best)
    assert_equal(best_candidate({"b": 2.0, "a": 2.0, "c": 1.0}), "a")
    assert_equal(best_candidate({"b": 2.0, "aa": 2.0}), "aa")
    assert_equal(best_candidate({"a": 2.0, "B": 2.0}), "B")
    assert_equal(best_candidate({"a": 1.0, "b": 1 + 2.0**-40}), "b")
    assert_equal(best_candidate({"a": -math.inf}), "a")


@pytest.mark.parametrize("scores", [{}, {"a": math.nan}, {"a": 1.0, "b": math.nan}, {"a": math.nan, "b": 1.0}])
def test_best_candidate_rejects_missing_scores(best_candidate, scores):
    """There must be a candidate, and NaN is neither better nor worse than another score."""
    assert_rejects(best_candidate, scores)


@given(answers=st.lists(st.sampled_from(["no", "yes", "Yes", " no", ""]), min_size=1, max_size=7))
def test_majority_was_given_most_often(majority, answers):
    """No answer was given more often, no earlier one as often, and the order of the answers does not matter."""
    chosen = majority(answers)
    assert_equal(chosen in answers, True)
    rivals = [x for x in answers if (answers.count(x), chosen) > (answers.count(chosen), x)]
    assert_equal(rivals, [])
    assert_equal(majority(sorted(answers)[::-1]), chosen)


def test_majority_rejects_no_answers(majority, merge_answers):
    """Nobody has no opinion."""
    assert_rejects(majority, [])
    assert_rejects(merge_answers, [])


@given(answers=st.lists(ANSWER, min_size=1, max_size=5))
def test_merge_answers_is_the_middle_of_each_field(merge_answers, answers):
    """As many numbers of a field are above the merged one as below, and as many answers agree with its word as can; the
    order of answers does not matter, and copies of one answer merge to it.
    """
    merged = merge_answers(answers)
    assert_equal(set(merged), {field for answer in answers for field in answer})
    verdicts = Counter(answer["verdict"] for answer in answers if "verdict" in answer)
    assert_equal(merged.get("verdict"), min(verdicts, key=lambda verdict: (-verdicts[verdict], verdict), default=None))
    for field in merged.keys() - {"verdict"}:
        values = sorted(Fraction(answer[field]) for answer in answers if field in answer)
        ends = [(values[i], values[-1 - i]) for i in range(len(values))]
        assert_equal(merged[field], float(sum(min(ends, key=lambda pair: abs(pair[1] - pair[0]))) / 2))
    assert_equal(merge_answers(answers[::-1]), merged)
    assert_equal(merge_answers([answers[0]] * 3), answers[0])


@pytest.mark.parametrize("values", [(1, "1"), ("1", 1.0, 2), (math.nan, 1.0), (math.nan,)])
def test_merge_answers_rejects_mixed_fields(merge_answers, values):
    """Words and numbers have no common middle, and NaN has no place in an order."""
    assert_rejects(merge_answers, [{"field": value} for value in values])
