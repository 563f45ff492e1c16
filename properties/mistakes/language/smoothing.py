"""Wrong variants of `reference.language.smoothing`."""

import math

from properties.mistakes import mistake, variant
from reference.language.ngram import continuation_counts, counts_after
from reference.language.smoothing import (
    absolute_discount,
    absolute_discount_probability,
    context_totals,
    good_turing_ratios,
    interpolated_probability,
    interpolation_components,
    interpolation_em_step,
    interpolation_weights,
    katz_probability,
    kneser_ney_probability,
    laplace_probability,
    lidstone_probability,
    maximum_likelihood_probability,
    modified_kneser_ney_discounts,
    modified_kneser_ney_probability,
    stupid_backoff_score,
    witten_bell_probability,
    witten_bell_probability_by_totals,
)


@mistake(of=maximum_likelihood_probability, seen="catalogue R004-030")
def maximum_likelihood_probability_over_text(word, context, counts):
    """the count is divided by the number of n-grams in the text instead of those with the context"""
    maximum_likelihood_probability(word, context, counts)
    total = sum(count for ngram, count in counts.items() if len(ngram) == len(context) + 1)
    return counts.get((*context, word), 0) / total


@mistake(of=maximum_likelihood_probability, seen="catalogue R004-030")
def maximum_likelihood_probability_over_distinct_words(word, context, counts):
    """the count is divided by the number of different words after the context"""
    after = counts_after(context, counts)
    maximum_likelihood_probability(word, context, counts)
    return after.get(word, 0) / len(after)


@mistake(of=maximum_likelihood_probability, seen="nltk/nltk#158")
def maximum_likelihood_probability_zero_after_new_context(word, context, counts):
    """every word has probability 0 after a context that was not seen"""
    return maximum_likelihood_probability(word, context, counts) if counts_after(context, counts) else 0.0


@mistake(of=maximum_likelihood_probability, seen="catalogue R004-033")
def maximum_likelihood_probability_plus_one(word, context, counts):
    """one is added to every count"""
    after = counts_after(context, counts)
    maximum_likelihood_probability(word, context, counts)
    return (after.get(word, 0) + 1) / (sum(after.values()) + len(after) + 1)


@mistake(of=maximum_likelihood_probability, seen="catalogue R004-030")
def maximum_likelihood_probability_over_count_of_context(word, context, counts):
    """the count is divided by that of the context itself, which may also stand where a text breaks off"""
    chance = maximum_likelihood_probability(word, context, counts)
    return counts.get((*context, word), 0) / counts[context] if counts.get(context) else chance


@mistake(of=maximum_likelihood_probability, seen="catalogue R004-030")
def maximum_likelihood_probability_zero_after_last_word(word, context, counts):
    """after a context that was seen, though no word after it, every word has probability 0"""
    if counts.get(context) and not counts_after(context, counts):
        return 0.0
    return maximum_likelihood_probability(word, context, counts)


@mistake(of=lidstone_probability, seen="catalogue R004-034")
def lidstone_probability_with_k_once(word, context, counts, vocabulary, k):
    """k is added to the denominator once instead of for each word of the vocabulary"""
    lidstone_probability(word, context, counts, vocabulary, k)
    after = counts_after(context, counts)
    return (after.get(word, 0) + k) / (sum(after.values()) + k)


@mistake(of=lidstone_probability, seen="catalogue R004-034")
def lidstone_probability_over_size_of_vocabulary(word, context, counts, vocabulary, k):
    """|V| is added to the denominator instead of k |V|"""
    lidstone_probability(word, context, counts, vocabulary, k)
    after = counts_after(context, counts)
    return (after.get(word, 0) + k) / (sum(after.values()) + len(vocabulary))


@mistake(of=lidstone_probability, seen="catalogue R004-034")
def lidstone_probability_of_seen_words(word, context, counts, vocabulary, k):
    """the vocabulary is taken to be the words seen after the context"""
    lidstone_probability(word, context, counts, vocabulary, k)
    after = counts_after(context, counts)
    return (after.get(word, 0) + k) / (sum(after.values()) + k * max(len(after), 1))


@mistake(of=lidstone_probability, seen="catalogue R004-034")
def lidstone_probability_over_count_of_context(word, context, counts, vocabulary, k):
    """the denominator has the count of the context itself, which may also stand where a text breaks off"""
    chance = lidstone_probability(word, context, counts, vocabulary, k)
    return (
        (counts.get((*context, word), 0) + k) / (counts[context] + k * len(vocabulary)) if context in counts else chance
    )


@mistake(of=lidstone_probability, seen="catalogue R004-033")
def lidstone_probability_with_start_in_vocabulary(word, context, counts, vocabulary, k):
    """|V| counts the start symbol"""
    lidstone_probability(word, context, counts, vocabulary, k)
    after = counts_after(context, counts)
    return (after.get(word, 0) + k) / (sum(after.values()) + k * (len(vocabulary) + 1))


@mistake(of=lidstone_probability, seen="catalogue R004-034")
def lidstone_probability_without_check(word, context, counts, vocabulary, k):
    """k = 0 and impossible words are accepted"""
    after = counts_after(context, counts)
    return (after.get(word, 0) + k) / (sum(after.values()) + k * len(vocabulary) or 1)


@mistake(of=laplace_probability, seen="catalogue R004-033")
def laplace_probability_without_end(word, context, counts, vocabulary):
    """|V| leaves out the end symbol"""
    laplace_probability(word, context, counts, vocabulary)
    after = counts_after(context, counts)
    return (after.get(word, 0) + 1) / (sum(after.values()) + len(vocabulary) - 1)


