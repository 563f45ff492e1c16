"""Worked numbers of masked autoregression, and statements about it that are often met and wrong."""

import itertools

import pytest
import torch
from jaxtyping import TypeCheckError
from scipy import integrate

from properties.closeness import assert_close, assert_equal
from properties.harness.contracts import Conventions, under_contract
from reference.transformer.masked_autoregression import (
    guided_token_output,
    linear_guidance_schedule,
    mask_by_order,
    masked_diffusion_loss,
    masked_encoder,
    masking_rate,
    num_masked_tokens,
    predicted_counts,
    tempered_sample,
    visible_positions,
)


@pytest.mark.claim("R001-128")
@pytest.mark.parametrize(
    ("num_tokens", "num_steps", "counts"),
    [
        (256, 1, [256]),
        (256, 2, [75, 181]),
        (256, 8, [5, 15, 24, 31, 39, 45, 48, 49]),
        (256, 256, [1] * 256),
        (16, 20, [1] * 15 + [0] * 4 + [1]),
        (256, 300, [1] * 255 + [0] * 44 + [1]),
    ],
)
def test_cosine_schedule_predicts(num_tokens, num_steps, counts):
    """256 tokens take 5, 15, 24, 31, 39, 45, 48 and 49 in eight steps, and more steps than tokens leave some of them
    with nothing to predict: 44 of 300, before the last.
    """
    assert_equal(list(predicted_counts(num_tokens, num_steps)), counts)


@pytest.mark.claim("R001-128")
def test_cosine_schedule_is_not_monotone():
    """In 64 steps 256 tokens start with thirteen single ones and end with 6, 7, 6, 6, 6: rounding breaks the rise."""
    counts = predicted_counts(256, 64)
    assert counts[:14] == (1,) * 13 + (2,)
    assert counts[-5:] == (6, 7, 6, 6, 6)


@pytest.mark.claim("R001-130")
@pytest.mark.parametrize("num_steps", [1, 8, 64])
def test_linear_guidance_stops_short_of_its_scale(num_steps):
    """A scale of 3 on 256 tokens ends at 1 + 2 * 255 / 256 = 2.992, also if the only step predicts everything."""
    assert linear_guidance_schedule(3.0, 256, num_steps)[-1] == 1 + 2 * 255 / 256


@pytest.mark.claim("R001-127")
def test_masking_rate_is_0_867_on_average():
    """The mean rate is 0.8670; a rate of 0.867 masks 222 of 256 tokens, where rounding down would mask 221."""
    assert integrate.quad(masking_rate, 0, 1)[0] == pytest.approx(0.8670, abs=5e-5)
    assert num_masked_tokens(256, 0.867) == 222


@pytest.mark.claim("R001-125")
@pytest.mark.parametrize("copies", [1, 2, 4])
def test_copies_divide_the_variance_given_the_data(copies):
    """For (x + e)^2 with x = 0 or 2 and e = -1 or 1, equally likely, the loss has variance 16 / copies given x = 2; the
    4 that come from x itself stay, so that copies times the whole variance is 8 + 4 copies.
    """
    ones, masked = torch.ones(1, 1, dtype=torch.float64), torch.tensor([True])
    timesteps = torch.zeros(copies, 1, dtype=torch.int64)

    def loss(x, signs):
        noise = torch.tensor(signs, dtype=torch.float64).reshape(copies, 1, 1)
        return masked_diffusion_loss(
            lambda x, z, t, e: (x + e).square().sum(-1), x * ones, ones, masked, timesteps, noise
        )

    every = list(itertools.product([-1.0, 1.0], repeat=copies))
    losses = torch.stack([torch.stack([loss(x, signs) for signs in every]) for x in (0, 2)])
    assert_close(losses[1].var(correction=0), 16 / copies)
    assert_close(copies * losses.var(correction=0), 8 + 4 * copies)


@pytest.mark.claim("R001-131")
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_halves_of_a_guided_batch_differ_by_their_variance(temperature):
    """With the same guided noise and the same random numbers both halves still differ, as each keeps its own variance;
    at temperature 0 they agree, and then the noise that the chain starts from is all that is random.
    """
    conditional = torch.tensor([[0.5, -1.0, 0.25, -2.0]], dtype=torch.float64)
    unconditional = torch.tensor([[0.25, 0.5, -1.0, 0.75]], dtype=torch.float64)
    own = guided_token_output(unconditional, conditional, 3.0)
    other = torch.cat([own[:, :2], unconditional[:, 2:]], -1)
    mean, noise = own[:, :2] / 2, torch.ones(1, 2, dtype=torch.float64)
    halves = [tempered_sample(mean, half[:, 2:], noise, temperature) for half in (own, other)]
    assert torch.equal(*halves) == (temperature == 0)
    start = torch.ones(1, 2, dtype=torch.float64)
    assert not torch.equal(*(tempered_sample(mean + x / 2, own[:, 2:], noise, temperature) for x in (start, -start)))


