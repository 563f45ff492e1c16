"""Worked numbers of integer quantisation, and statements about it that are often met and wrong."""

from fractions import Fraction

import pytest
import torch

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close, assert_equal
from reference.numerics.quantization import (
    dequantize_symmetric,
    integer_matmul,
    quantize_blocks,
    quantize_symmetric,
    safe_accumulation_length,
    symmetric_channel_scale,
    symmetric_scale,
)

X, W, ZERO = table(1.511, -0.42), table(0.31, 0.77), torch.tensor(0)


def dot(s_x, s_w):
    codes = quantize_symmetric(X, s_x)[None], quantize_symmetric(W, s_w)[:, None]
    return dequantize_symmetric(integer_matmul(*codes, ZERO, ZERO), s_x * s_w).item()


@pytest.mark.claim("R003-005", "E003-002")
def test_codes_spread_over_the_range_of_fp16_lose_small_numbers():
    """FP16 ends at 65504 on both sides; with s = 65504 / 127 every |x| below s / 2 = 257.89 becomes 0."""
    assert torch.tensor([65504.0, -65504.0]).half().isfinite().all()
    assert torch.tensor(66504.0).half().isinf()
    scale = table(65504 / 127)
    assert quantize_symmetric(table(257.88, -257.88, 257.9), scale).tolist() == [0, 0, 1]
    assert quantize_symmetric(table(257.88), symmetric_scale(table(257.88))) == 127


@pytest.mark.claim("R003-005")
def test_uniform_grid_errs_absolutely_and_float_grid_relatively():
    """All over its range INT8 is off by up to s / 2; a normal number in E5M2 is off by up to |x| / 8."""
    x = torch.linspace(-100, 100, 4001, dtype=torch.float64)
    scale = symmetric_scale(x)
    by_code = (dequantize_symmetric(quantize_symmetric(x, scale), scale) - x).abs()
    assert by_code.max() <= scale / 2
    assert by_code[x.abs() < 1].max() > 0.4 * scale
    by_float = (x.to(torch.float8_e5m2).double() - x).abs()
    assert (by_float <= x.abs() / 8)[x.abs() > 2.0**-14].all()
    assert by_float[x.abs() < 1].max() < by_code[x.abs() < 1].max() < by_float.max()


@pytest.mark.claim("R003-006", "R003-007", "E003-003", "E003-004")
def test_scale_of_the_tensor_makes_the_dot_product_accurate():
    """(1.511, -0.42) . (0.31, 0.77) is 0.14501: with scales 0.3 and 0.01 it becomes 78 steps, 0.234, which is 61 % off;
    with max|x| / 127 it is 1.08 % off.
    """
    exact = Fraction("1.511") * Fraction("0.31") - Fraction("0.42") * Fraction("0.77")
    assert exact == Fraction("0.14501")
    coarse, fine = dot(table(0.3), table(0.01)), dot(symmetric_scale(X), symmetric_scale(W))
    assert_close(coarse, 78 * 0.3 * 0.01)
    assert coarse / float(exact) - 1 == printed("0.61")
    assert symmetric_scale(X).item() == printed("0.0118976")
    assert symmetric_scale(W).item() == printed("0.0060630")
    assert fine == printed("0.146579")
    assert fine / float(exact) - 1 == printed("0.0108")
    bound = (X.abs() * 0.01 / 2 + W.abs() * 0.3 / 2 + 0.3 * 0.01 / 4).sum().item()
    assert bound == printed("0.1732")
    assert coarse - float(exact) == printed("0.0890")


@pytest.mark.claim("R003-007")
def test_zero_points_shorten_safe_sums():
    """INT32 holds 133144 products of codes up to 127, 131071 with -128, but only 33025 of differences up to 255."""
    lengths = [safe_accumulation_length(largest, largest) for largest in (127, 128, 255)]
    assert lengths == [133144, 131071, 33025]
    assert 40000 * 127 * 127 < 2**31 <= 40000 * (127 + 128) ** 2


@pytest.mark.claim("R003-008")
def test_a_negative_factor_turns_the_codes_of_a_channel():
    """A row of a weight times 4 has the same codes and four times the scale; times -4 it has opposite codes."""
    weight, factor = torch.stack([X, W, X.flip(0)]), table(4, -4, 1)[:, None]
    before, after = symmetric_channel_scale(weight, 0), symmetric_channel_scale(factor * weight, 0)
    assert_equal(after, factor.abs() * before)
    codes = quantize_symmetric(factor * weight, after)
    assert_equal(codes, factor.sign().long() * quantize_symmetric(weight, before))


@pytest.mark.claim("R003-006")
def test_pytorch_multiplies_by_the_reciprocal():
    """Near the middle of two codes x times 1 / s, as in fake quantisation, can round otherwise than x / s."""
    scale = torch.tensor(0.3)
    x = (torch.arange(-100, 100) + 0.5) * scale
    codes = torch.fake_quantize_per_tensor_affine(x, 0.3, 0, -128, 127) / scale
    assert_equal(codes.round().long(), (x * (1 / scale)).round().long())
    assert (codes.round().long() != quantize_symmetric(x, scale)).sum() > 0


@pytest.mark.claim("E003-116")
def test_scales_per_block_keep_eight_bits_useful():
    """One entry of 4096 makes entries of 0.002 0 in INT8, and in E4M3 too, if they share its scale; with a scale for
    each block it costs only its own block.
    """
    x = torch.cat([table(4096.0, 3.0), torch.linspace(-0.002, 0.002, 6, dtype=torch.float64)])[None]
    whole, _ = quantize_blocks(x, 8)
    blocks, _ = quantize_blocks(x, 2)
    assert whole[0, 1:].tolist() == [0] * 7
    assert blocks[0, 1] == 0
    assert (blocks[0, 2:] != 0).all()
    scale = torch.cat([table(4096.0).expand(2), table(0.002).expand(6)]) / 448

    def off(step):
        return ((x[0] / step).float().to(torch.float8_e4m3fn).double() * step / x[0] - 1).abs()[2:].max()

    assert off(4096 / 448) == 1
    assert off(scale) <= 2.0**-4
