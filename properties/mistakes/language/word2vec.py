"""Wrong variants of `reference.language.word2vec`."""

import math
from collections import Counter

import torch
from torch.nn.functional import logsigmoid

from properties.mistakes import mistake, variant
from reference.language.word2vec import (
    TreePath,
    cbow_contexts,
    cbow_loss,
    context_mean,
    hierarchical_softmax_log_probability,
    huffman_paths,
    negative_sampling_loss,
    negative_sampling_optimum,
    noise_distribution,
    skip_gram_loss,
    skip_gram_pairs,
    subsampling_drop_probability,
    subsampling_keep_probability,
)
from reference.training.losses import softmax_log_loss


@mistake(of=skip_gram_pairs, seen="catalogue R004-044")
def skip_gram_pairs_with_words_before_only(sentence, window):
    """only the words before the centre are taken"""
    skip_gram_pairs(sentence, window)
    return tuple((word, before) for i, word in enumerate(sentence) for before in sentence[max(i - window, 0) : i])


@mistake(of=skip_gram_pairs, seen="catalogue R004-044")
def skip_gram_pairs_with_the_centre(sentence, window):
    """the centre is in its own context"""
    skip_gram_pairs(sentence, window)
    return tuple(
        (word, near) for i, word in enumerate(sentence) for near in sentence[max(i - window, 0) : i + window + 1]
    )


@mistake(of=skip_gram_pairs, seen="catalogue R004-044")
def skip_gram_pairs_of_the_text_as_a_ring(sentence, window):
    """windows reach beyond the start of the sentence, to its end"""
    skip_gram_pairs(sentence, window)
    length = len(sentence)
    steps = [*range(-window, 0), *range(1, window + 1)]
    return tuple((sentence[i], sentence[(i + d) % length]) for i in range(length) for d in steps if i + d < length)


@mistake(of=skip_gram_pairs, seen="catalogue R004-044")
def skip_gram_pairs_of_different_words(sentence, window):
    """a word that occurs twice in a window is not paired with itself"""
    return tuple((centre, word) for centre, word in skip_gram_pairs(sentence, window) if centre != word)


@mistake(of=skip_gram_pairs, seen="catalogue R004-044")
def skip_gram_pairs_without_check(sentence, window):
    """an empty window gives no pairs instead of an error"""
    return skip_gram_pairs(sentence, window) if window > 0 else ()


@mistake(of=cbow_contexts, seen="catalogue R004-045")
def cbow_contexts_within_full_windows(sentence, window):
    """words that are less than a window from an end are left out"""
    return cbow_contexts(sentence, window)[window:-window]


@mistake(of=cbow_contexts, seen="catalogue R004-045")
def cbow_contexts_with_the_centre(sentence, window):
    """the word to be predicted is among those it is predicted from"""
    cbow_contexts(sentence, window)
    return tuple((word, tuple(sentence[max(i - window, 0) : i + window + 1])) for i, word in enumerate(sentence))


@mistake(of=cbow_contexts, seen="Python's slices with a negative start")
def cbow_contexts_that_wrap(sentence, window):
    """the start of a window is negative near the start of the sentence, and its words before the centre are lost"""
    cbow_contexts(sentence, window)
    return tuple(
        (word, (*sentence[i - window : i], *sentence[i + 1 : i + window + 1])) for i, word in enumerate(sentence)
    )


@mistake(of=cbow_contexts, seen="catalogue R004-044")
def cbow_contexts_without_check(sentence, window):
    """an empty window gives empty contexts instead of an error"""
    return cbow_contexts(sentence, window) if window > 0 else tuple((word, ()) for word in sentence)


@mistake(of=cbow_contexts, seen="word2vec.c skips a centre without context")
def cbow_contexts_of_a_lone_word(sentence, window):
    """a word without neighbours is kept, with an empty context"""
    return ((sentence[0], ()),) if len(sentence) == 1 else cbow_contexts(sentence, window)


@mistake(of=context_mean, seen="catalogue R004-045")
def context_mean_that_is_a_sum(context_vectors, kept):
    """the vectors are added and not divided by their number"""
    return torch.where(kept[..., None], context_vectors, 0).sum(-2)