@pytest.mark.claim("E001-13")
@pytest.mark.parametrize(("batch", "fits"), [(1, True), (3, False), (4, True)])
def test_class_needs_an_axis_for_the_slots(batch, fits):
    """One class per sample, written into four slots without an axis for them, is an error for 3 samples, and right for
    1; for 4 slot j of every sample silently gets the class of sample j.
    """
    tokens, classes = torch.zeros(batch, 6, 2), torch.arange(2.0 * batch).reshape(batch, 2)
    if not fits:
        with pytest.raises(RuntimeError, match="expanded size"):
            tokens[:, :4] = classes
        return
    tokens[:, :4] = classes
    assert torch.equal(tokens[:, :4], classes.expand(batch, 4, 2))
    assert torch.equal(tokens[:, :4], classes[:, None].expand(batch, 4, 2)) == (batch == 1)


@pytest.mark.claim("E001-14")
def test_mask_is_scattered_along_the_tokens():
    """Positions are indices into the last axis. Along the first they leave it (3 samples of 8 tokens) or hide the wrong
    tokens (8 samples of 5). The index may be smaller than what it is scattered into.
    """
    order = torch.tensor([[7, 1, 4, 0, 2, 6, 3, 5]]).repeat(3, 1)
    with pytest.raises(RuntimeError, match="out of bounds"):
        torch.zeros(3, 8).scatter(0, order[:, :2], 1)
    short = torch.tensor([[3, 0, 4, 1, 2]]).repeat(8, 1)
    wrong = torch.zeros(8, 5).scatter(0, short[:, :2], torch.ones(8, 5))
    assert_equal(wrong.sum(-1), torch.tensor([1.0, 0, 0, 1, 0, 0, 0, 0]))
    assert_equal(mask_by_order(short, 2).sum(-1), torch.full((8,), 2))
    assert_equal(torch.zeros(3, 8).scatter(-1, order[:2, :2], torch.ones(3, 8)).sum(-1), torch.tensor([2.0, 2, 0]))


@pytest.mark.claim("E001-15")
def test_tokens_keep_their_channels_under_guidance():
    """Both halves of a guided batch have tokens, each with its channels: [2 B, L, C], not [2 B, L]."""
    encode = under_contract("masked_encoder", masked_encoder, Conventions())
    tokens, label = torch.ones(3, 5, 2, dtype=torch.float64), torch.zeros(3, 2, dtype=torch.float64)
    positions, visible = torch.zeros(7, 2, dtype=torch.float64), torch.tensor([[0, 3, 4]]).repeat(6, 1)
    both, labels = torch.cat([tokens, tokens]), torch.cat([label, label + 1])
    assert encode(both, labels, positions, visible, lambda x: 2 * x).shape == (6, 2 + 3, 2)
    with pytest.raises(TypeCheckError):
        encode(both[..., 0], labels, positions, visible, lambda x: 2 * x)


@pytest.mark.claim("E001-20")
def test_number_of_masked_tokens_keeps_an_axis():
    """Summed over its tokens with keepdim=True the mask of B samples is [B, 1], and [2 B, 1] under guidance."""
    masked = mask_by_order(torch.tensor([[3, 0, 4, 1, 2], [1, 2, 0, 4, 3]]), 3)
    assert masked.sum(-1, keepdim=True).tolist() == [[3], [3]]
    assert torch.cat([masked, masked]).sum(-1, keepdim=True).shape == (4, 1)


@pytest.mark.claim("E001-16")
def test_order_has_one_entry_per_token():
    """An order lists the L positions of a sample, [B, L] whatever the number of channels: each is masked or visible."""
    order = torch.tensor([[3, 0, 4, 1, 2], [1, 2, 0, 4, 3]])
    assert_equal(order.sort(-1).values, torch.arange(5).expand(2, 5))
    visible = visible_positions(order, 3)
    assert_equal(mask_by_order(order, 3).scatter(-1, visible, True), torch.ones(2, 5, dtype=torch.bool))
