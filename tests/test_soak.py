"""Every scenario under hundreds of random fault schedules: `make soak`.

Whatever happens to the machines, a run ends with a judgement, and happens again exactly as before.
"""

import random

import pytest

from distlab.registry import all_scenarios
from distlab.replay import parse_token
from distlab.sim.faults import KINDS

SCHEDULES = 2000


def random_faults(chance, machines, horizon_ms):
    alone = len(machines) == 1
    kinds = [kind for kind in sorted(KINDS) if KINDS[kind].target == "machine" or not alone]
    return ";".join(
        random_fault(chance, kind, machines, horizon_ms)
        for kind in chance.choices(kinds, k=chance.randint(0, 4))
    )


def random_fault(chance, kind, machines, horizon_ms):
    shape = KINDS[kind]
    one, *others = chance.sample(machines, len(machines))
    if shape.target == "machine":
        target = one
    elif shape.target == "link":
        target = chance.choice([f"{one}>{others[0]}", "*>*", f"*>{one}", f"{one}>*"])
    else:
        target = f"{one}|{','.join(others)}"
    at = chance.randint(0, horizon_ms)
    lasting = f"+{chance.randint(1, horizon_ms)}" if shape.lasts and chance.random() < 0.7 else ""
    sizes = shape.amount and (shape.amount.lowest, min(shape.amount.highest, 1000))
    amount = f"={chance.randint(*sizes)}" if sizes else ""
    return f"{kind}:{target}@{at}{lasting}{amount}"


@pytest.mark.soak
@pytest.mark.parametrize("scenario", all_scenarios(), ids=lambda scenario: scenario.id)
@pytest.mark.parametrize("variant", ["violating", "satisfying"])
def test_every_run_is_judged_and_can_be_repeated(scenario, variant):
    knobs = getattr(scenario, variant)
    machines = scenario.run(**knobs).machines
    for seed in range(SCHEDULES):
        faults = random_faults(random.Random(seed), machines, scenario.horizon_ms)
        run = scenario.run(seed=seed, faults=faults, **knobs)
        token = parse_token(run.token)
        assert token.run().trace.digest() == run.trace.digest(), run.token
        assert run.verdicts, run.token


def test_random_faults_are_of_every_kind():
    chance = random.Random(1)
    drawn = ";".join(random_faults(chance, ("a", "b", "c"), 500) for _ in range(200))
    assert {fault.partition(":")[0] for fault in drawn.split(";")} >= KINDS.keys()
    alone = ";".join(random_faults(chance, ("a",), 500) for _ in range(200))
    assert "partition" not in alone
    assert "crash:a@" in alone
