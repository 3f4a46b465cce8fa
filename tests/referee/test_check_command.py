"""`distlab check` and `distlab run --history`, as a user meets them."""

import json
from pathlib import Path

import pytest

from distlab.check.models import MODELS
from distlab.cli import main
from distlab.referee.formats import to_edn, to_jsonl
from distlab.registry import get
from tests.check.notation import history
from tests.check.test_budget import wide

STALE = """
A: |--write(x, 1)--|   |--write(x, 2)--|
B:        |--read(x) → 1--|               |--read(x) → 1--|
"""


def test_not_linearizable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, picture = tmp_path / "stale.edn", tmp_path / "stale.svg"
    file.write_text(to_edn(history(STALE)), "utf-8")
    assert main(["check", str(file), "--model", "register", "--svg", str(picture)]) == 1
    assert capsys.readouterr().out.splitlines() == [
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


def test_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "stale.jsonl"
    file.write_text(to_jsonl(history(STALE)), "utf-8")
    assert main(["check", str(file), "--model", "cas-register", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["format"], told["model"], told["verdict"]) == (
        "jsonl", "cas-register", "not linearizable",
    )  # fmt: skip
    assert [each["lines"] for each in told["witness"]] == [[1, 3], [4, 6], [7, 8]]
    assert told["refused"] == {"process": "B", "operation": "read(x) → 1", "lines": [7, 8]}
    assert (told["order"], told["operations"], told["unknown"]) == ([1, 2, 4], 4, 0)
    assert told["state"] == "x is 2"

    file.write_text(to_jsonl(history(STALE.replace("→ 1--|               ", "→ 1--|"))), "utf-8")
    assert main(["check", str(file), "--model", "register", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["witness"], told["refused"]) == ("linearizable", [], None)
    assert sorted(told["order"]) == [1, 2, 4, 6]


def test_undecided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "wide.jsonl"
    file.write_text(to_jsonl(wide("enqueue", "")), "utf-8")
    command = ["check", str(file), "--model", "queue", "--budget", "1000"]
    assert main(command) == 3
    assert "undecided as a queue: The search did not finish" in capsys.readouterr().out
    assert main([*command, "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "undecided"
    assert told["states"] < 2000


def test_a_long_proof_is_cut_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lock.jsonl"
    file.write_text(to_jsonl(history(f"A: {'|-acquire(l)-| |-release(l)-| ' * 10} |-release(l)-|")))
    assert main(["check", str(file), "--model", "mutex"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "  … and 9 operations before these (see --json)"
    assert lines[-1] == "  line 41, 42:  A  release(l)"
    assert len(lines) == 15


@pytest.mark.parametrize(
    "text",
    [
        '{"process": "nemesis", "type": "info", "f": "start"}',
        "[{:process :nemesis :type :info :f :start}]",
        "INFO  jepsen.util - :nemesis\t:info\t:start\tnil",
        '{"process": 0, "type": "invoke", "f": "write", "value": 1}',  # and no answer
    ],
)
def test_nothing_to_judge(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "h"
    file.write_text(text, "utf-8")
    command = ["check", str(file), "--model", "register"]
    assert main(command) == 3
    said = "nothing to judge as a register: There were no completed operations."
    assert capsys.readouterr().out.splitlines()[1] == said
    assert main([*command, "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["verdict"] == "nothing to judge"


@pytest.mark.parametrize("model", MODELS)
def test_wrong_input(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "h"
    for content, message in [
        (b"", "there is no operation in it"),
        (b"\xff\xfe\x00", "not text in UTF-8 (byte 0)"),
        (b"[{:process 0 :type :invoke :f :nonsense}]", "line 1: the model"),
        (b"[{:process 0\n", "line 1: "),
    ]:
        file.write_bytes(content)
        assert main(["check", str(file), "--model", model]) == 2
        assert f"distlab: {file}: {message}" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "none"), "--model", model]) == 2
    assert "No such file" in capsys.readouterr().err
    assert main(["check", str(tmp_path), "--model", model]) == 2
    assert capsys.readouterr().err


def test_a_format_that_was_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("{}\nINFO jepsen.util - 0 :invoke :read nil\n", "utf-8")
    assert main(["check", str(file), "--model", "register"]) == 2
    assert main(["check", str(file), "--model", "register", "--format", "jepsen-log"]) == 3


def test_options_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "stale.edn"
    file.write_text(to_edn(history(STALE)), "utf-8")
    assert main(["check", str(file), "--model", "register", "--budget", "0"]) == 2
    assert "--budget 0" in capsys.readouterr().err
    nowhere = tmp_path / "nowhere" / "picture.svg"
    assert main(["check", str(file), "--model", "register", "--svg", str(nowhere)]) == 2
    assert f"{nowhere}: No such file" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main(["check", "file", "--model", "stack"])
    assert left.value.code == 2
    assert "cas-register" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["edn", "jsonl"])
def test_our_own_runs_before_the_referee(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"run.{suffix}"
    scenario = get("cap/minority-refuses")
    for knobs, status in [(scenario.violating, 1), (scenario.satisfying, 0)]:
        turned = [f"--set={name}={value}" for name, value in knobs.items()]
        main(["run", scenario.id, *turned, "--history", str(file)])
        assert main(["check", str(file), "--model", "register"]) == status


def test_a_failure_of_our_own_is_no_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RecursionError("too deep")

    file = tmp_path / "stale.edn"
    file.write_text(to_edn(history(STALE)), "utf-8")
    monkeypatch.setattr("distlab.referee.cli.check", fails)
    assert main(["check", str(file), "--model", "register"]) == 4
    assert "RecursionError: too deep" in capsys.readouterr().err


LOCKED = ["run", "locks/paused-holder", "--history"]


def test_a_run_of_a_lock_as_a_mutex(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A lease that ends while its holder sleeps is no mutex, and one that does not end is one."""
    file = tmp_path / "h.jsonl"
    command = ["check", str(file), "--model", "mutex"]
    main([*LOCKED, str(file)])
    assert main(command) == 2
    said = capsys.readouterr().err
    assert "the model 'mutex' has no function 'buy'" in said
    assert "--skip-others" in said

    assert main([*command, "--skip-others"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{file} (jsonl): 4 operations; left out: 2 buy"
    assert lines[1].startswith("not linearizable as a mutex: ")
    assert lines[2:4] == [
        "  line 1, 2:  alice  acquire(lock) → 33",
        "  line 4, 5:  bob  acquire(lock) → 34",
    ]
    assert main([*command, "--skip-others", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["left_out"] == {"buy": 2}

    main([*LOCKED, str(file), "--faults", ""])
    assert main([*command, "--skip-others"]) == 0


def test_nothing_that_the_model_judges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "h.edn"
    main([*LOCKED, str(file)])
    capsys.readouterr()
    assert main(["check", str(file), "--model", "queue", "--skip-others"]) == 2
    assert capsys.readouterr().err == (
        f"distlab: {file}: there is no operation in it (read as edn); "
        "left out: 2 acquire, 2 buy, 2 release\n"
    )


def test_a_lost_event_is_no_other_function(tmp_path: Path) -> None:
    """What is left out has a function that the model does not know; nothing else is passed over."""
    file = tmp_path / "h.edn"
    file.write_text("{:process 0 :type :invoke :f :read}\n{:process 0 :type :ok}", "utf-8")
    assert main(["check", str(file), "--model", "register", "--skip-others"]) == 2