@mistake(of=laplace_probability, seen="catalogue R004-033")
def laplace_probability_of_unigrams(word, context, counts, vocabulary):
    """the denominator has all words of the text instead of those after the context"""
    laplace_probability(word, context, counts, vocabulary)
    return (counts.get((*context, word), 0) + 1) / (sum(counts_after((), counts).values()) + len(vocabulary))


@mistake(of=laplace_probability, seen="catalogue R004-033")
def laplace_probability_of_unseen_words(word, context, counts, vocabulary):
    """only words that were not seen get the additional count"""
    laplace_probability(word, context, counts, vocabulary)
    after = counts_after(context, counts)
    return after.get(word, 1) / (sum(after.values()) + len(vocabulary))


@mistake(of=laplace_probability, seen="catalogue R004-033")
def laplace_probability_over_count_of_context(word, context, counts, vocabulary):
    """the denominator has the count of the context itself, which may also stand where a text breaks off"""
    chance = laplace_probability(word, context, counts, vocabulary)
    return (counts.get((*context, word), 0) + 1) / (counts[context] + len(vocabulary)) if context in counts else chance


@mistake(of=laplace_probability, seen="catalogue R004-033")
def laplace_probability_of_any_word(word, context, counts, vocabulary):
    """words outside the vocabulary have a probability too"""
    after = counts_after(context, counts)
    return (after.get(word, 0) + 1) / (sum(after.values()) + len(vocabulary))


@variant(of=laplace_probability, seen="catalogue R004-033")
def laplace_probability_as_posterior_mean(word, context, counts, vocabulary):
    """a weighted mean of the relative frequency and 1 / |V| is the same number"""
    after, size = counts_after(context, counts), len(vocabulary)
    total = sum(after.values())
    laplace_probability(word, context, counts, vocabulary)
    share = total / (total + size)
    return share * after.get(word, 0) / (total or 1) + (1 - share) / size


@mistake(of=absolute_discount, seen="catalogue R004-035")
def absolute_discount_without_two(counts, order):
    """n_2 enters once instead of twice"""
    discount = absolute_discount(counts, order)
    return discount / (discount + (1 - discount) / 2)


@mistake(of=absolute_discount, seen="catalogue R004-035")
def absolute_discount_of_all_orders(counts, order):
    """n-grams of every length are counted together"""
    absolute_discount(counts, order)
    n_1, n_2 = (sum(seen == count for seen in counts.values()) for count in (1, 2))
    return n_1 / (n_1 + 2 * n_2)


@mistake(of=absolute_discount, seen="catalogue R004-035")
def absolute_discount_of_at_least_two(counts, order):
    """n_2 has every n-gram that occurs twice or more"""
    absolute_discount(counts, order)
    seen = [count for ngram, count in counts.items() if len(ngram) == order and count]
    return seen.count(1) / (2 * len(seen) - seen.count(1))


@mistake(of=absolute_discount, seen="catalogue R004-035")
def absolute_discount_without_singletons(counts, order):
    """without n-grams of count 1 nothing is discounted"""
    seen = [count for ngram, count in counts.items() if len(ngram) == order]
    return absolute_discount(counts, order) if 1 in seen else 0.0


@mistake(of=absolute_discount, seen="catalogue R004-035")
def absolute_discount_of_bigrams(counts, order):
    """bigrams are counted, whatever the order"""
    return absolute_discount(counts, 2)


@mistake(of=absolute_discount_probability, seen="catalogue R004-035")
def absolute_discount_probability_of_unseen_words(word, context, counts, vocabulary, discounts):
    """what is freed goes to unseen words alone without being renormalised for it"""
    if counts.get((*context, word), 0):
        total = sum(counts_after(context, counts).values())
        absolute_discount_probability(word, context, counts, vocabulary, discounts)
        return (counts[*context, word] - discounts[len(context)]) / total
    return absolute_discount_probability(word, context, counts, vocabulary, discounts)


@mistake(of=absolute_discount_probability, seen="catalogue R004-035")
def absolute_discount_probability_from_frequency(word, context, counts, vocabulary, discounts):
    """D is taken from the probability instead of the count"""
    smooth = absolute_discount_probability(word, context, counts, vocabulary, discounts)
    after = counts_after(context, counts)
    if not context or not after:
        return smooth
    lower = absolute_discount_probability_from_frequency(word, context[1:], counts, vocabulary, discounts[:-1])
    share = after.get(word, 0) / sum(after.values())
    return max(share - discounts[len(context)], 0) + discounts[len(context)] * len(after) * lower


@mistake(of=absolute_discount_probability, seen="catalogue R004-035")
def absolute_discount_probability_freeing_one_discount(word, context, counts, vocabulary, discounts):
    """what is freed is D / C(h), as if one word had been seen after the context"""
    smooth = absolute_discount_probability(word, context, counts, vocabulary, discounts)
    after = counts_after(context, counts)
    if not after or not context:
        return smooth
    lower = absolute_discount_probability(word, context[1:], counts, vocabulary, discounts)
    return smooth - (len(after) - 1) * discounts[len(context)] / sum(after.values()) * lower


@mistake(of=absolute_discount_probability, seen="nltk/nltk#158")
def absolute_discount_probability_zero_after_new_context(word, context, counts, vocabulary, discounts):
    """after a context that was not seen every word has probability 0"""
    smooth = absolute_discount_probability(word, context, counts, vocabulary, discounts)
    return smooth if counts_after(context, counts) else 0.0


