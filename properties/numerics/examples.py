"""One small valid input of every function in `reference.numerics`, for the smoke check of adapters.

Axis sizes differ, and no parameter has the value at which formulas coincide.
"""

import torch

from properties.strategies import steps

EXAMPLES = {
    # formats
    # rounding
    # quantization
    # low_precision
    # loss_scaling
    # mixed_precision
}
