"""Wrong variants of `reference.probability.crf`."""

import torch

from properties.mistakes import mistake, variant
from reference.probability.crf import (
    LinearChain,
    crf_log_likelihood,
    crf_log_partition,
    crf_marginals,
    crf_score,
    crf_viterbi,
)


def transposed(chain):
    return chain._replace(transitions=chain.transitions.T)


def without_end(chain):
    return chain._replace(end=torch.zeros_like(chain.end))


def broadcast(chain, emissions):
    """The chain as its shapes come out of arithmetic."""
    tags = emissions.shape[2]
    return LinearChain(chain.start.expand(tags), chain.transitions.expand(tags, tags), chain.end.expand(tags))


@mistake(of=crf_score, seen="keras-team/keras-contrib#508")
def crf_score_without_end(chain, emissions, tags, mask):
    """the score of the last tag is left out where a sequence is padded"""
    score = crf_score(chain, emissions, tags, mask)
    return torch.where(mask[:, -1], score, crf_score(without_end(chain), emissions, tags, mask))


@mistake(of=crf_score, seen="catalogue R004-053")
def crf_score_with_end_at_padding(chain, emissions, tags, mask):
    """the score of the last tag is taken at the end of the padding"""
    last = torch.where(mask, tags, 0)[:, -1]
    return crf_score(without_end(chain), emissions, tags, mask) + chain.end[last]


@mistake(of=crf_score, seen="jiesutd/NCRFpp#72")
def crf_score_transposed(chain, emissions, tags, mask):
    """transitions are read as [to, from]"""
    return crf_score(transposed(chain), emissions, tags, mask)


@mistake(of=crf_score, seen="catalogue R004-053")
def crf_score_of_padding(chain, emissions, tags, mask):
    """padded steps are scored too"""
    inside = crf_score(chain, emissions, tags, mask)
    return crf_score(chain, emissions, torch.where(mask, tags, 0), mask | ~mask) + 0 * inside


@mistake(of=crf_score, seen="catalogue R004-053")
def crf_score_with_one_move_too_many(chain, emissions, tags, mask):
    """the move into the first padded tag is scored"""
    tags = torch.where(mask, tags, 0)
    moved = chain.transitions[tags[:, :-1], tags[:, 1:]]
    into_padding = torch.where(mask[:, :-1] & ~mask[:, 1:], moved, 0).sum(1)
    return crf_score(chain, emissions, tags, mask) + into_padding


@mistake(of=crf_score, seen="catalogue R004-053")
def crf_score_without_check(chain, emissions, tags, mask):
    """a chain of other tags, or a sequence without steps, gets a score all the same"""
    if not emissions.shape[1]:
        return emissions.sum((1, 2)) + chain.start.sum()
    return crf_score(broadcast(chain, emissions), emissions, tags, mask)


@mistake(of=crf_score, seen="catalogue R004-053")
def crf_score_with_padding_times_0(chain, emissions, tags, mask):
    """scores after the end are multiplied by 0, which makes NaN of -inf"""
    return crf_score(chain, emissions, tags, mask) + (emissions * ~mask[:, :, None] * 0).sum((1, 2))


@variant(of=crf_score, seen="jiesutd/NCRFpp#72")
def crf_score_with_boundary_tags(chain, emissions, tags, mask):
    """start and end as two more tags of a larger transition matrix are the same scores"""
    crf_score(chain, emissions, tags, mask)
    count = emissions.shape[2]
    moves = emissions.new_zeros(count + 2, count + 2)
    moves[:count, :count], moves[count, :count], moves[:count, count + 1] = chain.transitions, chain.start, chain.end
    padded = torch.nn.functional.pad(torch.where(mask, tags, count + 1), (1, 1), value=count + 1)
    padded[:, 0] = count
    emitted = emissions.gather(2, torch.where(mask, tags, 0)[:, :, None]).squeeze(2)
    return moves[padded[:, :-1], padded[:, 1:]].sum(1) + torch.where(mask, emitted, 0).sum(1)


@mistake(of=crf_score, seen="catalogue R004-053")
def crf_score_with_floor(chain, emissions, tags, mask):
    """what is forbidden scores -10000, as if it were only unlikely"""
    return crf_score(chain, emissions, tags, mask).clamp(min=-1e4)


