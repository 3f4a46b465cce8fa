"""The resource's side of a fencing token."""

from __future__ import annotations

from distlab.course.exercise import Case, Exercise, Mistake
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
    id="locks/fence",
    title="The fence",
    task=(
        "Write a class `OwnFence(Fence)` with `def admit(self, token)`. The shop calls it before "
        "each look and each write. It raises `StaleToken` if somebody with a later token has been "
        "here; else it keeps in `self.latest` what it has to remember. (The shop stores "
        "`self.latest` with its data, and `OwnFence(latest)` begins with it after a crash.)"
    ),
    name="OwnFence",
    base=Fence,
    cases=(
        Case(
            "locks/paused-holder",
            {"fencing": "all"},
            schedules=("", "delay:shop>alice@20+200=40"),
            seeds=range(5),
            must_hold=("nothing refused", "never oversold"),
            searched=0,
        ),
        Case(
            "locks/paused-holder",
            {"fencing": "all"},
            schedules=(None, "pause:alice@36+130;crash:shop@150+12"),
            seeds=range(5),
            must_hold=("never oversold",),
        ),
        Case(
            "locks/paused-holder",
            {"fencing": "all"},
            seeds=range(10),
            must_hold=("never oversold",),
            searched=0,
            parts={"tries": 2},
        ),
        Case(
            "locks/delayed-request",
            {"fencing": "all"},
            seeds=range(5),
            must_hold=("never oversold",),
        ),
    ),
    stub=OwnFenceStub,
    reference=OwnFence,
    hints=(
        "How can the shop tell a late holder from the present one, if both believe that the lock "
        "is theirs?",
        "The later holder has the higher token. A holder comes more than once with its token.",
        "Refuse `token < self.latest`, and remember `token` otherwise.",
    ),
    mistakes=(
        Mistake(
            "remembers first",
            "You refuse a late token and remember it all the same: now it is the latest, and it "
            "gets in when its holder asks again. Refuse first.",
            lambda run: remembered(run) != sorted(remembered(run)) and refused_once(run),
            RemembersFirst,
        ),
        Mistake(
            "refuses the same holder",
            "A holder first looks and then writes, with one token. Refuse lower tokens, not equal "
            "ones.",
            "nothing refused=violated",
            RefusesTheSameHolder,
        ),
        Mistake(
            "remembers nothing",
            "You never write down what you have seen: self.latest stays 0, and no token is lower.",
            lambda run: not remembered(run) and not any(f.kind == "crash" for f in run.faults),
            RemembersNothing,
        ),
        Mistake(
            "remembers elsewhere",
            "What is only in your own attribute is gone after a crash. Keep it in self.latest: the "
            "shop stores that with its data.",
            lambda run: not remembered(run),
            RemembersElsewhere,
        ),
        Mistake(
            "lets everybody in",
            "The late holder's lower token was let in, and its write destroyed a later one.",
            "never oversold=violated",
            LetsEverybodyIn,
        ),
    ),
)
