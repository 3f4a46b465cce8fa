"""Independent streams of randomness from one seed.

With one generator for everything, one more message would shift every later draw: moving a fault by
a millisecond would change the whole run. Here each purpose has a stream of its own: the latency of
the link n1→n2, the choices of machine n3. An extra message on one link changes no other link. So a
what-if changes only what the fault really causes.
"""

from random import Random
from typing import Any


class Stream(Random):
    """A generator that keeps nothing else: an attribute would survive a crash."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "gauss_next":
            raise AttributeError(
                f"{name} does not belong here: keep it on the node, or on its disk"
            )
        super().__setattr__(name, value)


class Streams:
    """Named generators. `Streams(7).stream("latency/n1>n2")` is the same in every process."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, Random] = {}

    def stream(self, purpose: str) -> Random:
        """The generator for `purpose`; the same object each time.

        `Random(str)` derives its state from a SHA-512 of the text, so it depends neither on the
        process nor on PYTHONHASHSEED (documentation of `random.seed`, version 2).
        """
        found = self._streams.get(purpose)
        if found is None:
            found = self._streams[purpose] = Stream(f"{self.seed}/{purpose}")
        return found
