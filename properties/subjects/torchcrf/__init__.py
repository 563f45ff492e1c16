"""Judges pytorch-crf: its linear-chain conditional random field.

    log likelihood                        CRF.forward with reduction "none"
    score                                 CRF._compute_score, its numerator
    log partition                         CRF._compute_normalizer, its denominator
    marginals                             the gradient of CRF._compute_normalizer that training follows
    best sequence                         CRF.decode; its score is CRF._compute_score

A chain is loaded as the state of a CRF: start, transitions and end are start_transitions, transitions[from, to] and
end_transitions. A decoded list is filled up with -1, and scored at its own length.
"""

import torch
from torch.nn.utils.rnn import pad_sequence
from torchcrf import CRF

PACKAGES = ("pytorch-crf",)


def _crf(chain):
    crf = CRF(len(chain.start), batch_first=True).to(chain.start).requires_grad_(False)
    names = ("start_transitions", "transitions", "end_transitions")
    crf.load_state_dict(dict(zip(names, chain, strict=True)))
    return crf


def crf_score(chain, emissions, tags, mask):
    return _crf(chain)._compute_score(emissions.transpose(0, 1), tags.T, mask.T)


def crf_log_partition(chain, emissions, mask):
    return _crf(chain)._compute_normalizer(emissions.transpose(0, 1), mask.T)


def crf_log_likelihood(chain, emissions, tags, mask):
    return _crf(chain)(emissions, tags, mask, reduction="none")


def crf_marginals(chain, emissions, mask):
    emissions = emissions.detach().requires_grad_()
    log_partition = crf_log_partition(chain, emissions, mask)
    return torch.autograd.grad(log_partition.sum(), emissions)[0]


def crf_viterbi(chain, emissions, mask):
    paths = [torch.tensor(path, device=mask.device) for path in _crf(chain).decode(emissions, mask)]
    padded = pad_sequence(paths, batch_first=True, padding_value=-1)
    full = torch.nn.functional.pad(padded, (0, mask.shape[1] - padded.shape[1]), value=-1)
    scores = [_score(chain, row[: len(path)], path) for row, path in zip(emissions, paths, strict=True)]
    return full, torch.stack(scores)


def _score(chain, emissions, path):
    return crf_score(chain, emissions[None], path[None], torch.ones_like(path[None], dtype=torch.bool))[0]