@mistake(of=context_mean, seen="catalogue R004-045")
def context_mean_over_the_padding(context_vectors, kept):
    """the sum is divided by the length of the padded context"""
    return torch.where(kept[..., None], context_vectors, 0).mean(-2)


@mistake(of=context_mean, seen="torch.Tensor.mean")
def context_mean_that_keeps_the_padding(context_vectors, kept):
    """the mask is ignored"""
    return context_vectors.mean(-2)


@mistake(of=context_mean, seen="catalogue R004-045")
def context_mean_by_multiplication(context_vectors, kept):
    """the mask is multiplied, which leaves NaN in the padding NaN"""
    return (context_vectors * kept[..., None]).sum(-2) / kept.sum(-1, keepdim=True).clamp(min=1)


@mistake(of=context_mean, seen="catalogue R004-045")
def context_mean_of_nothing_is_nan(context_vectors, kept):
    """a context without words is 0 / 0"""
    return torch.where(kept[..., None], context_vectors, 0).sum(-2) / kept.sum(-1, keepdim=True)


@mistake(of=cbow_loss, seen="catalogue R004-045")
def cbow_loss_of_the_sum(context_vectors, kept, output_vectors, target):
    """the context's vectors are added instead of averaged"""
    total = torch.where(kept[..., None], context_vectors, 0).sum(-2)
    return softmax_log_loss(total @ output_vectors.mT, target)


@mistake(of=cbow_loss, seen="word2vec.c, which adds neu1e to every context vector")
def cbow_loss_with_undivided_gradient(context_vectors, kept, output_vectors, target):
    """every vector of the context gets the whole gradient of the mean"""
    shares = kept.sum(-1).clamp(min=1)[..., None, None]
    scaled = context_vectors * shares - (context_vectors * (shares - 1)).detach()
    return cbow_loss(torch.where(kept[..., None], scaled, 0), kept, output_vectors, target)


@mistake(of=cbow_loss, seen="catalogue R004-045")
def cbow_loss_averaged_over_predictions(context_vectors, kept, output_vectors, target):
    """each word of the context predicts alone, and the losses are averaged"""
    losses = softmax_log_loss(
        torch.where(kept[..., None], context_vectors, 0) @ output_vectors.mT, target[..., None].expand(kept.shape)
    )
    return torch.where(kept, losses, 0).sum(-1) / kept.sum(-1).clamp(min=1)


@mistake(of=cbow_loss, seen="catalogue R004-045")
def cbow_loss_that_underflows(context_vectors, kept, output_vectors, target):
    """the logarithm is taken of a softmax that has become 0"""
    chances = (context_mean(context_vectors, kept) @ output_vectors.mT).softmax(-1)
    return -chances.gather(-1, target[..., None])[..., 0].log()


@mistake(of=skip_gram_loss, seen="catalogue R004-044")
def skip_gram_loss_averaged_over_pairs(centre_vector, output_vectors, context, kept):
    """the sum over the context is divided by the number of its words"""
    return skip_gram_loss(centre_vector, output_vectors, context, kept) / kept.sum(-1).clamp(min=1)


@mistake(of=skip_gram_loss, seen="catalogue R004-044")
def skip_gram_loss_with_padding(centre_vector, output_vectors, context, kept):
    """ids in the padding are predicted too"""
    return skip_gram_loss(centre_vector, output_vectors, context, torch.ones_like(kept))


@mistake(of=skip_gram_loss, seen="catalogue R004-042")
def skip_gram_loss_over_the_context(centre_vector, output_vectors, context, kept):
    """the softmax runs over the words of the context instead of the vocabulary"""
    logits = (centre_vector @ output_vectors.mT).gather(-1, context)
    return -torch.where(kept, logits.log_softmax(-1), 0).sum(-1)


@mistake(of=skip_gram_loss, seen="catalogue R004-044")
def skip_gram_loss_that_underflows(centre_vector, output_vectors, context, kept):
    """the logarithm is taken of a softmax that has become 0"""
    chances = (centre_vector @ output_vectors.mT).softmax(-1).gather(-1, context)
    return -torch.where(kept, chances.log(), 0).sum(-1)


