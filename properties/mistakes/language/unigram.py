"""Wrong variants of `reference.language.unigram`."""

import math

from properties.mistakes import mistake, variant
from reference.language.unigram import (
    unigram_backward,
    unigram_forward,
    unigram_log_likelihood,
    unigram_n_best,
    unigram_sample,
    unigram_segmentation_log_probability,
    unigram_viterbi,
    unigram_viterbi_trie,
)


def _mirrored(model):
    return {piece[::-1]: value for piece, value in model.items()}


def _reachable(model):
    return {piece: value for piece, value in model.items() if value > -math.inf}


@mistake(of=unigram_segmentation_log_probability, seen="catalogue R003-186")
def unigram_segmentation_log_probability_that_underflows(pieces, model):
    """probabilities are multiplied before the logarithm is taken, so that long texts become impossible"""
    unigram_segmentation_log_probability(pieces, model)
    product = math.prod(math.exp(model.get(piece, -math.inf)) for piece in pieces)
    return math.log(product) if product else -math.inf


@mistake(of=unigram_segmentation_log_probability, seen="catalogue R003-186")
def unigram_segmentation_log_probability_for_each_piece(pieces, model):
    """the log probability is divided by the number of pieces"""
    return unigram_segmentation_log_probability(pieces, model) / max(len(pieces), 1)


@mistake(of=unigram_segmentation_log_probability, seen="E003-085")
def unigram_segmentation_log_probability_that_skips_unknown_pieces(pieces, model):
    """a piece that was deleted from the model counts as certain"""
    return unigram_segmentation_log_probability([piece for piece in pieces if piece in model], model)


@mistake(of=unigram_segmentation_log_probability, seen="catalogue R003-186")
def unigram_segmentation_log_probability_in_bits(pieces, model):
    """logarithms are taken to base 2"""
    return unigram_segmentation_log_probability(pieces, model) / math.log(2)


@mistake(of=unigram_segmentation_log_probability, seen="catalogue R003-186")
def unigram_segmentation_log_probability_without_check(pieces, model):
    """a probability or a count is taken for a log probability"""
    return math.fsum(model.get(piece, -math.inf) for piece in pieces)


@mistake(of=unigram_forward, seen="catalogue R003-190")
def unigram_forward_of_the_best(word, model):
    """the best segmentation of each prefix is taken instead of the sum over all"""
    unigram_forward(word, model)
    alpha = [0.0]
    for end in range(1, len(word) + 1):
        alpha.append(max(alpha[start] + model.get(word[start:end], -math.inf) for start in range(end)))
    return tuple(alpha)


@mistake(of=unigram_forward, seen="sentencepiece, kMinusLogEpsilon")
def unigram_forward_in_probabilities(word, model):
    """probabilities are added up as they are, and small ones underflow to 0"""
    unigram_forward(word, model)
    alpha = [1.0]
    for end in range(1, len(word) + 1):
        alpha.append(sum(alpha[start] * math.exp(model.get(word[start:end], -math.inf)) for start in range(end)))
    return tuple(math.log(value) if value else -math.inf for value in alpha)


@mistake(of=unigram_forward, seen="catalogue R003-187")
def unigram_forward_with_short_pieces(word, model):
    """pieces of more than two characters are not looked up"""
    return unigram_forward(word, {piece: value for piece, value in model.items() if len(piece) < 3})


@mistake(of=unigram_forward, seen="catalogue R003-189")
def unigram_forward_without_the_whole_prefix(word, model):
    """a prefix that is a piece itself is left out"""
    unigram_forward(word, model)
    alpha = [0.0]
    for end in range(1, len(word) + 1):
        steps = [alpha[start] + model.get(word[start:end], -math.inf) for start in range(min(1, end - 1), end)]
        alpha.append(math.log(sum(map(math.exp, steps))) if max(steps) > -math.inf else -math.inf)
    return tuple(alpha)


@mistake(of=unigram_forward, seen="catalogue R003-190")
def unigram_forward_from_the_right(word, model):
    """suffixes are listed instead of prefixes"""
    return tuple(reversed(unigram_backward(word, model)))


