"""Wrong variants of `reference.language.unigram_training`."""

import collections
import math
import re

from properties.mistakes import mistake, variant
from reference.language.unigram import unigram_log_likelihood, unigram_n_best, unigram_viterbi
from reference.language.unigram_training import (
    unigram_digamma_m_step,
    unigram_em_step,
    unigram_expected_counts,
    unigram_final_model,
    unigram_hard_em_step,
    unigram_loss,
    unigram_loss_increases,
    unigram_m_step,
    unigram_pruned_model,
    unigram_required_characters,
    unigram_seed_model,
    unigram_substring_counts,
    unigram_viterbi_counts,
    unigram_viterbi_loss,
    unigram_word_counts,
)


def _once(word_counts):
    return dict.fromkeys(word_counts, 1)


@mistake(of=unigram_word_counts, seen="E003-078")
def unigram_word_counts_of_whole_texts(texts):
    """a whole text counts as one word"""
    unigram_word_counts(texts)
    return dict(collections.Counter(text.strip() for text in texts if text.strip()))


@mistake(of=unigram_word_counts, seen="catalogue R003-188")
def unigram_word_counts_split_at_spaces(texts):
    """words are split at spaces alone, so that a line break stays within a word and two spaces make an empty one"""
    unigram_word_counts(texts)
    return dict(collections.Counter(word for text in texts for word in text.split(" ")))


@mistake(of=unigram_word_counts, seen="catalogue R003-188")
def unigram_word_counts_once_a_text(texts):
    """a word counts once in each text in which it occurs"""
    unigram_word_counts(texts)
    return dict(collections.Counter(word for text in texts for word in set(text.split())))


@mistake(of=unigram_word_counts, seen="catalogue R003-188")
def unigram_word_counts_of_one_text(texts):
    """a single text is taken for a sequence of texts of one character each"""
    return unigram_word_counts(list(texts))


@mistake(of=unigram_word_counts, seen="catalogue R003-188")
def unigram_word_counts_with_spaces_that_do_not_break(texts):
    """a space that does not break joins two words to one"""
    unigram_word_counts(texts)
    return dict(collections.Counter(word for text in texts for word in re.split(r"[^\S\u00a0]+", text) if word))


@mistake(of=unigram_substring_counts, seen="catalogue R003-187")
def unigram_substring_counts_without_overlaps(word_counts, max_length=10):
    """occurrences that overlap count once"""
    counts = unigram_substring_counts(word_counts, max_length)
    return {piece: sum(n * word.count(piece) for word, n in word_counts.items()) for piece in counts}


@mistake(of=unigram_substring_counts, seen="catalogue R003-187")
def unigram_substring_counts_once_a_word(word_counts, max_length=10):
    """a substring counts once in each word, however often it occurs there"""
    counts = unigram_substring_counts(word_counts, max_length)
    return {piece: sum(n for word, n in word_counts.items() if piece in word) for piece in counts}


@mistake(of=unigram_substring_counts, seen="E003-081")
def unigram_substring_counts_of_each_word_once(word_counts, max_length=10):
    """how often a word occurs is ignored"""
    unigram_substring_counts(word_counts, max_length)
    return unigram_substring_counts(_once(word_counts), max_length)


@mistake(of=unigram_substring_counts, seen="E003-080")
def unigram_substring_counts_without_whole_words(word_counts, max_length=10):
    """words themselves are left out"""
    counts = unigram_substring_counts(word_counts, max_length)
    return {piece: count for piece, count in counts.items() if piece not in word_counts}


@mistake(of=unigram_substring_counts, seen="catalogue R003-187")
def unigram_substring_counts_shorter_by_one(word_counts, max_length=10):
    """substrings of exactly the longest allowed length are left out"""
    counts = unigram_substring_counts(word_counts, max_length)
    return {piece: count for piece, count in counts.items() if len(piece) < max_length}


@mistake(of=unigram_substring_counts, seen="sentencepiece, max_sentencepiece_length")
def unigram_substring_counts_up_to_16(word_counts, max_length=16):
    """substrings have up to 16 characters if nothing is given"""
    return unigram_substring_counts(word_counts, max_length)


