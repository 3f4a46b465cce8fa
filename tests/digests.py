"""The digests of every scenario: `python tests/digests.py` prints them as JSON.

Every supported interpreter runs this and must print the same. It needs nothing but what the
scenarios themselves need.
"""

import json
import sys
from pathlib import Path

SETTINGS = ("default", "violating", "satisfying")
NO_LUA = "unknown command 'eval"
"""What a simulated Redis says to a script without lupa, which is compiled for one Python only."""


def digests(scenario):
    """Digest (its first 16 digits) and outcome of a scenario in its three settings; None if it
    needs Lua and there is none.
    """
    knobs = {"default": {}, "violating": scenario.violating, "satisfying": scenario.satisfying}
    runs = {setting: scenario.run(**knobs[setting]) for setting in SETTINGS}
    if any(NO_LUA in run.trace.text() for run in runs.values()):
        return None
    return {
        setting: f"{run.trace.digest()[:16]} {run.outcome.name}" for setting, run in runs.items()
    }


def main():
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from distlab.registry import all_scenarios

    found = {scenario.id: digests(scenario) for scenario in all_scenarios()}
    json.dump(found, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