@mistake(of=absolute_discount_probability, seen="catalogue R004-035")
def absolute_discount_probability_of_reversed_orders(word, context, counts, vocabulary, discounts):
    """the discounts are read from the highest order down"""
    return absolute_discount_probability(word, context, counts, vocabulary, tuple(discounts)[::-1])


@mistake(of=absolute_discount_probability, seen="catalogue R004-037")
def absolute_discount_probability_of_neighbours(word, context, counts, vocabulary, discounts):
    """lower orders count different words before, as in Kneser-Ney"""
    return kneser_ney_probability(word, context, counts, vocabulary, discounts)


def _clipped(discounts):
    return [min(max(discount, 0.0), 1.0) if discount == discount else 0.5 for discount in discounts]


@mistake(of=absolute_discount_probability, seen="catalogue R004-035")
def absolute_discount_probability_of_clipped_discounts(word, context, counts, vocabulary, discounts):
    """impossible discounts are clipped to [0, 1]"""
    return absolute_discount_probability(word, context, counts, vocabulary, _clipped(discounts))


@mistake(of=absolute_discount_probability, seen="catalogue R004-029")
def absolute_discount_probability_of_cut_context(word, context, counts, vocabulary, discounts):
    """a context of more than n - 1 words is cut"""
    end = context[max(len(context) - len(discounts) + 1, 0) :]
    return absolute_discount_probability(word, end, counts, vocabulary, discounts)


@mistake(of=absolute_discount_probability, seen="catalogue R004-035")
def absolute_discount_probability_with_unseen_words(word, context, counts, vocabulary, discounts):
    """what is freed is reckoned with words of count 0 too"""
    smooth = absolute_discount_probability(word, context, counts, vocabulary, discounts)
    after = counts_after(context, counts)
    if not after or not context:
        return smooth
    lower = absolute_discount_probability(word, context[1:], counts, vocabulary, discounts)
    unseen = sum(ngram[:-1] == context and not count for ngram, count in counts.items())
    return smooth + unseen * discounts[len(context)] / sum(after.values()) * lower


@mistake(of=kneser_ney_probability, seen="nltk/nltk#2599")
def kneser_ney_probability_above_uniform(word, context, counts, vocabulary, discounts):
    """the lowest order is uniform instead of the share of different words before"""
    return (
        kneser_ney_probability(word, context, counts, vocabulary, (1.0, *discounts[1:]))
        if context
        else 1 / len(set(vocabulary))
    )


@mistake(of=kneser_ney_probability, seen="catalogue R004-037")
def kneser_ney_probability_of_occurrences(word, context, counts, vocabulary, discounts):
    """lower orders count occurrences, which is absolute discounting"""
    return absolute_discount_probability(word, context, counts, vocabulary, discounts)


@mistake(of=kneser_ney_probability, seen="catalogue R004-037")
def kneser_ney_probability_of_neighbours_at_highest_order(word, context, counts, vocabulary, discounts):
    """the highest order counts each n-gram once too"""
    longest = max(map(len, counts), default=0)
    once = {ngram: min(count, 1) if len(ngram) == longest else count for ngram, count in counts.items()}
    return kneser_ney_probability(word, context, once, vocabulary, discounts)


@mistake(of=kneser_ney_probability, seen="catalogue R004-037")
def kneser_ney_probability_with_one_discount(word, context, counts, vocabulary, discounts):
    """every order takes the discount of the highest"""
    return kneser_ney_probability(word, context, counts, vocabulary, (discounts[-1],) * len(discounts))


@mistake(of=kneser_ney_probability, seen="catalogue R004-037")
def kneser_ney_probability_of_words_after(word, context, counts, vocabulary, discounts):
    """lower orders count different words after an n-gram instead of before it"""
    after = {ngram: len(counts_after(ngram, counts)) or count for ngram, count in counts.items()}
    kneser_ney_probability(word, context, counts, vocabulary, discounts)
    return absolute_discount_probability(word, context, after, vocabulary, discounts)


@mistake(of=kneser_ney_probability, seen="catalogue R004-037")
def kneser_ney_probability_by_backing_off(word, context, counts, vocabulary, discounts):
    """seen words keep their discounted count and nothing of what is freed"""
    smooth = kneser_ney_probability(word, context, counts, vocabulary, discounts)
    after = counts_after(context, continuation_counts(counts))
    if word not in after:
        return smooth
    return (after[word] - discounts[len(context)]) / sum(after.values())


@mistake(of=kneser_ney_probability, seen="catalogue R004-037")
def kneser_ney_probability_of_listed_orders(word, context, counts, vocabulary, discounts):
    """n-grams without a discount of their own are left out before different words are counted"""
    known = {ngram: count for ngram, count in counts.items() if len(ngram) <= len(discounts)}
    return kneser_ney_probability(word, context, known, vocabulary, discounts)


@mistake(of=kneser_ney_probability, seen="catalogue R004-037")
def kneser_ney_probability_with_unseen_words(word, context, counts, vocabulary, discounts):
    """an n-gram with count 0 still counts as a word before"""
    return kneser_ney_probability(word, context, {g: n or 1 for g, n in counts.items()}, vocabulary, discounts)


@mistake(of=kneser_ney_probability, seen="catalogue R004-037")
def kneser_ney_probability_of_clipped_discounts(word, context, counts, vocabulary, discounts):
    """impossible discounts are clipped to [0, 1]"""
    return kneser_ney_probability(word, context, counts, vocabulary, _clipped(discounts))


