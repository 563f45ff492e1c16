"""Wrong variants of `reference.probability.information`."""

import heapq
import math

import torch

from properties.mistakes import mistake, variant
from reference.probability.information import (
    cross_entropy,
    entropy,
    huffman_code_lengths,
    jensen_shannon_divergence,
    joint_mutual_information,
    kl_divergence,
    total_variation,
)


@mistake(of=entropy, seen="catalogue R003-074")
def entropy_in_bits(p):
    """the result is in bits"""
    return entropy(p) / math.log(2)


@mistake(of=entropy, seen="catalogue R003-074")
def entropy_with_logarithm_of_zero(p):
    """an outcome of probability 0 gives 0 log 0 = NaN"""
    return -(p * p.log()).sum(-1)


@mistake(of=entropy, seen="catalogue R003-074")
def entropy_with_epsilon(p):
    """1e-6 is added inside the logarithm"""
    return -(p * (p + 1e-6).log()).sum(-1)


@mistake(of=entropy, seen="E003-022")
def entropy_divided_by_number_of_outcomes(p):
    """the terms are averaged once more, although their weights are the probabilities"""
    return entropy(p) / p.shape[-1]


@mistake(of=entropy, seen="E003-022")
def entropy_of_sharpness(p):
    """more certain distributions get more: what is returned is how much the entropy lacks to its maximum"""
    return math.log(p.shape[-1]) - entropy(p)


@mistake(of=entropy, seen="catalogue R003-074")
def entropy_with_infinite_gradient(p):
    """the value is right, but the slope at probability 0 is infinite, and NaN behind a softmax"""
    return torch.special.entr(p).sum(-1)


@variant(of=entropy, seen="catalogue R003-074")
def entropy_with_certain_outcomes_for_impossible_ones(p):
    """an outcome of probability 0 counts as one of probability 1, whose term is 0 too"""
    held = torch.where(p > 0, p, 1)
    return -(held * held.log()).sum(-1)


@mistake(of=cross_entropy, seen="catalogue R003-075")
def cross_entropy_swapped(p, q):
    """q weights the logarithms of p"""
    return cross_entropy(q, p)


@mistake(of=cross_entropy, seen="E004-16")
def cross_entropy_without_sum(p, q):
    """the term of the likeliest outcome stands for the sum"""
    term = -torch.special.xlogy(p, q)
    return term.gather(-1, p.argmax(-1, keepdim=True))[..., 0]


@mistake(of=cross_entropy, seen="E004-17")
def cross_entropy_without_weights(p, q):
    """-log q is summed over all outcomes, not weighted by p"""
    return cross_entropy(torch.ones_like(p), q) + 0 * cross_entropy(p, q)


@mistake(of=cross_entropy, seen="catalogue R003-074")
def cross_entropy_of_model_alone(p, q):
    """the entropy of the model is returned, which the data has no part in"""
    return entropy(q) + 0 * p.sum(-1)


@mistake(of=cross_entropy, seen="catalogue R003-075")
def cross_entropy_with_floor(p, q):
    """probabilities are clamped at 1e-7, which makes finite what is infinite"""
    return cross_entropy(p, q.clamp(min=1e-7))


@mistake(of=cross_entropy, seen="google-deepmind/optax commit 51537b4e")
def cross_entropy_with_logarithm_of_zero(p, q):
    """an outcome that neither has gives 0 log 0 = NaN"""
    return -(p * q.log()).sum(-1)


@mistake(of=cross_entropy, seen="catalogue R003-075")
def cross_entropy_of_bits(p, q):
    """the logarithm is that of base 2"""
    return cross_entropy(p, q) / math.log(2)


@mistake(of=cross_entropy, seen="catalogue R003-075")
def cross_entropy_with_undefined_gradient(p, q):
    """the value is right, but log 0 behind a where makes the gradient NaN"""
    return -torch.where(p > 0, p * q.log(), 0).sum(-1)


@mistake(of=kl_divergence, seen="catalogue R000-019")
def kl_divergence_swapped(p, q):
    """the divergence is taken the other way round"""
    return kl_divergence(q, p)


@mistake(of=kl_divergence, seen="catalogue R000-019")
def kl_divergence_that_is_cross_entropy(p, q):
    """the entropy of p is not subtracted, so that the divergence from itself is not 0"""
    return -torch.special.xlogy(p, q).sum(-1)


@mistake(of=kl_divergence, seen="catalogue R000-019")
def kl_divergence_with_logarithm_of_zero(p, q):
    """outcomes that p misses give 0 log 0 = NaN"""
    return (p * (p.log() - q.log())).sum(-1)


@mistake(of=kl_divergence, seen="google-research/d3pm")
def kl_divergence_with_epsilon(p, q):
    """1e-6 is added inside the logarithms, which hides what q misses and makes the result too small"""
    return (p * ((p + 1e-6).log() - (q + 1e-6).log())).sum(-1)


