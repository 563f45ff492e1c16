"""What rounding costs: bounds on the error of products and sums, in units of the roundoff of a format."""

from jaxtyping import Float
from torch import Tensor


def unit_roundoff(significand_bits: int) -> float:
    """Largest relative error of rounding to the nearest number of a format whose significand has so many bits.

        u = 2^-p

    p counts the leading 1 that is not stored: 24 in FP32, 11 in FP16 and TF32, 8 in BF16, 4 in E4M3, 3 in E5M2.

    Domain: p >= 1, else ValueError; numbers of the format's normal range.
    Source: Higham 2002, "Accuracy and Stability of Numerical Algorithms", theorem 2.2.
    Differs: `torch.finfo(dtype).eps` is the spacing at 1, which is 2 u.
    Notes: R001-044, R003-005.
    """
    if significand_bits < 1:
        raise ValueError(f"a significand has at least one bit; got {significand_bits}")
    return 2.0**-significand_bits


def rounding_growth(count: int, roundoff: float) -> float:
    """Bound on the relative error of a product of `count` factors 1 + d or 1 / (1 + d), |d| <= u: Higham's gamma.

        gamma_n = n u / (1 - n u)

    Domain: n >= 0, u >= 0 and n u < 1, else ValueError.
    Source: Higham 2002, "Accuracy and Stability of Numerical Algorithms", lemma 3.1.
    Notes: R001-044.
    """
    if count < 0 or roundoff < 0 or not count * roundoff < 1:
        raise ValueError(f"{count} roundings of {roundoff} have no bound")
    return count * roundoff / (1 - count * roundoff)


def product_error_bound(
    left: Float[Tensor, "*batch m k"], right: Float[Tensor, "k n"], roundoff: float
) -> Float[Tensor, "*batch m n"]:
    """Bound on each entry's error when matrices are rounded to a format and multiplied in it, in any order of the sums.

        |fl(A B) - A B| <= gamma_{k+2} |A| |B|

    Each term meets k roundings of the product and its sums, and two of its factors.

    Domain: no over- or underflow; (k + 2) u < 1, else ValueError.
    Source: Higham 2002, "Accuracy and Stability of Numerical Algorithms", section 3.5, with rounded inputs.
    Differs: for matrices that the format holds gamma_k is enough, which is what is usually quoted.
    Notes: R001-044.
    """
    return rounding_growth(len(right) + 2, roundoff) * (left.abs() @ right.abs())


def mixed_product_error_bound(
    left: Float[Tensor, "*batch m k"], right: Float[Tensor, "k n"], roundoff: float, accumulator_roundoff: float
) -> Float[Tensor, "*batch m n"]:
    """Bound on each entry's error when factors and result are rounded to a format, but sums are kept in a wider one.

        |fl(A B) - A B| <= ((1 + u)^3 (1 + gamma_k(v)) - 1) |A| |B|

    u is the roundoff of factors and result, v that of products and sums; for small v it does not grow with k.

    Domain: no over- or underflow; u >= 0, and k v < 1, else ValueError.
    Source: Higham 2002, "Accuracy and Stability of Numerical Algorithms", lemma 3.1, applied to each rounding.
    Notes: R001-044.
    """
    if roundoff < 0:
        raise ValueError(f"a roundoff is not negative; got {roundoff}")
    kept = rounding_growth(len(right), accumulator_roundoff)
    cube = roundoff * (3 + roundoff * (3 + roundoff))  # (1 + u)^3 - 1
    return (cube + kept + cube * kept) * (left.abs() @ right.abs())


def dot_condition(x: Float[Tensor, "*batch n"], y: Float[Tensor, "*batch n"]) -> Float[Tensor, "*batch"]:
    """How much a dot product magnifies relative errors of its terms; with y = 1 the condition of a sum.

        cond = sum |x_i y_i| / |sum x_i y_i| >= 1

    Domain: at least one term that is not 0. If the terms cancel it is inf.
    Source: Higham 2002, "Accuracy and Stability of Numerical Algorithms", section 3.1.
    Notes: R001-044.
    """
    terms = x * y
    return terms.abs().sum(-1) / terms.sum(-1).abs()


def running_dot(x: Float[Tensor, "*batch n"], y: Float[Tensor, "*batch n"]) -> Float[Tensor, "*batch"]:
    """Dot product term by term in the precision of its inputs, which rounds every product and every sum.

        s_i = fl(s_{i-1} + fl(x_i y_i)),   s_0 = 0

    Off by at most gamma_n sum |x_i y_i|.

    Domain: n >= 0 terms; without any 0.
    Source: Higham 2002, "Accuracy and Stability of Numerical Algorithms", section 3.1.
    Differs: libraries sum in wider registers and in blocks, and multiply and add with one rounding, which is better.
    Notes: R001-044.
    """
    total = x.new_zeros(x.shape[:-1])
    for term in (x * y).unbind(-1):
        total = total + term
    return total


def excess_error(
    observed: Float[Tensor, "*shape"],
    exact: Float[Tensor, "*shape"],
    condition: Float[Tensor, "*#shape"],
    roundoff: float,
) -> Float[Tensor, "*shape"]:
    """Relative error in units of what rounding the data once may cause: up to 1 the computation is not to blame.

        excess = |observed - exact| / (u cond |exact|)

    For a dot product of n terms added one after another it is at most gamma_n / u, with cond from `dot_condition`.

    Domain: u > 0, else ValueError; exact != 0.
    Source: Higham 2002, "Accuracy and Stability of Numerical Algorithms", section 1.6 (forward error <= condition
    number times backward error).
    Notes: R001-044.
    """
    if not roundoff > 0:
        raise ValueError(f"roundoff {roundoff} is not above 0")
    return (observed - exact).abs() / (roundoff * condition * exact.abs())
