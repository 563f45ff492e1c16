"""Wrong variants of `reference.language.search`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.language.search import Hypothesis, beam_search, greedy_search, length_normalized_score


def _score(one, alpha):
    return float(length_normalized_score(one.log_probability, len(one.tokens), alpha))


def _ranked(finished, alpha):
    return tuple(sorted(finished, key=lambda one: (-_score(one, alpha), one.tokens)))


def _extended(unfinished, log_probabilities):
    return [
        Hypothesis((*prefix, token), log_probability)
        for prefix, total in unfinished
        for token, log_probability in enumerate(total + log_probabilities(prefix))
        if log_probability > -math.inf
    ]


def _best(extensions, width):
    return sorted(extensions, key=lambda one: (-float(one.log_probability), one.tokens))[:width]


def _start():
    return [Hypothesis((), torch.zeros(()))]


@mistake(of=length_normalized_score, seen="E004-5")
def length_normalized_score_that_penalizes_length(log_probability, length, alpha):
    """log P is multiplied by L^alpha, which punishes length once more"""
    return length_normalized_score(log_probability, length, -alpha)


@mistake(of=length_normalized_score, seen="E004-38")
def length_normalized_score_without_length(log_probability, length, alpha):
    """sequences are compared by their probability, whatever their lengths"""
    return length_normalized_score(log_probability, length, 0.0 * alpha)


@mistake(of=length_normalized_score, seen="arXiv:1609.08144, eq. 14")
def length_normalized_score_of_gnmt(log_probability, length, alpha):
    """the divisor is ((5 + L) / 6)^alpha"""
    return length_normalized_score(log_probability, length, alpha) * (6 * length / (5 + length)) ** alpha


@mistake(of=length_normalized_score, seen="tnq177/witwicky#8")
def length_normalized_score_with_one_token_more(log_probability, length, alpha):
    """the length is that of the next step"""
    length_normalized_score(log_probability, length, alpha)
    return log_probability / (length + 1) ** alpha


@mistake(of=length_normalized_score, seen="catalogue R004-021")
def length_normalized_score_without_check(log_probability, length, alpha):
    """a length of 0 counts as 1"""
    return log_probability / max(length, 1) ** alpha


@mistake(of=greedy_search, seen="catalogue R004-018")
def greedy_search_beyond_eos(log_probabilities, eos, max_length):
    """tokens are appended after eos"""
    greedy_search(log_probabilities, eos, max_length)
    tokens, total = (), torch.zeros(())
    while len(tokens) < max_length:
        following = log_probabilities(tokens)
        token = int(following.argmax())
        tokens, total = (*tokens, token), (total + following)[token]
    return Hypothesis(tokens, total)


@mistake(of=greedy_search, seen="catalogue R004-018")
def greedy_search_without_eos(log_probabilities, eos, max_length):
    """eos is cut off the result"""
    tokens, total = greedy_search(log_probabilities, eos, max_length)
    return Hypothesis(tokens[:-1] if tokens[-1] == eos else tokens, total)


@mistake(of=greedy_search, seen="catalogue R004-018")
def greedy_search_one_step_short(log_probabilities, eos, max_length):
    """the last step is missing"""
    return greedy_search(log_probabilities, eos, max(max_length - 1, 1))


@mistake(of=greedy_search, seen="catalogue R004-018")
def greedy_search_multiplying_logarithms(log_probabilities, eos, max_length):
    """log probabilities are multiplied instead of added"""
    tokens, total = greedy_search(log_probabilities, eos, max_length)
    product = total * 0 + 1
    for i, token in enumerate(tokens):
        product = product * log_probabilities(tokens[:i])[token]
    return Hypothesis(tokens, product)


@mistake(of=greedy_search, seen="catalogue R004-018")
def greedy_search_taking_last_of_equals(log_probabilities, eos, max_length):
    """of equally likely tokens the highest id is chosen"""
    greedy_search(log_probabilities, eos, max_length)
    tokens, total = (), torch.zeros(())
    while len(tokens) < max_length and tokens[-1:] != (eos,):
        following = log_probabilities(tokens)
        token = len(following) - 1 - int(following.flip(0).argmax())
        tokens, total = (*tokens, token), (total + following)[token]
    return Hypothesis(tokens, total)


@mistake(of=greedy_search, seen="catalogue R004-018")
def greedy_search_without_context(log_probabilities, eos, max_length):
    """the model is always asked about the empty prefix"""
    return greedy_search(lambda prefix: log_probabilities(()), eos, max_length)


@mistake(of=greedy_search, seen="catalogue R004-018")
def greedy_search_with_total_in_bfloat16(log_probabilities, eos, max_length):
    """the sum of the log probabilities is kept in bfloat16"""
    tokens, total = greedy_search(log_probabilities, eos, max_length)
    return Hypothesis(tokens, total.bfloat16().to(total.dtype))


@mistake(of=greedy_search, seen="catalogue R004-018")
def greedy_search_without_check(log_probabilities, eos, max_length):
    """a length below 1, an eos outside the vocabulary and NaN are accepted"""
    tokens, total = (), torch.zeros(())
    while len(tokens) < max_length and tokens[-1:] != (eos,):
        following = log_probabilities(tokens)
        token = int(following.argmax())
        tokens, total = (*tokens, token), (total + following)[token]
    return Hypothesis(tokens, total)


@mistake(of=beam_search, seen="huggingface/transformers#20901")
def beam_search_that_stops_too_soon(log_probabilities, eos, max_length, beam_width, alpha):
    """the best score still possible is taken at max_length also for alpha < 0, so that the search stops too soon"""
    beam_search(log_probabilities, eos, max_length, beam_width, alpha)
    finished, unfinished = [], _start()
    for length in range(1, max_length + 1):
        kept = _best(_extended(unfinished, log_probabilities), beam_width)
        finished += [one for one in kept if one.tokens[-1] == eos or length == max_length]
        unfinished = [one for one in kept if one.tokens[-1] != eos]
        bounds = [float(one.log_probability) / max_length**alpha for one in unfinished]
        if finished and bounds and max(_score(one, alpha) for one in finished) >= max(bounds):
            break
    return _ranked(finished, alpha)


@mistake(of=beam_search, seen="huggingface/transformers#20901")
def beam_search_that_stops_when_one_beam_is_hopeless(log_probabilities, eos, max_length, beam_width, alpha):
    """the search stops as soon as the first finished sequence beats the worst unfinished one"""
    finished, unfinished = [], _start()
    for length in range(1, max_length + 1):
        kept = _best(_extended(unfinished, log_probabilities), beam_width)
        finished += [one for one in kept if one.tokens[-1] == eos or length == max_length]
        unfinished = [one for one in kept if one.tokens[-1] != eos]
        scores = [_score(one, alpha) for one in finished]
        if scores and unfinished and max(scores) > _score(unfinished[-1], alpha):
            break
    return _ranked(finished, alpha)


@mistake(of=beam_search, seen="tnq177/witwicky#8")
def beam_search_with_length_of_the_step(log_probabilities, eos, max_length, beam_width, alpha):
    """finished sequences are scored with a length that leaves out eos, the others with all tokens"""
    found = beam_search(log_probabilities, eos, max_length, beam_width, alpha)

    def score(one):
        length = len(one.tokens) - (one.tokens[-1] == eos)
        return -float(one.log_probability) / max(length, 1) ** alpha, one.tokens

    return tuple(sorted(found, key=score))


@mistake(of=beam_search, seen="awslabs/sockeye#888")
def beam_search_of_equal_beams(log_probabilities, eos, max_length, beam_width, alpha):
    """all beams start from the empty sequence, so that they go on to hold the same one"""
    beam_search(log_probabilities, eos, max_length, beam_width, alpha)
    finished, unfinished = [], _start() * beam_width
    for length in range(1, max_length + 1):
        kept = _best(_extended(unfinished, log_probabilities), beam_width)
        finished += [one for one in kept if one.tokens[-1] == eos or length == max_length]
        unfinished = [one for one in kept if one.tokens[-1] != eos]
    return _ranked(finished, alpha)


@mistake(of=beam_search, seen="awslabs/sockeye#888")
def beam_search_masked_by_multiplication(log_probabilities, eos, max_length, beam_width, alpha):
    """a first word of probability 1 is lost, as its score of 0 times infinity is NaN"""
    beam_search(log_probabilities, eos, max_length, beam_width, alpha)

    def masked(prefix):
        following = log_probabilities(prefix)
        return following if prefix else torch.where(following == 0, -math.inf, following)

    return beam_search(masked, eos, max_length, beam_width, alpha)


@mistake(of=beam_search, seen="awslabs/sockeye commit e0fa81a3")
def beam_search_without_reordering(log_probabilities, eos, max_length, beam_width, alpha):
    """a chosen token is appended to the sequence in its slot instead of to the one that it extends"""
    beam_search(log_probabilities, eos, max_length, beam_width, alpha)
    finished, unfinished = [], _start()
    for length in range(1, max_length + 1):
        chosen = _best(_extended(unfinished, log_probabilities), beam_width)
        slots = unfinished * beam_width
        kept = [
            Hypothesis((*slot.tokens, one.tokens[-1]), one.log_probability)
            for slot, one in zip(slots, chosen, strict=False)
        ]
        finished += [one for one in kept if one.tokens[-1] == eos or length == max_length]
        unfinished = [one for one in kept if one.tokens[-1] != eos]
    return _ranked(finished, alpha)


@mistake(of=beam_search, seen="lucidrains/x-transformers commit b32913e")
def beam_search_beyond_eos(log_probabilities, eos, max_length, beam_width, alpha):
    """sequences go on after their eos unless all end at the same step"""
    beam_search(log_probabilities, eos, max_length, beam_width, alpha)
    unfinished = _start()
    for _ in range(max_length):
        unfinished = _best(_extended(unfinished, log_probabilities), beam_width)
        if all(one.tokens[-1] == eos for one in unfinished):
            break
    return _ranked(unfinished, alpha)


@mistake(of=beam_search, seen="catalogue R004-020")
def beam_search_that_forgets_finished_sequences(log_probabilities, eos, max_length, beam_width, alpha):
    """sequences that end before the last step are lost"""
    found = beam_search(log_probabilities, eos, max_length, beam_width, alpha)
    return tuple(one for one in found if len(one.tokens) == max_length)


@mistake(of=beam_search, seen="catalogue R004-020")
def beam_search_without_cut_off_sequences(log_probabilities, eos, max_length, beam_width, alpha):
    """sequences that have no eos at max_length are lost"""
    found = beam_search(log_probabilities, eos, max_length, beam_width, alpha)
    return tuple(one for one in found if one.tokens[-1] == eos)


@mistake(of=beam_search, seen="catalogue R004-020")
def beam_search_with_a_beam_for_each_beginning(log_probabilities, eos, max_length, beam_width, alpha):
    """the best extensions of each sequence are kept instead of the best of all"""
    beam_search(log_probabilities, eos, max_length, beam_width, alpha)
    finished, unfinished = [], _start()
    for length in range(1, max_length + 1):
        kept = [one for before in unfinished for one in _best(_extended([before], log_probabilities), beam_width)]
        finished += [one for one in kept if one.tokens[-1] == eos or length == max_length]
        unfinished = [one for one in kept if one.tokens[-1] != eos]
    return _ranked(finished, alpha)


@mistake(of=beam_search, seen="catalogue R004-020")
def beam_search_by_last_token(log_probabilities, eos, max_length, beam_width, alpha):
    """extensions are ranked by the probability of their last token alone"""
    beam_search(log_probabilities, eos, max_length, beam_width, alpha)
    finished, unfinished = [], _start()
    for length in range(1, max_length + 1):
        extensions = _extended(unfinished, log_probabilities)
        last = {one.tokens: float(log_probabilities(one.tokens[:-1])[one.tokens[-1]]) for one in extensions}
        kept = sorted(extensions, key=lambda one: (-last[one.tokens], one.tokens))[:beam_width]
        finished += [one for one in kept if one.tokens[-1] == eos or length == max_length]
        unfinished = [one for one in kept if one.tokens[-1] != eos]
    return _ranked(finished, alpha)


@mistake(of=beam_search, seen="huggingface/transformers GenerationMixin")
def beam_search_with_full_beam_beside_finished(log_probabilities, eos, max_length, beam_width, alpha):
    """unfinished sequences fill the whole beam beside those that end, so that a beam of one is not greedy"""
    beam_search(log_probabilities, eos, max_length, beam_width, alpha)
    finished, unfinished = [], _start()
    for length in range(1, max_length + 1):
        best = _best(_extended(unfinished, log_probabilities), 2 * beam_width)
        unfinished = [one for one in best if one.tokens[-1] != eos][:beam_width]
        finished += [one for one in best if one.tokens[-1] == eos or (length == max_length and one in unfinished)]
    return _ranked(finished, alpha)


@mistake(of=beam_search, seen="catalogue R004-021")
def beam_search_keeping_the_impossible(log_probabilities, eos, max_length, beam_width, alpha):
    """sequences of probability 0 fill the beam"""
    beam_search(log_probabilities, eos, max_length, beam_width, alpha)
    return beam_search(lambda prefix: log_probabilities(prefix).clamp(min=-1e4), eos, max_length, beam_width, alpha)


@mistake(of=beam_search, seen="catalogue R004-021")
def beam_search_with_dead_ends(log_probabilities, eos, max_length, beam_width, alpha):
    """a sequence that cannot go on counts as complete"""
    beam_search(log_probabilities, eos, max_length, beam_width, alpha)
    finished, unfinished = [], _start()
    for length in range(1, max_length + 1):
        finished += [one for one in unfinished if one.tokens and not _extended([one], log_probabilities)]
        kept = _best(_extended(unfinished, log_probabilities), beam_width)
        finished += [one for one in kept if one.tokens[-1] == eos or length == max_length]
        unfinished = [one for one in kept if one.tokens[-1] != eos]
    return _ranked(finished, alpha)


@mistake(of=beam_search, seen="catalogue R004-020")
def beam_search_worst_first(log_probabilities, eos, max_length, beam_width, alpha):
    """the result is ranked upwards"""
    return beam_search(log_probabilities, eos, max_length, beam_width, alpha)[::-1]


@mistake(of=beam_search, seen="catalogue R004-020")
def beam_search_without_check(log_probabilities, eos, max_length, beam_width, alpha):
    """a beam of no sequences, an eos outside the vocabulary and NaN are accepted"""
    finished, unfinished = [], _start()
    for length in range(1, max_length + 1):
        kept = _best(_extended(unfinished, log_probabilities), max(beam_width, 0))
        finished += [one for one in kept if one.tokens[-1] == eos or length == max_length]
        unfinished = [one for one in kept if one.tokens[-1] != eos]
    return _ranked(finished, alpha)


@variant(of=beam_search, seen="huggingface/transformers#20901")
def beam_search_of_log_softmax(log_probabilities, eos, max_length, beam_width, alpha):
    """sequences are met in the same order if totals are kept as sums of tables instead of as running sums"""
    found = beam_search(log_probabilities, eos, max_length, beam_width, alpha)
    totals = [sum(log_probabilities(one.tokens[:i])[token] for i, token in enumerate(one.tokens)) for one in found]
    return tuple(Hypothesis(one.tokens, total) for one, total in zip(found, totals, strict=True))