@mistake(of=unigram_forward, seen="catalogue R003-190")
def unigram_forward_without_small_terms(word, model):
    """terms of the sum that are e^16 times smaller than the largest are left out"""
    unigram_forward(word, model)
    alpha = [0.0]
    for end in range(1, len(word) + 1):
        steps = [alpha[start] + model.get(word[start:end], -math.inf) for start in range(end)]
        largest = max(steps)
        total = sum(math.exp(step - largest) for step in steps if step > largest - 16)
        alpha.append(largest + math.log(total) if total else -math.inf)
    return tuple(alpha)


@mistake(of=unigram_backward, seen="catalogue R003-190")
def unigram_backward_in_forward_order(word, model):
    """the suffixes are listed from the empty one on"""
    return tuple(reversed(unigram_backward(word, model)))


@mistake(of=unigram_backward, seen="catalogue R003-190")
def unigram_backward_that_is_forward(word, model):
    """prefixes are listed instead of suffixes"""
    return unigram_forward(word, model)


@mistake(of=unigram_backward, seen="catalogue R003-190")
def unigram_backward_of_the_mirrored_word(word, model):
    """the word is read backwards, but its pieces are not"""
    unigram_backward(word, model)
    return tuple(reversed(unigram_forward(word[::-1], model)))


@variant(of=unigram_backward, seen="catalogue R003-190")
def unigram_backward_by_mirrors(word, model):
    """mirrored word and mirrored pieces, forward: the same sums"""
    return tuple(reversed(unigram_forward(word[::-1], _mirrored(model))))


@mistake(of=unigram_log_likelihood, seen="catalogue R003-190")
def unigram_log_likelihood_of_the_best(word, model):
    """the word gets the probability of its best segmentation"""
    value = unigram_log_likelihood(word, model)
    if value == -math.inf:
        return value
    return unigram_segmentation_log_probability(unigram_viterbi(word, model), model)


@mistake(of=unigram_log_likelihood, seen="E003-075")
def unigram_log_likelihood_that_is_normalised(word, model):
    """the probabilities of the segmentations are divided by their sum, as posteriors are, so that a word is certain"""
    value = unigram_log_likelihood(word, model)
    return value if value == -math.inf else 0.0


@mistake(of=unigram_log_likelihood, seen="catalogue R003-191")
def unigram_log_likelihood_in_bits(word, model):
    """logarithms are taken to base 2"""
    return unigram_log_likelihood(word, model) / math.log(2)


@mistake(of=unigram_log_likelihood, seen="catalogue R003-190")
def unigram_log_likelihood_in_probabilities(word, model):
    """probabilities are added up as they are, and small ones underflow to 0"""
    unigram_log_likelihood(word, model)
    return unigram_forward_in_probabilities(word, model)[-1]


@mistake(of=unigram_viterbi, seen="catalogue R003-184")
def unigram_viterbi_by_longest_match(word, model):
    """the longest piece of the model is taken at each position"""
    unigram_viterbi(word, model)
    pieces, start = [], 0
    while start < len(word):
        end = max((end for end in range(start + 1, len(word) + 1) if word[start:end] in model), default=start + 1)
        pieces.append(word[start:end])
        start = end
    return tuple(pieces)


@mistake(of=unigram_viterbi, seen="catalogue R003-184")
def unigram_viterbi_with_fewest_pieces(word, model):
    """the segmentation with the fewest pieces is taken, whatever they cost"""
    unigram_viterbi(word, model)
    return unigram_viterbi(word, dict.fromkeys(_reachable(model), -1.0))


@mistake(of=unigram_viterbi, seen="catalogue R003-189")
def unigram_viterbi_with_the_last_of_equals(word, model):
    """of equal segmentations the one with the shortest last piece wins"""
    unigram_viterbi(word, model)
    best = [(0.0, ())]
    for end in range(1, len(word) + 1):
        steps = [(value + model.get(word[start:end], -math.inf), start) for start, (value, _) in enumerate(best)]
        value, start = max(steps)
        best.append((value, (*best[start][1], word[start:end])))
    return best[-1][1]


