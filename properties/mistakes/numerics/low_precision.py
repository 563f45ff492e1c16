"""Wrong variants of `reference.numerics.low_precision`."""

import torch

from properties.mistakes import mistake, variant
from reference.numerics.low_precision import (
    dot_condition,
    excess_error,
    mixed_product_error_bound,
    product_error_bound,
    rounding_growth,
    running_dot,
    unit_roundoff,
)


@mistake(of=unit_roundoff, seen="catalogue R001-044")
def unit_roundoff_that_is_the_spacing(significand_bits):
    """the spacing of numbers at 1 is returned, which is twice the roundoff"""
    return 2 * unit_roundoff(significand_bits)


@mistake(of=unit_roundoff, seen="catalogue R003-002")
def unit_roundoff_with_hidden_bit_twice(significand_bits):
    """the leading bit, which is not stored, is counted once more"""
    return unit_roundoff(significand_bits) / 2


@mistake(of=unit_roundoff, seen="catalogue R001-044")
def unit_roundoff_without_check(significand_bits):
    """a significand without bits is accepted"""
    return 2.0**-significand_bits


@mistake(of=unit_roundoff, seen="catalogue R001-044")
def unit_roundoff_of_at_most_double_precision(significand_bits):
    """formats that are wider than FP64 have its roundoff"""
    return max(unit_roundoff(significand_bits), 2.0**-53)


@mistake(of=rounding_growth, seen="catalogue R001-044")
def rounding_growth_to_first_order(count, roundoff):
    """n u is returned, which is no bound: errors of rounding multiply"""
    rounding_growth(count, roundoff)
    return count * roundoff


@mistake(of=rounding_growth, seen="catalogue R001-044")
def rounding_growth_of_statistics(count, roundoff):
    """errors are assumed to be independent, so that they grow with the root of n; that is likely, but no bound"""
    return rounding_growth(count, roundoff) / max(count, 1) ** 0.5


@mistake(of=rounding_growth, seen="catalogue R001-044")
def rounding_growth_without_check(count, roundoff):
    """n u >= 1 gives a negative number, or a division by zero"""
    return count * roundoff / (1 - count * roundoff or 1e-300)


@mistake(of=product_error_bound, seen="catalogue R001-044")
def product_error_bound_of_exact_factors(left, right, roundoff):
    """the rounding of the factors to the format is left out"""
    product_error_bound(left, right, roundoff)
    return rounding_growth(len(right), roundoff) * (left.abs() @ right.abs())


@mistake(of=product_error_bound, seen="catalogue R001-044")
def product_error_bound_relative_to_the_product(left, right, roundoff):
    """the bound is relative to the product, although terms that cancel leave their errors behind"""
    product_error_bound(left, right, roundoff)
    return rounding_growth(len(right) + 2, roundoff) * (left @ right).abs()


@mistake(of=product_error_bound, seen="catalogue R001-044")
def product_error_bound_that_does_not_grow(left, right, roundoff):
    """one rounding is counted however long the sums are, as a fixed relative tolerance does"""
    product_error_bound(left, right, roundoff)
    return roundoff * (left.abs() @ right.abs())


@mistake(of=product_error_bound, seen="catalogue R001-044")
def product_error_bound_for_rows(left, right, roundoff):
    """the number of rows stands for the number of terms"""
    product_error_bound(left, right, roundoff)
    return rounding_growth(left.shape[-2] + 2, roundoff) * (left.abs() @ right.abs())


@mistake(of=mixed_product_error_bound, seen="catalogue R001-044")
def mixed_product_error_bound_of_sums(left, right, roundoff, accumulator_roundoff):
    """only the sums are counted, as if the factors had not been rounded to the format"""
    mixed_product_error_bound(left, right, roundoff, accumulator_roundoff)
    return rounding_growth(len(right), accumulator_roundoff) * (left.abs() @ right.abs())


@mistake(of=mixed_product_error_bound, seen="catalogue R001-044")
def mixed_product_error_bound_without_result(left, right, roundoff, accumulator_roundoff):
    """the rounding of the result to the format is left out"""
    mixed_product_error_bound(left, right, roundoff, accumulator_roundoff)
    factor = (1 + roundoff) ** 2 * (1 + rounding_growth(len(right), accumulator_roundoff)) - 1
    return factor * (left.abs() @ right.abs())


