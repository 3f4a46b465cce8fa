"""Colours, shapes and words of every picture.

A meaning is never carried by colour alone: each tone has a pattern and a word, each way to lose a
message a shape and a word. The hues are those that most colour-blind people can tell apart (blue,
orange, vermilion, purple; Okabe & Ito 2008), darkened or lightened until text in them has a
contrast of at least 4.5 to 1 on its ground; lines have 3 to 1.

Live pictures take paper, ink and darkness from JupyterLab; stills have the light colours. The
widgets of the lab and of the course add a rule that inverts the lightness of stills on a dark page;
on a page without a widget of distlab stills stay light.
"""

import re
from pathlib import Path

from distlab.sim.faults import KINDS, Fault

SHEET = (Path(__file__).parent / "picture.css").read_text("utf-8")
COMMENT = re.compile(r"/\*.*?\*/")
DARK = "[data-jp-theme-light='false'], .vscode-dark, .dl-dark"
"""Ancestors that say that the page is dark: JupyterLab's body, VS Code's, and our own."""

STILLS = (f":is({DARK}) .dl-still {{ filter: invert(.9) hue-rotate(180deg); }}\n"
          ".dl-no-chinese [lang=zh] { display: none; }")  # fmt: skip
"""On a dark page the lightness of stills is inverted, and the hues stay. Chinese is hidden where no
font has it.
"""

COLOURS = {  # name: (light, dark)
    "paper": ("#ffffff", "#191d22"), "ink": ("#1d2733", "#e4e9ef"),
    "muted": ("#566270", "#a3b0bd"), "grid": ("#e9edf1", "#2e353d"),
    "line": ("#7e8b99", "#7a8896"), "bar": ("#f1f4f7", "#2b323b"), "edge": ("#8592a0", "#748291"),
    "message": ("#1f5fa8", "#86b9f2"), "quiet": ("#7796bb", "#6489b3"),
    "lost": ("#b23a0e", "#ff9a73"),
    "call": ("#5a8fca", "#5b8ac0"), "call-fill": ("#e7f0fa", "#1d2c3d"),
    "fault": ("#7a5200", "#f2c25b"), "fault-fill": ("#fdf1d6", "#3a2f16"),
    "good": ("#12694c", "#6fcfa6"), "good-fill": ("#d3eee2", "#17402f"),
    "price": ("#7a5200", "#f2c25b"), "price-fill": ("#fbe8bd", "#4a3a12"),
    "bad": ("#a3320a", "#ff9a73"), "bad-fill": ("#fbd9cb", "#5a2412"),
    "unknown": ("#566270", "#a3b0bd"), "unknown-fill": ("#e6eaee", "#303841"),
    "witness": ("#9b1b6c", "#f58ccb"), "witness-fill": ("#fbe3f2", "#4a1a38"),
}  # fmt: skip

JUPYTER = {"paper": "var(--jp-layout-color1, {})"}
"""Colours that JupyterLab's own theme decides."""

TONES = {  # tone: (pattern, mark); the word is the outcome's own
    "good": ("plain", "✓"), "price": ("stripes", "◐"), "bad": ("crosses", "✕"),
    "unknown": ("dots", "?"),
}  # fmt: skip
TONE_OF = {True: "good", False: "bad", None: "unknown"}
"""The tone of a verdict by its `ok`."""

LOST = {  # why a message was dropped, in words
    "lost": "lost on the way",
    "cut": "stopped: the network is cut",
    "down": "the receiver is down",
    "late": "too late: nobody waits for it any more",
}

WITNESS = " dl-witness-text dl-bold"
"""The classes of words of the witness."""

STATES = {  # the first word of a state: its shape
    "leader": "★", "primary": "★", "candidate": "◆", "follower": "○", "replica": "○", "backup": "○",
    "committed": "✓", "aborted": "✕", "prepared": "◐", "in_doubt": "?", "blocked": "?",
}  # fmt: skip


def fault_words(fault: Fault) -> str:
    """A fault in few words: `pause server-a`, `cut n1 → n2`, `jump n2 −5000 ms`."""
    kind = KINDS[fault.kind]
    words = fault.kind if fault.message is not None else kind.words or fault.kind
    target = re.sub("([|>])", lambda sign: f" {sign[0]} ".replace(">", "→"), fault.target)
    amount = ""
    if fault.amount is not None:
        sign = "+" if kind.unit != "%" and fault.amount > 0 else ""
        amount = f" {sign}{fault.amount} {kind.unit}".replace("-", "−")
    return f"{words} {target.replace(',', ', ').replace('*', 'any')}{amount}"


def stylesheet(live: bool) -> str:
    """The style of all pictures. A `live` one follows the page's theme, else it has light colours.

    The variables `--dl-*` also exist inside elements of class `dl-theme`.
    """
    common, tone = (COMMENT.sub("", part).strip() for part in SHEET.split("/* For each tone: */"))
    rules = "\n".join([common, *(tone.replace("TONE", name) for name in TONES)])
    if not live:
        return re.sub(r"var\(--dl-([a-z-]+)\)", lambda name: COLOURS[name[1]][0], rules)
    return f"{palette()}\n{rules}"


def palette() -> str:
    """The variables `--dl-*` for live pictures and elements of class `dl-theme`; dark stills."""
    light, dark = ("".join(f" --dl-{name}: {JUPYTER.get(name, '{}').format(pair[side])};"
                           for name, pair in COLOURS.items()) for side in (0, 1))  # fmt: skip
    own = ":is(.dl-picture, .dl-theme)"
    return f"{own} {{{light} }}\n:is({DARK}) {own} {{{dark} }}\n{STILLS}"


def rules_for(svg: str) -> str:
    """The rules of a still that this drawing needs: a page has many stills."""
    classes = re.compile(r"dl-[A-Za-z-]+")
    used = {"dl-picture", *classes.findall(" ".join(re.findall('class="([^"]+)"', svg)))}

    def needed(rule: str) -> bool:
        named = {*classes.findall(rule.partition("{")[0])}
        return bool((named - {"dl-picture"} or named) & used)

    return "\n".join(filter(needed, re.split(r"(?<=})\s+", stylesheet(live=False))))
