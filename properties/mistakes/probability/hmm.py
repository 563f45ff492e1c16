"""Wrong variants of `reference.probability.hmm`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.probability.hmm import (
    CategoricalHiddenMarkovModel,
    HiddenMarkovModel,
    baum_welch_step,
    hmm_backward,
    hmm_forward,
    hmm_log_likelihood,
    hmm_posteriors,
    hmm_viterbi,
)


def _transposed(model):
    return model._replace(transition=model.transition.T)


def _without_zeros(model):
    return HiddenMarkovModel(*(torch.where(table == 0, 1, table) for table in model[:2]))


def _scaled(model, log_emission):
    """alpha of sum 1 at each step, and the logarithms of the sums."""
    alpha, scales, rows = model.initial * log_emission[0].exp(), [], []
    for t in range(len(log_emission)):
        alpha = alpha if t == 0 else rows[-1] @ model.transition * log_emission[t].exp()
        scales.append(alpha.sum().log())
        rows.append(alpha / alpha.sum())
    return torch.stack(rows), torch.stack(scales)


def _visits(model, symbols):
    """How often each state is expected in a sequence."""
    log_emission = model.emission.log().T[symbols]
    return hmm_posteriors(HiddenMarkovModel(model.initial, model.transition), log_emission)[0].sum(0)


@mistake(of=hmm_forward, seen="catalogue R003-092")
def hmm_forward_with_columns_for_rows(model, log_emission):
    """the transition matrix is read as [to, from]"""
    return hmm_forward(_transposed(model), log_emission)


@mistake(of=hmm_forward, seen="hmmlearn/hmmlearn#217")
def hmm_forward_with_log_zero_masked(model, log_emission):
    """the log of a zero probability is set to 0, which is the log of one"""
    return hmm_forward(_without_zeros(model), log_emission)


@mistake(of=hmm_forward, seen="hmmlearn/hmmlearn#77")
def hmm_forward_with_floor(model, log_emission):
    """a small constant is added to the probabilities, so that nothing is impossible"""
    return hmm_forward(HiddenMarkovModel(*(table + 1e-10 for table in model[:2])), log_emission)


@mistake(of=hmm_forward, seen="catalogue R003-092")
def hmm_forward_in_probabilities(model, log_emission):
    """probabilities are multiplied without scaling, and underflow on long chains"""
    alpha = [model.initial * log_emission[0].exp()]
    for row in log_emission[1:]:
        alpha.append(alpha[-1] @ model.transition * row.exp())
    return torch.stack(alpha).log()


@mistake(of=hmm_forward, seen="catalogue R003-092")
def hmm_forward_of_best_path(model, log_emission):
    """the largest term is taken instead of the sum, which is Viterbi's recursion"""
    alpha = [model.initial.log() + log_emission[0]]
    for row in log_emission[1:]:
        alpha.append((alpha[-1][:, None] + model.transition.log()).amax(0) + row)
    return torch.stack(alpha)


@mistake(of=hmm_forward, seen="catalogue R003-092")
def hmm_forward_without_first_emission(model, log_emission):
    """the first observation is left out"""
    return hmm_forward(model, torch.cat([0 * log_emission[:1].nan_to_num(), log_emission[1:]]))


@mistake(of=hmm_forward, seen="catalogue R003-092")
def hmm_forward_with_late_emissions(model, log_emission):
    """each observation is attributed to the state before it"""
    return hmm_forward(model, torch.cat([log_emission[:1], log_emission[:-1]]))


@mistake(of=hmm_forward, seen="catalogue R003-092")
def hmm_forward_with_prediction_at_first_step(model, log_emission):
    """the initial distribution takes a step before anything is observed"""
    return hmm_forward(model._replace(initial=model.initial @ model.transition), log_emission)


@mistake(of=hmm_forward, seen="Rabiner 1989, section V-A")
def hmm_forward_scaled(model, log_emission):
    """alpha is scaled to sum to one at each step, and the scales are lost"""
    return _scaled(model, log_emission)[0].log()