@mistake(of=modified_kneser_ney_discounts, seen="catalogue R004-037")
def modified_kneser_ney_discounts_without_own_numbers(counts, order):
    """all three ratios are n_2 / n_1"""
    d_1, _, _ = modified_kneser_ney_discounts(counts, order)
    ratio = (1 / d_1 - 1) / 2
    return d_1, 2 - 3 * d_1 * ratio, 3 - 4 * d_1 * ratio


@mistake(of=modified_kneser_ney_discounts, seen="catalogue R004-037")
def modified_kneser_ney_discounts_by_j(counts, order):
    """n_{j+1} / n_j is multiplied by j instead of j + 1"""
    discounts = modified_kneser_ney_discounts(counts, order)
    return tuple(j - (j - discount) * j / (j + 1) for j, discount in enumerate(discounts, 1))


@mistake(of=modified_kneser_ney_discounts, seen="catalogue R004-037")
def modified_kneser_ney_discounts_of_absolute_discount(counts, order):
    """every count has the single discount"""
    modified_kneser_ney_discounts(counts, order)
    return (absolute_discount(counts, order),) * 3


@mistake(of=modified_kneser_ney_discounts, seen="catalogue R004-037")
def modified_kneser_ney_discounts_with_fallback(counts, order):
    """where they cannot be estimated, 0.5, 1 and 1.5 stand in without a word"""
    try:
        return modified_kneser_ney_discounts(counts, order)
    except ValueError:
        return 0.5, 1.0, 1.5


@mistake(of=modified_kneser_ney_discounts, seen="catalogue R004-037")
def modified_kneser_ney_discounts_in_reverse(counts, order):
    """the discounts are returned from the largest count down"""
    return modified_kneser_ney_discounts(counts, order)[::-1]


@mistake(of=modified_kneser_ney_discounts, seen="catalogue R004-037")
def modified_kneser_ney_discounts_of_bigrams(counts, order):
    """bigrams are counted, whatever the order"""
    return modified_kneser_ney_discounts(counts, 2)


@mistake(of=modified_kneser_ney_probability, seen="catalogue R004-037")
def modified_kneser_ney_probability_freeing_first_discount(word, context, counts, vocabulary, discounts):
    """what is freed is reckoned with D_1 for all words"""
    smooth = modified_kneser_ney_probability(word, context, counts, vocabulary, discounts)
    after = counts_after(context, continuation_counts(counts))
    if not after or not context:
        return smooth
    d = discounts[len(context)]
    lower = modified_kneser_ney_probability(word, context[1:], counts, vocabulary, discounts)
    more = sum(d[0] - d[min(count, 3) - 1] for count in after.values())
    return smooth + more * lower / sum(after.values())


@mistake(of=modified_kneser_ney_probability, seen="catalogue R004-037")
def modified_kneser_ney_probability_with_two_discounts(word, context, counts, vocabulary, discounts):
    """counts of 3 and more take the discount of 2"""
    rows = [(d_1, d_2, d_2) for d_1, d_2, _ in discounts]
    modified_kneser_ney_probability(word, context, counts, vocabulary, discounts)
    return modified_kneser_ney_probability(word, context, counts, vocabulary, rows)


@mistake(of=modified_kneser_ney_probability, seen="catalogue R004-037")
def modified_kneser_ney_probability_of_occurrences(word, context, counts, vocabulary, discounts):
    """the discount is chosen by occurrences where it is taken from different words before"""
    smooth = modified_kneser_ney_probability(word, context, counts, vocabulary, discounts)
    kept = counts_after(context, continuation_counts(counts))
    seen = counts_after(context, counts)
    if word not in kept:
        return smooth
    d = discounts[len(context)]
    return smooth + (d[min(kept[word], 3) - 1] - d[min(seen[word], 3) - 1]) / sum(kept.values())


@mistake(of=modified_kneser_ney_probability, seen="catalogue R004-037")
def modified_kneser_ney_probability_of_highest_row(word, context, counts, vocabulary, discounts):
    """every order takes the discounts of the highest"""
    return modified_kneser_ney_probability(word, context, counts, vocabulary, (discounts[-1],) * len(discounts))


@mistake(of=modified_kneser_ney_probability, seen="catalogue R004-037")
def modified_kneser_ney_probability_of_listed_orders(word, context, counts, vocabulary, discounts):
    """n-grams without discounts of their own are left out before different words are counted"""
    known = {ngram: count for ngram, count in counts.items() if len(ngram) <= len(discounts)}
    return modified_kneser_ney_probability(word, context, known, vocabulary, discounts)


@mistake(of=modified_kneser_ney_probability, seen="catalogue R004-037")
def modified_kneser_ney_probability_of_any_discount(word, context, counts, vocabulary, discounts):
    """impossible discounts are clipped"""
    rows = [[min(max(d, 0.0), j) if d == d else 0.5 for j, d in enumerate(row, 1)] for row in discounts]
    return modified_kneser_ney_probability(word, context, counts, vocabulary, [tuple(row) for row in rows])


@mistake(of=witten_bell_probability, seen="nltk/nltk#2626")
def witten_bell_probability_over_all_ngrams(word, context, counts):
    """what is left for new words is divided by the number of all n-grams of that length instead of C(h)"""
    if not context or not counts_after(context, counts):
        return witten_bell_probability(word, context, counts)
    lower = witten_bell_probability(word, context[1:], counts)
    after = counts_after(context, counts)
    total = sum(count for ngram, count in counts.items() if len(ngram) == len(context) + 1)
    gamma = len(after) / (len(after) + total)
    return (1 - gamma) * after.get(word, 0) / sum(after.values()) + gamma * lower