@mistake(of=negative_sampling_loss, seen="catalogue R004-047")
def negative_sampling_loss_that_attracts_negatives(centre_vector, context_vector, negative_vectors):
    """the sign of the negatives is missing, so that they are drawn near too"""
    return negative_sampling_loss(centre_vector, context_vector, -negative_vectors)


@mistake(of=negative_sampling_loss, seen="E004-10")
def negative_sampling_loss_without_negatives(centre_vector, context_vector, negative_vectors):
    """negatives are deleted from the text instead of being pushed away"""
    return negative_sampling_loss(centre_vector, context_vector, negative_vectors[..., :0, :])


@mistake(of=negative_sampling_loss, seen="catalogue R004-047")
def negative_sampling_loss_averaged_over_negatives(centre_vector, context_vector, negative_vectors):
    """the mean over the negatives stands for their sum"""
    attraction = negative_sampling_loss(centre_vector, context_vector, negative_vectors[..., :0, :])
    both = negative_sampling_loss(centre_vector, context_vector, negative_vectors)
    return attraction + (both - attraction) / negative_vectors.shape[-2]


@mistake(of=negative_sampling_loss, seen="word2vec.c, EXP_TABLE_SIZE and MAX_EXP")
def negative_sampling_loss_from_a_table(centre_vector, context_vector, negative_vectors):
    """products are clipped to [-6, 6], where the table of the sigmoid ends"""
    positive = (context_vector * centre_vector).sum(-1).clamp(-6, 6)
    negative = (negative_vectors * centre_vector[..., None, :]).sum(-1).clamp(-6, 6)
    return -logsigmoid(positive) - logsigmoid(-negative).sum(-1)


@mistake(of=negative_sampling_loss, seen="log of torch.sigmoid")
def negative_sampling_loss_that_overflows(centre_vector, context_vector, negative_vectors):
    """the logarithm is taken of a sigmoid that has become 0"""
    positive = (context_vector * centre_vector).sum(-1)
    negative = (negative_vectors * centre_vector[..., None, :]).sum(-1)
    return -positive.sigmoid().log() - (-negative).sigmoid().log().sum(-1)


@mistake(of=negative_sampling_loss, seen="catalogue R004-047")
def negative_sampling_loss_against_the_context(centre_vector, context_vector, negative_vectors):
    """negatives are pushed away from the context word instead of the centre"""
    repulsion = logsigmoid(-(negative_vectors * context_vector[..., None, :]).sum(-1)).sum(-1)
    return -logsigmoid((context_vector * centre_vector).sum(-1)) - repulsion


@mistake(of=negative_sampling_loss, seen="word2vec.c, which skips a negative that is the target")
def negative_sampling_loss_without_the_context_among_negatives(centre_vector, context_vector, negative_vectors):
    """a negative that is the context word itself is skipped"""
    negative = (negative_vectors * centre_vector[..., None, :]).sum(-1)
    differs = (negative_vectors != context_vector[..., None, :]).any(-1)
    repulsion = torch.where(differs, logsigmoid(-negative), 0).sum(-1)
    return -logsigmoid((context_vector * centre_vector).sum(-1)) - repulsion


@variant(of=negative_sampling_loss, seen="catalogue R004-047")
def negative_sampling_loss_in_single_precision(centre_vector, context_vector, negative_vectors):
    """a result in single precision is held to the roundings of single precision"""
    return negative_sampling_loss(centre_vector.float(), context_vector.float(), negative_vectors.float())


@mistake(of=negative_sampling_optimum, seen="catalogue R004-047")
def negative_sampling_optimum_without_log_k(joint, noise, num_negatives):
    """log k is left out"""
    return negative_sampling_optimum(joint, noise, num_negatives) + math.log(num_negatives)


@mistake(of=negative_sampling_optimum, seen="catalogue R004-047")
def negative_sampling_optimum_with_unigram_noise(joint, noise, num_negatives):
    """it is the pointwise mutual information - log k, whatever the noise"""
    return negative_sampling_optimum(joint, joint.sum(-2), num_negatives)


@mistake(of=negative_sampling_optimum, seen="catalogue R004-047")
def negative_sampling_optimum_with_joint_for_conditional(joint, noise, num_negatives):
    """the probability of the word is not divided out"""
    negative_sampling_optimum(joint, noise, num_negatives)
    return (joint / (num_negatives * noise)).log()