@mistake(of=hmm_forward, seen="catalogue R003-092")
def hmm_forward_without_check(model, log_emission):
    """tables that differ in their number of states are broadcast, and no step at all counts as an observation"""
    states = max(len(model.initial), len(model.transition), log_emission.shape[1])
    fitting = HiddenMarkovModel(model.initial.expand(states), model.transition.expand(states, states))
    rows = log_emission.expand(-1, states) if len(log_emission) else torch.zeros(1, states)
    return hmm_forward(fitting, rows)


@mistake(of=hmm_backward, seen="aimacode/aima-java#58")
def hmm_backward_times_forward(model, log_emission):
    """the backward message is multiplied by the forward message"""
    return hmm_backward(model, log_emission) + hmm_forward(model, log_emission)


@mistake(of=hmm_backward, seen="catalogue R003-092")
def hmm_backward_with_own_emission(model, log_emission):
    """beta includes the observation of its own step, which alpha holds already"""
    return hmm_backward(model, log_emission) + log_emission


@mistake(of=hmm_backward, seen="catalogue R003-092")
def hmm_backward_with_early_emissions(model, log_emission):
    """the recursion takes the observation of its own step instead of the next one"""
    return hmm_backward(model, torch.cat([log_emission[:1], log_emission[:-1]]))


@mistake(of=hmm_backward, seen="catalogue R003-092")
def hmm_backward_with_columns_for_rows(model, log_emission):
    """the transition matrix is read as [to, from]"""
    return hmm_backward(_transposed(model), log_emission)


@mistake(of=hmm_backward, seen="catalogue R003-092")
def hmm_backward_from_uniform(model, log_emission):
    """the last message is 1 / states instead of 1"""
    return hmm_backward(model, log_emission) - math.log(log_emission.shape[1])


@mistake(of=hmm_backward, seen="catalogue R003-092")
def hmm_backward_from_last_to_first(model, log_emission):
    """the messages are listed in the order in which they were computed, the last step first"""
    return hmm_backward(model, log_emission).flip(0)


@mistake(of=hmm_backward, seen="hmmlearn/hmmlearn#217")
def hmm_backward_with_log_zero_masked(model, log_emission):
    """the log of a zero probability is set to 0, which is the log of one"""
    return hmm_backward(_without_zeros(model), log_emission)


@variant(of=hmm_backward, seen="catalogue R003-092")
def hmm_backward_whatever_the_start(model, log_emission):
    """the initial distribution plays no part in the backward pass"""
    return hmm_backward(model._replace(initial=torch.ones_like(model.initial)), log_emission)


@mistake(of=hmm_log_likelihood, seen="catalogue R003-092")
def hmm_log_likelihood_of_best_path(model, log_emission):
    """the most probable path is taken instead of the sum over all"""
    return hmm_viterbi(model, log_emission)[1]


@mistake(of=hmm_log_likelihood, seen="catalogue R003-092")
def hmm_log_likelihood_in_probabilities(model, log_emission):
    """probabilities are multiplied without scaling, and underflow on long chains"""
    return torch.logsumexp(hmm_forward_in_probabilities(model, log_emission)[-1], 0)


@mistake(of=hmm_log_likelihood, seen="catalogue R003-092")
def hmm_log_likelihood_of_last_step(model, log_emission):
    """only the last scale counts, so that it is the probability of the last observation given those before it"""
    return _scaled(model, log_emission)[1][-1]


@mistake(of=hmm_log_likelihood, seen="hmmlearn/hmmlearn#217")
def hmm_log_likelihood_with_log_zero_masked(model, log_emission):
    """the log of a zero probability is set to 0, which is the log of one"""
    return hmm_log_likelihood(_without_zeros(model), log_emission)


@mistake(of=hmm_log_likelihood, seen="hmmlearn/hmmlearn#217")
def hmm_log_likelihood_with_floor(model, log_emission):
    """an impossible sequence has a finite log likelihood"""
    return hmm_log_likelihood(model, log_emission.clamp(min=-1e4))


@mistake(of=hmm_log_likelihood, seen="catalogue R003-092")
def hmm_log_likelihood_with_free_start(model, log_emission):
    """every first state counts as certain, whatever the initial distribution"""
    return hmm_log_likelihood(model._replace(initial=torch.ones_like(model.initial)), log_emission)


@mistake(of=hmm_log_likelihood, seen="catalogue R003-092")
def hmm_log_likelihood_per_step(model, log_emission):
    """the log likelihood is divided by the number of steps"""
    return hmm_log_likelihood(model, log_emission) / len(log_emission)