@mistake(of=kl_divergence, seen="catalogue R000-019")
def kl_divergence_with_undefined_gradient(p, q):
    """the value is right, but log 0 behind a where makes the gradient NaN"""
    return torch.where(p > 0, p * (p.log() - q.log()), 0).sum(-1)


@mistake(of=kl_divergence, seen="catalogue R000-019")
def kl_divergence_in_bits(p, q):
    """the result is in bits"""
    return kl_divergence(p, q) / torch.log(torch.tensor(2, dtype=p.dtype))


@mistake(of=kl_divergence, seen="catalogue R000-019")
def kl_divergence_averaged(p, q):
    """the mean over the outcomes is taken instead of the sum"""
    return kl_divergence(p, q) / p.shape[-1]


@mistake(of=total_variation, seen="catalogue R003-096")
def total_variation_without_half(p, q):
    """the L1 distance is returned, twice as much"""
    return (p - q).abs().sum(-1)


@mistake(of=total_variation, seen="catalogue R003-096")
def total_variation_of_one_outcome(p, q):
    """the largest difference of a single outcome is returned, although an event may have many"""
    return (p - q).abs().amax(-1)


@mistake(of=total_variation, seen="catalogue R003-096")
def total_variation_euclidean(p, q):
    """the differences are squared"""
    return (p - q).square().sum(-1).sqrt() / 2


@mistake(of=total_variation, seen="catalogue R003-096")
def total_variation_averaged(p, q):
    """the mean over the outcomes is taken instead of the sum"""
    return (p - q).abs().mean(-1) / 2


@mistake(of=total_variation, seen="catalogue R003-096")
def total_variation_by_pinsker(p, q):
    """the bound of Pinsker's inequality is returned"""
    return (kl_divergence(p, q) / 2).sqrt()


@variant(of=total_variation, seen="Levin & Peres 2017, remark 4.3")
def total_variation_one_sided(p, q):
    """the sum over outcomes that p favours alone, which needs no half"""
    return (p - q).clamp(min=0).sum(-1)


@mistake(of=jensen_shannon_divergence, seen="catalogue R003-118")
def jensen_shannon_divergence_without_halves(p, q):
    """both divergences are added up instead of averaged"""
    return 2 * jensen_shannon_divergence(p, q)


@mistake(of=jensen_shannon_divergence, seen="catalogue R003-118")
def jensen_shannon_divergence_of_half_the_symmetrised(p, q):
    """the average of KL(p || q) and KL(q || p), which is infinite for different supports"""
    return (kl_divergence(p, q) + kl_divergence(q, p)) / 2


@mistake(of=jensen_shannon_divergence, seen="scipy.spatial.distance.jensenshannon")
def jensen_shannon_divergence_rooted(p, q):
    """the square root is returned, which is a distance"""
    return jensen_shannon_divergence(p, q).clamp(min=0).sqrt()


@mistake(of=jensen_shannon_divergence, seen="catalogue R003-118")
def jensen_shannon_divergence_reversed(p, q):
    """the average comes first: KL(m || p) and KL(m || q)"""
    average = (p + q) / 2
    return (kl_divergence(average, p) + kl_divergence(average, q)) / 2


@mistake(of=jensen_shannon_divergence, seen="catalogue R003-118")
def jensen_shannon_divergence_in_bits(p, q):
    """the largest value is 1 instead of log 2: the result is in bits"""
    return jensen_shannon_divergence(p, q) / math.log(2)


@mistake(of=jensen_shannon_divergence, seen="catalogue R003-118")
def jensen_shannon_divergence_of_p_alone(p, q):
    """only p is compared with the average"""
    return kl_divergence(p, (p + q) / 2)


@mistake(of=joint_mutual_information, seen="catalogue R003-074")
def joint_mutual_information_conditional(joint):
    """the entropy of Y that knowing X leaves is returned instead of what it takes away"""
    return entropy(joint.flatten(-2)) - entropy(joint.sum(-1))


@mistake(of=joint_mutual_information, seen="catalogue R003-096")
def joint_mutual_information_by_products(joint):
    """the product of two rare probabilities underflows, and the divergence from it is infinite"""
    product = joint.sum(-1)[..., :, None] * joint.sum(-2)[..., None, :]
    return kl_divergence(joint.flatten(-2), product.flatten(-2))


@mistake(of=joint_mutual_information, seen="catalogue R003-096")
def joint_mutual_information_reversed(joint):
    """the divergence of the product from the joint, which is infinite where pairs are excluded"""
    product = joint.sum(-1)[..., :, None] * joint.sum(-2)[..., None, :]
    return kl_divergence(product.flatten(-2), joint.flatten(-2))


@mistake(of=joint_mutual_information, seen="catalogue R003-074")
def joint_mutual_information_with_wrong_sign(joint):
    """the entropies of both are subtracted from that of the pair"""
    return -joint_mutual_information(joint)