@mistake(of=unigram_substring_counts, seen="catalogue R003-187")
def unigram_substring_counts_without_check(word_counts, max_length=10):
    """a corpus without words, or with counts below 1, is counted all the same"""
    words = {word: count for word, count in word_counts.items() if word and count > 0}
    return unigram_substring_counts(words, max_length) if words and max_length > 0 else {}


@mistake(of=unigram_seed_model, seen="E003-077")
def unigram_seed_model_of_characters(word_counts, size, max_length=16):
    """training starts from the characters alone"""
    unigram_seed_model(word_counts, size, max_length)
    return unigram_seed_model(word_counts, 0, max_length)


@mistake(of=unigram_seed_model, seen="sentencepiece, MakeSeedSentencePieces")
def unigram_seed_model_by_frequency(word_counts, size, max_length=16):
    """substrings are ranked and weighed by their count alone, not by count times length"""
    seeds = unigram_seed_model(word_counts, size, max_length)
    counts = unigram_substring_counts(word_counts, max_length)
    return unigram_m_step({piece: counts[piece] for piece in seeds})


@mistake(of=unigram_seed_model, seen="sentencepiece, MakeSeedSentencePieces")
def unigram_seed_model_with_single_occurrences(word_counts, size, max_length=16):
    """substrings that occur only once are seeds too"""
    unigram_seed_model(word_counts, size, max_length)
    counts = unigram_substring_counts(word_counts, max_length)
    weights = {piece: count * len(piece) for piece, count in counts.items()}
    longer = sorted((piece for piece in counts if len(piece) > 1), key=lambda piece: (-weights[piece], piece))
    return unigram_m_step({piece: weights[piece] for piece in [*(c for c in counts if len(c) == 1), *longer[:size]]})


@mistake(of=unigram_seed_model, seen="sentencepiece, MakeSeedSentencePieces")
def unigram_seed_model_with_characters_in_the_size(word_counts, size, max_length=16):
    """the characters take up room among the substrings to be chosen"""
    characters = len({character for word in word_counts for character in word})
    unigram_seed_model(word_counts, size, max_length)
    return unigram_seed_model(word_counts, max(size - characters, 0), max_length)


@mistake(of=unigram_seed_model, seen="catalogue R003-187")
def unigram_seed_model_with_10_characters(word_counts, size, max_length=10):
    """seeds have at most 10 characters if nothing is given"""
    return unigram_seed_model(word_counts, size, max_length)


@mistake(of=unigram_seed_model, seen="catalogue R003-187")
def unigram_seed_model_without_check(word_counts, size, max_length=16):
    """a negative size leaves out that many substrings"""
    counts = unigram_substring_counts(word_counts, max_length)
    return unigram_seed_model(word_counts, size if size >= 0 else max(0, len(counts) + size), max_length)


@mistake(of=unigram_seed_model, seen="catalogue R003-187")
def unigram_seed_model_with_last_of_equals(word_counts, size, max_length=16):
    """of equal substrings the last ones in the alphabet are chosen"""
    seeds = unigram_seed_model(word_counts, size, max_length)
    counts = unigram_substring_counts(word_counts, max_length)
    weights = {piece: count * len(piece) for piece, count in counts.items()}
    longer = sorted((piece for piece in counts if len(piece) > 1 and counts[piece] > 1), reverse=True)
    longer = sorted(longer, key=lambda piece: -weights[piece])[:size]
    return unigram_m_step({piece: weights[piece] for piece in [*(c for c in seeds if len(c) == 1), *longer]})


@mistake(of=unigram_loss, seen="catalogue R003-191")
def unigram_loss_in_bits(word_counts, model):
    """logarithms are taken to base 2"""
    return unigram_loss(word_counts, model) / math.log(2)


@mistake(of=unigram_loss, seen="catalogue R003-191")
def unigram_loss_of_each_word_once(word_counts, model):
    """how often a word occurs is forgotten"""
    unigram_loss(word_counts, model)
    return unigram_loss(_once(word_counts), model)


