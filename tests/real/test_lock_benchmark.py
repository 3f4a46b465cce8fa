"""`make bench` measures; here it is only kept from rotting."""

from tests.benchmarks import locks


def test_every_lock_is_measured(require, monkeypatch):
    require("valkey")
    for name, few in {"SLICES": 2, "TIMES": 1, "ROUNDS": 1, "CONTENDERS": 2, "TURNS": 2}.items():
        monkeypatch.setattr(locks, name, few)
    figures = locks.measure()
    assert figures["reached"].keys() > figures["goal"].keys()
    rates = figures["locks/s"] | figures["redlocks of 3, far away/s"]
    assert len(rates) == 7
    assert all(rate > 0 for rate in rates.values())
