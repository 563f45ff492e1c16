"""Low precision beside PyTorch and torchao: FP8, eight-bit integers, their products; and a step of Adam."""

import abc

import torch
from torch.nn.functional import ScalingType, scaled_mm
from torchao.quantization.quant_primitives import dequantize_affine, quantize_affine

from benchmarks.loops import EAGER_AND_COMPILED, LoopBesidePeer
from benchmarks.peers import assert_same
from reference.numerics import quantization
from reference.numerics.formats import decode_float, decode_float_lookup, encode_float, encode_float_bitwise
from reference.numerics.scaled_formats import scaled_matmul
from reference.training.optimizers import AdamState, adam_step

NUMBERS = [10_000, 100_000, 1_000_000, 10_000_000]
FP8_NUMBERS = [1_000, 10_000, 100_000, 1_000_000]
FP8 = {"E4M3": torch.float8_e4m3fn, "E5M2": torch.float8_e5m2}
SCALE, ZERO_POINT, LOWEST, HIGHEST = 2.0**-5, 3, -128, 127  # torchao multiplies by 1 / scale, which is exact
LEARNING_RATE = 1e-3

Tensors = tuple[torch.Tensor, ...]


class Fp8Encoding(LoopBesidePeer, size="numbers", sizes=FP8_NUMBERS, peer="torch"):
    """Codes of the same numbers in E4M3 and in E5M2."""

    def prepare(self, size: int, device: str) -> None:
        self.x = self.normal(size).to(device)
        self.least_bytes = self.x.nbytes + 2 * size
        self.encode = self.compiled(self._encode)

    def _encode(self) -> Tensors:
        return tuple(encode_float(self.x, name) for name in FP8)

    def reference(self) -> Tensors:
        return self.encode()

    def peer(self) -> Tensors:
        return tuple(self.x.to(dtype).view(torch.uint8) for dtype in FP8.values())

    def check(self) -> None:
        assert_same(self.reference(), tuple(codes.long() for codes in self.peer()))


class Fp8BitwiseEncoding(Fp8Encoding, size="numbers", sizes=FP8_NUMBERS, peer="torch", modes=EAGER_AND_COMPILED):
    """The same codes, from the bits of the numbers."""

    def _encode(self) -> Tensors:
        return tuple(encode_float_bitwise(self.x, name) for name in FP8)


class Fp8Decoding(LoopBesidePeer, size="numbers", sizes=FP8_NUMBERS, peer="torch", modes=EAGER_AND_COMPILED):
    """Numbers in float64 that codes in E4M3 and in E5M2 stand for."""

    def prepare(self, size: int, device: str) -> None:
        x = self.normal(size).to(device)
        self.casts = tuple(x.to(dtype) for dtype in FP8.values())
        self.codes = tuple(cast.view(torch.uint8).long() for cast in self.casts)
        self.least_bytes = 2 * (1 + 8) * size
        self.decode = self.compiled(self._decode)

    def _decode(self) -> Tensors:
        return tuple(decode_float(codes, name) for codes, name in zip(self.codes, FP8, strict=True))

    def reference(self) -> Tensors:
        return self.decode()

    def peer(self) -> Tensors:
        return tuple(cast.double() for cast in self.casts)


class Fp8LookupDecoding(Fp8Decoding, size="numbers", sizes=FP8_NUMBERS, peer="torch", modes=EAGER_AND_COMPILED):
    """The same numbers, looked up in a table."""

    def _decode(self) -> Tensors:
        return tuple(decode_float_lookup(codes, name) for codes, name in zip(self.codes, FP8, strict=True))


class _AffineCodes(LoopBesidePeer, peer="torchao"):
    """Numbers and their codes, of one scale and one zero point."""

    def prepare(self, size: int, device: str) -> None:
        self.x = self.normal(size).to(device)
        self.scale = torch.full((1,), SCALE, device=device)
        self.zero_point = torch.full((1,), ZERO_POINT, device=device)
        self.codes = quantization.quantize_affine(self.x, self.scale, self.zero_point, LOWEST, HIGHEST)
        self.short_codes = self.codes.to(torch.int8)
        self.least_bytes = self.x.nbytes + size
        self.loop = self.compiled(self._loop)

    @abc.abstractmethod
    def _loop(self) -> torch.Tensor: ...

    def reference(self) -> torch.Tensor:
        return self.loop()


