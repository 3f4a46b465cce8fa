"""The command line: what it prints, and its exit status for right and wrong input."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import pytest

from distlab import cli, registry, workspace
from distlab.check.verdict import Verdict
from distlab.registry import get

EXAMPLE = "start/lost-answer"


@pytest.mark.parametrize("command", [[], *([name] for name in cli.COMMANDS)])
def test_help(distlab, command):
    status, out, _ = distlab(*command, "--help")
    assert status == 0
    assert " ".join(["distlab", *command]) in out


def test_without_a_command_it_lists_them(distlab):
    status, out, _ = distlab()
    assert status == 2
    assert all(f"  {name} " in out for name in cli.COMMANDS)


def test_a_mistyped_command_is_recognised(distlab):
    status, out, error = distlab("lst")
    assert (status, out) == (2, "")
    assert "'lst'; did you mean 'list'?" in error


SCRIPT = [str(Path(sys.executable).with_name("distlab"))]
MODULE = [sys.executable, "-m", "distlab"]


@pytest.mark.parametrize("start", [SCRIPT, MODULE], ids=["script", "module"])
def test_both_ways_to_start_it(start):
    answer = subprocess.run([*start, "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == metadata.version("distlab")


def test_list_names_every_scenario_with_its_claim(distlab):
    status, out, _ = distlab("list")
    assert status == 0
    for known in registry.all_scenarios():
        assert f"{known.id}\n  {known.claim}\n" in out
        assert all(f"--set {knob.name}=" in out for knob in known.knobs)


def test_list_as_json(distlab):
    status, out, _ = distlab("list", "--json")
    assert status == 0
    (entry,) = [entry for entry in json.loads(out) if entry["id"] == EXAMPLE]
    assert {"claim", "knobs", "faults", "property", "price"} <= entry.keys()


def test_run_as_json_says_everything(distlab):
    status, out, _ = distlab("run", EXAMPLE, "--json", "--seed", 3, "--set", "retries=1")
    run = registry.get(EXAMPLE).run(seed=3, retries=1)
    assert (status, json.loads(out)) == (0 if run.ok else 1, run.as_dict())


def test_the_exit_status_tells_whether_all_verdicts_hold(distlab):
    assert distlab("run", EXAMPLE, "--faults", "")[0] == 0
    status, out, error = distlab("run", EXAMPLE)
    assert (status, error) == (1, "")
    assert "violated   answered: " in out and "holds      printed once: " in out


def test_a_run_without_an_answer_has_a_status_of_its_own(distlab, monkeypatch):
    @dataclass(frozen=True)
    class Unsure:
        name = "unsure"

        def __call__(self, trace):
            return Verdict("unsure", None, "Nobody knows.", judged=1)

    unsure = replace(
        registry.get(EXAMPLE), id="demo/unsure", checks=(Unsure(),), property="unsure", price=""
    )
    monkeypatch.setitem(registry._registry, unsure.id, unsure)
    assert distlab("run", unsure.id)[0] == 3


def test_text_prints_the_transcript_before_the_summary(distlab):
    _, out, _ = distlab("run", EXAMPLE, "--text")
    assert out.startswith(get(EXAMPLE).run().trace.text())


def test_a_token_reproduces_its_run_unless_options_change_it(distlab):
    run = registry.get(EXAMPLE).run(seed=9, retries=1)
    _, out, error = distlab("run", run.token, "--json")
    assert (json.loads(out), error) == (run.as_dict(), "")
    status, out, error = distlab("run", run.token, "--faults", "", "--set", "retries=2", "--json")
    said = json.loads(out)
    assert (said["seed"], said["faults"], said["knobs"]["retries"]) == (9, "", 2)
    assert (status, error) == (0, "")


def test_a_token_of_other_code_is_said_to_differ(distlab):
    token = get(EXAMPLE).run().token
    status, out, error = distlab("run", token[:-6] + "000000")
    assert status == 1
    assert "outcome:" in out
    assert "token 000000" in error


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["start/lost-anser"], "did you mean 'start/lost-answer'?"),
        ([EXAMPLE, "--set", "retry=1"], "did you mean 'retries'?"),
        ([EXAMPLE, "--set", "retries=many"], "retries: 'many'"),
        ([EXAMPLE, "--set", "retries=99"], "retries: 99 is out of range"),
        ([EXAMPLE, "--set", "retries"], "--set 'retries' is not of the form KNOB=VALUE"),
        ([EXAMPLE, "--seed", "-1"], "seed: -1"),
        ([EXAMPLE, "--seed", "x"], "--seed: invalid int value: 'x'"),
        ([EXAMPLE, "--faults", "crsh:printer@5"], "did you mean 'crash'?"),
        ([EXAMPLE, "--faults", "crash:printr@5"], "did you mean 'printer'?"),
        ([EXAMPLE, "--faults", "crash:printer@-5"], "crash:printer@-5"),
        ([EXAMPLE, "--faults", "crash:printer@999999"], "beyond the end of the run"),
        (["d9:start/lost-answer"], "begin with d1:"),
        ([f"d1:{EXAMPLE}?retries"], "'retries' is not name=value"),
        ([f"d1:{EXAMPLE}?seed=x"], "seed 'x'"),
        ([f"d1:{EXAMPLE}?retries=1#crash:printer@1~xyz"], "digest 'xyz'"),
        ([EXAMPLE, "--json", "--text"], "not allowed with"),
        ([], "required: ID_OR_TOKEN"),
    ],
)
def test_wrong_input_gets_one_clear_line_and_status_2(distlab, arguments, complaint):
    status, out, error = distlab("run", *arguments)
    assert (status, out) == (2, "")
    assert complaint in error.splitlines()[-1]
    assert "Traceback" not in error


def test_a_reader_who_stops_reading_is_no_error():
    command = [*MODULE, "run", EXAMPLE, "--text"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


# distlab lab


@pytest.fixture
def started(monkeypatch):
    """The JupyterLab commands that would have been started."""
    commands = []
    monkeypatch.setattr(workspace, "start_jupyterlab", lambda cmd: commands.append(cmd) or 0)
    return commands


def test_lab_makes_the_copy_and_says_what_is_new_and_what_was_left_alone(
    distlab, tmp_path, monkeypatch, started
):
    copied = [
        workspace.Copied("a.ipynb", "a.ipynb", False),
        workspace.Copied("b.ipynb", "b.new.ipynb", True),
        workspace.Copied("c.ipynb", "", True),
    ]
    monkeypatch.setattr(workspace, "update", lambda folder: copied)
    status, out, _ = distlab("lab", "--dir", tmp_path / "mine", "--no-start")
    assert (status, started) == (0, [])
    assert out.splitlines() == [
        f"Your copy of the course: {tmp_path / 'mine'}",
        "  a.ipynb: copied",
        "  b.ipynb: you changed it; the new version is b.new.ipynb",
    ]


def test_lab_starts_jupyterlab_on_this_machine_only(distlab, tmp_path, started):
    assert distlab("lab", "--dir", tmp_path, "--port", 8899, "--no-browser")[0] == 0
    (command,) = started
    assert "--ServerApp.ip=127.0.0.1" in command
    assert "--ServerApp.port=8899" in command
    assert "--no-browser" in command
    assert not [option for option in command if "token" in option]  # JupyterLab makes its own


@pytest.mark.parametrize("port", [-1, 0, 65536, "http"])
def test_lab_refuses_what_is_no_port(distlab, port):
    status, _, error = distlab("lab", "--port", port)
    assert status == 2
    assert f"'{port}' is not a whole number from 1 to 65535" in error


def test_lab_opens_a_browser_unless_told_not_to(distlab, tmp_path, started):
    distlab("lab", "--dir", tmp_path)
    assert "--no-browser" not in started[0]


def test_lab_without_jupyterlab_says_how_to_get_it(distlab, tmp_path, started, without):
    without("JupyterLab")
    status, _, error = distlab("lab", "--dir", tmp_path)
    assert (status, started) == (1, [])
    assert "pip install 'distlab[lab]'" in error


def test_a_folder_that_cannot_be_written_is_named(distlab, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    status, _, error = distlab("lab", "--dir", tmp_path / "file" / "copy", "--no-start")
    assert status == 2
    assert str(tmp_path / "file" / "copy") in error


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A JupyterLab that `distlab lab` started: its address, the path that it opens, its token."""
    for kind in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{kind}_DIR", str(tmp_path / kind))
    command = [*MODULE, "lab", "--no-browser", "--dir", str(tmp_path / "mine")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            for line in server.stderr:
                if said := re.search(r"(http://127\.0\.0\.1:\d+)(/\S*)\?token=(\w+)", line):
                    break
            yield said.groups()
        finally:
            server.terminate()
            server.stderr.close()
    assert server.returncode in (0, -signal.SIGTERM)


def fetched(address, tries=100):
    """The JSON at an address; JupyterLab names its address a moment before it listens."""
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError:
        raise
    except OSError:
        if tries == 0:
            raise
        time.sleep(0.1)
        return fetched(address, tries - 1)


def test_jupyterlab_serves_the_copy_to_those_who_have_the_token(served, tmp_path):
    address, path, token = served
    assert path == f"/lab/tree/{workspace.FIRST_NOTEBOOK}"
    contents = fetched(f"{address}/api/contents?token={token}")["content"]
    copies = {path.name for path in (tmp_path / "mine").glob("*.ipynb")}
    assert {entry["name"] for entry in contents} == copies
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetched(f"{address}/api/contents")
    plugin = "@jupyterlab/apputils-extension:notification"
    settings = fetched(f"{address}/lab/api/settings/{plugin}?token={token}")["schema"]
    assert settings["properties"]["fetchNews"]["default"] == "false"