@mistake(of=crf_log_partition, seen="rguthrie3/BiLSTM-CRF#3")
def crf_log_partition_transposed(chain, emissions, mask):
    """transitions are read as [to, from]"""
    return crf_log_partition(transposed(chain), emissions, mask)


@mistake(of=crf_log_partition, seen="keras-team/keras-contrib#508")
def crf_log_partition_without_end(chain, emissions, mask):
    """the score of the last tag is left out"""
    return crf_log_partition(without_end(chain), emissions, mask)


@mistake(of=crf_log_partition, seen="catalogue R004-053")
def crf_log_partition_of_best_sequence(chain, emissions, mask):
    """the maximum stands where log-sum-exp belongs"""
    return crf_viterbi(chain, emissions, mask)[1]


@mistake(of=crf_log_partition, seen="catalogue R004-053")
def crf_log_partition_of_padding(chain, emissions, mask):
    """padded steps are summed over too"""
    return crf_log_partition(chain, emissions, mask | ~mask)


@mistake(of=crf_log_partition, seen="catalogue R004-053")
def crf_log_partition_by_exponentials(chain, emissions, mask):
    """the recursion adds exponentials without logarithms, which overflow"""
    crf_log_partition(chain, emissions, mask)
    alpha = torch.exp(chain.start + emissions[:, 0])
    for t in range(1, emissions.shape[1]):
        reached = alpha @ chain.transitions.exp() * emissions[:, t].exp()
        alpha = torch.where(mask[:, t, None], reached, alpha)
    return (alpha * chain.end.exp()).sum(1).log()


@mistake(of=crf_log_partition, seen="kmkurn/pytorch-crf")
def crf_log_partition_without_gradient(chain, emissions, mask):
    """the value is right, but the gradient is NaN where a tag can neither start nor follow"""
    log_alpha = chain.start + emissions[:, 0]
    for t in range(1, emissions.shape[1]):
        reached = torch.logsumexp(log_alpha[:, :, None] + chain.transitions, 1) + emissions[:, t]
        log_alpha = torch.where(mask[:, t, None], reached, log_alpha)
    crf_log_partition(chain, emissions.detach(), mask)
    return torch.logsumexp(log_alpha + chain.end, 1)


@mistake(of=crf_log_partition, seen="catalogue R004-053")
def crf_log_partition_constant_in_the_chain(chain, emissions, mask):
    """the value is right, but the gradient reaches the emissions alone"""
    return crf_log_partition(LinearChain(*(table.detach() for table in chain)), emissions, mask)


@mistake(of=crf_log_partition, seen="catalogue R004-053")
def crf_log_partition_with_floor(chain, emissions, mask):
    """a forbidden score is raised to -10000, so that what cannot be is only unlikely"""
    return crf_log_partition(LinearChain(*(table.clamp(min=-1e4) for table in chain)), emissions, mask)


@mistake(of=crf_log_partition, seen="catalogue R004-053")
def crf_log_partition_without_check(chain, emissions, mask):
    """a chain of other tags, or a sequence without steps, has a sum all the same"""
    if not emissions.shape[1]:
        return emissions.sum((1, 2)) + torch.logsumexp(chain.start + chain.end, 0)
    return crf_log_partition(broadcast(chain, emissions), emissions, mask)


@mistake(of=crf_log_likelihood, seen="kmkurn/pytorch-crf#91")
def crf_log_likelihood_with_two_orientations(chain, emissions, tags, mask):
    """the score reads transitions as [from, to], the sum over sequences as [to, from]"""
    return crf_score(chain, emissions, tags, mask) - crf_log_partition(transposed(chain), emissions, mask)


@mistake(of=crf_log_likelihood, seen="catalogue R004-053")
def crf_log_likelihood_per_step(chain, emissions, tags, mask):
    """the log probability is divided by the length of the sequence"""
    return crf_log_likelihood(chain, emissions, tags, mask) / mask.sum(1)


@mistake(of=crf_log_likelihood, seen="catalogue R004-053")
def crf_log_likelihood_of_independent_tags(chain, emissions, tags, mask):
    """each step is normalised on its own, as in a maximum-entropy Markov model"""
    local = (emissions - emissions.logsumexp(2, keepdim=True)) * mask[:, :, None]
    rows = LinearChain(*(scores.log_softmax(-1) for scores in chain))
    return crf_score(rows, local, tags, mask)