@mistake(of=unigram_loss, seen="sentencepiece, RunEStep")
def unigram_loss_for_each_word(word_counts, model):
    """the loss is divided by the number of words"""
    return unigram_loss(word_counts, model) / sum(word_counts.values())


@mistake(of=unigram_loss, seen="Hugging Face course, chapter 6")
def unigram_loss_of_the_best(word_counts, model):
    """each word gets the probability of its best segmentation instead of the sum over all"""
    loss = unigram_loss(word_counts, model)
    return loss if loss == math.inf else unigram_viterbi_loss(word_counts, model)


@mistake(of=unigram_loss, seen="catalogue R003-191")
def unigram_loss_without_sign(word_counts, model):
    """the log likelihood is returned, which is to be maximised"""
    return -unigram_loss(word_counts, model)


@mistake(of=unigram_loss, seen="catalogue R003-191")
def unigram_loss_without_check(word_counts, model):
    """an empty corpus, or counts below 1, have a loss all the same"""
    words = {word: count for word, count in word_counts.items() if word and count > 0}
    return unigram_loss(words, model) if words else 0.0


@mistake(of=unigram_loss, seen="catalogue R003-191")
def unigram_loss_that_underflows(word_counts, model):
    """probabilities are floats, and words below the least one are impossible"""
    unigram_loss(word_counts, model)
    chances = {word: math.exp(unigram_log_likelihood(word, model)) for word in word_counts}
    return -sum(n * math.log(chances[word]) if chances[word] else -math.inf for word, n in word_counts.items())


@mistake(of=unigram_viterbi_loss, seen="catalogue R003-191")
def unigram_viterbi_loss_of_each_word_once(word_counts, model):
    """how often a word occurs is forgotten"""
    unigram_viterbi_loss(word_counts, model)
    return unigram_viterbi_loss(_once(word_counts), model)


@mistake(of=unigram_viterbi_loss, seen="catalogue R003-190")
def unigram_viterbi_loss_of_all(word_counts, model):
    """each word gets the summed probability of all its segmentations"""
    unigram_viterbi_loss(word_counts, model)
    return unigram_loss(word_counts, model)


@mistake(of=unigram_viterbi_loss, seen="catalogue R003-184")
def unigram_viterbi_loss_of_the_longest_match(word_counts, model):
    """words are cut by the longest match instead of the best segmentation"""
    unigram_viterbi_loss(word_counts, model)
    loss = 0.0
    for word, count in word_counts.items():
        start = 0
        while start < len(word):
            ends = [end for end in range(start + 1, len(word) + 1) if word[start:end] in model]
            loss -= count * model[word[start : ends[-1]]]
            start = ends[-1]
    return loss


@mistake(of=unigram_viterbi_loss, seen="catalogue R003-191")
def unigram_viterbi_loss_with_a_floor(word_counts, model):
    """the logarithm is taken of a probability of at least 1e-300"""
    unigram_viterbi_loss(word_counts, model)
    best = {word: unigram_viterbi_loss({word: 1}, model) for word in word_counts}
    return -math.fsum(n * math.log(max(math.exp(-best[word]), 1e-300)) for word, n in word_counts.items())


@mistake(of=unigram_expected_counts, seen="E003-079")
def unigram_expected_counts_of_the_best(word_counts, model):
    """only the best segmentation of each word counts"""
    return {piece: float(count) for piece, count in unigram_viterbi_counts(word_counts, model).items()}


@mistake(of=unigram_expected_counts, seen="catalogue R003-196")
def unigram_expected_counts_by_joint_probability(word_counts, model):
    """segmentations are weighed by their probability, which is not divided by that of the word"""
    counts = unigram_expected_counts(word_counts, model)
    counts = dict.fromkeys(counts, 0.0)
    for word, number in word_counts.items():
        for pieces in unigram_n_best(word, model, 2 ** len(word)):
            for piece in pieces:
                counts[piece] += number * math.exp(sum(model[one] for one in pieces))
    return counts


