"""Whose Snowflake? The layouts of known services, and since when there are such ids.

The field names are each service's own. The facts come from

* course: `layout`; its generators are younger than 2025;
* Mastodon: `lib/mastodon/snowflake.rb`: 48 bits of milliseconds (with the sign bit) and 16 bits of
  sequence data, since pull request 4801 (2017); posts from before get ids by their own dates;
* Discord: API reference, "Snowflakes";
* Twitter: `IdWorker.scala` (2010); Meituan's Leaf has the same epoch (`SnowflakeIDGenImpl.java`);
* Instagram: "Sharding & IDs at Instagram" (2011): 41 bits of milliseconds (with the sign bit);
* Sonyflake: `sonyflake.go` (version 1): units of 10 ms, and the machine behind the sequence;
* Baidu: `DefaultUidGenerator.java`: seconds since 2016-05-20 in Beijing, until November 2024.
  `CachedUidGenerator.java` hands out all sequence numbers of a second.
"""

from typing import Any, NamedTuple

from distlab.ids.layout import COURSE, Layout

DAY_MS = 86_400_000


class Service(NamedTuple):
    """A layout, the first likely id, and whether a sequence starts at 0 in each unit of time."""

    layout: Layout
    since_ms: int
    starts_at_0: bool = True
    note: str = ""


def _service(epoch_ms: int, *fields: tuple[str, int], unit_ms: int = 1, **facts: Any) -> Service:
    """Hardly any id is from the first day of its epoch."""
    return Service(Layout(epoch_ms, fields, unit_ms), epoch_ms + DAY_MS, **facts)


SERVICES = {
    "course": Service(COURSE, 1_735_689_600_000),
    "mastodon": Service(
        Layout(0, (("time", 47), ("sequence_data", 16))), 1_451_606_400_000, starts_at_0=False
    ),
    "discord": _service(
        1_420_070_400_000, ("time", 41), ("worker_id", 5), ("process_id", 5), ("increment", 12),
        starts_at_0=False,
    ),
    "twitter": _service(
        1_288_834_974_657, ("time", 41), ("datacenter_id", 5), ("worker_id", 5), ("sequence", 12),
        note="Leaf counts from the same epoch",
    ),
    "instagram": _service(
        1_314_220_021_721, ("time", 40), ("shard_id", 13), ("sequence", 10), starts_at_0=False
    ),
    "sonyflake": _service(
        1_409_529_600_000, ("time", 39), ("sequence", 8), ("machine_id", 16), unit_ms=10
    ),
    "baidu": _service(
        1_463_673_600_000, ("time", 28), ("worker_node_id", 22), ("sequence", 13), unit_ms=1000,
        starts_at_0=False,
    ),
}  # fmt: skip
"""In the order in which equally likely readings are listed."""