@mistake(of=negative_sampling_optimum, seen="catalogue R004-047")
def negative_sampling_optimum_without_check(joint, noise, num_negatives):
    """no negatives, or fewer, give infinities or NaN instead of an error"""
    return (joint / (num_negatives * joint.sum(-1, keepdim=True) * noise)).log()


@mistake(of=noise_distribution, seen="Andras7/word2vec-pytorch#7")
def noise_distribution_with_root(counts, power=0.5):
    """the power is 1/2 unless said otherwise"""
    return noise_distribution(counts, power)


@mistake(of=noise_distribution, seen="catalogue R004-047")
def noise_distribution_of_scaled_probabilities(counts, power=0.75):
    """probabilities are raised to the power and not divided by their sum"""
    noise_distribution(counts, power)
    return (counts / counts.sum()) ** power


@mistake(of=noise_distribution, seen="catalogue R004-047")
def noise_distribution_with_fixed_power(counts, power=0.75):
    """the power is 3/4 whatever was asked for"""
    noise_distribution(counts, power)
    return noise_distribution(counts)


@mistake(of=noise_distribution, seen="catalogue R004-047")
def noise_distribution_without_check(counts, power=0.75):
    """impossible counts and powers get a table all the same"""
    weights = counts**power
    return weights / weights.sum()


@mistake(of=noise_distribution, seen="catalogue R004-047")
def noise_distribution_with_a_power_up_to_one(counts, power=0.75):
    """a power above 1 is taken for 1"""
    return noise_distribution(counts, power if not 1 < power < math.inf else 1.0)


@mistake(of=subsampling_drop_probability, seen="catalogue R004-048")
def subsampling_drop_probability_without_root(frequency, threshold):
    """the root is left out, and every frequent word is left equally often"""
    subsampling_drop_probability(frequency, threshold)
    return (1 - threshold / frequency).clamp(min=0)


@mistake(of=subsampling_drop_probability, seen="catalogue R004-048")
def subsampling_drop_probability_that_keeps(frequency, threshold):
    """the probability is that of keeping the word"""
    return 1 - subsampling_drop_probability(frequency, threshold)


@mistake(of=subsampling_drop_probability, seen="catalogue R004-048")
def subsampling_drop_probability_below_zero(frequency, threshold):
    """rare words get a negative probability"""
    subsampling_drop_probability(frequency, threshold)
    return 1 - (threshold / frequency).sqrt()


@mistake(of=subsampling_drop_probability, seen="word2vec.c")
def subsampling_drop_probability_of_the_code(frequency, threshold):
    """the probability is that of the code, which keeps more than the paper"""
    return 1 - subsampling_keep_probability(frequency, threshold)


@mistake(of=subsampling_drop_probability, seen="word2vec.c, where a sample of 0 keeps all")
def subsampling_drop_probability_without_check(frequency, threshold):
    """a threshold of 0 drops every word, and one below gives NaN"""
    return (1 - (threshold / frequency).sqrt()).clamp(min=0)


@mistake(of=subsampling_drop_probability, seen="catalogue R004-048")
def subsampling_drop_probability_of_frequencies_from_1e_5_on(frequency, threshold):
    """frequencies below 1e-5 are taken for it, against a division by 0"""
    return subsampling_drop_probability(frequency.clamp(min=1e-5), threshold)


@variant(of=subsampling_drop_probability, seen="ShusenTang/Dive-into-DL-PyTorch#89")
def subsampling_drop_probability_by_multiplication(frequency, threshold):
    """t / count * total is the same as t / (count / total)"""
    subsampling_drop_probability(frequency, threshold)
    return (1 - (1 / frequency * threshold).sqrt()).clamp(min=0)


@mistake(of=subsampling_keep_probability, seen="catalogue R004-048")
def subsampling_keep_probability_of_the_paper(frequency, threshold):
    """the probability is that of the paper, without t / f"""
    return 1 - subsampling_drop_probability(frequency, threshold)


@mistake(of=subsampling_keep_probability, seen="catalogue R004-048")
def subsampling_keep_probability_above_one(frequency, threshold):
    """rare words get a probability above 1"""
    subsampling_keep_probability(frequency, threshold)
    return (threshold / frequency).sqrt() + threshold / frequency