@mistake(of=unigram_expected_counts, seen="catalogue R003-194")
def unigram_expected_counts_of_each_word_once(word_counts, model):
    """how often a word occurs is forgotten"""
    unigram_expected_counts(word_counts, model)
    return unigram_expected_counts(_once(word_counts), model)


@mistake(of=unigram_expected_counts, seen="catalogue R003-194")
def unigram_expected_counts_with_equal_segmentations(word_counts, model):
    """all segmentations of a word count alike"""
    unigram_expected_counts(word_counts, model)
    return unigram_expected_counts(word_counts, dict.fromkeys(model, 0.0))


@mistake(of=unigram_expected_counts, seen="catalogue R003-194")
def unigram_expected_counts_once_a_segmentation(word_counts, model):
    """a piece that a segmentation uses twice counts once"""
    counts = dict.fromkeys(unigram_expected_counts(word_counts, model), 0.0)
    for word, number in word_counts.items():
        every = unigram_n_best(word, model, 2 ** len(word))
        chances = [math.exp(sum(model[piece] for piece in pieces)) for pieces in every]
        for pieces, chance in zip(every, chances, strict=True):
            for piece in set(pieces):
                counts[piece] += number * chance / sum(chances)
    return counts


@mistake(of=unigram_expected_counts, seen="catalogue R003-189")
def unigram_expected_counts_that_skip_words(word_counts, model):
    """words that cannot be segmented are skipped"""
    alphabet = {piece for piece in model if len(piece) == 1}
    words = {word: count for word, count in word_counts.items() if set(word) <= alphabet or count < 1 or not word}
    return unigram_expected_counts(words, model) if words or not word_counts else dict.fromkeys(model, 0.0)


@mistake(of=unigram_expected_counts, seen="catalogue R003-194")
def unigram_expected_counts_in_probabilities(word_counts, model):
    """forward and backward sums are floats, and words below the least one count nothing"""
    counts = dict.fromkeys(unigram_expected_counts(word_counts, model), 0.0)
    for word, number in word_counts.items():
        if math.exp(unigram_log_likelihood(word, model)):
            for piece, count in unigram_expected_counts({word: number}, model).items():
                counts[piece] += count
    return counts


@mistake(of=unigram_viterbi_counts, seen="catalogue R003-195")
def unigram_viterbi_counts_of_each_word_once(word_counts, model):
    """how often a word occurs is forgotten"""
    unigram_viterbi_counts(word_counts, model)
    return unigram_viterbi_counts(_once(word_counts), model)


@mistake(of=unigram_viterbi_counts, seen="catalogue R003-195")
def unigram_viterbi_counts_of_distinct_pieces(word_counts, model):
    """a piece that a word uses twice counts once"""
    counts = dict.fromkeys(unigram_viterbi_counts(word_counts, model), 0)
    for word, number in word_counts.items():
        for piece in set(unigram_viterbi(word, model)):
            counts[piece] += number
    return counts


@mistake(of=unigram_viterbi_counts, seen="catalogue R003-195")
def unigram_viterbi_counts_without_unused_pieces(word_counts, model):
    """pieces that are never used are missing instead of counting 0"""
    return {piece: count for piece, count in unigram_viterbi_counts(word_counts, model).items() if count}


@mistake(of=unigram_m_step, seen="catalogue R003-194")
def unigram_m_step_without_normalisation(counts):
    """counts are not divided by their sum"""
    unigram_m_step(counts)
    return {piece: math.log(count) for piece, count in counts.items() if count > 0}


@mistake(of=unigram_m_step, seen="catalogue R003-194")
def unigram_m_step_that_revives_pieces(counts):
    """one is added to every count, so that a piece that counts 0 stays"""
    unigram_m_step(counts)
    return unigram_m_step({piece: count + 1 for piece, count in counts.items()})


@mistake(of=unigram_m_step, seen="catalogue R003-186")
def unigram_m_step_of_probabilities(counts):
    """probabilities are returned instead of their logarithms"""
    return {piece: math.exp(value) for piece, value in unigram_m_step(counts).items()}


