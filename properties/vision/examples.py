"""One small valid input of every function in `reference.vision`, for the smoke check of adapters.

Axis sizes differ, and no parameter has the value at which formulas coincide.
"""

import torch

from properties.strategies import steps

EXAMPLES = {
    # convolution
    # pooling
    # resampling
    # residual_blocks
    # unet
    # crnn
    # keyframes
    # recurrent
    # graph
}
