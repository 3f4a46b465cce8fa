"""Client processes talk, pause, die, and end with us."""

from types import SimpleNamespace

import pytest

from distlab.real import child
from distlab.real.needed import NotHere
from distlab.real.processes import ClientDied, ClientProcess


def test_it_gets_its_options_and_talks_in_json():
    with ClientProcess("tests.real.programs:echo", greeting="你好") as client:
        assert client.receive() == ["你好", client.pid]
        client.send({"stock": [1, None]})
        assert client.receive() == {"stock": [1, None]}
    assert not client.running


def test_nobody_reads_its_options_from_its_command_line():
    with ClientProcess("tests.real.programs:echo", greeting="secret") as client:
        client.receive()
        assert "secret" not in "".join(client.process.args)


def test_a_paused_process_says_nothing_and_then_goes_on_where_it_was():
    with ClientProcess("tests.real.programs:count") as client:
        first = client.receive()
        client.pause()
        heard = drain(client)
        with pytest.raises(TimeoutError, match=r"count said nothing for 0.05 s"):
            client.receive(timeout_s=0.05)
        client.resume()
        heard.append(client.receive())
        assert [first, *heard] == list(range(len(heard) + 1))


def test_where_there_is_no_pause_the_exception_is_the_one_for_what_is_missing(monkeypatch):
    with ClientProcess("tests.real.programs:count") as client, monkeypatch.context() as windows:
        windows.setattr(child, "os", SimpleNamespace(name="nt"))
        with pytest.raises(NotHere, match="Windows cannot pause a process"):
            client.pause()


def drain(client):
    heard = []
    while True:
        try:
            heard.append(client.receive(timeout_s=0.2))
        except TimeoutError:
            return heard


def test_a_paused_process_can_be_killed():
    with ClientProcess("tests.real.programs:count") as client:
        client.receive()
        client.pause()
        client.kill()
        with pytest.raises(ClientDied, match="count has ended"):
            while True:
                client.receive()
        with pytest.raises(ClientDied):
            client.receive()


def test_an_error_in_it_is_told():
    with ClientProcess("tests.real.programs:fail") as client:
        client.send("go")
        with pytest.raises(ClientDied, match="ZeroDivisionError: on purpose"):
            client.receive()
        with pytest.raises(ClientDied):
            client.send("more")


def test_what_does_not_exist():
    with (
        ClientProcess("tests.real.programs:nothing") as client,
        pytest.raises(ClientDied, match="has no attribute 'nothing'"),
    ):
        client.receive()


def test_other_tasks_go_on_while_it_listens():
    with ClientProcess("tests.real.programs:listen_and_work") as client:
        client.send(1)
        assert client.receive() == [1, True]