@mistake(of=unigram_m_step, seen="E003-081")
def unigram_m_step_with_another_total(counts):
    """counts are divided by the number of pieces"""
    unigram_m_step(counts)
    return {piece: math.log(count / len(counts)) for piece, count in counts.items() if count > 0}


@mistake(of=unigram_m_step, seen="catalogue R003-194")
def unigram_m_step_without_check(counts):
    """counts that are negative, infinite or no numbers are left out"""
    kept = {piece: count for piece, count in counts.items() if 0 < count < math.inf}
    return unigram_m_step(kept) if kept else {}


@mistake(of=unigram_m_step, seen="catalogue R003-186")
def unigram_m_step_that_drops_rare_pieces(counts):
    """counts below 1/1000 leave too"""
    unigram_m_step(counts)
    return unigram_m_step({piece: count if count >= 1e-3 else 0.0 for piece, count in counts.items()})


@mistake(of=unigram_digamma_m_step, seen="sentencepiece, RunMStep")
def unigram_digamma_m_step_with_logarithms(counts, least=0.5):
    """logarithms take the place of digamma, so that rare pieces lose nothing"""
    unigram_digamma_m_step(counts, least)
    return unigram_m_step({piece: count for piece, count in counts.items() if count >= least})


@mistake(of=unigram_digamma_m_step, seen="sentencepiece, RunMStep")
def unigram_digamma_m_step_that_keeps_all(counts, least=0.5):
    """pieces of small counts stay"""
    unigram_digamma_m_step(counts, least)
    return unigram_digamma_m_step({piece: count for piece, count in counts.items() if count > 0}, 1e-9)


@mistake(of=unigram_digamma_m_step, seen="sentencepiece, RunMStep")
def unigram_digamma_m_step_with_total_of_all(counts, least=0.5):
    """the counts of the pieces that leave stay in the total"""
    model = unigram_digamma_m_step(counts, least)
    rest = sum(counts.values()) - sum(counts[piece] for piece in model)
    if not rest:
        return model
    shifted = unigram_digamma_m_step({piece: counts[piece] for piece in model} | {"\0": rest}, min(least, rest))
    return {piece: shifted[piece] for piece in model}


@mistake(of=unigram_digamma_m_step, seen="sentencepiece, RunMStep")
def unigram_digamma_m_step_that_drops_the_threshold(counts, least=0.5):
    """a piece that counts exactly the least leaves too"""
    model = unigram_digamma_m_step(counts, least)
    kept = {piece: counts[piece] for piece in model if counts[piece] > least}
    return unigram_digamma_m_step(kept, least) if kept else {}


@mistake(of=unigram_digamma_m_step, seen="sentencepiece, RunMStep")
def unigram_digamma_m_step_that_is_normalised(counts, least=0.5):
    """the probabilities are made to sum to 1 again"""
    model = unigram_digamma_m_step(counts, least)
    return unigram_m_step({piece: math.exp(value) for piece, value in model.items()})


@mistake(of=unigram_digamma_m_step, seen="sentencepiece, RunMStep")
def unigram_digamma_m_step_with_log_of_total(counts, least=0.5):
    """the logarithm of the total is subtracted instead of its digamma"""
    model = unigram_digamma_m_step(counts, least)
    total = sum(counts[piece] for piece in model)
    psi = unigram_digamma_m_step({"a": total, "b": 1e6}, 1e-9)["a"]
    return {piece: value + psi - unigram_m_step({"a": total, "b": 1e6})["a"] for piece, value in model.items()}


@mistake(of=unigram_digamma_m_step, seen="sentencepiece, RunMStep")
def unigram_digamma_m_step_without_check(counts, least=0.5):
    """a threshold of 0, or counts that are no counts, are accepted"""
    kept = {piece: count for piece, count in counts.items() if 0 < count < math.inf}
    return unigram_digamma_m_step(kept, least if least > 0 else 1e-9) if kept else {}


@mistake(of=unigram_em_step, seen="E003-079")
def unigram_em_step_that_is_hard(word_counts, model):
    """only the best segmentation of each word counts"""
    return unigram_hard_em_step(word_counts, model)


