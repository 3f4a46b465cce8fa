"""The resource's side of a fencing token."""

from collections.abc import Iterator

from distlab.course.exercise import Case, Exercise, Mistake, texts
from distlab.locks.exercises.fence_probe import tokens_at_random
from distlab.locks.fencing import Fence, StaleToken
from distlab.scenario import Run
from distlab.servers.service import Refusal


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


class RefusesEverybody(Fence):
    def admit(self, token: int) -> None:  # type: ignore[override]
        raise StaleToken("too late")


class ComparesTexts(Fence):
    def admit(self, token: int) -> None:  # type: ignore[override]
        if str(token) < str(self.latest):
            raise StaleToken("too late")
        self.latest = token


class OnlyTheFirst(Fence):
    def admit(self, token: int) -> None:  # type: ignore[override]
        if self.latest not in (0, token):
            raise StaleToken("too late")
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


SHOP = "shop"


def refused(run: Run) -> Iterator[tuple[int, int]]:
    """Each token that the shop refused, with the highest that it had let in before (else 0)."""
    asked: dict[str, int] = {}  # client → the token of its last request
    highest = 0
    for event in run.trace.events:
        token = getattr(event.what, "token", None)
        if event.kind == "deliver" and event.node == SHOP and token is not None:
            asked[event.peer] = token
        elif event.kind == "send" and event.node == SHOP and event.peer in asked:
            if isinstance(event.what, Refusal) and isinstance(event.what.body, StaleToken):
                yield asked[event.peer], highest
            else:
                highest = max(highest, asked[event.peer])


def forgot(run: Run) -> bool:
    """Whether somebody was let in who should not be, and no token was kept."""
    return not remembered(run) and run.verdict("never oversold").ok is False


def refused_once(run: Run) -> bool:
    return any(refused(run))


def refuses_higher(run: Run) -> bool:
    return any(token > highest for token, highest in refused(run))


FENCE = Exercise(
    texts("locks/fence"), name="OwnFence", base=Fence,
    cases=(
        Case("locks/paused-holder", {"fencing": "all"},
            schedules=("", "delay:shop>alice@20+200=40"), seeds=range(5),
            must_hold=("nothing refused", "never oversold"), searched=0),
        Case("locks/paused-holder", {"fencing": "all"}, schedules=("",), seeds=range(2),
            must_hold=("nothing refused", "never oversold"), searched=0, parts={"first_token": 9}),
        Case("locks/paused-holder", {"fencing": "all"}, seeds=range(3),
            must_hold=("never oversold",), searched=0, parts={"first_token": 9}),
        Case("locks/paused-holder", {"fencing": "all"},
            schedules=(None, "pause:alice@36+130;crash:shop@150+12"), seeds=range(5),
            must_hold=("never oversold",), searched=10),
        Case("locks/paused-holder", {"fencing": "all"}, seeds=range(5),
            must_hold=("never oversold",), searched=0, parts={"tries": 2}),
        Case("locks/delayed-request", {"fencing": "all"}, seeds=range(5),
            must_hold=("never oversold",), searched=10),
    ),
    stub=OwnFenceStub, reference=OwnFence,
    mistakes=(
        Mistake("remembers first",
            lambda run: remembered(run) != sorted(remembered(run)) and refused_once(run),
            RemembersFirst),
        Mistake("refuses everybody",
            lambda run: any(not highest for _, highest in refused(run)), RefusesEverybody),
        Mistake("compares texts",
            lambda run: any(b < a and str(a) < str(b) for a, b in refused(run)), ComparesTexts),
        Mistake("refuses later holders", refuses_higher, OnlyTheFirst),
        Mistake("refuses the same holder",
            lambda run: any(token == highest for token, highest in refused(run)),
            RefusesTheSameHolder),
        Mistake("remembers nothing",
            lambda run: forgot(run) and not any(f.kind == "crash" for f in run.faults),
            RemembersNothing),
        Mistake("remembers elsewhere", forgot, RemembersElsewhere),
        Mistake("lets everybody in", "never oversold=violated", LetsEverybodyIn,
            also=("admit ignores token",)),
    ),
    probes=(tokens_at_random,),
)  # fmt: skip
