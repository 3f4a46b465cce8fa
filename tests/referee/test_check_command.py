"""`distlab check` and `distlab run --history`, as a user meets them."""

import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from distlab.check.models import MODELS
from distlab.referee.formats import to_edn, to_jsonl
from distlab.registry import get
from tests.check.notation import history
from tests.check.test_budget import wide

STALE = """
A: |--write(x, 1)--|   |--write(x, 2)--|
B:        |--read(x) → 1--|               |--read(x) → 1--|
"""


@pytest.fixture
def check(distlab: Any, tmp_path: Path) -> Any:
    """`check(text, options)` judges a file of that text: (exit status, its file, what it said)."""

    def judge(text: str | bytes, options: str, name: str = "h") -> tuple[int, Path, list[str]]:
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        status, out, error = distlab("check", file, *options.split())
        return status, file, (out + error).splitlines()

    return judge


def as_json(lines: list[str]) -> Any:
    return json.loads("\n".join(lines))


def test_not_linearizable(check: Any, tmp_path: Path) -> None:
    picture = tmp_path / "stale.svg"
    text = to_edn(history(STALE))
    status, file, lines = check(text, f"--model register --svg {picture}", "stale.edn")
    assert status == 1
    assert lines == [
        f"{file} (edn): 4 operations",
        "not linearizable as a register: B read x = 1 after A's write of x = 2 was acknowledged. "
        "The longest order that fits is A write(x, 1), B read(x) → 1, A write(x, 2): "
        "then x is 2, which refuses read(x) → 1.",
        "  line 1, 3:  A  write(x, 1)",
        "  line 4, 6:  A  write(x, 2)",
        "  line 7, 8:  B  read(x) → 1",
    ]
    svg = picture.read_text("utf-8")
    assert svg.startswith("<svg xmlns=")
    assert "cannot be placed" in svg


def test_as_json(check: Any) -> None:
    status, _, lines = check(to_jsonl(history(STALE)), "--model cas-register --json")
    told = as_json(lines)
    assert (status, told["format"], told["model"]) == (1, "jsonl", "cas-register")
    assert told["verdict"] == "not linearizable"
    assert [each["lines"] for each in told["witness"]] == [[1, 3], [4, 6], [7, 8]]
    assert told["refused"] == {"process": "B", "operation": "read(x) → 1", "lines": [7, 8]}
    assert (told["order"], told["operations"], told["unknown"]) == ([1, 2, 4], 4, 0)
    assert told["state"] == "x is 2"

    text = to_jsonl(history(STALE.replace("→ 1--|               ", "→ 1--|")))
    status, _, lines = check(text, "--model register --json")
    told = as_json(lines)
    assert (status, told["verdict"]) == (0, "linearizable")
    assert (told["witness"], told["refused"]) == ([], None)
    assert sorted(told["order"]) == [1, 2, 4, 6]


def test_undecided(check: Any) -> None:
    text, options = to_jsonl(wide("enqueue", "")), "--model queue --budget 1000"
    status, _, lines = check(text, options)
    assert status == 3
    assert "undecided as a queue: The search did not finish" in lines[1]
    status, _, lines = check(text, f"{options} --json")
    told = as_json(lines)
    assert (status, told["verdict"]) == (3, "undecided")
    assert told["states"] < 2000


def test_a_long_proof_is_cut_short(check: Any) -> None:
    past = history(f"A: {'|-acquire(l)-| |-release(l)-| ' * 10} |-release(l)-|")
    status, _, lines = check(to_jsonl(past), "--model mutex")
    assert status == 1
    assert lines[2] == "  … and 9 operations before these (see --json)"
    assert lines[-1] == "  line 41, 42:  A  release(l)"
    assert len(lines) == 15