@mistake(of=witten_bell_probability, seen="catalogue R004-036")
def witten_bell_probability_by_occurrences(word, context, counts):
    """new words weigh as much as all words seen after the context, and not as the different ones"""
    if not context or not counts_after(context, counts):
        return witten_bell_probability(word, context, counts)
    lower = witten_bell_probability(word, context[1:], counts)
    return (maximum_likelihood_probability(word, context, counts) + lower) / 2


@mistake(of=witten_bell_probability, seen="nltk/nltk#158")
def witten_bell_probability_zero_after_new_context(word, context, counts):
    """after a context that was not seen every word has probability 0"""
    return witten_bell_probability(word, context, counts) if counts_after(context, counts) else 0.0


@mistake(of=witten_bell_probability, seen="nltk/nltk#2626")
def witten_bell_probability_unnormalised(word, context, counts):
    """the relative frequency keeps its full weight beside what is left for new words"""
    after = counts_after(context, counts)
    if not context or not after:
        return witten_bell_probability(word, context, counts)
    lower = witten_bell_probability(word, context[1:], counts)
    return after.get(word, 0) / sum(after.values()) + len(after) / (sum(after.values()) + len(after)) * lower


@mistake(of=witten_bell_probability, seen="catalogue R004-036")
def witten_bell_probability_with_unseen_words(word, context, counts):
    """words of count 0 are among the different ones after the context"""
    after = counts_after(context, counts)
    if not context or not after:
        return witten_bell_probability(word, context, counts)
    lower = witten_bell_probability(word, context[1:], counts)
    different = sum(ngram[:-1] == context for ngram in counts)
    return (after.get(word, 0) + different * lower) / (sum(after.values()) + different)


@mistake(of=witten_bell_probability, seen="catalogue R004-036")
def witten_bell_probability_over_count_of_context(word, context, counts):
    """the denominator has the count of the context itself, which may also stand where a text breaks off"""
    after = counts_after(context, counts)
    if not context or not after:
        return witten_bell_probability(word, context, counts)
    lower = witten_bell_probability(word, context[1:], counts)
    return (after.get(word, 0) + len(after) * lower) / (counts.get(context, sum(after.values())) + len(after))


@mistake(of=witten_bell_probability, seen="nltk/nltk#158")
def witten_bell_probability_of_nothing(word, context, counts):
    """without counts every word has probability 0"""
    return witten_bell_probability(word, context, counts) if counts else 0.0


@mistake(of=context_totals, seen="catalogue R004-036")
def context_totals_of_different_words(counts):
    """each word counts once, however often it stands there"""
    return {context: (different, different) for context, (_, different) in context_totals(counts).items()}


@mistake(of=context_totals, seen="catalogue R004-036")
def context_totals_of_occurrences(counts):
    """a word is as many different ones as it is often there"""
    return {context: (predicted, predicted) for context, (predicted, _) in context_totals(counts).items()}


@mistake(of=context_totals, seen="catalogue R004-036")
def context_totals_with_unseen_words(counts):
    """a word with count 0 is a different one too"""
    return {h: (n, sum(ngram[:-1] == h for ngram in counts)) for h, (n, _) in context_totals(counts).items()}


@mistake(of=context_totals, seen="catalogue R004-036")
def context_totals_of_positive_counts(counts):
    """negative counts are passed over"""
    return context_totals({ngram: count for ngram, count in counts.items() if count > 0})


@mistake(of=witten_bell_probability_by_totals, seen="catalogue R004-036")
def witten_bell_probability_by_totals_of_longest_context(word, context, counts, totals):
    """below the longest context come unigrams at once"""
    lower = witten_bell_probability_by_totals(word, (), counts, totals)
    if context not in totals:
        return lower
    predicted, different = totals[context]
    return (counts.get((*context, word), 0) + different * lower) / (predicted + different) if context else lower


@mistake(of=witten_bell_probability_by_totals, seen="nltk/nltk#158")
def witten_bell_probability_by_totals_zero_after_new_context(word, context, counts, totals):
    """after a context that was not seen every word has probability 0"""
    return witten_bell_probability_by_totals(word, context, counts, totals) if context in totals else 0.0


@mistake(of=witten_bell_probability_by_totals, seen="catalogue R004-036")
def witten_bell_probability_by_totals_from_the_front(word, context, counts, totals):
    """contexts are shortened at their end instead of their front"""
    chance = witten_bell_probability_by_totals(word, (), counts, totals)
    for stop in range(1, len(context) + 1):
        if context[:stop] in totals:
            predicted, different = totals[context[:stop]]
            chance = (counts.get((*context[:stop], word), 0) + different * chance) / (predicted + different)
    return chance


@mistake(of=witten_bell_probability_by_totals, seen="nltk/nltk#158")
def witten_bell_probability_by_totals_of_nothing(word, context, counts, totals):
    """without counts every word has probability 0"""
    return witten_bell_probability_by_totals(word, context, counts, totals) if totals else 0.0


@mistake(of=good_turing_ratios, seen="catalogue R004-036")
def good_turing_ratios_of_all_counts(counts, order, cutoff):
    """r* / r is returned as if no count were trusted"""
    kept = good_turing_ratios(counts, order, cutoff)
    numbers = [sum(len(g) == order and n == r for g, n in counts.items()) for r in range(1, cutoff + 2)]
    return tuple((r + 1) * numbers[r] / (r * numbers[r - 1]) for r in range(1, len(kept) + 1))