@mistake(of=unigram_em_step, seen="sentencepiece, RunMStep")
def unigram_em_step_with_digamma(word_counts, model):
    """counts are made smaller by digamma, after which the loss may rise"""
    return unigram_digamma_m_step(unigram_expected_counts(word_counts, model), 1e-9)


@mistake(of=unigram_em_step, seen="catalogue R003-194")
def unigram_em_step_without_normalisation(word_counts, model):
    """expected counts are not divided by their sum"""
    counts = unigram_expected_counts(word_counts, model)
    return {piece: math.log(count) - math.log(sum(word_counts.values())) for piece, count in counts.items() if count}


@mistake(of=unigram_em_step, seen="catalogue R003-194")
def unigram_em_step_with_damping(word_counts, model):
    """the old probabilities are added to the counts, so that unused pieces stay"""
    counts = unigram_expected_counts(word_counts, model)
    return unigram_m_step({piece: count + math.exp(model[piece]) for piece, count in counts.items()})


@mistake(of=unigram_em_step, seen="catalogue R003-194")
def unigram_em_step_in_probabilities(word_counts, model):
    """forward and backward sums are floats, and words below the least one count nothing"""
    unigram_em_step(word_counts, model)
    return unigram_m_step(unigram_expected_counts_in_probabilities(word_counts, model))


@mistake(of=unigram_em_step, seen="catalogue R003-194")
def unigram_em_step_without_words_that_never_occur(word_counts, model):
    """words with a count of 0 are passed over in silence"""
    return unigram_em_step({word: count for word, count in word_counts.items() if count}, model)


@mistake(of=unigram_hard_em_step, seen="E003-079")
def unigram_hard_em_step_that_is_soft(word_counts, model):
    """all segmentations count"""
    return unigram_em_step(word_counts, model)


@mistake(of=unigram_hard_em_step, seen="catalogue R003-195")
def unigram_hard_em_step_of_each_word_once(word_counts, model):
    """how often a word occurs is forgotten"""
    unigram_hard_em_step(word_counts, model)
    return unigram_hard_em_step(_once(word_counts), model)


@mistake(of=unigram_hard_em_step, seen="catalogue R003-195")
def unigram_hard_em_step_with_substrings(word_counts, model):
    """all occurrences of the pieces in the text count, whether the segmentation uses them or not"""
    unigram_hard_em_step(word_counts, model)
    counts = unigram_substring_counts(word_counts)
    return unigram_m_step({piece: counts.get(piece, 0) for piece in model})


@mistake(of=unigram_loss_increases, seen="catalogue R003-192")
def unigram_loss_increases_renormalised(word_counts, model):
    """the other probabilities are made to sum to 1 after a deletion, which makes useless pieces look harmful"""
    increases = unigram_loss_increases(word_counts, model)
    loss = unigram_loss(word_counts, model)
    for deleted in increases:
        rest = unigram_m_step({piece: math.exp(value) for piece, value in model.items() if piece != deleted})
        increases[deleted] = unigram_loss(word_counts, rest) - loss
    return increases


@mistake(of=unigram_loss_increases, seen="Hugging Face course, chapter 6")
def unigram_loss_increases_of_the_best(word_counts, model):
    """best segmentations are compared, so that deleting one of two equal ones is free"""
    increases = unigram_loss_increases(word_counts, model)
    base = unigram_viterbi_loss(word_counts, model)
    for deleted in increases:
        if increases[deleted] < math.inf:
            rest = {piece: value for piece, value in model.items() if piece != deleted}
            increases[deleted] = unigram_viterbi_loss(word_counts, rest) - base
    return increases


@mistake(of=unigram_loss_increases, seen="E003-082")
def unigram_loss_increases_that_are_losses(word_counts, model):
    """the loss after the deletion is returned, not by how much it grew"""
    base = unigram_loss(word_counts, model)
    return {piece: value + base for piece, value in unigram_loss_increases(word_counts, model).items()}


@mistake(of=unigram_loss_increases, seen="catalogue R003-193")
def unigram_loss_increases_of_characters_too(word_counts, model):
    """characters are offered for deletion"""
    return dict.fromkeys(model, math.inf) | unigram_loss_increases(word_counts, model)


