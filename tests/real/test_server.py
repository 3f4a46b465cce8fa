"""The common promises of our servers: they end with their block, and errors say why."""

import contextlib

import pytest

from distlab import doctor
from distlab.real import postgres_server, redis_server
from distlab.real.needed import NotHere
from tests.real.waiting import alive


@pytest.fixture(params=["valkey", "postgres"])
def server(request, require, monkeypatch):
    """A function that starts one, and the name of its part."""
    require(request.param)
    monkeypatch.delenv("DISTLAB_REDIS_URL", raising=False)
    start = {"valkey": redis_server.redis_server, "postgres": postgres_server.postgres_server}
    return start[request.param], request.param


def test_it_ends_with_its_block_even_when_paused(server):
    with contextlib.suppress(ZeroDivisionError), server[0]() as started:
        assert alive(started.pid) and started.folder.exists()
        started.pause()
        raise ZeroDivisionError
    assert not alive(started.pid)
    assert not started.folder.exists()


def test_a_server_that_cannot_start_is_told_with_its_log(server, monkeypatch):
    monkeypatch.setitem(redis_server.PERSISTENCE, "none", "appendonly perhaps")
    monkeypatch.setattr(postgres_server, "PREPARED_TRANSACTIONS", "many")
    with pytest.raises(RuntimeError, match=r"(?s)did not start.*(perhaps|many)"):
        server[0]().__enter__()


def test_without_a_server_the_doctors_words_say_so(server, monkeypatch):
    part = doctor.PARTS[server[1]]._replace(look=lambda: None)
    monkeypatch.setitem(doctor.PARTS, server[1], part)
    with pytest.raises(NotHere, match=f"missing  {server[1]}, for") as missing:
        server[0]().__enter__()
    assert str(missing.value) in doctor.as_text(doctor.examine())