@mistake(of=unigram_viterbi, seen="catalogue R003-189")
def unigram_viterbi_from_the_right(word, model):
    """of equal segmentations the one with the longest first piece wins"""
    pieces = unigram_viterbi(word[::-1], _mirrored(model))
    return tuple(piece[::-1] for piece in reversed(pieces))


@mistake(of=unigram_viterbi, seen="catalogue R003-189")
def unigram_viterbi_backwards(word, model):
    """the pieces are listed in the order in which they are traced back, the last one first"""
    return tuple(reversed(unigram_viterbi(word, model)))


@mistake(of=unigram_viterbi, seen="catalogue R003-189")
def unigram_viterbi_with_the_mean(word, model):
    """the mean log probability of the pieces is maximised, which favours many of them"""
    best = unigram_viterbi(word, model)
    if not word:
        return best
    every = unigram_n_best(word, model, 2 ** len(word))
    return max(every, key=lambda pieces: sum(model[piece] for piece in pieces) / len(pieces))


@mistake(of=unigram_viterbi_trie, seen="catalogue R003-189")
def unigram_viterbi_trie_of_longest_matches(word, model):
    """each walk down the trie uses only the longest piece that it meets"""
    unigram_viterbi_trie(word, model)
    best = [(0.0, ())] + [(-math.inf, ())] * len(word)
    for start in range(len(word)):
        found = [end for end in range(start + 1, len(word) + 1) if word[start:end] in model]
        for end in found[-1:]:
            score = best[start][0] + model[word[start:end]]
            best[end] = max(best[end], (score, (*best[start][1], word[start:end])), key=lambda known: known[0])
    return best[-1][1]


@mistake(of=unigram_viterbi_trie, seen="catalogue R003-189")
def unigram_viterbi_trie_with_the_last_of_equals(word, model):
    """of equal segmentations the one that is found last replaces the others"""
    unigram_viterbi_trie(word, model)
    return unigram_viterbi_with_the_last_of_equals(word, model)


@mistake(of=unigram_viterbi_trie, seen="catalogue R003-189")
def unigram_viterbi_trie_that_stops_at_gaps(word, model):
    """a walk ends at the first character that completes no piece, though longer pieces go on behind it"""
    closed = {piece: value for piece, value in model.items() if all(piece[:n] in model for n in range(1, len(piece)))}
    every = unigram_viterbi_trie(word, model)
    return unigram_viterbi_trie(word, dict.fromkeys(word, -9.0) | closed) if word else every


@mistake(of=unigram_viterbi, seen="catalogue R003-198")
def unigram_viterbi_that_covers_gaps(word, model):
    """characters that are not in the model are pieces all the same"""
    least = min(_reachable(model).values(), default=0.0)
    covered = dict.fromkeys(word, least - 10) | _reachable(model)
    return unigram_viterbi(word, covered)


@mistake(of=unigram_viterbi, seen="catalogue R003-189")
def unigram_viterbi_with_pieces_of_eight(word, model):
    """no piece of more than eight characters is tried, whatever the model has"""
    return unigram_viterbi(word, {piece: value for piece, value in model.items() if len(piece) <= 8})


@mistake(of=unigram_viterbi, seen="catalogue R003-189")
def unigram_viterbi_with_the_fewest_of_equals(word, model):
    """of equal segmentations the one with the fewest pieces wins"""
    unigram_viterbi(word, model)
    best = [(0.0, 0, ())]
    for end in range(1, len(word) + 1):
        tried = [
            (score + model.get(word[start:end], -math.inf), few - 1, (*pieces, word[start:end]))
            for start, (score, few, pieces) in enumerate(best)
        ]
        best.append(max(tried, key=lambda one: one[:2]))
    return best[-1][2]


