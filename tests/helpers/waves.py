"""Air that goes up and down, for tests that want everything to move."""

import numpy as np


def wave(mean, swing, minutes_per_radian):
    """A function of the minute (arrays in, arrays out) that swings about a mean."""
    return lambda minute: mean + swing * np.sin(minute / minutes_per_radian)
