"""What PyTorch, NumPy and Python do where readers of training code are often surprised."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import dropout, embedding, one_hot, pad

from properties.closeness import assert_close, assert_equal
from properties.strategies import numbers, steps

PIXELS = torch.arange(256)


@pytest.mark.claim("R001-050", "E001-1")
@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (0,), (2,), (1, 3)])
def test_item_needs_one_element(shape):
    """item() works for one element in any shape, such as [[5]], and for none and several it raises."""
    x = torch.full(shape, 5)
    if math.prod(shape) == 1:
        assert x.item() == 5
    else:
        with pytest.raises(RuntimeError, match="cannot be converted to Scalar"):
            x.item()


@pytest.mark.claim("R001-043")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_anomaly_detection_names_the_operation_that_returns_nan():
    """The gradient of 0 sqrt(0) is 0 times infinity: backward raises and names the root, and without detection it
    returns NaN. The values are the same.
    """
    plain, watched = (torch.zeros(1, dtype=torch.float64, requires_grad=True) for _ in range(2))
    (0 * plain.sqrt()).sum().backward()
    assert plain.grad.isnan()
    with torch.autograd.detect_anomaly():
        y = (0 * watched.sqrt()).sum()
        assert_equal(y, 0)
        with pytest.raises(RuntimeError, match=r"SqrtBackward0.*nan"):
            y.backward()


@pytest.mark.claim("R001-048")
def test_compiled_function_is_compiled_once_for_each_shape():
    """Shapes that were seen do not compile again, and the values are those of the plain function."""
    compiled = []

    def count(graph, inputs):
        compiled.append(graph)
        return graph.forward

    torch.compiler.reset()

    def function(x):
        return (x.sin() @ x.T).sum(0)

    fast = torch.compile(function, backend=count, dynamic=False)
    for shape in [(2, 3), (2, 3), (5, 3), (2, 3), (5, 3)]:
        assert_close(fast(steps(*shape)), function(steps(*shape)), 6)
    assert len(compiled) == 2


@pytest.mark.claim("R001-055")
def test_expand_copies_nothing_and_contiguous_does():
    """expand is a view of stride 0, of which writing through the source changes every row; contiguous has the same
    values in memory of its own; squeeze undoes unsqueeze; an index drops its axis and a slice keeps it.
    """
    x = steps(1, 3)
    rows = x.expand(5, 3)
    assert rows.stride() == (0, 1)
    assert rows.data_ptr() == x.data_ptr()
    copy = rows.contiguous()
    assert_equal(copy, rows)
    assert copy.stride() == (3, 1)
    x[0, 1] = 7
    assert_equal(rows[:, 1], torch.full((5,), 7))
    assert (copy[:, 1] != 7).all()
    assert_equal(rows.unsqueeze(1).squeeze(1), rows)
    assert (rows[:, 0].shape, rows[:, 0:1].shape) == ((5,), (5, 1))
    assert torch.zeros(2).double().new_ones(3).dtype == torch.float64


@pytest.mark.claim("R001-056")
def test_buffer_moves_with_its_module_and_is_no_parameter():
    """A buffer follows `to`, which a plain attribute does not; state_dict has it only if it is persistent."""
    module = nn.Linear(2, 3)
    module.register_buffer("kept", torch.ones(2))
    module.register_buffer("passing", torch.ones(2), persistent=False)
    module.plain = torch.ones(2)
    module.to(torch.float64)
    assert {name for name, _ in module.named_parameters()} == {"weight", "bias"}
    assert {name for name, _ in module.named_buffers()} == {"kept", "passing"}
    assert set(module.state_dict()) == {"weight", "bias", "kept"}
    assert [module.kept.dtype, module.passing.dtype, module.plain.dtype] == [torch.float64] * 2 + [torch.float32]


@pytest.mark.claim("R001-057")
def test_padding_vector_gets_no_gradient():
    """The lookup is a product with one-hot vectors; the gradient counts repeated ids and leaves padding_idx at 0."""
    weight, ids = steps(5, 3).requires_grad_(), torch.tensor([2, 0, 2, 4])
    vectors = embedding(ids, weight, padding_idx=0)
    assert_equal(vectors, one_hot(ids, 5).double() @ weight)
    vectors.sum().backward()
    assert_equal(weight.grad[:, 0], numbers(0, 0, 2, 0, 1))


@pytest.mark.claim("R001-058")
def test_padding_begins_with_the_last_axis():
    """F.pad takes (before, after) for the last axis first, NumPy for the first axis first; negative amounts crop."""
    x = steps(2, 3, 5)
    padded = pad(x, (1, 2, 3, 4))
    assert padded.shape == (2, 3 + 3 + 4, 5 + 1 + 2)
    assert_equal(padded, torch.as_tensor(np.pad(x.numpy(), [(0, 0), (3, 4), (1, 2)])))
    assert_equal(pad(padded, (-1, -2, -3, -4)), x)


@pytest.mark.claim("R001-059", "E004-4")
def test_uniform_numbers_of_float32_are_zero_at_times():
    """torch.rand yields multiples of 2^-24, 0 among them: kept where u > p, one element in 2^24 is lost at p = 0, while
    of the multiples at least p, for p = k / 2^24, the share is exactly 1 - p.
    """
    ticks = torch.rand(1000, generator=torch.Generator().manual_seed(1)) * 2**24
    assert_equal(ticks, ticks.round())
    assert ticks.long().remainder(2).any()
    assert len(range(2**24)[2**22 :]) == 0.75 * 2**24


@pytest.mark.claim("R001-059", "R004-009")
def test_dropout_of_pytorch_is_inverted():
    """In training elements are 0 or x / (1 - p), all of them 0 at p = 1; in evaluation nothing changes."""
    x = numbers(1, 2, 3, 4).expand(50, 4)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        y = dropout(x, 0.75, training=True)
    assert set(y.flatten().tolist()) == {0, 4, 8, 12, 16}
    assert ((y == 0) | (y == 4 * x)).all()
    assert not dropout(x, 1.0, training=True).any()
    assert_equal(dropout(x, 0.75, training=False), x)


@pytest.mark.claim("R001-078")
def test_repeat_interleave_repeats_elements_and_repeat_the_whole():
    """repeat_interleave(3) yields a a a b b b, of which every third is the input, and repeat(3) a b a b a b."""
    x = numbers(1, 2)
    assert_equal(x.repeat_interleave(3), numbers(1, 1, 1, 2, 2, 2))
    assert_equal(x.repeat_interleave(3)[::3], x)
    assert_equal(x.repeat_interleave(3), x[:, None].expand(-1, 3).reshape(-1))
    assert_equal(x.repeat(3), numbers(1, 2, 1, 2, 1, 2))


@pytest.mark.claim("R001-081")
def test_linspace_divides_by_one_less_than_the_number_of_points():
    """From 2 to 3 in five points the step is 1/4, and 1/5 if the end is left out; whole numbers are cut off, so that
    from 0 to 1 all but the last are 0.
    """
    points, step = np.linspace(2, 3, 5, retstep=True)
    assert_equal(points.tolist(), [2.0, 2.25, 2.5, 2.75, 3.0])
    assert step == 0.25
    assert_close(np.linspace(2, 3, 5, endpoint=False).tolist(), [2, 2.2, 2.4, 2.6, 2.8])
    assert_equal(torch.linspace(2, 3, 5), numbers(2, 2.25, 2.5, 2.75, 3))
    assert np.linspace(0, 1, 5, dtype=int).tolist() == [0, 0, 0, 0, 1]


@pytest.mark.claim("R001-082")
def test_cumulative_product_ends_in_the_product():
    """Its last entry is the product, its ratios are the factors, and of positive ones it is exp of a sum of logs;
    the product of nothing is 1.
    """
    factors = steps(7) + 2.5
    products = factors.cumprod(0)
    assert_close(products[-1], math.prod(factors.tolist()))
    assert_close(products[1:] / products[:-1], factors[1:])
    assert_close(products, factors.log().cumsum(0).exp())
    assert torch.ones(0).prod() == 1


@pytest.mark.claim("R004-001", "E004-1")
def test_only_assignment_in_place_keeps_the_memory():
    """Y[:] = X + Y and Y += X write where Y was, so that an alias sees it; Y = Y + X takes new memory."""
    x, y = numbers(1, 2), numbers(3, 5)
    alias = y
    y[:] = x + y
    assert_equal(alias, numbers(4, 7))
    y += x
    assert y.data_ptr() == alias.data_ptr()
    assert_equal(alias, numbers(5, 9))
    y = y + x
    assert y.data_ptr() != alias.data_ptr()
    assert_equal(alias, numbers(5, 9))


@pytest.mark.claim("R004-002")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_lazy_linear_becomes_linear_at_its_first_input():
    """Before it has no weight, and an optimiser cannot be made; from the first input on it is an nn.Linear."""
    layer = nn.LazyLinear(2, dtype=torch.float64)
    assert isinstance(layer.weight, nn.UninitializedParameter)
    y = layer(steps(5, 3))
    assert (type(layer), layer.in_features) == (nn.Linear, 3)
    assert_close(y, steps(5, 3) @ layer.weight.T + layer.bias, 8)


@pytest.mark.claim("R004-003", "E004-2")
def test_backward_of_a_vector_yields_a_vector():
    """x.grad is v^T dy/dx, a vector of the shape of x: [0, 2, 4, 6] for y = x * x and v = 1, as for sum(y), where v^T y
    would be the scalar 14. It is added to what x.grad held.
    """
    x = torch.arange(4.0, dtype=torch.float64).requires_grad_()
    (x * x).backward(torch.ones(4))
    assert_equal(x.grad, numbers(0, 2, 4, 6))
    (x * x).sum().backward()
    assert_equal(x.grad, numbers(0, 4, 8, 12))
    v = numbers(1, -1, 2, 3)
    (jacobian,) = torch.autograd.functional.jacobian(lambda leaf: (leaf * leaf).flip(0), (x,))
    assert_equal(torch.autograd.grad((x * x).flip(0), x, v)[0], v @ jacobian)
    with pytest.raises(RuntimeError, match="scalar outputs"):
        (x * x).backward()


@pytest.mark.claim("R004-004")
def test_gradient_stops_at_detached_values():
    """For u = x^2 detached the gradient of u x is u = [0, 1, 4, 9], not 3 x^2."""
    x = torch.arange(4.0, dtype=torch.float64).requires_grad_()
    ((x * x).detach() * x).sum().backward()
    assert_equal(x.grad, numbers(0, 1, 4, 9))


@pytest.mark.claim("R004-094")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_pixels_scaled_by_half_of_255_come_back(dtype):
    """x / 127.5 - 1 sends 0 and 255 to exactly -1 and 1, and rounding 127.5 (y + 1) gives all 256 values back; cutting
    instead of rounding loses some, and division by 128 does not reach 1.
    """
    y = PIXELS.to(dtype) / 127.5 - 1
    assert (y[0], y[-1]) == (-1, 1)
    assert_equal(((y + 1) * 127.5).round().long(), PIXELS)
    assert (((y + 1) * 127.5).long() != PIXELS).any()
    assert 255 / 128 - 1 < 1


@pytest.mark.claim("R003-158")
def test_normalised_levels_come_back_after_rounding():
    """(x - 0.5) / 0.5 maps k / 255 into [-1, 1]. In float32 (y + 1) / 2 returns x for all but 63 of the 256 levels, and
    after times 255 and rounding for all.
    """
    x = PIXELS.float() / 255
    y = (x - 0.5) / 0.5
    assert (y.min(), y.max()) == (-1, 1)
    back = (y + 1) / 2
    assert (back != x).sum() == 63
    assert (back - x).abs().max() < 1.5e-8
    assert_equal((back * 255).round().long(), PIXELS)


@pytest.mark.claim("R003-035")
def test_reshape_is_no_transpose():
    """reshape keeps the order of the elements; of a transposed tensor view works only where strides allow it."""
    x = torch.arange(6).reshape(3, 2)
    assert_equal(x.reshape(2, 3), torch.tensor([[0, 1, 2], [3, 4, 5]]))
    assert_equal(x.T, torch.tensor([[0, 2, 4], [1, 3, 5]]))
    assert x.view(2, 3).data_ptr() == x.data_ptr()
    assert not x.T.is_contiguous()
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        x.T.view(6)
    assert_equal(x.T.view(2, 3, 1)[..., 0], x.T)


@pytest.mark.claim("E004-39")
def test_first_line_of_a_block_of_its_own_is_not_indented():
    """A listing that starts with a blank is an IndentationError."""
    with pytest.raises(IndentationError):
        compile(" before = id(Y)\n", "listing", "exec")