@mistake(of=unigram_n_best, seen="catalogue R003-189")
def unigram_n_best_of_the_shortest(word, model, n):
    """segmentations are ordered by their number of pieces"""
    every = unigram_n_best(word, model, max(n, 2 ** len(word)) if n > 0 else n)
    return tuple(sorted(every, key=len)[:n])


@mistake(of=unigram_n_best, seen="catalogue R003-189")
def unigram_n_best_from_the_worst(word, model, n):
    """the best segmentation comes last"""
    return tuple(reversed(unigram_n_best(word, model, n)))


@mistake(of=unigram_n_best, seen="catalogue R003-189")
def unigram_n_best_that_prunes_too_early(word, model, n):
    """prefixes keep fewer than n segmentations, so that some of the best are lost"""
    wanted = unigram_n_best(word, model, n)
    best = [[(0.0, ())]]
    for end in range(1, len(word) + 1):
        found = [
            (value + model[word[start:end]], (*pieces, word[start:end]))
            for start, before in enumerate(best)
            if model.get(word[start:end], -math.inf) > -math.inf
            for value, pieces in before
        ]
        best.append(sorted(found, key=lambda one: -one[0])[: n if end == len(word) else 1])
    return tuple(pieces for _, pieces in best[-1]) or wanted


@mistake(of=unigram_n_best, seen="catalogue R003-189")
def unigram_n_best_with_repeats(word, model, n):
    """where there are fewer than n segmentations the last one is repeated"""
    found = unigram_n_best(word, model, n)
    return found + (found[-1],) * (n - len(found))


@mistake(of=unigram_n_best, seen="catalogue R003-189")
def unigram_n_best_in_alphabetical_order(word, model, n):
    """equal segmentations are ordered by their pieces"""
    every = unigram_n_best(word, model, max(n, 2 ** len(word)) if n > 0 else n)
    return tuple(sorted(every, key=lambda pieces: (-sum(model[piece] for piece in pieces), pieces))[:n])


@mistake(of=unigram_n_best, seen="catalogue R003-189")
def unigram_n_best_without_check(word, model, n):
    """the best 0 segmentations are none"""
    return unigram_n_best(word, model, n) if n > 0 else ()


@mistake(of=unigram_n_best, seen="catalogue R003-189")
def unigram_n_best_with_the_fewest_of_equals_first(word, model, n):
    """equal segmentations are ordered by their number of pieces"""
    unigram_n_best(word, model, n)
    found = unigram_n_best(word, model, 2 ** len(word))
    score = {pieces: sum(model[piece] for piece in pieces) for pieces in found}
    return tuple(sorted(found, key=lambda pieces: (-score[pieces], len(pieces)))[:n])


@mistake(of=unigram_sample, seen="arXiv:1804.10959, section 3.3")
def unigram_sample_without_theta(word, model, theta, uniform):
    """the exponent is ignored"""
    unigram_sample(word, model, theta, uniform)
    return unigram_sample(word, model, 1.0, uniform)


@mistake(of=unigram_sample, seen="arXiv:1804.10959, section 3.3")
def unigram_sample_at_temperature_theta(word, model, theta, uniform):
    """log probabilities are divided by theta instead of multiplied"""
    unigram_sample(word, model, theta, uniform)
    return unigram_sample(word, model, 1 / theta if theta else 2.0**20, uniform)


@mistake(of=unigram_sample, seen="arXiv:1804.10959, section 3.3")
def unigram_sample_with_sums_of_probabilities(word, model, theta, uniform):
    """the exponent is applied to the pieces but not to the sums over segmentations"""
    unigram_sample(word, model, theta, uniform)
    alpha = unigram_forward(word, _reachable(model))
    pieces, end = (), len(word)
    while end:
        steps = [alpha[start] + theta * model.get(word[start:end], -1e9) for start in range(end)]
        weights = [math.exp(step - max(steps)) for step in steps]
        mass, start = 0.0, 0
        for start, weight in enumerate(weights):  # noqa: B007
            mass += weight
            if uniform[end - 1] * sum(weights) < mass:
                break
        pieces, end = (word[start:end], *pieces), start
    return pieces