class Int8Quantization(_AffineCodes, size="numbers", sizes=NUMBERS, peer="torchao", modes=EAGER_AND_COMPILED):
    """Codes of a tensor."""

    def _loop(self) -> torch.Tensor:
        return quantization.quantize_affine(self.x, self.scale, self.zero_point, LOWEST, HIGHEST)

    def peer(self) -> torch.Tensor:
        return quantize_affine(self.x, self.x.shape, self.scale, self.zero_point, torch.int8, LOWEST, HIGHEST)

    def check(self) -> None:
        assert_same(self.reference(), self.peer().long())


class Int8Dequantization(_AffineCodes, size="numbers", sizes=NUMBERS, peer="torchao", modes=EAGER_AND_COMPILED):
    """Numbers that the codes of a tensor stand for."""

    def _loop(self) -> torch.Tensor:
        return quantization.dequantize_affine(self.codes, self.scale, self.zero_point)

    def peer(self) -> torch.Tensor:
        codes = self.short_codes
        return dequantize_affine(codes, codes.shape, self.scale, self.zero_point, torch.int8, LOWEST, HIGHEST)


class Int8Matmul(LoopBesidePeer, size="side", sizes=[64, 128, 256, 512], peer="torch"):
    """Product of two square matrices of codes whose zero points are 0."""

    def prepare(self, size: int, device: str) -> None:
        self.left, self.right = (
            torch.randint(LOWEST, HIGHEST + 1, (size, size), generator=self.generator).to(device) for _ in range(2)
        )
        self.short_left, self.short_right = self.left.to(torch.int8), self.right.to(torch.int8)
        self.zero_point = torch.tensor(0, device=device)
        self.least_bytes = (1 + 1 + 4) * size**2
        self.least_flops = 2 * size**3

    def reference(self) -> torch.Tensor:
        return quantization.integer_matmul(self.left, self.right, self.zero_point, self.zero_point)

    def peer(self) -> torch.Tensor:
        return torch._int_mm(self.short_left, self.short_right)

    def check(self) -> None:
        assert_same(self.reference(), self.peer().long())


class Fp8Matmul(LoopBesidePeer, size="side", sizes=[64, 128, 256, 512], peer="torch"):
    """Product of two square matrices of codes, a gradient in E5M2 and a weight in E4M3, with a scale each."""

    def prepare(self, size: int, device: str) -> None:
        left, right = (
            self.normal(size, size).to(device).to(dtype) for dtype in (torch.float8_e5m2, torch.float8_e4m3fn)
        )
        self.codes = left.view(torch.uint8).long(), right.view(torch.uint8).long()
        self.scales = torch.full((1, 1), 0.5, device=device), torch.full((1, 1), 3.0, device=device)
        self.factors = left, right.T.contiguous().T
        self.least_bytes = (1 + 1 + 4) * size**2
        self.least_flops = 2 * size**3

    def reference(self) -> torch.Tensor:
        return scaled_matmul(*self.codes, *self.scales, "E5M2", "E4M3")

    def peer(self) -> torch.Tensor:
        (left, right), (left_scale, right_scale) = self.factors, self.scales
        one = ScalingType.TensorWise
        return scaled_mm(left, right, left_scale, one, right_scale, one, output_dtype=torch.float32)


class Adam(LoopBesidePeer, size="parameters", sizes=NUMBERS, peer="torch", modes=EAGER_AND_COMPILED):
    """The second step of Adam. The peer is the fused form; it steps in place, and so goes on to later steps."""

    def prepare(self, size: int, device: str) -> None:
        self.theta = torch.nn.Parameter(self.normal(size).to(device))
        self.optimizer = torch.optim.Adam([self.theta], lr=LEARNING_RATE, fused=True)
        self.theta.grad = self.normal(size).to(device)
        self.peer()
        self.parameter, self.gradient = self.theta.detach().clone(), self.normal(size).to(device)
        self.state = AdamState(1, *(average.clone() for average in self._averages()))
        self.theta.grad = self.gradient
        self.least_bytes = 7 * self.parameter.nbytes
        self.step = self.compiled(self._step)

    def _step(self) -> tuple[torch.Tensor, AdamState]:
        return adam_step(self.parameter, self.gradient, self.state, LEARNING_RATE)

    def _averages(self) -> Tensors:
        state = self.optimizer.state[self.theta]
        return state["exp_avg"], state["exp_avg_sq"]

    def reference(self) -> tuple[torch.Tensor, AdamState]:
        return self.step()

    def peer(self) -> torch.Tensor:
        self.optimizer.step()
        return self.theta.detach()

    def check(self) -> None:
        parameter, state = self.reference()
        assert_same((parameter, state.mean, state.square), (self.peer(), *self._averages()))
