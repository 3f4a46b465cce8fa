"""distlab: distributed systems, learnt by breaking them."""

__version__ = "0.1.0"