@mistake(of=crf_log_likelihood, seen="catalogue R004-053")
def crf_log_likelihood_of_longest_sequence(chain, emissions, tags, mask):
    """every sequence of the batch counts as being as long as the longest"""
    return crf_log_likelihood(chain, emissions, torch.where(mask, tags, 0), mask.any(0).expand_as(mask))


@mistake(of=crf_log_likelihood, seen="catalogue R004-053")
def crf_log_likelihood_with_one_normaliser(chain, emissions, tags, mask):
    """the log partition of the first sequence is subtracted from all"""
    return crf_score(chain, emissions, tags, mask) - crf_log_partition(chain, emissions, mask)[:1]


@mistake(of=crf_log_likelihood, seen="catalogue R004-053")
def crf_log_likelihood_by_exponentials(chain, emissions, tags, mask):
    """the logarithm is taken of a ratio of exponentials, which overflow"""
    return (crf_score(chain, emissions, tags, mask).exp() / crf_log_partition(chain, emissions, mask).exp()).log()


@mistake(of=crf_log_likelihood, seen="catalogue R004-053")
def crf_log_likelihood_of_0_for_what_cannot_be(chain, emissions, tags, mask):
    """0, certainty, takes the place of NaN where every sequence is forbidden"""
    return crf_log_likelihood(chain, emissions, tags, mask).nan_to_num(0.0, neginf=-torch.inf)


@mistake(of=crf_log_likelihood, seen="catalogue R004-053")
def crf_log_likelihood_without_check(chain, emissions, tags, mask):
    """a chain of other tags, or a sequence without steps, has a probability all the same"""
    if not emissions.shape[1]:
        return emissions.sum((1, 2))
    return crf_log_likelihood(broadcast(chain, emissions), emissions, tags, mask)


@mistake(of=crf_log_likelihood, seen="catalogue R004-053")
def crf_log_likelihood_negative(chain, emissions, tags, mask):
    """the loss, -log p, is returned"""
    return -crf_log_likelihood(chain, emissions, tags, mask)


@mistake(of=crf_log_likelihood, seen="catalogue R004-053")
def crf_log_likelihood_with_floor(chain, emissions, tags, mask):
    """a forbidden sequence has the log probability -10000"""
    return crf_log_likelihood(chain, emissions, tags, mask).clamp(min=-1e4)


@mistake(of=crf_marginals, seen="catalogue R004-053")
def crf_marginals_without_backward(chain, emissions, mask):
    """only the forward recursion is used, so that later steps do not count"""
    marginals = crf_marginals(chain, emissions, mask)
    alpha = torch.log_softmax(chain.start + emissions[:, 0], 1)
    filtered = [alpha.exp()]
    for t in range(1, emissions.shape[1]):
        alpha = torch.log_softmax(torch.logsumexp(alpha[:, :, None] + chain.transitions, 1) + emissions[:, t], 1)
        filtered.append(alpha.exp())
    return torch.stack(filtered, 1) * (marginals.sum(2, keepdim=True) > 0)


@mistake(of=crf_marginals, seen="catalogue R004-053")
def crf_marginals_by_exponentials(chain, emissions, mask):
    """the recursions multiply exponentials without logarithms, which overflow"""
    crf_marginals(chain, emissions, mask)
    moves, emitted = chain.transitions.exp(), emissions.exp()
    alpha, beta = [chain.start.exp() * emitted[:, 0]], [chain.end.exp().expand_as(emitted[:, 0])]
    for t in range(1, emissions.shape[1]):
        alpha.append(torch.where(mask[:, t, None], alpha[-1] @ moves * emitted[:, t], alpha[-1]))
    for t in range(emissions.shape[1] - 1, 0, -1):
        reached = (emitted[:, t] * beta[-1]) @ moves.T
        beta.append(torch.where(mask[:, t, None], reached, chain.end.exp()))
    joint = torch.stack(alpha, 1) * torch.stack(beta[::-1], 1)
    return torch.where(mask[:, :, None], joint / joint.sum(2, keepdim=True), 0)


@mistake(of=crf_marginals, seen="catalogue R004-053")
def crf_marginals_of_0_for_what_cannot_be(chain, emissions, mask):
    """0 takes the place of NaN where every sequence is forbidden"""
    return crf_marginals(chain, emissions, mask).nan_to_num(0.0)


@mistake(of=crf_marginals, seen="catalogue R004-053")
def crf_marginals_of_padding(chain, emissions, mask):
    """padded steps count, and have probabilities"""
    return crf_marginals(chain, emissions, mask | ~mask)