@mistake(of=mixed_product_error_bound, seen="catalogue R001-044")
def mixed_product_error_bound_in_one_precision(left, right, roundoff, accumulator_roundoff):
    """sums are counted in the precision of the factors"""
    return mixed_product_error_bound(left, right, roundoff, roundoff) + accumulator_roundoff


@mistake(of=mixed_product_error_bound, seen="catalogue R001-044")
def mixed_product_error_bound_without_check(left, right, roundoff, accumulator_roundoff):
    """negative roundoffs, and sums without a bound, are accepted"""
    if roundoff >= 0 and accumulator_roundoff * len(right) < 1:
        return mixed_product_error_bound(left, right, roundoff, accumulator_roundoff)
    return left.abs() @ right.abs()


@mistake(of=dot_condition, seen="catalogue R001-044")
def dot_condition_by_lengths(x, y):
    """the lengths of the vectors stand for the sum of the terms' magnitudes: one over the cosine"""
    return x.norm(dim=-1) * y.norm(dim=-1) / (x * y).sum(-1).abs()


@mistake(of=dot_condition, seen="catalogue R001-044")
def dot_condition_upside_down(x, y):
    """numerator and denominator are exchanged"""
    return 1 / dot_condition(x, y)


@mistake(of=dot_condition, seen="catalogue R001-044")
def dot_condition_with_sign(x, y):
    """a negative sum has a negative condition"""
    return dot_condition(x, y) * (x * y).sum(-1).sign()


@mistake(of=dot_condition, seen="catalogue R001-044")
def dot_condition_with_epsilon(x, y):
    """a small number is added to the denominator, so that terms that cancel look harmless"""
    terms = x * y
    return terms.abs().sum(-1) / (terms.sum(-1).abs() + 0.01)


@mistake(of=running_dot, seen="catalogue R001-044")
def running_dot_in_wide_sums(x, y):
    """sums are kept in FP32 and rounded once, which hides the error of a narrow accumulator"""
    running_dot(x, y)
    return (x.double() * y.double()).sum(-1).to(x.dtype)


@mistake(of=running_dot, seen="catalogue R001-044")
def running_dot_from_the_end(x, y):
    """terms are added from the last to the first, which rounds otherwise: floating-point sums depend on their order"""
    return running_dot(x.flip(-1), y.flip(-1))


@mistake(of=running_dot, seen="catalogue R001-044")
def running_dot_with_fused_products(x, y):
    """a product is added before it is rounded, as a fused multiply-add does"""
    total = running_dot(x[..., :1], y[..., :1])
    for i in range(1, x.shape[-1]):
        total = (total.double() + x[..., i].double() * y[..., i].double()).to(x.dtype)
    return total


@mistake(of=running_dot, seen="catalogue R001-044")
def running_dot_with_rounded_products_alone(x, y):
    """products are rounded, sums are not before the last"""
    return (x * y).double().sum(-1).to(x.dtype)


@variant(of=running_dot, seen="catalogue R001-044")
def running_dot_from_the_first_term(x, y):
    """a sum that starts from its first term is the same: 0 + x is exact"""
    if not x.shape[-1]:
        return x.sum(-1)
    total, *rest = (x * y).unbind(-1)
    total = total.clone()
    for term in rest:
        total = total + term
    return total


@mistake(of=excess_error, seen="catalogue R001-044")
def excess_error_without_condition(observed, exact, condition, roundoff):
    """terms that cancel are blamed on the computation: the condition is left out"""
    return excess_error(observed, exact, torch.ones_like(condition), roundoff)


@mistake(of=excess_error, seen="catalogue R001-044")
def excess_error_relative_to_observed(observed, exact, condition, roundoff):
    """the error is relative to the observed value instead of the exact one"""
    if not roundoff > 0:
        raise ValueError(f"roundoff {roundoff}")
    return (observed - exact).abs() / (roundoff * condition * observed.abs())


@mistake(of=excess_error, seen="catalogue R001-044")
def excess_error_in_absolute_terms(observed, exact, condition, roundoff):
    """the error is not divided by the size of the exact value"""
    return excess_error(observed, exact, condition, roundoff) * exact.abs()


@mistake(of=excess_error, seen="catalogue R001-044")
def excess_error_without_check(observed, exact, condition, roundoff):
    """a roundoff of 0 is accepted"""
    return (observed - exact).abs() / (roundoff * condition * exact.abs())
