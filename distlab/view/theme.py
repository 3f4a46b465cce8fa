"""Colours, shapes and words of every picture.

A meaning is never carried by colour alone: each tone has a pattern and a word, each way to lose a
message a shape and a word. The hues are those that most colour-blind people can tell apart (blue,
orange, vermilion, purple; Okabe & Ito 2008), darkened or lightened until text in them has a contrast
of at least 4.5 to 1 on its ground.

Live pictures take paper, ink and darkness from JupyterLab; stills carry the light colours.
"""

from __future__ import annotations

import re

FONT = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"
DARK = "[data-jp-theme-light='false'], .vscode-dark, .dl-dark"
"""Ancestors that say that the page is dark: JupyterLab's body, VS Code's, and our own."""

COLOURS = {  # name: (light, dark)
    "paper": ("#ffffff", "#15191e"),
    "ink": ("#1d2733", "#e4e9ef"),
    "muted": ("#566270", "#a3b0bd"),
    "grid": ("#e9edf1", "#262d35"),
    "line": ("#94a1af", "#66737f"),
    "bar": ("#f1f4f7", "#222932"),
    "edge": ("#b4bfca", "#4d5a67"),
    "message": ("#1f5fa8", "#86b9f2"),
    "quiet": ("#a9bdd4", "#47607c"),
    "lost": ("#b23a0e", "#ff9a73"),
    "fault": ("#7a5200", "#f2c25b"),
    "fault-fill": ("#fdf1d6", "#3a2f16"),
    "good": ("#12694c", "#6fcfa6"),
    "good-fill": ("#d3eee2", "#17402f"),
    "price": ("#7a5200", "#f2c25b"),
    "price-fill": ("#fbe8bd", "#4a3a12"),
    "bad": ("#a3320a", "#ff9a73"),
    "bad-fill": ("#fbd9cb", "#5a2412"),
    "unknown": ("#566270", "#a3b0bd"),
    "unknown-fill": ("#e6eaee", "#303841"),
    "witness": ("#9b1b6c", "#f58ccb"),
    "witness-fill": ("#fbe3f2", "#4a1a38"),
}

JUPYTER = {"paper": "--jp-layout-color1"}
"""What JupyterLab's own theme decides."""

TONES = {  # tone: (pattern, mark, words)
    "good": ("plain", "✓", "the property holds"),
    "price": ("stripes", "◐", "it holds, at a price"),
    "bad": ("crosses", "✕", "the property is violated"),
    "unknown": ("dots", "?", "not decided"),
}

LOST = {  # why a message was dropped: what a reader is told
    "lost": "lost on the way",
    "cut": "stopped by the cut network",
    "down": "the receiver is down",
    "late": "too late: nobody waits for it any more",
}

FAULT_ICONS = {
    "crash": "✕", "wipe": "⌫", "restart": "↻", "pause": "Ⅱ", "partition": "╫", "cut": "⇥",
    "delay": "…", "hold": "▣", "loss": "%", "lose": "×", "duplicate": "⧉", "jump": "◷", "drift": "≈",
}  # fmt: skip

RULES = """
.dl-picture { display: block; max-width: 100%; height: auto; font-family: FONT; }
.dl-picture text { font-size: 12px; fill: var(--dl-ink); }
.dl-picture path, .dl-picture line { fill: none; }
.dl-paper { fill: var(--dl-paper); }
.dl-grid { stroke: var(--dl-grid); }
.dl-picture .dl-tick { fill: var(--dl-muted); font-size: 11px; text-anchor: middle; }
.dl-picture .dl-name { font-weight: 600; font-size: 13px; text-anchor: end; }
.dl-life { stroke: var(--dl-line); stroke-width: 2; }
.dl-picture .dl-hit { fill: transparent; stroke: none; pointer-events: all; }
.dl-bar { fill: var(--dl-bar); stroke: var(--dl-edge); }
.dl-picture .dl-bar-text { font-size: 11px; }
.dl-down { fill: var(--dl-paper); stroke: var(--dl-lost); }
.dl-paused { fill: var(--dl-paper); stroke: var(--dl-fault); stroke-dasharray: 4 3; }
.dl-hatch { stroke: var(--dl-lost); opacity: .4; }
.dl-picture .dl-down-text { fill: var(--dl-lost); font-size: 11px; font-weight: 600; }
.dl-picture .dl-paused-text { fill: var(--dl-fault); font-size: 11px; font-weight: 600; }
.dl-message { stroke: var(--dl-message); stroke-width: 1.5; }
.dl-quiet { stroke: var(--dl-quiet); stroke-width: 1; }
.dl-lost { stroke: var(--dl-lost); stroke-width: 1.5; }
.dl-again, .dl-flying { stroke-dasharray: 5 3; }
.dl-picture .dl-head { fill: var(--dl-message); stroke: none; }
.dl-picture .dl-quiet-head { fill: var(--dl-quiet); stroke: none; }
.dl-mark { stroke: var(--dl-lost); stroke-width: 2; stroke-linecap: round; }
.dl-picture .dl-label { font-size: 11px; fill: var(--dl-ink); stroke: var(--dl-paper);
  stroke-width: 3px; stroke-linejoin: round; paint-order: stroke; }
.dl-picture .dl-lost-text { fill: var(--dl-lost); }
.dl-flag { stroke: var(--dl-muted); }
.dl-band { fill: var(--dl-fault-fill); opacity: .75; }
.dl-stem { stroke: var(--dl-fault); stroke-width: 1.5; }
.dl-rail { stroke: var(--dl-fault); stroke-width: 3; opacity: .5; stroke-linecap: round; }
.dl-pill { fill: var(--dl-fault-fill); stroke: var(--dl-fault); }
.dl-knob { fill: var(--dl-fault); }
.dl-picture .dl-icon { fill: var(--dl-paper); font-size: 13px; text-anchor: middle; font-weight: 700; }
.dl-picture .dl-fault-text { fill: var(--dl-fault); }
.dl-fault { cursor: ew-resize; }
.dl-fault:focus { outline: none; }
.dl-fault:focus .dl-pill, .dl-chosen .dl-pill { stroke-width: 2.5; }
.dl-dimmed { opacity: .4; }
.dl-witness { stroke: var(--dl-witness); stroke-width: 2.5; }
.dl-picture .dl-witness-head, .dl-badge { fill: var(--dl-witness); stroke: none; }
.dl-picture .dl-badge-text { fill: var(--dl-paper); font-size: 11px; font-weight: 700;
  text-anchor: middle; }
.dl-cursor { stroke: var(--dl-ink); stroke-width: 1.5; stroke-dasharray: 2 2; }
"""


def stylesheet(live: bool) -> str:
    """The style of all pictures; `live` follows the page's theme, else light colours are fixed.

    The variables `--dl-*` are also there for elements in anything of class `dl-theme`.
    """
    rules = RULES.replace("FONT", FONT).strip()
    if not live:
        return re.sub(r"var\(--dl-([a-z-]+)\)", lambda name: COLOURS[name[1]][0], rules)
    light, dark = ("".join(f" --dl-{name}: {_live(name, pair[side])};" for name, pair in
                           COLOURS.items()) for side in (0, 1))
    own = ":is(.dl-picture, .dl-theme)"
    return f"{own} {{{light} }}\n:is({DARK}) {own} {{{dark} }}\n{rules}"


def _live(name: str, colour: str) -> str:
    return f"var({JUPYTER[name]}, {colour})" if name in JUPYTER else colour