@variant(of=hmm_log_likelihood, seen="catalogue R003-092")
def hmm_log_likelihood_from_the_end(model, log_emission):
    """the first step of the backward pass holds the likelihood as well as the last of the forward pass"""
    return torch.logsumexp(model.initial.log() + log_emission[0] + hmm_backward(model, log_emission)[0], 0)


@mistake(of=hmm_posteriors, seen="catalogue R003-092")
def hmm_posteriors_with_rows_of_xi_normalised(model, log_emission):
    """each row of xi sums to one, as a transition matrix, instead of the whole"""
    gamma, xi = hmm_posteriors(model, log_emission)
    return gamma, xi / xi.sum(2, keepdim=True)


@mistake(of=hmm_posteriors, seen="catalogue R003-092")
def hmm_posteriors_of_past_only(model, log_emission):
    """gamma is filtered: it knows the observations up to each step only"""
    return hmm_forward(model, log_emission).softmax(1), hmm_posteriors(model, log_emission)[1]


@mistake(of=hmm_posteriors, seen="catalogue R003-092")
def hmm_posteriors_without_emission_in_xi(model, log_emission):
    """xi leaves out the observation of the later step"""
    gamma, _ = hmm_posteriors(model, log_emission)
    log_alpha, log_beta = hmm_forward(model, log_emission), hmm_backward(model, log_emission)
    log_xi = log_alpha[:-1, :, None] + model.transition.log() + log_beta[1:, None, :]
    return gamma, log_xi.flatten(1).softmax(1).reshape(log_xi.shape)


@mistake(of=hmm_posteriors, seen="catalogue R003-092")
def hmm_posteriors_with_independent_pairs(model, log_emission):
    """xi is the product of the posteriors of its two states"""
    gamma, _ = hmm_posteriors(model, log_emission)
    return gamma, gamma[:-1, :, None] * gamma[1:, None, :]


@mistake(of=hmm_posteriors, seen="catalogue R003-092")
def hmm_posteriors_with_transposed_xi(model, log_emission):
    """xi is laid out as [to, from]"""
    gamma, xi = hmm_posteriors(model, log_emission)
    return gamma, xi.mT.contiguous()


@mistake(of=hmm_posteriors, seen="junekiwi/HMMBase.jl#10")
def hmm_posteriors_with_a_pair_too_many(model, log_emission):
    """xi has a slice for the last step too, where the log of nothing is taken as 0"""
    gamma, xi = hmm_posteriors(model, log_emission)
    return gamma, torch.cat([xi, torch.ones_like(model.transition)[None]])


@mistake(of=hmm_posteriors, seen="catalogue R003-092")
def hmm_posteriors_that_are_joint(model, log_emission):
    """the posteriors are not divided by the likelihood"""
    likelihood = hmm_log_likelihood(model, log_emission).exp()
    return tuple(table * likelihood for table in hmm_posteriors(model, log_emission))


@mistake(of=hmm_posteriors, seen="hmmlearn/hmmlearn#77")
def hmm_posteriors_with_floor(model, log_emission):
    """observations that cannot be have a posterior all the same, without meaning"""
    return hmm_posteriors(model, log_emission.clamp(min=-50))


@variant(of=hmm_posteriors, seen="catalogue R003-092")
def hmm_posteriors_normalised_at_each_step(model, log_emission):
    """alpha beta has the same sum at every step, so that it may be divided by its own"""
    _, xi = hmm_posteriors(model, log_emission)
    return (hmm_forward(model, log_emission) + hmm_backward(model, log_emission)).softmax(1), xi


@mistake(of=hmm_viterbi, seen="catalogue R003-092")
def hmm_viterbi_step_by_step(model, log_emission):
    """each state is the best successor of the one before, without a look ahead"""
    path = [(model.initial.log() + log_emission[0]).argmax()]
    total = (model.initial.log() + log_emission[0]).max()
    for row in log_emission[1:]:
        scores = model.transition.log()[path[-1]] + row
        total = total + scores.max()
        path.append(scores.argmax())
    return torch.stack(path), total


