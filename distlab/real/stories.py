"""Stories of real processes, for notebooks: each client acts, and some are stopped or killed.

    with Story("distlab.locks.reality:buyer", url=server.url) as story:
        alice = story.start("alice", timeout=0.2)
        alice.pause()
        bob = story.start("bob", timeout=30)
        bob.go_on()
        alice.go_on()

Every client runs the same function, which gets its name. A step waits for the client's next words
before the next step begins. So a story prints the same text every time: it has no process numbers,
no times, and one order.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from distlab.real.processes import ClientProcess


class Actor(ClientProcess):
    """A client of a story. Each deed prints a line that begins with the client's name."""

    def __init__(self, story: Story, name: str, options: dict[str, Any]) -> None:
        self.story, self.name = story, name
        super().__init__(story.function, name=name, **story.options, **options)

    def listen(self) -> None:
        """Wait for the next words of the client, and print them."""
        self.story.tell(f"{self.name} {self.receive()}")

    def go_on(self) -> None:
        """Let it go on from where it blocks (`Pipe.block`), also after a pause."""
        self.send("go on")
        self.resume()
        self.listen()

    def pause(self) -> None:
        super().pause()
        self.story.tell(f"{self.name} is stopped (SIGSTOP)")

    def kill(self) -> None:
        super().kill()
        self.story.tell(f"{self.name} is killed (SIGKILL)")


class Story(ExitStack):
    """Clients that run `function` ("module:name") with these options. All end with the block.

    `lines` keeps the printed lines.
    """

    def __init__(self, function: str, **options: Any) -> None:
        super().__init__()
        self.function, self.options = function, options
        self.lines: list[str] = []

    def start(self, name: str, **options: Any) -> Actor:
        """Start a client with further options of its own, and wait for its first words."""
        actor = self.enter_context(Actor(self, name, options))
        actor.listen()
        return actor

    def tell(self, line: str) -> None:
        self.lines.append(line)
        print(line)
