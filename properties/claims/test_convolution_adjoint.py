"""Worked numbers of transposed convolutions, and statements about them that are often met and wrong."""

import pytest
import torch

from properties.closeness import assert_close
from properties.strategies import steps
from reference.vision.convolution_adjoint import (
    convolution_matrix,
    overlap_counts,
    transposed_convolution,
    transposed_convolution_size,
)


@pytest.mark.claim("R003-166")
def test_matrix_of_a_small_convolution_has_36_entries():
    """A 3 x 3 kernel on 4 x 4 pixels is a 4 x 16 matrix with 36 entries that are not 0, 9 weights four times each."""
    kernel = torch.arange(1, 10, dtype=torch.float64).reshape(1, 1, 3, 3)
    matrix = convolution_matrix(kernel, 4, 4)
    assert matrix.shape == (4, 16)
    assert matrix.unique(return_counts=True)[1].tolist() == [28, *[4] * 9]


@pytest.mark.claim("R003-166")
def test_transposed_convolution_does_not_undo_a_convolution():
    """From 2 x 2 outputs come 4 x 4 pixels, but C'C is not the identity, and of rank 4 it cannot be: "deconvolution"
    brings back the size only.
    """
    kernel, image = steps(1, 1, 3, 3), steps(1, 4, 4)
    matrix = convolution_matrix(kernel, 4, 4)
    back = transposed_convolution((matrix @ image.flatten()).reshape(1, 2, 2), kernel)
    assert back.shape == image.shape
    assert_close(back.flatten(), matrix.mT @ matrix @ image.flatten(), 1000)
    assert (back - image).abs().max() > 1
    assert torch.linalg.matrix_rank(matrix.mT @ matrix) == 4


@pytest.mark.claim("R003-167")
def test_larger_kernels_make_larger_images():
    """At stride 1 without padding, kernels of side 2, 3, 4 and 5 make images of side 3, 4, 5 and 6 from 2 x 2."""
    assert [transposed_convolution_size(2, kernel_size) for kernel_size in (2, 3, 4, 5)] == [3, 4, 5, 6]


@pytest.mark.claim("R003-167")
def test_borders_overlap_less_though_the_stride_divides_the_kernel():
    """At stride 2 a kernel of 4 covers every pixel inside twice, and one of 3 in turn once and twice; at the border the
    counts fall in both cases.
    """
    even, uneven = overlap_counts(5, 4, 2), overlap_counts(5, 3, 2)
    assert (even, uneven) == ((1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1), (1, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1))
    ones = torch.ones(1, 5, 5, dtype=torch.float64)
    rows = torch.tensor(uneven, dtype=torch.float64)
    assert_close(transposed_convolution(ones, torch.ones(1, 1, 3, 3, dtype=torch.float64), 2)[0], rows[:, None] * rows)
