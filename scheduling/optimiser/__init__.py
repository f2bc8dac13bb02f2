"""The optimiser: plans with a proof, from pure values to pure values. It knows the scheduling domain alone, and loads
its solver only when it is asked (0.4 s, 90 MB).
"""

from scheduling.optimiser.solving import Limits, solve

__all__ = ["Limits", "solve"]
