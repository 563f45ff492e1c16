"""Statements about editing with diffusion models that are often met and wrong, each with a witness."""

import pytest
import torch
from torch.nn import Parameter
from torch.nn.functional import adaptive_avg_pool2d

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from reference.diffusion.editing import inpainting_blend, textual_inversion_gradient, textual_inversion_step
from reference.diffusion.latents import area_downsample
from reference.diffusion.respacing import step_levels
from reference.diffusion.schedules import alpha_bar_from_betas, linear_beta_schedule

PROMPT, NEW_WORD = torch.tensor([4, 1, 3]), 4


def loss(table):
    """Of a linear denoiser that sees the sum of the prompt's embeddings."""
    return (table[PROMPT].sum(0) - 2).square().sum()


@pytest.mark.claim("E003-053", "R003-156")
def test_known_part_is_noised_to_the_level_below():
    """The known part of x_{t-1} has variance 1 - alpha_bar_{t-1}; that of x_t is 2.2 times as noisy at t = 2 of 1000,
    and at t = 1 only the level below gives back the image.
    """
    level = step_levels(alpha_bar_from_betas(linear_beta_schedule(1000)), (0, 1))
    x_0, noise = torch.full((2, 2), 0.5, dtype=torch.float64), torch.tensor([[-1.0, 1.0]] * 2, dtype=torch.float64)
    known = torch.ones(2, 2, dtype=torch.bool)
    below, above = (
        inpainting_blend(noise, x_0, noise, at[:, None], known) for at in (level.alpha_bar_s, level.alpha_bar_t)
    )
    assert_close(below.var(1, correction=0), 1 - level.alpha_bar_s, 1)
    assert (above.var(1) / below.var(1))[1].item() == pytest.approx(2.2, abs=0.005)
    assert_equal(below[0], x_0[0])
    assert (above[0] - x_0[0]).abs().max() > 0.009


@pytest.mark.claim("E003-054")
def test_embedding_copied_under_no_grad_has_no_gradient():
    """Written into the table under no_grad, a new embedding is a mere number and its gradient stays None. The loss
    reaches every row of the prompt if the table is trained, and none if it is frozen. Put in as part of the graph, the
    embedding gets the gradient of its row.
    """
    table, new = Parameter(torch.arange(15, dtype=torch.float64).reshape(5, 3)), Parameter(torch.ones(3).double())
    with torch.no_grad():
        table[NEW_WORD] = new
    loss(table).backward()
    assert new.grad is None
    assert_equal(table.grad.abs().sum(1) > 0, torch.tensor([False, True, False, True, True]))
    with pytest.raises(RuntimeError, match="does not require grad"):
        loss(table.detach()).backward()
    loss(table.detach().index_copy(0, torch.tensor([NEW_WORD]), new[None])).backward()
    assert_equal(new.grad, textual_inversion_gradient(loss, table.detach(), NEW_WORD)[NEW_WORD])


@pytest.mark.claim("E003-054", "R003-157")
def test_rows_without_gradient_are_not_frozen():
    """With all other rows of the gradient set to 0, AdamW still shrinks them by its weight decay, 1 % of the rate; a
    step on the one row leaves them as they were.
    """
    table = Parameter(torch.arange(1, 16, dtype=torch.float64).reshape(5, 3))
    before, others = table.detach().clone(), torch.arange(5) != NEW_WORD
    table.grad = textual_inversion_gradient(loss, before, NEW_WORD)
    stepped = textual_inversion_step(before, table.grad, NEW_WORD, 0.5, 0.01)
    torch.optim.AdamW([table], lr=0.5).step()
    assert_close(table[others], before[others] * (1 - 0.5 * 0.01))
    assert_equal(stepped[others], before[others])
    assert (stepped[NEW_WORD] != before[NEW_WORD]).all()


@pytest.mark.claim("R003-145")
def test_area_average_keeps_the_mean_of_whole_blocks_only():
    """Of three columns 0, 0, 1 two averages are 0 and 1/2, of mean 1/4 instead of 1/3: the blocks overlap."""
    image = torch.tensor([[[0.0, 0.0, 1.0]] * 2], dtype=torch.float64)
    assert_equal(adaptive_avg_pool2d(image, (1, 2)), torch.tensor([[[0.0, 0.5]]]))
    assert_rejects(area_downsample, image, 2)
    assert_close(area_downsample(image.repeat(1, 1, 2), 2).mean(), 1 / 3)