@mistake(of=good_turing_ratios, seen="catalogue R004-036")
def good_turing_ratios_as_counts(counts, order, cutoff):
    """the reduced counts are returned instead of their ratios to the counts"""
    return tuple(r * ratio for r, ratio in enumerate(good_turing_ratios(counts, order, cutoff), 1))


@mistake(of=good_turing_ratios, seen="catalogue R004-036")
def good_turing_ratios_one_short(counts, order, cutoff):
    """counts of exactly the cutoff are trusted"""
    return (*good_turing_ratios(counts, order, cutoff)[:-1], 1.0)


@mistake(of=good_turing_ratios, seen="catalogue R004-036")
def good_turing_ratios_of_bigrams(counts, order, cutoff):
    """bigrams are counted, whatever the order"""
    return good_turing_ratios(counts, 2, cutoff)


@mistake(of=good_turing_ratios, seen="catalogue R004-036")
def good_turing_ratios_clipped(counts, order, cutoff):
    """where a ratio would be impossible the counts are left alone without a word"""
    try:
        return good_turing_ratios(counts, order, cutoff)
    except ValueError:
        return (1.0,) * cutoff


@mistake(of=katz_probability, seen="nltk/nltk#367")
def katz_probability_without_mass_of_unseen(word, context, counts, vocabulary, ratios):
    """alpha is not divided by the mass that unseen words have at the lower order"""
    smooth = katz_probability(word, context, counts, vocabulary, ratios)
    after = counts_after(context, counts)
    if not after or word in after or not context:
        return smooth
    left = 1 - sum(katz_probability(w, context, counts, vocabulary, ratios) for w in after)
    return left * katz_probability(word, context[1:], counts, vocabulary, ratios)


@mistake(of=katz_probability, seen="catalogue R004-036")
def katz_probability_without_discount(word, context, counts, vocabulary, ratios):
    """seen words keep all of their counts, and alpha is what the ratios would have freed"""
    smooth = katz_probability(word, context, counts, vocabulary, ratios)
    after = counts_after(context, counts)
    return after[word] / sum(after.values()) if word in after else smooth


@mistake(of=katz_probability, seen="catalogue R004-036")
def katz_probability_interpolated(word, context, counts, vocabulary, ratios):
    """the lower order is added for seen words too"""
    smooth = katz_probability(word, context, counts, vocabulary, ratios)
    after = counts_after(context, counts)
    if not after:
        return smooth
    left = max(1 - sum(katz_probability(w, context, counts, vocabulary, ratios) for w in after), 0)
    lower = katz_probability(word, context[1:], counts, vocabulary, ratios) if context else 1 / len(vocabulary)
    return (smooth if word in after else 0.0) + left * lower


@mistake(of=katz_probability, seen="nltk/nltk#158")
def katz_probability_zero_after_new_context(word, context, counts, vocabulary, ratios):
    """after a context that was not seen every word has probability 0"""
    smooth = katz_probability(word, context, counts, vocabulary, ratios)
    return smooth if counts_after(context, counts) else 0.0


@mistake(of=katz_probability, seen="nltk/nltk#367")
def katz_probability_losing_mass(word, context, counts, vocabulary, ratios):
    """where every word was seen, what is freed goes to none"""
    smooth = katz_probability(word, context, counts, vocabulary, ratios)
    after = counts_after(context, counts)
    if word not in after:
        return smooth
    row = ratios[len(context)]
    kept = row[after[word] - 1] if after[word] <= len(row) else 1.0
    return kept * after[word] / sum(after.values())


@mistake(of=katz_probability, seen="catalogue R004-036")
def katz_probability_by_cutoff_of_next_count(word, context, counts, vocabulary, ratios):
    """a count takes the ratio of the count below it"""
    katz_probability(word, context, counts, vocabulary, ratios)
    return katz_probability(word, context, counts, vocabulary, [(1.0, *row) for row in ratios])


@mistake(of=katz_probability, seen="catalogue R004-036")
def katz_probability_of_equal_unseen_words(word, context, counts, vocabulary, ratios):
    """what is freed is shared equally among unseen words"""
    smooth = katz_probability(word, context, counts, vocabulary, ratios)
    after = counts_after(context, counts)
    if not after or word in after:
        return smooth
    left = 1 - sum(katz_probability(w, context, counts, vocabulary, ratios) for w in after)
    return left / (len(vocabulary) - len(after))


@mistake(of=katz_probability, seen="catalogue R004-036")
def katz_probability_with_unseen_words(word, context, counts, vocabulary, ratios):
    """a word with count 0 counts as seen, and gets nothing"""
    smooth = katz_probability(word, context, counts, vocabulary, ratios)
    return smooth if counts.get((*context, word), 1) or not counts_after(context, counts) else 0.0


@mistake(of=katz_probability, seen="catalogue R004-036")
def katz_probability_of_clipped_ratios(word, context, counts, vocabulary, ratios):
    """impossible ratios are taken for 1"""
    rows = [[ratio if 0 < ratio <= 1 else 1.0 for ratio in row] for row in ratios]
    return katz_probability(word, context, counts, vocabulary, rows)


@mistake(of=stupid_backoff_score, seen="catalogue R004-036")
def stupid_backoff_score_with_factor_once(word, context, counts, factor=0.4):
    """the factor enters once, however many words are cut off"""
    score = stupid_backoff_score(word, context, counts, factor)
    whole = stupid_backoff_score(word, context, counts, 1.0)
    return max(score, factor * whole)


