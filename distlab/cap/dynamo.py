"""A store that answers wherever enough replicas can be reached (AP), after Dynamo and Cassandra.

Every key has N home replicas, and any node may coordinate a request. It asks all N and waits for as
many answers as the *request* demands, R for a read and W for a write. If R + W > N, those two sets
share a replica, so a read meets the last acknowledged write (Gifford 1979).

Sections are those of "Dynamo: Amazon's Highly Available Key-value Store" (DeCandia et al. 2007):

* get and put with N, R and W (4.5), and read repair (5);
* **hinted handoff** (4.6): what a silent replica should have stored is kept for it as a hint. In a
  **sloppy quorum** a node that is no home replica stands in for it, and counts towards R or W;
* **anti-entropy** (4.7): replicas send each other what they have, so that in the end all have the
  same. (Dynamo finds the differences with Merkle trees first: chapter 2.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distlab.cap.requests import No, Read, Unsure, Write, Written
from distlab.cap.versions import NOTHING_SEEN, LastWriteWins, Version, Versioning, VersionVector
from distlab.sim import Node

NONE, HINT, SLOPPY = "none", "hint", "sloppy"  # handoff
OFF, BACKGROUND, BLOCKING = "off", "background", "blocking"  # read repair


@dataclass(frozen=True, slots=True)
class Get(Read):
    """A read that waits for `r` replicas."""

    r: int


@dataclass(frozen=True, slots=True)
class Put(Write):
    """A write that waits for `w` replicas. `context` comes from the read that it builds on."""

    w: int
    context: VersionVector = NOTHING_SEEN


@dataclass(frozen=True, slots=True)
class Fetch:
    """What do you have under this key?"""

    key: str


@dataclass(frozen=True, slots=True)
class Found:
    """This."""

    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Store:
    """Keep this, unless you have something newer."""

    key: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """I keep it, or something newer."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A store that `replica` has missed. It is also the timer for the next try."""

    replica: str
    store: Store


@dataclass(frozen=True, slots=True)
class ExchangeTimer:
    """Time to send everything to the next replica."""


