"""The experiments of chapter 1, in the order in which the chapter tells them."""

from distlab.cap.scenarios import leader, pair, quorums, triangle

__all__ = ["leader", "pair", "quorums", "triangle"]