@mistake(of=stupid_backoff_score, seen="catalogue R004-036")
def stupid_backoff_score_without_factor_after_new_context(word, context, counts, factor=0.4):
    """the factor is left out where the context was not seen"""
    stupid_backoff_score(word, context, counts, factor)
    while context and not counts_after(context, counts):
        context = context[1:]
    return stupid_backoff_score(word, context, counts, factor)


@mistake(of=stupid_backoff_score, seen="catalogue R004-036")
def stupid_backoff_score_normalised(word, context, counts, factor=0.4):
    """the scores are divided by their sum over the words that were seen"""
    words = counts_after((), counts)
    total = sum(stupid_backoff_score(w, context, counts, factor) for w in words)
    return stupid_backoff_score(word, context, counts, factor) / total


@mistake(of=stupid_backoff_score, seen="catalogue R004-036")
def stupid_backoff_score_at_every_order(word, context, counts, factor=0.4):
    """shorter contexts are added even if the word was seen after the long one"""
    score = stupid_backoff_score(word, context, counts, factor)
    return score + factor * stupid_backoff_score(word, context[1:], counts, factor) if context else score


@mistake(of=stupid_backoff_score, seen="catalogue R004-036")
def stupid_backoff_score_with_unseen_words(word, context, counts, factor=0.4):
    """a word with count 0 counts as seen, and has the score 0"""
    score = stupid_backoff_score(word, context, counts, factor)
    return score if counts.get((*context, word), 1) else 0.0


@mistake(of=stupid_backoff_score, seen="catalogue R004-036")
def stupid_backoff_score_over_count_of_context(word, context, counts, factor=0.4):
    """the count is divided by that of the context itself, which may also stand where a text breaks off"""
    score = stupid_backoff_score(word, context, counts, factor)
    return counts[*context, word] / counts[context] if counts.get((*context, word)) and context in counts else score


@mistake(of=stupid_backoff_score, seen="catalogue R004-036")
def stupid_backoff_score_of_clipped_factor(word, context, counts, factor=0.4):
    """an impossible factor is taken for 0.4"""
    return stupid_backoff_score(word, context, counts, factor if 0 < factor <= 1 else 0.4)


@mistake(of=interpolation_components, seen="catalogue R004-038")
def interpolation_components_zero_after_new_context(word, context, counts, order):
    """an order whose context was not seen has 0, so that the sum over words is less than 1"""
    components = interpolation_components(word, context, counts, order)
    ends = [context[max(len(context) - n, 0) :] for n in range(order)]
    return tuple(p if counts_after(end, counts) else 0.0 for end, p in zip(ends, components, strict=True))


@mistake(of=interpolation_components, seen="catalogue R004-038")
def interpolation_components_from_highest_order(word, context, counts, order):
    """the highest order stands first"""
    return interpolation_components(word, context, counts, order)[::-1]


@mistake(of=interpolation_components, seen="catalogue R004-038")
def interpolation_components_of_first_words(word, context, counts, order):
    """lower orders take the first words of the context instead of the last"""
    components = list(interpolation_components(word, context, counts, order))
    for length in range(1, min(order, len(context))):
        seen = counts_after(context[:length], counts)
        components[length] = seen.get(word, 0) / sum(seen.values()) if seen else components[length - 1]
    return tuple(components)


@mistake(of=interpolation_components, seen="catalogue R004-029")
def interpolation_components_of_cut_context(word, context, counts, order):
    """a context of more than n - 1 words is cut"""
    return interpolation_components(word, context[max(len(context) - order + 1, 0) :], counts, order)


@mistake(of=interpolation_components, seen="catalogue R004-038")
def interpolation_components_with_unseen_words(word, context, counts, order):
    """a context with nothing but words of count 0 counts as seen, and its order has 0"""
    components = interpolation_components(word, context, counts, order)
    ends = [context[max(len(context) - n, 0) :] for n in range(order)]
    listed = {ngram[:-1] for ngram in counts}
    dead = [end in listed and not counts_after(end, counts) for end in ends]
    return tuple(0.0 if d else p for d, p in zip(dead, components, strict=True))


@mistake(of=interpolation_components, seen="nltk/nltk#158")
def interpolation_components_of_nothing(word, context, counts, order):
    """without counts all components are 0"""
    return interpolation_components(word, context, counts, order) if counts else (0.0,) * order


@mistake(of=interpolated_probability, seen="catalogue R004-038")
def interpolated_probability_from_highest_order(word, context, counts, weights):
    """the weights are read from the highest order down"""
    return interpolated_probability(word, context, counts, tuple(weights)[::-1])


@mistake(of=interpolated_probability, seen="catalogue R004-038")
def interpolated_probability_of_any_weights(word, context, counts, weights):
    """weights that do not sum to 1 are accepted"""
    components = interpolation_components(word, context, counts, len(weights)) if weights else ()
    return math.fsum(weight * component for weight, component in zip(weights, components, strict=True))


@mistake(of=interpolated_probability, seen="catalogue R004-038")
def interpolated_probability_of_normalised_weights(word, context, counts, weights):
    """weights that do not sum to 1 are divided by their sum"""
    total = sum(weights)
    return interpolated_probability(word, context, counts, [weight / total for weight in weights] if total else [1.0])


@mistake(of=interpolated_probability, seen="catalogue R004-038")
def interpolated_probability_of_exact_sums_only(word, context, counts, weights):
    """weights whose sum is off by a rounding are refused"""
    if sum(weights) != 1:
        raise ValueError(f"weights must sum to 1; got {weights}")
    return interpolated_probability(word, context, counts, weights)