class Replica(Node):
    """One of `nodes`. The first `copies` nodes are home to every key.

    It waits `patience_ms` for another replica and runs anti-entropy every `exchange_ms` (0: never).
    """

    handoff_ms = 60

    def __init__(
        self,
        name: str,
        nodes: tuple[str, ...],
        copies: int = 3,
        versioning: Versioning | None = None,
        read_repair: str = OFF,
        handoff: str = NONE,
        exchange_ms: int = 0,
        patience_ms: int = 40,
    ) -> None:
        super().__init__(name)
        self.home = nodes[:copies]
        self.majority = copies // 2 + 1
        self.versioning = versioning or LastWriteWins()
        self.read_repair = read_repair
        self.handoff = handoff
        self.exchange_ms = exchange_ms
        self.patience_ms = patience_ms

    def on_start(self) -> None:
        self.data: dict[str, tuple[Version, ...]] = self.disk.read("data", {})
        self.hints: tuple[Hint, ...] = self.disk.read("hints", ())
        for hint in self.hints:
            self.set_timer(self.handoff_ms, hint)
        self.exchanges = 0
        if self.exchange_ms and self.name in self.home:
            self.set_timer(self.exchange_ms, ExchangeTimer())

    # A replica

    def on_fetch(self, message: Fetch | Store, sender: str) -> None:
        self.send(sender, self.answer(message))

    on_store = on_fetch

    def answer(self, message: Fetch | Store) -> Found | Stored:
        held = self.data.get(message.key, ())
        if isinstance(message, Fetch):
            return Found(held)
        self.data[message.key] = self.versioning.reconcile((*held, *message.versions))
        self.disk.put("data", self.data)
        return Stored()

    # A coordinator

    async def on_get(self, request: Get, client: str) -> None:
        found = await self.ask(Fetch(request.key), self.home, wait_for=request.r)
        if len(found) < request.r:
            return self.send(client, No(f"{len(found)} of {request.r} replicas answered"))
        versions = self.versioning.reconcile(v for each in found.values() for v in each.versions)
        if not await self.write_back(Store(request.key, versions), found):
            return self.send(client, No("too few replicas took it back"))
        return self.send(client, self.versioning.answer(versions))

    async def write_back(self, newest: Store, found: Mapping[str, Found]) -> bool:
        """Read repair: bring the newest of what was found to the replicas that lack it.

        In the background this is a courtesy. If it blocks until a majority has it, no later read of
        a majority can miss it: the second phase of a read in Attiya, Bar-Noy & Dolev (1995), see
        `abd`. Returns whether the read may answer.
        """
        holders = [name for name, each in found.items() if each.versions == newest.versions]
        missing = self.majority - len(holders) if self.read_repair == BLOCKING else 0
        if self.read_repair == OFF or (len(holders) == len(found) and missing <= 0):
            return True
        others = [name for name in self.home if name not in holders]
        return len(await self.ask(newest, others, wait_for=missing)) >= missing

    async def on_put(self, request: Put, client: str) -> None:
        stamp = await self.next_stamp(request)
        if stamp is None:
            return self.send(client, No("too few replicas answered"))
        store = Store(request.key, (Version(request.value, stamp),))
        stored = await self.ask(store, self.home, wait_for=request.w)
        if len(stored) < request.w:
            return self.send(client, Unsure(f"{len(stored)} of {request.w} replicas stored it"))
        return self.send(client, Written())

    async def next_stamp(self, request: Put) -> Any:
        """The stamp of a new write; None when no stamp can be had now. The count is on the disk."""
        count = self.disk.read("writes", 0) + 1
        self.disk.put("writes", count)
        return self.versioning.stamp(self, count, request.context)

    async def ask(
        self, message: Fetch | Store, replicas: Sequence[str], *, wait_for: int
    ) -> dict[str, Any]:
        """Send it to `replicas` and return the answers by name, once there are `wait_for` of them.

        It returns earlier when all have answered or kept silent for `patience_ms`. After that,
        answers are still taken, and a hint is still kept for a replica that is silent.
        """
        answers: dict[str, Any] = {}
        if self.name in replicas:
            answers[self.name] = self.answer(message)
        asked = [name for name in replicas if name != self.name]
        done = self.future(f"{wait_for} answers to {type(message).__name__}")

        async def ask_one(replica: str) -> None:
            try:
                answers[replica] = await self.call(replica, message, self.patience_ms)
            except TimeoutError:
                if self.stands_in(replica, message):
                    answers[self.name] = self.answer(message)
            asked.remove(replica)
            if len(answers) >= wait_for or not asked:
                done.resolve()

        for replica in tuple(asked):
            self.spawn(ask_one(replica), background=True)
        if len(answers) < wait_for and asked:
            await done
        return dict(answers)

    # Handoff

    def stands_in(self, replica: str, message: Fetch | Store) -> bool:
        """Keep a hint for a silent replica. Returns whether this node answers in its place."""
        if self.handoff != NONE and isinstance(message, Store):
            hint = Hint(replica, message)
            self.keep_hints(*self.hints, hint)
            self.set_timer(self.handoff_ms, hint)
        return self.handoff == SLOPPY  # a home replica has been counted already

    async def on_hint(self, hint: Hint) -> None:
        try:
            await self.call(hint.replica, hint.store, self.patience_ms)
        except TimeoutError:
            self.set_timer(self.handoff_ms, hint)
        else:
            self.keep_hints(*(each for each in self.hints if each != hint))

    def keep_hints(self, *hints: Hint) -> None:
        self.hints = hints
        self.disk.put("hints", hints)

    # Anti-entropy

    def on_exchange_timer(self, timer: ExchangeTimer) -> None:
        others = [name for name in self.home if name != self.name]
        other = others[self.exchanges % len(others)]
        for key, versions in sorted(self.data.items()):
            self.spawn(self.ask(Store(key, versions), [other], wait_for=0), background=True)
        self.exchanges += 1
        self.set_timer(self.exchange_ms, timer)

    def describe(self) -> str:
        shown = [
            f"{key}={'|'.join(str(version.value) for version in versions)}"
            for key, versions in sorted(self.data.items())
        ]
        return " ".join(shown + [f"hint for {hint.replica}" for hint in self.hints]) or "empty"
