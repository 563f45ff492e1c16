"""Wrong variants of `reference.language.ngram`."""

import math
from bisect import bisect_left
from collections import Counter
from itertools import accumulate, pairwise

from properties.mistakes import mistake, variant
from reference.language.ngram import (
    continuation_counts,
    counts_after,
    frequent_words,
    generate_words,
    map_unknown_words,
    ngram_counts,
    ngram_perplexity,
    pad_sentence,
    sentence_log_probability,
    words_in_context,
)


@mistake(of=pad_sentence, seen="catalogue R004-028")
def pad_sentence_without_end(words, num_starts, start="<s>", end="</s>"):
    """the sentence has no end symbol"""
    return (start,) * num_starts + tuple(words)


@mistake(of=pad_sentence, seen="nltk/nltk#3065")
def pad_sentence_with_as_many_ends(words, num_starts, start="<s>", end="</s>"):
    """as many ends as starts are added, of which all but the first are certain"""
    return (start,) * num_starts + tuple(words) + (end,) * num_starts


@mistake(of=pad_sentence, seen="catalogue R004-028")
def pad_sentence_with_one_start(words, num_starts, start="<s>", end="</s>"):
    """one start stands before the sentence whatever the order"""
    return (start, *words, end)


@mistake(of=pad_sentence, seen="catalogue R004-031")
def pad_sentence_of_anything(words, num_starts, start="<s>", end="</s>"):
    """symbols that the sentence already has are taken for words"""
    return (start,) * num_starts + (*words, end)


@mistake(of=pad_sentence, seen="catalogue R004-031")
def pad_sentence_without_words_that_hold_a_symbol(words, num_starts, start="<s>", end="</s>"):
    """a word of which a symbol is a part is refused"""
    if start in " ".join(words) or end in " ".join(words):
        raise ValueError(f"{start!r} and {end!r} are no words; got {words!r}")
    return pad_sentence(words, num_starts, start, end)


@mistake(of=pad_sentence, seen="catalogue R004-028")
def pad_sentence_that_knows_its_own_symbols(words, num_starts, start="<s>", end="</s>"):
    """words are compared with <s> and </s>, whatever the symbols are"""
    pad_sentence(words, num_starts)
    return (start,) * num_starts + (*words, end)


@mistake(of=frequent_words, seen="catalogue R004-032")
def frequent_words_above_cutoff(sentences, min_count):
    """words that occur exactly as often as asked are left out"""
    return frequent_words(sentences, min_count + 1)


@mistake(of=frequent_words, seen="catalogue R004-032")
def frequent_words_by_sentence(sentences, min_count):
    """the sentences with the word are counted instead of its occurrences"""
    return frequent_words([tuple(dict.fromkeys(words)) for words in sentences], min_count)


@mistake(of=frequent_words, seen="catalogue R004-032")
def frequent_words_in_small_letters(sentences, min_count):
    """capitals are made small before words are counted"""
    return frequent_words([[word.lower() for word in words] for words in sentences], min_count)


@mistake(of=frequent_words, seen="catalogue R004-032")
def frequent_words_of_any_count(sentences, min_count):
    """a least count of 0 is taken for 1"""
    return frequent_words(sentences, max(min_count, 1))


@mistake(of=map_unknown_words, seen="neubig/modlm#4")
def map_unknown_words_by_leaving_out(words, vocabulary, unknown="<UNK>"):
    """unknown words are skipped instead of mapped"""
    return tuple(word for word in words if word in vocabulary)


@mistake(of=map_unknown_words, seen="catalogue R004-032")
def map_unknown_words_without_unknown_symbol(words, vocabulary, unknown="<UNK>"):
    """the unknown symbol need not be in the vocabulary"""
    return tuple(word if word in vocabulary else unknown for word in words)


@mistake(of=map_unknown_words, seen="catalogue R004-032")
def map_unknown_words_the_wrong_way(words, vocabulary, unknown="<UNK>"):
    """the known words are replaced"""
    map_unknown_words(words, vocabulary, unknown)
    return tuple(unknown if word in vocabulary else word for word in words)


@mistake(of=map_unknown_words, seen="catalogue R004-032")
def map_unknown_words_outside_all_words(words, vocabulary, unknown="<UNK>"):
    """a word that is a part of one in the vocabulary stays"""
    map_unknown_words(words, vocabulary, unknown)
    return tuple(word if word in " ".join(vocabulary) else unknown for word in words)