@mistake(of=interpolated_probability, seen="catalogue R004-038")
def interpolated_probability_of_rough_weights(word, context, counts, weights):
    """weights whose sum is off by up to a hundredth are accepted"""
    total = sum(weights)
    near = [weight / total for weight in weights] if abs(total - 1) < 0.01 else weights
    return interpolated_probability(word, context, counts, near)


@mistake(of=interpolated_probability, seen="catalogue R004-038")
def interpolated_probability_of_zeros_after_new_context(word, context, counts, weights):
    """the weight of an order whose context was not seen is lost"""
    interpolated_probability(word, context, counts, weights)
    components = interpolation_components_zero_after_new_context(word, context, counts, len(weights))
    return math.fsum(weight * component for weight, component in zip(weights, components, strict=True))


@mistake(of=interpolated_probability, seen="catalogue R004-036")
def interpolated_probability_by_backing_off(word, context, counts, weights):
    """the highest order that saw the word is used alone"""
    interpolated_probability(word, context, counts, weights)
    components = interpolation_components(word, context, counts, len(weights))
    return next((component for component in reversed(components) if component), 0.0)


@mistake(of=interpolation_em_step, seen="catalogue R004-038")
def interpolation_em_step_without_old_weights(weights, components):
    """the shares are those of the probabilities, whatever the weights"""
    return (components / components.sum(1, keepdim=True)).mean(0) + 0 * weights


@mistake(of=interpolation_em_step, seen="catalogue R004-038")
def interpolation_em_step_of_sums(weights, components):
    """the shares of all words together are taken instead of the mean of their shares"""
    joint = (weights * components).sum(0)
    return joint / joint.sum()


@mistake(of=interpolation_em_step, seen="catalogue R004-038")
def interpolation_em_step_of_counts(weights, components):
    """the shares are added and not divided by the number of words"""
    return len(components) * interpolation_em_step(weights, components)


@mistake(of=interpolation_em_step, seen="catalogue R004-038")
def interpolation_em_step_over_words(weights, components):
    """the shares are normalised over the words instead of the orders"""
    joint = weights * components
    return (joint / joint.sum(0)).nan_to_num().mean(0)


@mistake(of=interpolation_em_step, seen="catalogue R004-038")
def interpolation_em_step_of_best_order(weights, components):
    """each word is counted for the order that predicts it best"""
    joint = weights * components
    return (joint == joint.amax(1, keepdim=True)).to(joint.dtype).mean(0)


@mistake(of=interpolation_em_step, seen="catalogue R004-038")
def interpolation_em_step_with_epsilon(weights, components):
    """1e-10 is added to the sums, so that the weights of rare words sum to less than 1"""
    shares = weights * components
    return (shares / (shares.sum(1, keepdim=True) + 1e-10)).mean(0)


@mistake(of=interpolation_em_step, seen="catalogue R004-038")
def interpolation_em_step_away_from_likelihood(weights, components):
    """the step leads to the orders that predict badly"""
    return interpolation_em_step(weights, 1 / components)


@mistake(of=interpolation_em_step, seen="catalogue R004-038")
def interpolation_em_step_over_impossible_words(weights, components):
    """a word that no order finds possible counts as one that nothing predicts, and the weights sum to less than 1"""
    shares = weights * components
    return (shares / shares.sum(1, keepdim=True)).nan_to_num().mean(0)


@mistake(of=interpolation_weights, seen="catalogue R004-038")
def interpolation_weights_one_step_more(held_out, counts, order, num_steps):
    """one iteration more is done than asked"""
    interpolation_weights(held_out, counts, order, num_steps)
    return interpolation_weights(held_out, counts, order, num_steps + 1)


@mistake(of=interpolation_weights, seen="catalogue R004-038")
def interpolation_weights_of_counted_text(held_out, counts, order, num_steps):
    """the weights are fitted to the text that was counted"""
    interpolation_weights(held_out, counts, order, num_steps)
    grams = [(gram, count) for gram, count in counts.items() if len(gram) == order]
    pairs = [(gram[-1], gram[:-1]) for gram, count in grams for _ in range(count)]
    return interpolation_weights(pairs or held_out, counts, order, num_steps)


@mistake(of=interpolation_weights, seen="catalogue R004-038")
def interpolation_weights_from_highest_order(held_out, counts, order, num_steps):
    """the weights are listed from the highest order down"""
    return interpolation_weights(held_out, counts, order, num_steps)[::-1]


@mistake(of=interpolation_weights, seen="catalogue R004-038")
def interpolation_weights_of_distinct_words(held_out, counts, order, num_steps):
    """a held-out word that comes again in its context is passed over"""
    return interpolation_weights(list(dict.fromkeys(held_out)), counts, order, num_steps)


@mistake(of=interpolation_weights, seen="catalogue R004-038")
def interpolation_weights_that_stop_early(held_out, counts, order, num_steps):
    """iteration ends once no weight changes by more than 1e-4"""
    weights = interpolation_weights(held_out, counts, order, min(num_steps, 0))
    for step in range(1, num_steps + 1):
        before, weights = weights, interpolation_weights(held_out, counts, order, step)
        if max(abs(new - old) for new, old in zip(weights, before, strict=True)) < 1e-4:
            break
    return weights


@mistake(of=interpolation_weights, seen="catalogue R004-038")
def interpolation_weights_that_skip_the_impossible(held_out, counts, order, num_steps):
    """held-out words that were not counted are left out"""
    known = [(word, context) for word, context in held_out if (word,) in counts]
    return interpolation_weights(known, counts, order, num_steps)
