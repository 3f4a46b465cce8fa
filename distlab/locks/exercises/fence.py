"""The resource's side of a fencing token."""

from distlab.course.exercise import Case, Exercise, Mistake, texts
from distlab.locks.fencing import Fence, StaleToken
from distlab.scenario import Run


class OwnFenceStub(Fence):
    def admit(self, token: int) -> None:  # type: ignore[override]
        """Called before each look and each write."""
        raise NotImplementedError


class OwnFence(Fence):
    def admit(self, token: int) -> None:  # type: ignore[override]
        if token < self.latest:
            raise StaleToken(f"token {token} comes after token {self.latest}")
        self.latest = token


class LetsEverybodyIn(Fence):
    def admit(self, token: int) -> None:  # type: ignore[override]
        self.latest = token


class RemembersNothing(Fence):
    def admit(self, token: int) -> None:  # type: ignore[override]
        if token < self.latest:
            raise StaleToken("too late")


class RefusesTheSameHolder(Fence):
    def admit(self, token: int) -> None:  # type: ignore[override]
        if token <= self.latest:
            raise StaleToken("too late")
        self.latest = token


class RemembersElsewhere(Fence):
    def admit(self, token: int) -> None:  # type: ignore[override]
        if token < getattr(self, "highest", 0):
            raise StaleToken("too late")
        self.highest = token


class RemembersFirst(Fence):
    def admit(self, token: int) -> None:  # type: ignore[override]
        before, self.latest = self.latest, token
        if token < before:
            raise StaleToken("too late")


def remembered(run: Run) -> list[int]:
    """The latest token that the shop kept, after each change of its state."""
    kept = [row for event in run.trace.of_kind("state") for row in getattr(event.what, "kept", ())]
    return [int(row.value) for row in kept if row.what == "latest token"]


def refused_once(run: Run) -> bool:
    return not run.verdict("nothing refused").ok


FENCE = Exercise(
    texts("locks/fence"), name="OwnFence", base=Fence,
    cases=(
        Case("locks/paused-holder", {"fencing": "all"},
            schedules=("", "delay:shop>alice@20+200=40"), seeds=range(5),
            must_hold=("nothing refused", "never oversold"), searched=0),
        Case("locks/paused-holder", {"fencing": "all"},
            schedules=(None, "pause:alice@36+130;crash:shop@150+12"), seeds=range(5),
            must_hold=("never oversold",)),
        Case("locks/paused-holder", {"fencing": "all"}, seeds=range(10),
            must_hold=("never oversold",), searched=0, parts={"tries": 2}),
        Case("locks/delayed-request", {"fencing": "all"}, seeds=range(5),
            must_hold=("never oversold",)),
    ),
    stub=OwnFenceStub, reference=OwnFence,
    mistakes=(
        Mistake("remembers first",
            lambda run: remembered(run) != sorted(remembered(run)) and refused_once(run),
            RemembersFirst),
        Mistake("refuses the same holder", "nothing refused=violated", RefusesTheSameHolder),
        Mistake("remembers nothing",
            lambda run: not remembered(run) and not any(f.kind == "crash" for f in run.faults),
            RemembersNothing),
        Mistake("remembers elsewhere", lambda run: not remembered(run), RemembersElsewhere),
        Mistake("lets everybody in", "never oversold=violated", LetsEverybodyIn),
    ),
)  # fmt: skip
