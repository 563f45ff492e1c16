"""One small valid input of every function in `reference.training`, for the smoke check of adapters.

Axis sizes differ, and no parameter has the value at which formulas coincide.
"""

import torch

from properties.strategies import steps

EXAMPLES = {
    # losses
    # contrastive
    # optimizers
    # learning_rates
    # clipping
    # accumulation
    # dropout
    # initialization
    # checkpointing
    # collectives
    # data_parallel
    # samplers
    # meters
}
