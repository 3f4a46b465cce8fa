"""A configuration store that would rather not answer than answer wrongly (CP).

The whole configuration is one value, stamped (term, version). A **leader** sends it to all nodes;
what a majority has stored is committed. Any two majorities share a node; the rest follows:

* **Election** (Raft, section 5.2). A node that hears no leader for a while asks for votes in a
  later term. A node that votes enters that term, so nobody votes twice in one term.
* **A new leader reads a majority and rewrites the highest stamp** (Paxos made simple, 2.2). Votes
  carry the voters' configurations, the last committed one among them. Before it answers anybody,
  the leader has a majority store the newest under its own term.
* **Rounds.** A leader does one thing: send the configuration, wait for a majority. With a new
  version this is a write. With the old one it proves that nobody else leads, so it is a read (read
  index, Raft dissertation, 6.4). When nobody asks it is a heartbeat.
* **Cut off**: a leader that no majority answers steps down (6.2); a node without one refuses.

There is no log, since each version is the whole value; Raft, which has one, is chapter 6. And there
are no sessions (6.3): a request that the network delivers twice is done twice.
"""

from dataclasses import dataclass

from distlab.cap.requests import Forward, No, Read, Unsure, Value, Write, Written
from distlab.cap.rounds import (
    Ack,
    Alarm,
    Alive,
    Config,
    Heartbeat,
    Leads,
    Replicate,
    RequestVote,
    Vote,
)
from distlab.sim import Node
from distlab.states import Transitions, step


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A leader notices: no majority has acknowledged a round that began lately."""


FOLLOWER, CANDIDATE, LEADER = "follower", "candidate", "leader"
TRANSITIONS: Transitions[str] = {
    (FOLLOWER, Alarm): CANDIDATE,
    (CANDIDATE, Alarm): CANDIDATE,
    (CANDIDATE, Vote): LEADER,
    (CANDIDATE, RequestVote): FOLLOWER,
    (FOLLOWER, RequestVote): FOLLOWER,
    (CANDIDATE, Replicate): FOLLOWER,
    (FOLLOWER, Replicate): FOLLOWER,
    (LEADER, Replicate): FOLLOWER,
    (LEADER, Unconfirmed): FOLLOWER,
}
"""How roles change. The handlers know more: which vote makes a majority, which term is late."""

PATIENCE_MS = 120
STAGGER_MS = 25  # nodes lose patience one by one, not all at once (Raft draws lots)


class ConfigStore(Node):
    """One node of `cluster`. With `lease_ms` a leader reads from memory while the last word of a
    majority is no older than that (Raft dissertation, 6.4.1); 0 means a round for each read.
    After `patience_ms` of silence a node looks for another leader, and a leader steps down.
    """

    def __init__(
        self, name: str, cluster: tuple[str, ...], lease_ms: int = 0, patience_ms: int = PATIENCE_MS
    ) -> None:
        super().__init__(name)
        self.others = tuple(other for other in cluster if other != name)
        self.majority = len(cluster) // 2 + 1
        self.heartbeat_ms, self.patience_ms, self.lease_ms = 50, patience_ms, lease_ms
        self.stagger_ms = STAGGER_MS * cluster.index(name)

    def on_start(self) -> None:
        self.term: int = self.disk.read("term", 0)
        self.config: Config = self.disk.read("config", Config())
        self.role, self.leader, self.ballot = FOLLOWER, "", 0
        # Before term 1 nobody leads; after a crash somebody may, and hold a lease from this node.
        quiet_ms = self.patience_ms if self.term else 0
        self.heard_ms = self.monotonic_ms() - self.patience_ms + quiet_ms
        self.alarm = self.set_timer(quiet_ms + self.stagger_ms, Alarm())

    def on_alarm(self, alarm: Alarm) -> None:
        if self.role == LEADER:
            self.start_round(Heartbeat)
        else:
            self.become_candidate()

    # Elections

    def become_candidate(self) -> None:
        """Ask for a later term, but enter it only when elected: a node that was cut off must not
        come back with a term that unseats a leader (Raft needs PreVote for this, 9.6).
        """
        self.role, self.leader = step(TRANSITIONS, self.role, Alarm), ""
        self.ballot = max(self.ballot, self.term) + 1
        self.votes: dict[str, Config] = {}
        self.broadcast(RequestVote(self.ballot))
        self.set_alarm(self.patience_ms + self.stagger_ms)

    def on_request_vote(self, request: RequestVote, sender: str) -> None:
        taken = self.ballot if self.role == CANDIDATE else self.term
        silent = self.monotonic_ms() - self.heard_ms >= self.patience_ms
        if request.term > taken and silent and self.role != LEADER:
            self.become_follower(RequestVote, request.term)
            self.send(sender, Vote(self.term, self.config))
        # else somebody leads, perhaps with a lease: no reason to vote (4.2.3)

    def on_vote(self, vote: Vote, sender: str) -> None:
        if self.role == CANDIDATE and vote.term == self.ballot:
            self.votes[sender] = vote.config
            if len(self.votes) + 1 >= self.majority:
                self.become_leader()

    def become_leader(self) -> None:
        newest = max(self.config, *self.votes.values(), key=lambda config: config.stamp)
        self.enter(self.ballot)
        self.role, self.leader = step(TRANSITIONS, self.role, Vote), self.name
        self.note(Leads(self.term))
        self.save(Config(self.term, newest.version, newest.entries))
        self.round = self.confirmed = 0
        self.acked = dict.fromkeys(self.others, 0)  # the last round that each has stored
        self.sent: dict[int, tuple[int, Config]] = {}  # when each round began, and with what
        self.waiting: list[tuple[int, str, Value | Written]] = []  # answers that need a round
        self.confirmed_ms = self.monotonic_ms()
        self.committed: Config | None = None
        self.start_round()

    def become_follower(self, event: type, term: int, leader: str = "") -> None:
        before, self.role = self.role, step(TRANSITIONS, self.role, event)
        if before == LEADER:
            self.note("steps down")
            for _, client, answer in self.waiting:
                kind = No if isinstance(answer, Value) else Unsure  # the write may survive
                self.send(client, kind("the leader lost its majority"))
        self.enter(term)
        self.leader = leader
        self.set_alarm(self.patience_ms + self.stagger_ms)

    # Rounds

    def start_round(self, kind: type[Replicate] = Replicate) -> None:
        if not self.confirmed_within(self.patience_ms):
            return self.become_follower(Unconfirmed, self.term)
        self.round += 1
        self.sent[self.round] = (self.monotonic_ms(), self.config)
        self.broadcast(kind(self.term, self.round, self.config))
        return self.set_alarm(self.heartbeat_ms)

    def on_replicate(self, message: Replicate, leader: str) -> None:
        if message.term < self.term:
            return  # whoever sent this has been replaced
        self.become_follower(Replicate, message.term, leader)
        self.heard_ms = self.monotonic_ms()
        if message.config.stamp > self.config.stamp:
            self.save(message.config)
        answer = Alive if isinstance(message, Heartbeat) else Ack
        self.send(leader, answer(self.term, message.round))

    on_heartbeat = on_replicate

    def on_ack(self, ack: Ack, sender: str) -> None:
        if self.role != LEADER or ack.term != self.term:
            return
        self.acked[sender] = max(self.acked[sender], ack.round)
        confirmed = sorted([self.round, *self.acked.values()])[-self.majority]
        if confirmed > self.confirmed:
            self.confirmed = confirmed
            self.confirmed_ms, self.committed = self.sent[confirmed]
            for number, client, answer in self.waiting:
                if number <= confirmed:
                    self.send(client, answer)
            self.waiting = [each for each in self.waiting if each[0] > confirmed]

    on_alive = on_ack

    def confirmed_within(self, ms: int) -> bool:
        """Whether a majority has acknowledged a round that *began* at most `ms` ago."""
        return self.monotonic_ms() - self.confirmed_ms <= ms

    # Clients

    def on_read(self, request: Read | Write, client: str) -> None:
        if self.role == LEADER:
            self.lead(request, client)
        elif self.leader:
            self.send(self.leader, Forward(request, client))
        else:
            self.refuse(request, client)

    on_write = on_read

    def on_forward(self, message: Forward, sender: str) -> None:
        if self.role == LEADER:
            self.lead(message.request, message.client)
        else:
            self.refuse(message.request, message.client)

    def lead(self, request: Read | Write, client: str) -> None:
        if isinstance(request, Write):
            self.save(self.config.put(request.key, request.value))
            answer: Value | Written = Written()
        elif self.committed and self.confirmed_within(self.lease_ms):
            return self.send(client, Value(self.committed.get(request.key)))
        else:
            answer = Value(self.config.get(request.key))
        self.waiting.append((self.round + 1, client, answer))
        return self.start_round()

    def refuse(self, request: Read | Write, client: str) -> None:
        self.send(client, No("no leader with a majority"))

    # Memory and plumbing

    def enter(self, term: int) -> None:
        self.term = term
        self.disk.put("term", term)

    def save(self, config: Config) -> None:
        self.config = config
        self.disk.put("config", config)

    def broadcast(self, message: RequestVote | Replicate) -> None:
        for other in self.others:
            self.send(other, message)

    def set_alarm(self, ms: int) -> None:
        self.alarm.cancel()
        self.alarm = self.set_timer(ms, Alarm())

    def describe(self) -> str:
        entries = " ".join(f"{key}={value}" for key, value in self.config.entries)
        return f"{self.role} {self.term}: {entries or 'empty'}"