@mistake(of=joint_mutual_information, seen="catalogue R003-074")
def joint_mutual_information_in_bits(joint):
    """the result is in bits"""
    return joint_mutual_information(joint) / math.log(2)


@mistake(of=huffman_code_lengths, seen="Shannon 1948, section 9")
def huffman_code_lengths_of_shannon(probabilities):
    """each symbol gets its information rounded up, as in Shannon's code, which may be longer"""
    huffman_code_lengths(probabilities)
    return tuple(math.ceil(-math.log2(weight / sum(probabilities))) for weight in probabilities)


@mistake(of=huffman_code_lengths, seen="Fano 1949")
def huffman_code_lengths_of_fano(probabilities):
    """the symbols are split from the top into halves of like weight, as in Fano's code, which may be longer"""
    huffman_code_lengths(probabilities)
    lengths = [0] * len(probabilities)

    def split(symbols):
        if len(symbols) < 2:
            return
        weights = [probabilities[symbol] for symbol in symbols]
        cut = min(range(1, len(symbols)), key=lambda n: abs(sum(weights[:n]) - sum(weights[n:])))
        for part in (symbols[:cut], symbols[cut:]):
            for symbol in part:
                lengths[symbol] += 1
            split(part)

    split(sorted(range(len(probabilities)), key=lambda symbol: -probabilities[symbol]))
    return tuple(lengths)


def _merged(probabilities, combine, first=min, single=0):
    groups = [(weight, (symbol,)) for symbol, weight in enumerate(probabilities)]
    lengths = [single if len(probabilities) == 1 else 0] * len(probabilities)
    while len(groups) > 1:
        one = groups.pop(groups.index(first(groups)))
        other = groups.pop(groups.index(first(groups)))
        groups.append((combine(one[0], other[0]), one[1] + other[1]))
        for symbol in one[1] + other[1]:
            lengths[symbol] += 1
    return tuple(lengths)


@mistake(of=huffman_code_lengths, seen="catalogue R003-074")
def huffman_code_lengths_from_the_likeliest(probabilities):
    """the two likeliest groups are joined, so that frequent symbols get long words"""
    huffman_code_lengths(probabilities)
    return _merged(probabilities, lambda a, b: a + b, first=max)


@mistake(of=huffman_code_lengths, seen="catalogue R003-074")
def huffman_code_lengths_of_the_larger_weight(probabilities):
    """a joined group keeps the weight of its likelier part instead of the sum"""
    huffman_code_lengths(probabilities)
    return _merged(probabilities, max)


@mistake(of=huffman_code_lengths, seen="catalogue R003-074")
def huffman_code_lengths_all_alike(probabilities):
    """every symbol gets as many bits as numbering them takes"""
    huffman_code_lengths(probabilities)
    return (math.ceil(math.log2(len(probabilities))),) * len(probabilities)


@mistake(of=huffman_code_lengths, seen="catalogue R003-074")
def huffman_code_lengths_in_order_of_weight(probabilities):
    """the lengths are those of the sorted symbols and not put back in place"""
    return tuple(sorted(huffman_code_lengths(probabilities)))


@mistake(of=huffman_code_lengths, seen="RFC 1951, section 3.2.7")
def huffman_code_lengths_of_at_least_one(probabilities):
    """a single symbol gets one bit, as codecs need it"""
    huffman_code_lengths(probabilities)
    return _merged(probabilities, lambda a, b: a + b, single=1)


@mistake(of=huffman_code_lengths, seen="catalogue R003-074")
def huffman_code_lengths_without_check(probabilities):
    """symbols that never occur get words, and weights that are no numbers are merged all the same"""
    return _merged(probabilities, lambda a, b: a + b)


@mistake(of=huffman_code_lengths, seen="catalogue R003-074")
def huffman_code_lengths_up_to_15(probabilities):
    """lengths are cut at 15 bits, so that the codes of rare symbols do not fit into the tree"""
    return tuple(min(length, 15) for length in huffman_code_lengths(probabilities))


@variant(of=huffman_code_lengths, seen="catalogue R003-074")
def huffman_code_lengths_by_heap(probabilities):
    """a heap with the newest group first among equals: other lengths perhaps, of the same mean"""
    if not probabilities or not all(0 < weight < math.inf for weight in probabilities):
        raise ValueError(f"got {probabilities}")
    lengths = [0] * len(probabilities)
    heap = [(weight, -symbol, (symbol,)) for symbol, weight in enumerate(probabilities)]
    heapq.heapify(heap)
    while len(heap) > 1:
        (least, _, first), (more, _, second) = heapq.heappop(heap), heapq.heappop(heap)
        heapq.heappush(heap, (least + more, -len(probabilities) - min(first + second), first + second))
        for symbol in first + second:
            lengths[symbol] += 1
    return tuple(lengths)
