"""Worked numbers of mixed precision, and statements about it that are often met and wrong."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from properties.claims.test_diffusion import printed
from reference.numerics.mixed_precision import lost_updates, mixed_precision_adam_bytes


@pytest.mark.claim("R003-256")
def test_small_updates_are_lost_in_half_precision():
    """In FP16 1 - 1e-4 and 1 - 2e-4 are 1 and 1 - 3e-4 is 0.9995, 1e-5 times 1e-4 is 0; FP32 keeps all of them."""
    weights, updates = torch.ones(3), torch.tensor([1e-4, 2e-4, 3e-4])
    assert lost_updates(weights.half(), updates.half()).tolist() == [True, True, False]
    assert (weights.half() - updates.half())[2].item() == printed("0.9995")
    assert lost_updates(weights, updates).tolist() == [False] * 3
    assert torch.tensor(1e-5).half() * torch.tensor(1e-4).half() == 0


@pytest.mark.claim("R003-256")
def test_half_a_spacing_is_not_the_limit():
    """From 1 in FP16 a third of the spacing above it, 2^-10, is lost upwards but not downwards; from 1 + 2^-10 half of
    it is not lost, from 1 it is.
    """
    spacing = torch.tensor(2.0**-10).half()
    weights = torch.stack([1 + 0 * spacing, 1 + spacing])
    assert lost_updates(weights[:1], -spacing[None] / 3).item()
    assert not lost_updates(weights[:1], spacing[None] / 3).item()
    assert lost_updates(weights, -spacing.expand(2) / 2).tolist() == [True, False]


@pytest.mark.claim("R003-257", "E003-117")
def test_master_weights_cost_a_quarter_of_the_state():
    """At 1.5 billion parameters the state takes 24 GB, of which the master weights are 6; AdamW's own, for float32
    weights, is 8 bytes a parameter and a step counter of 4 bytes a tensor.
    """
    assert mixed_precision_adam_bytes(1_500_000_000) == 24e9 == (12 + 4) * 1.5e9
    model = nn.Linear(5, 3)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(2, 5)).sum().backward()
    optimizer.step()
    held = [value for state in optimizer.state.values() for value in state.values()]
    assert sum(tensor.nbytes for tensor in held) == 8 * (15 + 3) + 4 * 2


@pytest.mark.claim("E003-118")
def test_activations_are_many_tensors():
    """b s h in FP16 is one tensor, 4.1 MB for b, s, h = 1, 1000, 2048; 28 blocks keep 34 b s h, 1.95 GB, and with 16
    heads 5 a b s^2 more, 2.24 GB. A feed-forward block alone keeps ten tensors of b s h.
    """
    tokens, scores = 1000 * 2048, 16 * 1000**2
    assert 2 * tokens / 1e6 == printed("4.1")
    assert 28 * 34 * tokens / 1e9 == printed("1.95")
    assert 28 * 5 * scores / 1e9 == printed("2.24")
    block = nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 8))
    parameters, kept = {parameter.data_ptr() for parameter in block.parameters()}, {}

    def keep(tensor):
        kept[tensor.data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        block(torch.ones(2, 3, 8))
    activations = [tensor.numel() for place, tensor in kept.items() if place not in parameters]
    assert sum(size for size in activations if size >= 2 * 3 * 8) == 10 * 2 * 3 * 8


@pytest.mark.claim("R001-051")
def test_autocast_on_cpu_keeps_softmax_and_norms_in_bfloat16():
    """Products are BF16 and losses float32; softmax and norms of a BF16 tensor stay BF16 on CPU; on CUDA they become
    float32. Parameters and their gradients are float32.
    """
    layer, x = nn.Linear(5, 3), torch.ones(2, 5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = layer(x)
        norms = [functional.layer_norm(y, (3,)), functional.rms_norm(y, (3,)), y.softmax(-1), y.log_softmax(-1)]
        losses = [functional.mse_loss(y, y + 1), functional.cross_entropy(y, torch.tensor([0, 2]))]
    assert [tensor.dtype for tensor in [y, *norms]] == [torch.bfloat16] * 5
    assert [tensor.dtype for tensor in losses] == [torch.float32] * 2
    losses[0].backward()
    assert layer.weight.dtype == layer.weight.grad.dtype == torch.float32