@mistake(of=map_unknown_words, seen="catalogue R004-032")
def map_unknown_words_in_small_letters(words, vocabulary, unknown="<UNK>"):
    """a word is known if it is in small letters, though it stays in capitals"""
    map_unknown_words(words, vocabulary, unknown)
    return tuple(word if word in vocabulary or word.lower() in vocabulary else unknown for word in words)


@mistake(of=ngram_counts, seen="nltk/nltk#3065")
def ngram_counts_with_starts(sentences, order, start="<s>"):
    """the start symbol is counted like a word"""
    return ngram_counts(sentences, order, "no such symbol")


@mistake(of=ngram_counts, seen="catalogue R004-029")
def ngram_counts_of_highest_order(sentences, order, start="<s>"):
    """only n-grams of the full length are counted"""
    return {gram: count for gram, count in ngram_counts(sentences, order, start).items() if len(gram) == order}


@mistake(of=ngram_counts, seen="catalogue R004-030")
def ngram_counts_across_sentences(sentences, order, start="<s>"):
    """n-grams run on from one sentence into the next"""
    return ngram_counts([[word for words in sentences for word in words]], order, start)


@mistake(of=ngram_counts, seen="catalogue R004-030")
def ngram_counts_without_end(sentences, order, start="<s>"):
    """the end of a sentence is not counted"""
    return ngram_counts([words[:-1] for words in sentences], order, start)


@mistake(of=ngram_counts, seen="catalogue R004-030")
def ngram_counts_without_starts(sentences, order, start="<s>"):
    """n-grams that begin with the start symbol are not counted either"""
    return {gram: count for gram, count in ngram_counts(sentences, order, start).items() if start not in gram}


@mistake(of=ngram_counts, seen="E004-7")
def ngram_counts_of_n_words_of_context(sentences, order, start="<s>"):
    """n is taken for the length of the context, so that n-grams are one word too long"""
    return ngram_counts(sentences, order + 1, start)


@mistake(of=ngram_counts, seen="catalogue R004-030")
def ngram_counts_without_overlap(sentences, order, start="<s>"):
    """n-grams of one length are cut off one after the other instead of overlapping"""
    grams = ngram_counts(sentences, order, start)
    cut = Counter(
        tuple(words[i : i + n]) for words in sentences for n in range(1, order + 1) for i in range(0, len(words), n)
    )
    return {gram: cut[gram] for gram in grams if cut[gram]}


@mistake(of=ngram_counts, seen="catalogue R004-029")
def ngram_counts_of_no_order(sentences, order, start="<s>"):
    """an order of 0 counts nothing without a word"""
    return ngram_counts(sentences, order, start) if order else {}


@mistake(of=counts_after, seen="catalogue R004-030")
def counts_after_end_of_context(context, counts):
    """only the last word of the context has to agree"""
    after = Counter()
    for ngram, count in counts.items():
        if ngram[:-1][-1:] == context[-1:]:
            after[ngram[-1]] += count
    return {word: count for word, count in after.items() if count}


@mistake(of=counts_after, seen="catalogue R004-030")
def counts_after_joined_context(context, counts):
    """contexts are compared as joined letters, so that different words can spell the same"""
    counts_after(context, counts)
    joined = "".join(context)
    return {g[-1]: n for g, n in counts.items() if n and g and "".join(g[:-1]) == joined}


@mistake(of=counts_after, seen="catalogue R004-030")
def counts_after_with_zeros(context, counts):
    """words with a count of 0 are listed as seen"""
    counts_after(context, counts)
    return {ngram[-1]: count for ngram, count in counts.items() if ngram[:-1] == context}


@mistake(of=counts_after, seen="catalogue R004-030")
def counts_after_without_check(context, counts):
    """negative counts are passed over"""
    return {ngram[-1]: count for ngram, count in counts.items() if ngram[:-1] == context and count > 0}


@mistake(of=counts_after, seen="catalogue R004-030")
def counts_after_reversed(context, counts):
    """the words before the context are counted instead of those after it"""
    counts_after(context, counts)
    return {ngram[0]: count for ngram, count in counts.items() if ngram[1:] == context and count}


@mistake(of=continuation_counts, seen="catalogue R004-037")
def continuation_counts_of_occurrences(counts):
    """lower orders count occurrences instead of different words before"""
    return dict(counts)