@mistake(of=crf_marginals, seen="tensorflow/tensorflow#10378")
def crf_marginals_transposed(chain, emissions, mask):
    """transitions are read as [to, from]"""
    return crf_marginals(transposed(chain), emissions, mask)


@mistake(of=crf_marginals, seen="keras-team/keras-contrib#508")
def crf_marginals_without_end(chain, emissions, mask):
    """the score of the last tag is left out"""
    return crf_marginals(without_end(chain), emissions, mask)


@mistake(of=crf_marginals, seen="catalogue R004-053")
def crf_marginals_of_emissions(chain, emissions, mask):
    """the emissions are normalised at each step, and transitions have no part"""
    return emissions.softmax(2) * (crf_marginals(chain, emissions, mask).sum(2, keepdim=True) > 0)


@mistake(of=crf_marginals, seen="catalogue R004-053")
def crf_marginals_times_mask(chain, emissions, mask):
    """what stands after the end is multiplied by 0, which leaves NaN where every sequence is forbidden"""
    marginals = crf_marginals(chain, emissions, mask)
    return torch.where(marginals[:, :1].isnan(), torch.nan, marginals)


@mistake(of=crf_viterbi, seen="jiesutd/NCRFpp#167")
def crf_viterbi_of_padding(chain, emissions, mask):
    """padded steps are decoded as if they were part of the sequence"""
    paths, scores = crf_viterbi(chain, emissions, mask | ~mask)
    return torch.where(mask, paths, -1), scores


@mistake(of=crf_viterbi, seen="jiesutd/NCRFpp#72")
def crf_viterbi_transposed(chain, emissions, mask):
    """transitions are read as [to, from]"""
    return crf_viterbi(transposed(chain), emissions, mask)


@mistake(of=crf_viterbi, seen="keras-team/keras-contrib#508")
def crf_viterbi_without_end(chain, emissions, mask):
    """the score of the last tag is left out"""
    return crf_viterbi(without_end(chain), emissions, mask)


@mistake(of=crf_viterbi, seen="catalogue R004-053")
def crf_viterbi_greedy(chain, emissions, mask):
    """the best tag is chosen step by step, from the left"""
    _, scores = crf_viterbi(chain, emissions, mask)
    path = [(chain.start + emissions[:, 0]).argmax(1)]
    for t in range(1, emissions.shape[1]):
        path.append((chain.transitions[path[-1]] + emissions[:, t]).argmax(1))
    return torch.where(mask, torch.stack(path, 1), -1), scores


@mistake(of=crf_viterbi, seen="catalogue R004-053")
def crf_viterbi_with_floor(chain, emissions, mask):
    """a forbidden score is raised to -10000, so that what cannot be has a score"""
    return crf_viterbi(LinearChain(*(table.clamp(min=-1e4) for table in chain)), emissions, mask)


@mistake(of=crf_viterbi, seen="catalogue R004-053")
def crf_viterbi_by_marginals(chain, emissions, mask):
    """each tag is the most probable at its step, which need not make the best sequence"""
    _, scores = crf_viterbi(chain, emissions, mask)
    return torch.where(mask, crf_marginals(chain, emissions, mask).argmax(2), -1), scores


@mistake(of=crf_viterbi, seen="catalogue R004-053")
def crf_viterbi_with_last_of_equals(chain, emissions, mask):
    """of equally good tags the highest is taken"""
    flipped = LinearChain(chain.start.flip(0), chain.transitions.flip(0, 1), chain.end.flip(0))
    paths, scores = crf_viterbi(flipped, emissions.flip(2), mask)
    return torch.where(mask, emissions.shape[2] - 1 - paths, -1), scores


@mistake(of=crf_viterbi, seen="catalogue R004-053")
def crf_viterbi_padded_with_a_tag(chain, emissions, mask):
    """padding is filled with 0, which is a tag"""
    paths, scores = crf_viterbi(chain, emissions, mask)
    return torch.where(mask, paths, 0), scores


@mistake(of=crf_viterbi, seen="catalogue R004-053")
def crf_viterbi_as_long_as_the_longest(chain, emissions, mask):
    """padding after the longest sequence of the batch is cut off"""
    tags, score = crf_viterbi(chain, emissions, mask)
    return tags[:, : mask.sum(1).max()], score