@mistake(of=unigram_loss_increases, seen="catalogue R003-192")
def unigram_loss_increases_with_the_wrong_sign(word_counts, model):
    """the loss with the piece is taken minus the loss without it"""
    return {piece: -value for piece, value in unigram_loss_increases(word_counts, model).items()}


@mistake(of=unigram_pruned_model, seen="E003-082")
def unigram_pruned_model_of_the_useless(model, increases, size):
    """the pieces whose deletion raises the loss most are deleted"""
    unigram_pruned_model(model, increases, size)
    flipped = {piece: 9.0 - min(value, 9.0) for piece, value in increases.items()}
    return unigram_pruned_model(model, flipped, size)


@mistake(of=unigram_pruned_model, seen="catalogue R003-193")
def unigram_pruned_model_without_characters(model, increases, size):
    """characters compete with the longer pieces and are deleted like them"""
    unigram_pruned_model(model, increases, size)
    kept = sorted(model, key=lambda piece: (-increases.get(piece, 0.0), piece))[:size]
    return {piece: model[piece] for piece in model if piece in kept}


@mistake(of=unigram_pruned_model, seen="catalogue R003-192")
def unigram_pruned_model_renormalised(model, increases, size):
    """the probabilities left are made to sum to 1"""
    kept = unigram_pruned_model(model, increases, size)
    return unigram_m_step({piece: math.exp(value) for piece, value in kept.items()})


@mistake(of=unigram_pruned_model, seen="arXiv:1804.10959, section 3.2")
def unigram_pruned_model_by_probability(model, increases, size):
    """the least probable pieces are deleted"""
    unigram_pruned_model(model, increases, size)
    return unigram_pruned_model(model, {piece: 99 + model[piece] for piece in increases if piece in model}, size)


@mistake(of=unigram_pruned_model, seen="catalogue R003-193")
def unigram_pruned_model_with_size_longer_pieces(model, increases, size):
    """the characters are not counted in the size"""
    unigram_pruned_model(model, increases, size)
    return unigram_pruned_model(model, increases, size + sum(len(piece) == 1 for piece in model))


@mistake(of=unigram_pruned_model, seen="catalogue R003-193")
def unigram_pruned_model_without_check(model, increases, size):
    """a size too small for the characters is taken for their number, and a missing increase for 0"""
    known = {piece: max(value, 0.0) if value == value else 0.0 for piece, value in increases.items()}
    known = dict.fromkeys(model, 0.0) | known
    return unigram_pruned_model(model, known, max(size, sum(len(piece) == 1 for piece in model)))


@mistake(of=unigram_pruned_model, seen="catalogue R003-193")
def unigram_pruned_model_with_last_of_equals(model, increases, size):
    """of equal increases the pieces that come first in the alphabet are deleted"""
    unigram_pruned_model(model, increases, size)
    longer = sorted((piece for piece in model if len(piece) > 1), reverse=True)
    longer = sorted(longer, key=lambda piece: -increases[piece])[: size - len(model) + len(longer)]
    return {piece: value for piece, value in model.items() if len(piece) == 1 or piece in longer}


@mistake(of=unigram_required_characters, seen="sentencepiece, character_coverage")
def unigram_required_characters_of_the_alphabet(word_counts, coverage=0.9995):
    """the share is one of the different characters instead of the text"""
    every = unigram_required_characters(word_counts, 1.0)
    unigram_required_characters(word_counts, coverage)
    return every[: math.ceil(coverage * len(every))]


@mistake(of=unigram_required_characters, seen="sentencepiece, character_coverage")
def unigram_required_characters_below_the_share(word_counts, coverage=0.9995):
    """the character that reaches the share is left out"""
    return unigram_required_characters(word_counts, coverage)[:-1]


@mistake(of=unigram_required_characters, seen="sentencepiece, character_coverage")
def unigram_required_characters_of_each_word_once(word_counts, coverage=0.9995):
    """how often a word occurs is forgotten"""
    unigram_required_characters(word_counts, coverage)
    return unigram_required_characters(_once(word_counts), coverage)