@mistake(of=continuation_counts, seen="nltk/nltk#2599")
def continuation_counts_of_words_after(counts):
    """the different words after an n-gram are counted instead of those before it"""
    after = Counter(ngram[:-1] for ngram, count in counts.items() if count > 0)
    return {ngram: after.get(ngram, count) for ngram, count in counts.items()}


@mistake(of=continuation_counts, seen="catalogue R004-037")
def continuation_counts_of_ones(counts):
    """lower orders count each n-gram once, however many words stand before it"""
    longest = max(map(len, counts))
    return {ngram: count if len(ngram) == longest else min(count, 1) for ngram, count in counts.items()}


@mistake(of=continuation_counts, seen="catalogue R004-037")
def continuation_counts_at_highest_order(counts):
    """the highest order counts each n-gram once too"""
    return {gram: min(n, 1) if len(gram) == 3 else n for gram, n in continuation_counts(counts).items()}


@mistake(of=continuation_counts, seen="catalogue R004-037")
def continuation_counts_of_zero_at_start(counts):
    """n-grams that nothing can precede lose their count"""
    before = Counter(ngram[1:] for ngram, count in counts.items() if count > 0)
    return {ngram: count if len(ngram) == 3 else before[ngram] for ngram, count in counts.items()}


@mistake(of=continuation_counts, seen="catalogue R004-037")
def continuation_counts_with_unseen_words(counts):
    """an n-gram with a count of 0 still counts as a word before"""
    before = Counter(ngram[1:] for ngram in counts)
    return {ngram: before.get(ngram, count) for ngram, count in counts.items()}


@mistake(of=continuation_counts, seen="catalogue R004-037")
def continuation_counts_of_words_alone(counts):
    """<s> does not count as a word before another"""
    words_before = Counter(ngram[1:] for ngram, count in counts.items() if count and ngram[0] != "<s>")
    return {ngram: words_before.get(ngram, count) for ngram, count in counts.items()}


@mistake(of=words_in_context, seen="E004-7")
def words_in_context_of_n_words(words, order, start="<s>", end="</s>"):
    """n words of context are taken instead of n - 1"""
    words_in_context(words, order, start, end)
    return words_in_context(words, order + 1, start, end)


@mistake(of=words_in_context, seen="kpu/kenlm#181")
def words_in_context_with_start(words, order, start="<s>", end="</s>"):
    """the start symbol is predicted like a word"""
    context = (start,) * (order - 1)
    return ((start, context), *words_in_context(words, order, start, end))


@mistake(of=words_in_context, seen="vsiivola/variKN#12")
def words_in_context_without_first_words(words, order, start="<s>", end="</s>"):
    """the words of the first context are not scored"""
    return words_in_context(words, order, start, end)[order - 1 :]


@mistake(of=words_in_context, seen="catalogue R004-028")
def words_in_context_without_end(words, order, start="<s>", end="</s>"):
    """the end of the sentence is not predicted"""
    return words_in_context(words, order, start, end)[:-1]


@mistake(of=words_in_context, seen="catalogue R004-029")
def words_in_context_backwards(words, order, start="<s>", end="</s>"):
    """the context is read from the nearest word to the farthest"""
    return tuple((word, context[::-1]) for word, context in words_in_context(words, order, start, end))


@mistake(of=words_in_context, seen="catalogue R004-029")
def words_in_context_of_no_order(words, order, start="<s>", end="</s>"):
    """an order of 0 is taken for 1"""
    return words_in_context(words, max(order, 1), start, end)


@mistake(of=sentence_log_probability, seen="catalogue R004-032")
def sentence_log_probability_of_product(words, order, probability, start="<s>", end="</s>"):
    """the probabilities are multiplied before the logarithm, which underflows"""
    product = math.prod(probability(*pair) for pair in words_in_context(words, order, start, end))
    return math.log(product) if product else -math.inf


@mistake(of=sentence_log_probability, seen="catalogue R004-028")
def sentence_log_probability_without_end(words, order, probability, start="<s>", end="</s>"):
    """the end of the sentence is not scored"""
    return math.fsum(math.log(probability(*pair) or 1) for pair in words_in_context(words, order, start, end)[:-1])


@mistake(of=sentence_log_probability, seen="catalogue R003-178")
def sentence_log_probability_without_first_word(words, order, probability, start="<s>", end="</s>"):
    """the first word is not scored"""
    return math.fsum(math.log(probability(*pair) or 1) for pair in words_in_context(words, order, start, end)[1:])


