"""Sweeps: one fault moved over the run."""

import pytest

from distlab.explore import sweep
from distlab.explore.sweep import INSTANTS, spread
from distlab.host import BadInput
from tests.explore.planted import ONE, TWO


def test_the_window_in_which_the_fault_does_harm():
    found = sweep(ONE, "lose:a>b@0", instants=range(100))
    assert [ms for ms, outcome in found.points if outcome.tone == "bad"] == list(range(41, 51))
    assert found.text() == "0–40 ms holds · 41–50 ms not heard · 51–99 ms holds"


def test_the_run_itself_is_in_the_picture():
    found = sweep(ONE, "lose:a>b@45", instants=(0, 40, 60, 100))
    assert found.text() == "0–40 ms holds · 45 ms not heard · 60–100 ms holds"


def test_other_faults_stay_where_they_are():
    found = sweep(TWO, "lose:a>b@0", instants=range(100, 130), faults="lose:a>b@45")
    assert [ms for ms, outcome in found.points if outcome.tone == "bad"] == list(range(111, 121))


@pytest.mark.parametrize(
    ("instants", "text"),
    [
        ([50, 5, 45], "5 ms holds · 45–50 ms not heard"),
        ([5, 5, 45, 5.0], "5 ms holds · 45 ms not heard"),
        (iter([5]), "5 ms holds"),
    ],
)
def test_instants_are_swept_in_order_each_once(instants, text):
    assert sweep(ONE, "lose:a>b@0", instants).text() == text


@pytest.mark.parametrize("instants", [[None], ["5"], "5", [1, [2]], [float("nan")], [-1]])
def test_wrong_instants(instants):
    with pytest.raises(BadInput, match=r"instants: .* is no number|at_ms is (nan|-1)"):
        sweep(ONE, "lose:a>b@0", instants)


def test_picture_and_text_twin():
    found = sweep(ONE, "lose:a>b@0")
    assert len(found.points) == 87
    shown = found._repr_mimebundle_()
    assert "<img alt=" in shown["text/html"]
    assert shown["text/plain"] == found.text()


@pytest.mark.parametrize(
    ("window", "instants"),
    [
        ((0, 600), [*range(0, 600, 7), 600]),
        ((0, 60), range(61)),
        ((10, 12.5), (10, 11, 12, 12.5)),
        ((0, 0), (0,)),
    ],
)
def test_instants_are_whole_steps_within_the_window(window, instants):
    assert spread(*window) == list(instants)


@pytest.mark.parametrize("to_ms", [60, 200, 440, 580, 1_100, 5_000])
def test_what_comes_every_ten_milliseconds_is_met_in_every_phase(to_ms):
    instants = spread(0, to_ms)
    assert {ms % 10 for ms in instants} == set(range(10))
    assert len(instants) <= INSTANTS


@pytest.mark.parametrize("fault", ["", "lose:a>b@0;pause:a@0", "lose:a>c@0", "crash:a@601"])
def test_a_wrong_fault(fault):
    with pytest.raises(BadInput):
        sweep(ONE, fault)