@mistake(of=hmm_viterbi, seen="catalogue R003-092")
def hmm_viterbi_of_most_probable_states(model, log_emission):
    """the states that are most probable one by one are returned, which need not make a path"""
    return hmm_posteriors(model, log_emission)[0].argmax(1), hmm_viterbi(model, log_emission)[1]


@mistake(of=hmm_viterbi, seen="catalogue R003-092")
def hmm_viterbi_without_backtracking(model, log_emission):
    """the best last state of each prefix is returned instead of the path that was followed"""
    prefixes = [hmm_viterbi(model, log_emission[: t + 1])[0][-1] for t in range(len(log_emission))]
    return torch.stack(prefixes), hmm_viterbi(model, log_emission)[1]


@mistake(of=hmm_viterbi, seen="catalogue R003-092")
def hmm_viterbi_from_last_to_first(model, log_emission):
    """the path is listed in the order in which it was traced back"""
    path, log_probability = hmm_viterbi(model, log_emission)
    return path.flip(0), log_probability


@mistake(of=hmm_viterbi, seen="catalogue R003-092")
def hmm_viterbi_with_highest_of_equals(model, log_emission):
    """of equally good states the highest is taken"""
    flipped = HiddenMarkovModel(model.initial.flip(0), model.transition.flip(0, 1))
    path, log_probability = hmm_viterbi(flipped, log_emission.flip(1))
    return len(model.initial) - 1 - path, log_probability


@mistake(of=hmm_viterbi, seen="catalogue R003-092")
def hmm_viterbi_with_likelihood(model, log_emission):
    """the log probability is that of all paths together"""
    return hmm_viterbi(model, log_emission)[0], hmm_log_likelihood(model, log_emission)


@mistake(of=hmm_viterbi, seen="hmmlearn/hmmlearn#217")
def hmm_viterbi_with_log_zero_masked(model, log_emission):
    """the log of a zero probability is set to 0, which is the log of one"""
    return hmm_viterbi(_without_zeros(model), log_emission)


@mistake(of=hmm_viterbi, seen="hmmlearn/hmmlearn#77")
def hmm_viterbi_with_floor(model, log_emission):
    """a small constant is added to the probabilities, so that the path may take steps that are impossible"""
    return hmm_viterbi(HiddenMarkovModel(*(table + 1e-10 for table in model[:2])), log_emission)


@mistake(of=hmm_viterbi, seen="catalogue R003-092")
def hmm_viterbi_with_columns_for_rows(model, log_emission):
    """the transition matrix is read as [to, from]"""
    return hmm_viterbi(_transposed(model), log_emission)


@mistake(of=hmm_viterbi, seen="catalogue R003-092")
def hmm_viterbi_with_free_start(model, log_emission):
    """every state is as good as any other to begin in"""
    return hmm_viterbi(model._replace(initial=torch.full_like(model.initial, 1 / len(model.initial))), log_emission)


def _tables(model, sequences):
    chain = HiddenMarkovModel(model.initial, model.transition)
    return [(symbols, *hmm_posteriors(chain, model.emission.log().T[symbols])) for symbols in sequences]


@mistake(of=baum_welch_step, seen="hmmlearn/hmmlearn commit f421c7e")
def baum_welch_step_without_update(model, sequences):
    """the parameters are returned as they were given"""
    baum_welch_step(model, sequences)
    return CategoricalHiddenMarkovModel(*(table.clone() for table in model))


@mistake(of=baum_welch_step, seen="junekiwi/HMMBase.jl#10")
def baum_welch_step_with_a_pair_too_many(model, sequences):
    """the sum over pairs of states includes one at the last step, with probability one"""
    pairs = sum(xi.sum(0) + 1 for _, _, xi in _tables(model, sequences))
    return baum_welch_step(model, sequences)._replace(transition=pairs / pairs.sum(1, keepdim=True))


@mistake(of=baum_welch_step, seen="ShirakawaSanae/USTC-DS4001-25sp#33")
def baum_welch_step_with_pairs_summed_twice(model, sequences):
    """the pairs are summed over time and then over states, so that all rows of the transition matrix are equal"""
    pairs = sum(xi.sum((0, 1)) for _, _, xi in _tables(model, sequences))
    return baum_welch_step(model, sequences)._replace(transition=(pairs / pairs.sum()).expand(3, 3))