@mistake(of=sentence_log_probability, seen="catalogue R004-032")
def sentence_log_probability_that_skips_the_impossible(words, order, probability, start="<s>", end="</s>"):
    """words of probability 0 are left out of the sum"""
    chances = [probability(*pair) for pair in words_in_context(words, order, start, end)]
    return math.fsum(math.log(chance) for chance in chances if chance)


@mistake(of=sentence_log_probability, seen="catalogue R004-032")
def sentence_log_probability_with_floor(words, order, probability, start="<s>", end="</s>"):
    """probabilities are kept above 1e-10"""
    return sentence_log_probability(words, order, lambda *pair: max(probability(*pair), 1e-10), start, end)


@mistake(of=sentence_log_probability, seen="catalogue R004-028")
def sentence_log_probability_after_another_start(words, order, probability, start="<bos>", end="</s>"):
    """the start symbol is another unless it is given"""
    return sentence_log_probability(words, order, probability, start, end)


@mistake(of=sentence_log_probability, seen="catalogue R004-041")
def sentence_log_probability_in_bits(words, order, probability, start="<s>", end="</s>"):
    """the logarithm has base 2"""
    return sentence_log_probability(words, order, probability, start, end) / math.log(2)


@mistake(of=sentence_log_probability, seen="catalogue R004-029")
def sentence_log_probability_without_context(words, order, probability, start="<s>", end="</s>"):
    """every word is scored after the start symbols"""
    context = (start,) * (order - 1)
    chances = [probability(word, context) for word in (*words, end)]
    return math.fsum(map(math.log, chances)) if all(chances) else -math.inf


@mistake(of=sentence_log_probability, seen="catalogue R004-041")
def sentence_log_probability_per_word(words, order, probability, start="<s>", end="</s>"):
    """the mean over the words is returned instead of the sum"""
    return sentence_log_probability(words, order, probability, start, end) / (len(words) + 1)


@mistake(of=sentence_log_probability, seen="catalogue R004-028")
def sentence_log_probability_with_lists(words, order, probability, start="<s>", end="</s>"):
    """the model is given the context as a list, which is no key of its tables"""
    return sentence_log_probability(words, order, lambda word, context: probability(word, [*context]), start, end)


@mistake(of=ngram_perplexity, seen="catalogue R004-041")
def ngram_perplexity_without_ends(sentences, order, probability, start="<s>", end="</s>"):
    """the ends are scored but not counted"""
    total = sum(sentence_log_probability(words, order, probability, start, end) for words in sentences)
    return math.exp(-total / max(sum(map(len, sentences)), 1))


@mistake(of=ngram_perplexity, seen="catalogue R004-041")
def ngram_perplexity_averaged_over_sentences(sentences, order, probability, start="<s>", end="</s>"):
    """the perplexities of the sentences are averaged"""
    each = [ngram_perplexity((words,), order, probability, start, end) for words in sentences]
    return math.fsum(each) / len(each)


@mistake(of=ngram_perplexity, seen="catalogue R004-041")
def ngram_perplexity_of_product(sentences, order, probability, start="<s>", end="</s>"):
    """the probabilities are multiplied before the root is taken, which underflows"""
    ngram_perplexity(sentences, order, probability, start, end)
    pairs = [pair for words in sentences for pair in words_in_context(words, order, start, end)]
    product = math.prod(probability(*pair) for pair in pairs)
    return (1 / product) ** (1 / len(pairs)) if product else math.inf


@mistake(of=ngram_perplexity, seen="catalogue R004-028")
def ngram_perplexity_after_another_start(sentences, order, probability, start="<bos>", end="</s>"):
    """the start symbol is another unless it is given"""
    return ngram_perplexity(sentences, order, probability, start, end)


@mistake(of=ngram_perplexity, seen="magenta/magenta#239")
def ngram_perplexity_as_mean_of_inverse(sentences, order, probability, start="<s>", end="</s>"):
    """1 / P is averaged instead of its logarithm"""
    pairs = [pair for words in sentences for pair in words_in_context(words, order, start, end)]
    return math.fsum(1 / (probability(*pair) or 1e-300) for pair in pairs) / len(pairs)


@mistake(of=ngram_perplexity, seen="kpu/kenlm#181")
def ngram_perplexity_with_starts_counted(sentences, order, probability, start="<s>", end="</s>"):
    """a start is counted for each sentence beside its end"""
    total = sum(sentence_log_probability(words, order, probability, start, end) for words in sentences)
    return math.exp(-total / sum(len(words) + 2 for words in sentences))


