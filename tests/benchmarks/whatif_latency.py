"""What-if latency: from a move of the pointer to the new history on the screen.

A real mouse drags a fault of a run of at least 2,000 events in JupyterLab and chromium. A redraw is
measured from the pointer event's own time stamp to the second animation frame after the picture
changed, by which time the browser has painted it. The outcome strip is not part of it: it is
computed when the mouse rests.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

from distlab import doctor

DRAGS = 120
EVENTS = 2000
SETUP = """\
from dataclasses import replace
from distlab.lab import Lab
from distlab.registry import get
lab = Lab(replace(get("start/slow-or-dead"), horizon_ms=11_500))
lab"""
MEASURE = """() => {
  window.redraws = [];
  let moved = 0;
  document.querySelector(".lab-stage").addEventListener(
    "pointermove", event => { moved = event.timeStamp; }, true);
  new MutationObserver(() => {
    const from = moved;
    if (!from) return;
    moved = 0;
    requestAnimationFrame(() => requestAnimationFrame(
      () => window.redraws.push(performance.now() - from)));
  }).observe(document.querySelector(".lab-drawing"), { childList: true, subtree: true });
}"""


def measure() -> dict[str, Any]:
    """Milliseconds a redraw; or why it could not be measured."""
    found = doctor.look_for("chromium")
    if found.found is None:
        return {"not run": f"{found.name}: {found.how}"}
    from tests.browser.jupyter import chromium, jupyterlab

    with (
        tempfile.TemporaryDirectory() as folder,
        jupyterlab(Path(folder)) as server,
        chromium(found.found) as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        name = server.write("latency.ipynb", [SETUP, "print(len(lab.run.trace))"])
        server.open(page, name)
        server.run_all(page)
        knob = page.locator("[data-fault='0'] .dl-knob")
        knob.wait_for()
        events = int(page.locator(".jp-OutputArea-output pre").last.inner_text())
        assert events >= EVENTS, f"only {events} events: lengthen the run"
        page.wait_for_timeout(3000)  # the strip
        box = knob.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 3, y)
        page.evaluate(MEASURE)
        for drag in range(1, DRAGS + 1):
            page.mouse.move(x + 3 + 4 * drag, y)
            page.wait_for_function("n => window.redraws.length === n", arg=drag, timeout=10_000)
        page.mouse.up()
        redraws = sorted(page.evaluate("window.redraws"))
    quantiles = statistics.quantiles(redraws, n=100, method="inclusive")
    return {
        "drags": len(redraws), "events": events, "p50 ms": round(quantiles[49], 1),
        "p95 ms": round(quantiles[94], 1), "worst ms": round(redraws[-1], 1),
    }  # fmt: skip