@mistake(of=subsampling_keep_probability, seen="catalogue R004-048")
def subsampling_keep_probability_without_check(frequency, threshold):
    """a threshold of 0 drops every word, and one below gives NaN"""
    ratio = threshold / frequency
    return (ratio.sqrt() + ratio).clamp(max=1)


@mistake(of=subsampling_keep_probability, seen="catalogue R004-048")
def subsampling_keep_probability_of_frequencies_from_1e_5_on(frequency, threshold):
    """frequencies below 1e-5 are taken for it, against a division by 0"""
    return subsampling_keep_probability(frequency.clamp(min=1e-5), threshold)


@mistake(of=huffman_paths, seen="catalogue R004-046")
def huffman_paths_by_halves(counts):
    """the words are halved again and again, which is Fano's code and not always the shortest"""
    huffman_paths(counts)
    ranked = sorted(range(len(counts)), key=lambda word: counts[word])
    paths = [TreePath((), ())] * len(counts)
    parts, splits = [ranked], []
    while parts:
        part = parts.pop()
        if len(part) > 1:
            splits.append((part[: len(part) // 2], part[len(part) // 2 :]))
            parts += splits[-1]
    for node, halves in enumerate(reversed(splits)):
        for bit, half in enumerate(halves):
            for word in half:
                paths[word] = TreePath((node, *paths[word].nodes), (bit, *paths[word].bits))
    return tuple(paths)


@mistake(of=huffman_paths, seen="catalogue R004-046")
def huffman_paths_from_the_leaf(counts):
    """the path is listed from the word to the root"""
    return tuple(TreePath(path.nodes[::-1], path.bits[::-1]) for path in huffman_paths(counts))


@mistake(of=huffman_paths, seen="catalogue R004-046")
def huffman_paths_with_the_lighter_at_one(counts):
    """the lighter part is at 1"""
    return tuple(TreePath(path.nodes, tuple(1 - bit for bit in path.bits)) for path in huffman_paths(counts))


@mistake(of=huffman_paths, seen="catalogue R004-046")
def huffman_paths_of_the_most_frequent(counts):
    """the two heaviest groups are joined, so that frequent words are far from the root"""
    huffman_paths(counts)
    return huffman_paths([1 + max(counts) - count for count in counts])


@mistake(of=huffman_paths, seen="word2vec.c adds the number of words to each node but the root")
def huffman_paths_with_nodes_counted_from_the_words(counts):
    """inner nodes are counted on from the words"""
    return tuple(
        TreePath(tuple(node + len(counts) for node in path.nodes), path.bits) for path in huffman_paths(counts)
    )


@mistake(of=huffman_paths, seen="catalogue R004-046")
def huffman_paths_with_a_turn_for_a_single_word(counts):
    """a single word gets a turn, at a node that the tree does not have"""
    return (TreePath((0,), (0,)),) if len(counts) == 1 else huffman_paths(counts)


@mistake(of=huffman_paths, seen="catalogue R004-046")
def huffman_paths_of_words_that_never_occur(counts):
    """words with a count of 0 get long paths of their own, and a vocabulary without words none"""
    return huffman_paths([max(count, 1) for count in counts]) if counts else ()


@mistake(of=huffman_paths, seen="catalogue R004-046")
def huffman_paths_as_counter(counts):
    """words of equal count share a path"""
    paths = huffman_paths(counts)
    merged = dict(zip(Counter(counts), huffman_paths(list(Counter(counts))), strict=True))
    return tuple(merged[count] for count, _ in zip(counts, paths, strict=True))


@mistake(of=huffman_paths, seen="word2vec.c, CreateBinaryTree")
def huffman_paths_with_inner_nodes_first(counts):
    """of equally heavy groups those made by joining are taken before words"""
    huffman_paths(counts)
    paths = [TreePath((), ())] * len(counts)
    groups = [(count, 1, (word,)) for word, count in enumerate(counts)]
    for node in range(len(counts) - 1):
        first, second, *others = sorted(groups)
        groups = [*others, (first[0] + second[0], 0, first[2] + second[2])]
        for bit, (_, _, words) in enumerate((first, second)):
            for word in words:
                paths[word] = TreePath((node, *paths[word].nodes), (bit, *paths[word].bits))
    return tuple(paths)


@mistake(of=huffman_paths, seen="catalogue R004-046")
def huffman_paths_by_the_lowest_id_of_a_group(counts):
    """of equally heavy groups that with the lowest id is taken first, whichever of its words is the lightest"""
    paths = [TreePath((), ())] * len(huffman_paths(counts))
    groups = [(count, (word,)) for word, count in enumerate(counts)]
    for node in range(len(counts) - 1):
        first, second, *others = sorted(groups)
        groups = [*others, (first[0] + second[0], tuple(sorted(first[1] + second[1])))]
        for bit, (_, words) in enumerate((first, second)):
            for word in words:
                paths[word] = TreePath((node, *paths[word].nodes), (bit, *paths[word].bits))
    return tuple(paths)


@mistake(of=hierarchical_softmax_log_probability, seen="piskvorky/gensim#653")
def hierarchical_softmax_log_probability_with_sign_before_power(centre_vector, node_vectors, path):
    """the sign -1.0**code is -(1.0**code): -1 at every turn"""
    return hierarchical_softmax_log_probability(
        centre_vector, node_vectors, TreePath(path.nodes, (1,) * len(path.bits))
    )


@mistake(of=hierarchical_softmax_log_probability, seen="piskvorky/gensim#3397")
def hierarchical_softmax_log_probability_of_the_other_turns(centre_vector, node_vectors, path):
    """every sign is turned round"""
    return hierarchical_softmax_log_probability(-centre_vector, node_vectors, path)


@mistake(of=hierarchical_softmax_log_probability, seen="word2vec.c, EXP_TABLE_SIZE and MAX_EXP")
def hierarchical_softmax_log_probability_that_skips_nodes(centre_vector, node_vectors, path):
    """nodes whose product is outside [-6, 6] are skipped"""
    turns = centre_vector @ node_vectors[list(path.nodes)].mT
    signs = centre_vector.new_tensor([1 - 2 * bit for bit in path.bits])
    return torch.where(turns.abs() > 6, 0, logsigmoid(signs * turns)).sum(-1)


@mistake(of=hierarchical_softmax_log_probability, seen="log of torch.sigmoid")
def hierarchical_softmax_log_probability_that_overflows(centre_vector, node_vectors, path):
    """the logarithm is taken of a sigmoid that has become 0"""
    turns = centre_vector @ node_vectors[list(path.nodes)].mT
    signs = centre_vector.new_tensor([1 - 2 * bit for bit in path.bits])
    return (signs * turns).sigmoid().log().sum(-1)


@mistake(of=hierarchical_softmax_log_probability, seen="catalogue R004-046")
def hierarchical_softmax_log_probability_averaged_over_turns(centre_vector, node_vectors, path):
    """the mean over the turns stands for their sum"""
    return hierarchical_softmax_log_probability(centre_vector, node_vectors, path) / max(len(path.nodes), 1)


@mistake(of=hierarchical_softmax_log_probability, seen="catalogue R004-046")
def hierarchical_softmax_log_probability_of_the_first_nodes(centre_vector, node_vectors, path):
    """the first nodes are taken instead of those on the path"""
    return hierarchical_softmax_log_probability(
        centre_vector, node_vectors, TreePath(tuple(range(len(path.bits))), path.bits)
    )


@mistake(of=hierarchical_softmax_log_probability, seen="catalogue R004-046")
def hierarchical_softmax_log_probability_of_the_only_word_is_half(centre_vector, node_vectors, path):
    """the only word is a coin too"""
    log_p = hierarchical_softmax_log_probability(centre_vector, node_vectors, path)
    return log_p if path.nodes else log_p - math.log(2)


@variant(of=hierarchical_softmax_log_probability, seen="word2vec.c, label = 1 - code")
def hierarchical_softmax_log_probability_with_labels(centre_vector, node_vectors, path):
    """the log likelihood of the labels 1 - bit is the same"""
    turns = centre_vector @ node_vectors[list(path.nodes)].mT
    labels = centre_vector.new_tensor([1 - bit for bit in path.bits])
    return (labels * logsigmoid(turns) + (1 - labels) * logsigmoid(-turns)).sum(-1)
