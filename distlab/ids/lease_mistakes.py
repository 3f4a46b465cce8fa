"""Leases of worker ids as they are often used: right while no worker sleeps and clocks agree."""

from distlab.ids.lease import LeasedSnowflake, Window, WorkerIdLease
from distlab.ids.snowflake import FOREVER_MS, Snowflake


class MarklessLease(WorkerIdLease):
    """Does not ask where the last holder's milliseconds ended."""

    async def _promise(self, worker_id: int) -> tuple[int, int] | None:
        promised = await super()._promise(worker_id)
        return promised and (0, promised[1])


class UntilToldOtherwise(LeasedSnowflake):
    """Makes ids until a renewal fails, and trusts that the heartbeat will say so."""

    def grant(self, snowflake: Snowflake, window: Window) -> None:
        snowflake.set_window(0, FOREVER_MS)


TRUSTS: dict[str, tuple[type[WorkerIdLease], type[LeasedSnowflake]]] = {
    "heartbeat": (MarklessLease, UntilToldOtherwise),
    "lease": (MarklessLease, LeasedSnowflake),
    "lease-and-mark": (WorkerIdLease, LeasedSnowflake),
}
"""A worker trusts its heartbeat, the lease by its own clock, or the lease and the mark."""
