"""What survives a crash."""

from distlab.sim import Node
from distlab.sim.disk import Disk
from tests.worlds import notes, world_of


def test_a_write_is_visible_at_once_and_lost_in_a_crash():
    disk = Disk()
    disk.put("a", 1)
    disk.write("a", 2)
    disk.write("b", 3)
    assert (disk.read("a"), disk.read("b"), disk.keys()) == (2, 3, ("a", "b"))
    disk.crash()
    assert (disk.read("a"), disk.read("b"), disk.keys()) == (1, None, ("a",))


def test_sync_makes_every_write_so_far_durable():
    disk = Disk()
    disk.write("a", 1)
    disk.write("b", 2)
    disk.sync()
    disk.write("a", 3)
    disk.crash()
    assert (disk.read("a"), disk.read("b")) == (1, 2)


def test_put_syncs_earlier_writes_too():
    """As fsync does on many a file system: the order of writes is kept."""
    disk = Disk()
    disk.write("a", 1)
    disk.put("b", 2)
    disk.crash()
    assert (disk.read("a"), disk.read("b")) == (1, 2)


def test_a_wipe_loses_everything():
    disk = Disk()
    disk.put("a", 1)
    disk.write("b", 2)
    disk.wipe()
    assert disk.keys() == ()
    assert disk.read("a", "nothing") == "nothing"


def test_memory_and_disk_share_no_object():
    disk, log = Disk(), [1]
    disk.put("log", log)
    log.append(2)
    assert disk.read("log") == [1]
    disk.read("log").append(3)
    assert disk.read("log") == [1]
    disk.write("log", log)
    disk.read("log").append(3)
    assert disk.read("log") == [1, 2]


def test_a_crash_keeps_the_disk_and_a_wipe_does_not():
    class Counter(Node):
        def on_start(self):
            boots = self.disk.read("boots", 0) + 1
            self.disk.put("boots", boots)
            self.disk.write("unsynced", boots)
            self.note(f"{boots} {self.disk.keys()}")

    faults = "crash:a@10+10;wipe:a@30+10;crash:a@50+20;wipe:a@60+1"
    trace = world_of(Counter("a"), faults=faults).run(100)
    keys = ("boots", "unsynced")
    boots = [1, 2, 1, 1]  # at last wiped while it was down
    assert [said for _, said in notes(trace)] == [f"{n} {keys}" for n in boots]
    whys = [event.why for event in trace.of_kind("crash")]
    assert whys == ["", "disk lost", "", "disk lost"]
