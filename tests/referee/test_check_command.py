"""`distlab check` and `distlab run --history`, as a user meets them."""

import json
from pathlib import Path

import pytest

from distlab.check.models import MODELS
from distlab.check.notation import history
from distlab.cli import main
from distlab.referee.formats import to_edn, to_jsonl
from distlab.registry import get
from tests.check.test_linearizability import wide

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
    file.write_text("[x] INFO jepsen.util - 0 :invoke :read nil\n", "utf-8")
    assert main(["check", str(file), "--model", "register"]) == 2
    assert main(["check", str(file), "--model", "register", "--format", "jepsen-log"]) == 0


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