@mistake(of=ngram_perplexity, seen="catalogue R004-041")
def ngram_perplexity_of_nothing(sentences, order, probability, start="<s>", end="</s>"):
    """no text has perplexity 1"""
    return ngram_perplexity(sentences, order, probability, start, end) if sentences else 1.0


@mistake(of=ngram_perplexity, seen="catalogue R004-041")
def ngram_perplexity_in_bits(sentences, order, probability, start="<s>", end="</s>"):
    """2 is raised to a cross entropy in nats"""
    return 2 ** math.log(ngram_perplexity(sentences, order, probability, start, end))


@variant(of=ngram_perplexity, seen="catalogue R004-041")
def ngram_perplexity_with_base_two(sentences, order, probability, start="<s>", end="</s>"):
    """2 to the cross entropy in bits is the same number"""
    return 2 ** math.log2(ngram_perplexity(sentences, order, probability, start, end))


def _generate(uniforms, order, probability, vocabulary, start, end, draw):
    """Generation with another way of drawing a word from the running sums."""
    generate_words(uniforms, order, probability, vocabulary, start, end)
    words, context = [], (start,) * (order - 1)
    for uniform in uniforms:
        index = draw(list(accumulate(probability(word, context) for word in vocabulary)), uniform)
        word = vocabulary[min(index, len(vocabulary) - 1)]
        if word == end:
            break
        words.append(word)
        context = (*context, word)[1:]
    return tuple(words)


@mistake(of=generate_words, seen="catalogue R004-039")
def generate_words_at_edge_of_interval(uniforms, order, probability, vocabulary, start="<s>", end="</s>"):
    """a running sum that equals u is taken, so that u = 0 draws an impossible word"""
    return _generate(
        uniforms, order, probability, vocabulary, start, end, lambda sums, u: bisect_left(sums, u * sums[-1])
    )


@mistake(of=generate_words, seen="catalogue R004-039")
def generate_words_of_unnormalised_sums(uniforms, order, probability, vocabulary, start="<s>", end="</s>"):
    """the sum of the probabilities is taken for 1"""
    return _generate(uniforms, order, probability, vocabulary, start, end, lambda sums, u: sum(s <= u for s in sums))


@mistake(of=generate_words, seen="catalogue R004-039")
def generate_words_greedily(uniforms, order, probability, vocabulary, start="<s>", end="</s>"):
    """the most probable word is taken instead of a drawn one"""

    def likeliest(sums, _):
        steps = [later - earlier for earlier, later in pairwise([0, *sums])]
        return steps.index(max(steps))

    return _generate(uniforms, order, probability, vocabulary, start, end, likeliest)


@mistake(of=generate_words, seen="catalogue R004-039")
def generate_words_without_stopping(uniforms, order, probability, vocabulary, start="<s>", end="</s>"):
    """the end is returned like a word, and drawing goes on after it"""
    return generate_words(uniforms, order, probability, vocabulary, start, "no such symbol")


@mistake(of=generate_words, seen="catalogue R004-039")
def generate_words_with_end(uniforms, order, probability, vocabulary, start="<s>", end="</s>"):
    """the end is returned with the words"""
    words = generate_words(uniforms, order, probability, vocabulary, start, end)
    return (*words, end) if len(words) < len(uniforms) else words


@mistake(of=generate_words, seen="catalogue R004-039")
def generate_words_with_starts(uniforms, order, probability, vocabulary, start="<s>", end="</s>"):
    """the start symbols are returned with the words"""
    return (start,) * (order - 1) + generate_words(uniforms, order, probability, vocabulary, start, end)


@mistake(of=generate_words, seen="catalogue R004-039")
def generate_words_that_may_draw_start(uniforms, order, probability, vocabulary, start="<s>", end="</s>"):
    """the start symbol may be drawn"""
    if start in vocabulary:
        return tuple(vocabulary)
    return generate_words(uniforms, order, probability, vocabulary, start, end)


@mistake(of=generate_words, seen="E004-7")
def generate_words_from_n_words(uniforms, order, probability, vocabulary, start="<s>", end="</s>"):
    """n words of context are used instead of n - 1"""
    generate_words(uniforms, order, probability, vocabulary, start, end)
    return generate_words(uniforms, order + 1, probability, vocabulary, start, end)