@mistake(of=baum_welch_step, seen="catalogue R003-092")
def baum_welch_step_divided_by_all_visits(model, sequences):
    """transitions are divided by the visits of a state, the last step of a sequence included, which no step leaves"""
    tables = _tables(model, sequences)
    pairs, visits = sum(xi.sum(0) for _, _, xi in tables), sum(gamma.sum(0) for _, gamma, _ in tables)
    return baum_welch_step(model, sequences)._replace(transition=pairs / visits[:, None])


@mistake(of=baum_welch_step, seen="hmmlearn/hmmlearn#77")
def baum_welch_step_with_floor(model, sequences):
    """a small constant is added to every entry, so that what was impossible no longer is"""
    new = [table + 1e-10 for table in baum_welch_step(model, sequences)]
    return CategoricalHiddenMarkovModel(*(table / table.sum(-1, keepdim=True) for table in new))


@mistake(of=baum_welch_step, seen="hmmlearn/hmmlearn#470")
def baum_welch_step_divided_by_all_samples(model, sequences):
    """the emissions of every state are divided by the number of all observations instead of the state's share of it"""
    visits = sum(gamma.sum(0) for _, gamma, _ in _tables(model, sequences))
    new = baum_welch_step(model, sequences)
    return new._replace(emission=new.emission * (visits / visits.sum())[:, None])


@mistake(of=baum_welch_step, seen="catalogue R003-092")
def baum_welch_step_with_initial_of_all_steps(model, sequences):
    """the initial distribution is the average over all steps instead of the first ones"""
    visits = sum(gamma.sum(0) for _, gamma, _ in _tables(model, sequences))
    return baum_welch_step(model, sequences)._replace(initial=visits / visits.sum())


@mistake(of=baum_welch_step, seen="catalogue R003-092")
def baum_welch_step_on_the_last_sequence(model, sequences):
    """the counts start afresh with each sequence"""
    return baum_welch_step(model, sequences[-1:])


@mistake(of=baum_welch_step, seen="Rabiner 1989, section V-B")
def baum_welch_step_on_joined_sequences(model, sequences):
    """the sequences are laid end to end, and the last state of one is followed by the first of the next"""
    baum_welch_step(model, sequences)
    return baum_welch_step(model, [torch.cat([*sequences])])


@mistake(of=baum_welch_step, seen="Rabiner 1989, section V-B")
def baum_welch_step_averaged_over_sequences(model, sequences):
    """each sequence gets a model of its own, and the models are averaged"""
    each = [baum_welch_step(model, [symbols]) for symbols in sequences]
    return CategoricalHiddenMarkovModel(*(torch.stack(tables).mean(0) for tables in zip(*each, strict=True)))


@mistake(of=baum_welch_step, seen="E003-027")
def baum_welch_step_of_best_paths(model, sequences):
    """only the most probable path of each sequence is counted, which is hard EM"""
    chain = HiddenMarkovModel(model.initial, model.transition)
    new = [torch.zeros_like(table) for table in model]
    for symbols in sequences:
        path, _ = hmm_viterbi(chain, model.emission.log().T[symbols])
        new[0][path[0]] += 1
        new[1].index_put_((path[:-1], path[1:]), torch.ones(len(path) - 1, dtype=new[1].dtype), accumulate=True)
        new[2].index_put_((path, symbols), torch.ones(len(path), dtype=new[2].dtype), accumulate=True)
    return CategoricalHiddenMarkovModel(*(table / table.sum(-1, keepdim=True).clamp(min=1) for table in new))


@mistake(of=baum_welch_step, seen="catalogue R003-092")
def baum_welch_step_with_nan_for_unvisited_states(model, sequences):
    """a state without counts gets a row of NaN, from 0 / 0"""
    tables = _tables(model, sequences)
    pairs = sum(xi.sum(0) for _, _, xi in tables)
    return baum_welch_step(model, sequences)._replace(transition=pairs / pairs.sum(1, keepdim=True))


@mistake(of=baum_welch_step, seen="catalogue R003-092")
def baum_welch_step_with_uniform_unvisited_states(model, sequences):
    """a state without counts gets a uniform row, which undoes its zeros"""
    visits = sum(gamma.sum(0) for _, gamma, _ in _tables(model, sequences))
    new = baum_welch_step(model, sequences)
    return new._replace(emission=torch.where(visits[:, None] > 0, new.emission, 1 / new.emission.shape[1]))