@mistake(of=unigram_required_characters, seen="sentencepiece, character_coverage")
def unigram_required_characters_all(word_counts, coverage=1.0):
    """everything is covered if nothing is given"""
    return unigram_required_characters(word_counts, coverage)


@mistake(of=unigram_required_characters, seen="sentencepiece, character_coverage")
def unigram_required_characters_without_check(word_counts, coverage=0.9995):
    """a share that is none is accepted"""
    return unigram_required_characters(word_counts, min(max(coverage, 1e-9), 1.0) if coverage == coverage else 1.0)


@mistake(of=unigram_required_characters, seen="catalogue R003-198")
def unigram_required_characters_by_running_shares(word_counts, coverage=0.9995):
    """shares are added up instead of counts, so that ten tenths fall short of 1"""
    unigram_required_characters(word_counts, coverage)
    counts = unigram_substring_counts(word_counts, 1)
    required, reached = [], 0.0
    for character in sorted(counts, key=lambda character: (-counts[character], character)):
        if reached < coverage:
            required.append(character)
            reached += counts[character] / sum(counts.values())
    return tuple(required)


@mistake(of=unigram_final_model, seen="google/sentencepiece, FinalizeSentencePieces")
def unigram_final_model_with_rare_characters_first(model, characters, size):
    """of two missing characters the rarer one becomes the more probable"""
    final = unigram_final_model(model, characters, size)
    least = min(model.values())
    return {piece: value if piece in model else 2 * least - value for piece, value in final.items()}


@mistake(of=unigram_final_model, seen="catalogue R003-198")
def unigram_final_model_without_missing_characters(model, characters, size):
    """characters that training has lost stay lost"""
    final = unigram_final_model(model, characters, size)
    return {piece: value for piece, value in final.items() if piece in model}


@mistake(of=unigram_final_model, seen="catalogue R003-198")
def unigram_final_model_with_the_most_probable(model, characters, size):
    """the most probable pieces are kept, characters or not, and the required ones come on top"""
    final = unigram_final_model(model, characters, size)
    best = sorted(model, key=lambda piece: (-model[piece], piece))[:size]
    return final | {piece: model[piece] for piece in best}


@mistake(of=unigram_final_model, seen="E003-085")
def unigram_final_model_with_the_least_probable(model, characters, size):
    """of the other pieces the least probable ones are kept"""
    final = unigram_final_model(model, characters, size)
    others = sorted((piece for piece in model if piece not in characters), key=lambda piece: (model[piece], piece))
    return {c: final[c] for c in characters} | {piece: model[piece] for piece in others[: size - len(characters)]}


@mistake(of=unigram_final_model, seen="catalogue R003-198")
def unigram_final_model_without_check(model, characters, size):
    """the size is raised where it is too small for the characters, and an empty model gets a score of 0"""
    return unigram_final_model(model or {"\0": 0.0}, characters, max(size, len(characters)))


@mistake(of=unigram_final_model, seen="catalogue R003-198")
def unigram_final_model_in_order_of_the_model(model, characters, size):
    """equally probable pieces are chosen in the order of the model"""
    final = unigram_final_model(model, characters, len(characters))
    unigram_final_model(model, characters, size)
    others = sorted((piece for piece in model if piece not in final), key=lambda piece: -model[piece])
    return final | {piece: model[piece] for piece in others[: size - len(final)]}


@variant(of=unigram_m_step, seen="Hugging Face course, chapter 6")
def unigram_m_step_by_quotients(counts):
    """the logarithm of the quotient is the same number"""
    unigram_m_step(counts)
    total = sum(counts.values())
    return {piece: math.log(count / total) for piece, count in counts.items() if count > 0}


@mistake(of=unigram_hard_em_step, seen="catalogue R003-194")
def unigram_hard_em_step_for_each_word(word_counts, model):
    """uses are divided by the number of words instead of the number of uses"""
    counts = unigram_viterbi_counts(word_counts, model)
    log_words = math.log(sum(word_counts.values()))
    return {piece: math.log(count) - log_words for piece, count in counts.items() if count}