@mistake(of=unigram_sample, seen="catalogue R003-190")
def unigram_sample_of_pieces_alone(word, model, theta, uniform):
    """a piece is drawn by its own probability, whatever can precede it"""
    unigram_sample(word, model, theta, uniform)
    alpha = unigram_forward(word, _reachable(model))
    pieces, end = (), len(word)
    while end:
        possible = [start for start in range(end) if alpha[start] + model.get(word[start:end], -math.inf) > -math.inf]
        values = [theta * model[word[start:end]] for start in possible]
        weights = [math.exp(value - max(values)) for value in values]
        left, chosen = uniform[end - 1] * sum(weights), possible[-1]
        for start, weight in zip(possible, weights, strict=True):
            left -= weight
            if left < 0:
                chosen = start
                break
        pieces, end = (word[chosen:end], *pieces), chosen
    return pieces


@mistake(of=unigram_sample, seen="catalogue R003-189")
def unigram_sample_that_is_viterbi(word, model, theta, uniform):
    """the best segmentation is returned, whatever the uniform numbers"""
    unigram_sample(word, model, theta, uniform)
    return unigram_viterbi(word, model)


@mistake(of=unigram_sample, seen="arXiv:1804.10959, section 3.3")
def unigram_sample_with_numbers_in_order_of_drawing(word, model, theta, uniform):
    """the first uniform number decides the last piece"""
    return unigram_sample(word, model, theta, list(reversed(uniform)))


@mistake(of=unigram_sample, seen="arXiv:1804.10959, section 3.3")
def unigram_sample_from_the_upper_end(word, model, theta, uniform):
    """the distribution function is inverted from above, so that short last pieces come first"""
    unigram_sample(word, model, theta, uniform)
    return unigram_sample(word, model, theta, [math.nextafter(1.0, 0.0) * (1 - number) for number in uniform])


@mistake(of=unigram_sample, seen="arXiv:1804.10959, section 3.3")
def unigram_sample_in_probabilities(word, model, theta, uniform):
    """powers are added up as they are, and those of a large theta underflow to 0"""
    unigram_sample(word, model, theta, uniform)
    powers = {piece: math.exp(theta * value) for piece, value in _reachable(model).items()}
    alpha = [1.0]
    for end in range(1, len(word) + 1):
        alpha.append(sum(alpha[start] * powers.get(word[start:end], 0.0) for start in range(end)))
    pieces, end = (), len(word)
    while end:
        left, start = uniform[end - 1] * alpha[end], -1
        while left >= 0 and start < end - 1:
            start += 1
            left -= alpha[start] * powers.get(word[start:end], 0.0)
        pieces, end = (word[start:end], *pieces), start
    return pieces


@mistake(of=unigram_sample, seen="catalogue R003-198")
def unigram_sample_that_falls_on_a_character(word, model, theta, uniform):
    """where the chances add up to less than the number, a character is drawn that is not in the model"""
    pieces = unigram_sample(word, model, theta, uniform)
    return (*pieces[:-1], *pieces[-1]) if pieces and min(uniform) > 1 - 2.0**-50 else pieces


@mistake(of=unigram_sample, seen="arXiv:1804.10959, section 3.3")
def unigram_sample_without_check(word, model, theta, uniform):
    """an impossible theta, or too few uniform numbers, are made up for"""
    theta = min(max(theta, 0.0), 2.0**10) if theta == theta else 1.0
    numbers = [min(max(number, 0.0), 0.5) if not 0 <= number < 1 else number for number in [*uniform, *([0.5] * 9)]]
    return unigram_sample(word, model, theta, numbers[: len(word)])


@mistake(of=unigram_sample, seen="catalogue R003-190")
def unigram_sample_with_whole_theta(word, model, theta, uniform):
    """theta is cut to a whole number, so that powers below 1 draw all alike"""
    return unigram_sample(word, model, float(int(theta)) if math.isfinite(theta) and theta >= 0 else theta, uniform)
