"""`make bench`: run the benchmarks and keep their figures in data/benchmarks.json.

`make bench ARGS="kernel search"` runs some of them; the figures of the others stay as they are.
Each module here has a `measure()` that returns its figures. They say what one machine did on one
day: compare ratios, not rates.
"""

import argparse
import datetime
import importlib
import json
import os
import platform
from pathlib import Path

HERE = Path(__file__).parent
FIGURES = HERE.parents[1] / "data" / "benchmarks.json"
NAMES = sorted(path.stem for path in HERE.glob("[a-z]*.py"))


def main():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", choices=[[], *NAMES], metavar="NAME", help=", ".join(NAMES)
    )
    chosen = parser.parse_args().names or NAMES
    for name in chosen:
        figures = importlib.import_module(f"tests.benchmarks.{name}").measure()
        print(name, json.dumps(figures, indent=1, ensure_ascii=False), flush=True)
        keep(name, figures)


def keep(name, figures):
    """Write after each benchmark, so that a later one that fails takes nothing with it."""
    known = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    known[name] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        **figures,
    }
    text = json.dumps(dict(sorted(known.items())), indent=2, ensure_ascii=False)
    FIGURES.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