@mistake(of=baum_welch_step, seen="catalogue R003-092")
def baum_welch_step_without_check(model, sequences):
    """sequences without observations are left out in silence, and without any the model stays as it was"""
    kept = [symbols for symbols in sequences if len(symbols)]
    return baum_welch_step(model, kept) if kept else CategoricalHiddenMarkovModel(*(table.clone() for table in model))


@mistake(of=baum_welch_step, seen="catalogue R003-092")
def baum_welch_step_that_skips_the_impossible(model, sequences):
    """a sequence that the model cannot emit is left out in silence"""
    return baum_welch_step(model, [table[0] for table in _tables(model, sequences) if not table[1].isnan().any()])


@mistake(of=baum_welch_step, seen="catalogue R003-092")
def baum_welch_step_with_filtered_states(model, sequences):
    """the emissions are counted with what is known of the past only"""
    chain = HiddenMarkovModel(model.initial, model.transition)
    counts = torch.zeros_like(model.emission)
    for symbols in sequences:
        filtered = hmm_forward(chain, model.emission.log().T[symbols]).softmax(1)
        counts.index_add_(1, symbols, filtered.T)
    new = baum_welch_step(model, sequences)
    rows = torch.where(counts.sum(1, keepdim=True) > 0, counts / counts.sum(1, keepdim=True), model.emission)
    return new._replace(emission=rows)


@mistake(of=baum_welch_step, seen="catalogue R003-092")
def baum_welch_step_in_probabilities(model, sequences):
    """forward and backward probabilities are multiplied without scaling, and underflow on long sequences"""
    baum_welch_step(model, sequences)
    initial, transition, emission = (torch.zeros_like(table) for table in model)
    for symbols in sequences:
        rows = model.emission.T[symbols]
        alpha, beta = [model.initial * rows[0]], [torch.ones_like(rows[0])]
        for row in rows[1:]:
            alpha.append(alpha[-1] @ model.transition * row)
        for row in rows[1:].flip(0):
            beta.append(model.transition @ (row * beta[-1]))
        alpha, beta = torch.stack(alpha), torch.stack(beta[::-1])
        gamma = alpha * beta / alpha[-1].sum()
        initial += gamma[0]
        transition += (alpha[:-1].T @ (rows[1:] * beta[1:])) * model.transition / alpha[-1].sum()
        emission.index_add_(1, symbols, gamma.T)
    shares = [
        torch.where(counts.sum(1, keepdim=True) == 0, old, counts / counts.sum(1, keepdim=True))
        for counts, old in ((transition, model.transition), (emission, model.emission))
    ]
    return CategoricalHiddenMarkovModel(initial / len(sequences), *shares)


@variant(of=baum_welch_step, seen="Rabiner 1989, section V-B")
def baum_welch_step_in_any_order(model, sequences):
    """counts are added up, so that the order of the sequences does not matter"""
    return baum_welch_step(model, list(reversed(sequences)))


@mistake(of=baum_welch_step, seen="catalogue R003-086")
def baum_welch_step_that_keeps_rare_states(model, sequences):
    """a state that is expected less than once in 10^8 keeps its row, as if it were never visited"""
    after = baum_welch_step(model, sequences)
    visits = sum(_visits(model, symbols) for symbols in sequences)
    emission = torch.where(visits[:, None] < 1e-8, model.emission, after.emission)
    return after._replace(emission=emission)


@mistake(of=baum_welch_step, seen="catalogue R003-092")
def baum_welch_step_with_equal_sequences(model, sequences):
    """transitions are averaged within each sequence first, so that a step in a short one counts for more"""
    after, counts = baum_welch_step(model, sequences), torch.zeros_like(model.transition)
    for symbols in sequences:
        log_emission = model.emission.log().T[symbols]
        _, xi = hmm_posteriors(HiddenMarkovModel(model.initial, model.transition), log_emission)
        counts = counts + xi.sum(0) / max(len(xi), 1)
    total = counts.sum(1, keepdim=True)
    return after._replace(transition=torch.where(total == 0, model.transition, counts / total))