@pytest.mark.parametrize(
    "text",
    [
        '{"process": "nemesis", "type": "info", "f": "start"}',
        "[{:process :nemesis :type :info :f :start}]",
        "INFO  jepsen.util - :nemesis\t:info\t:start\tnil",
        ":nemesis\t:info\t:start\t{unreadable",
        '{"process": 0, "type": "invoke", "f": "write", "value": 1}',  # and no answer
    ],
)
def test_nothing_to_judge(text: str, check: Any) -> None:
    status, _, lines = check(text, "--model register")
    assert status == 3
    assert lines[1] == "nothing to judge as a register: There were no completed operations."
    status, _, lines = check(text, "--model register --json")
    assert (status, as_json(lines)["verdict"]) == (3, "nothing to judge")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "there is no operation in it"),
        (b"\xff\xfe\x00", "not text in UTF-8 (byte 0)"),
        (b"[{:process 0 :type :invoke :f :nonsense}]", "line 1: the model"),
        (b"[{:process 0\n", "line 1: "),
    ],
)
def test_wrong_input(model: str, content: bytes, message: str, check: Any) -> None:
    status, file, (said,) = check(content, f"--model {model}")
    assert status == 2
    assert said.startswith(f"distlab: {file}: {message}")


def test_a_file_that_cannot_be_read(distlab: Any, tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none", "No such file"), (tmp_path, str(tmp_path))):
        status, _, error = distlab("check", path, "--model", "register")
        assert status == 2
        assert said in error


def test_a_format_that_was_asked_for(check: Any) -> None:
    text = "{}\nINFO jepsen.util - 0 :invoke :read nil\n"
    assert check(text, "--model register")[0] == 2
    assert check(text, "--model register --format jepsen-log")[0] == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("register --budget 0", "--budget 0"),
        ("register --svg no/where.svg", "no/where.svg: No such file"),
        ("stack", "cas-register"),
    ],
)
def test_options_are_checked(check: Any, options: str, said: str) -> None:
    status, _, lines = check(to_edn(history(STALE)), f"--model {options}")
    assert status == 2
    assert said in lines[-1]


@pytest.mark.parametrize("suffix", ["edn", "jsonl"])
def test_our_own_runs_before_the_referee(suffix: str, distlab: Any, tmp_path: Path) -> None:
    file = tmp_path / f"run.{suffix}"
    scenario = get("cap/minority-refuses")
    for knobs, status in [(scenario.violating, 1), (scenario.satisfying, 0)]:
        turned = [f"--set={name}={value}" for name, value in knobs.items()]
        distlab("run", scenario.id, *turned, "--history", file)
        assert distlab("check", file, "--model", "register")[0] == status


def test_a_failure_of_our_own_is_no_verdict(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distlab.referee.cli.judge", Mock(side_effect=RecursionError("too deep")))
    status, _, lines = check(to_edn(history(STALE)), "--model register")
    assert status == 4
    assert "RecursionError: too deep" in lines[-1]


LOCKED = ("run", "locks/paused-holder", "--history")


def test_a_run_of_a_lock_as_a_mutex(distlab: Any, tmp_path: Path) -> None:
    """A lease that ends while its holder sleeps is no mutex, and one that does not end is one."""
    file = tmp_path / "h.jsonl"
    command = ("check", file, "--model", "mutex")
    distlab(*LOCKED, file)
    status, _, error = distlab(*command)
    assert status == 2
    assert "the model 'mutex' has no function 'buy'" in error
    assert "--skip-others" in error

    status, out, _ = distlab(*command, "--skip-others")
    lines = out.splitlines()
    assert status == 1
    assert lines[0] == f"{file} (jsonl): 4 operations; left out: 2 buy"
    assert lines[1].startswith("not linearizable as a mutex: ")
    assert lines[2:4] == [
        "  line 1, 2:  alice  acquire(lock) → 33",
        "  line 4, 5:  bob  acquire(lock) → 34",
    ]
    status, out, _ = distlab(*command, "--skip-others", "--json")
    assert (status, json.loads(out)["left_out"]) == (1, {"buy": 2})

    distlab(*LOCKED, file, "--faults", "")
    assert distlab(*command, "--skip-others")[0] == 0


def test_nothing_that_the_model_judges(distlab: Any, tmp_path: Path) -> None:
    file = tmp_path / "h.edn"
    distlab(*LOCKED, file)
    assert distlab("check", file, "--model", "queue", "--skip-others") == (
        2,
        "",
        f"distlab: {file}: there is no operation in it (read as edn); "
        "left out: 2 acquire, 2 buy, 2 release\n",
    )


def test_a_lost_event_is_no_other_function(check: Any) -> None:
    """What is left out has a function that the model does not know; nothing else is passed over."""
    text = "{:process 0 :type :invoke :f :read}\n{:process 0 :type :ok}"
    assert check(text, "--model register --skip-others")[0] == 2
