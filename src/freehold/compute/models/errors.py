"""What can be wrong with weights."""

from __future__ import annotations

from freehold.ground.errors import GiveUp


class BrokenWeights(GiveUp):
    """A file of weights is truncated, altered, or not what its name says."""

    code = "broken_weights"
    advice = "Remove the model's directory and pull it again; check the file at its source if that does not help."
