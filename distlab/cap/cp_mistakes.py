"""The configuration store as it is often built: it lacks one condition, and works on most days."""

from distlab.cap.cp_store import ConfigStore
from distlab.cap.requests import Read, Value, Write


class TrustingLeader(ConfigStore):
    """Elected once, it leads until somebody tells it otherwise."""

    def confirmed_within(self, ms: int) -> bool:
        return True


class AnswersFromOwnCopy(ConfigStore):
    """Without a leader it still answers reads, from its own copy: better old than none."""

    def refuse(self, request: Read | Write, client: str) -> None:
        if isinstance(request, Read):
            self.send(client, Value(self.config.get(request.key)))
        else:
            super().refuse(request, client)
