"""The network to play with: what its scripts know of the package, and the tags that load them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TypeAlias

from IPython.display import Markdown

from hw1lib.backprop.formulas import Tree, parse
from hw1lib.backprop.judging import CLOSE, EXACT, HINTS, LONGEST, NEGLIGIBLE, Tolerance
from hw1lib.backprop.mistakes import MISTAKES, SENTENCES
from hw1lib.backprop.network import (
    CHOICES,
    FIELDS,
    MAX_BYTES,
    MAX_NUMBER,
    MAX_UNITS,
    NUMBER,
    PARAMETERS,
    REFUSALS,
    REQUIRED,
    WANTED,
    Network,
)
from hw1lib.backprop.passes import STEPS as FORMULAS
from hw1lib.backprop.passes import Formula
from hw1lib.backprop.prose import NO_FACTOR, NO_ZEROS
from hw1lib.backprop.slips import SLIPS, SYNONYMS
from hw1lib.backprop.walk import STEPS
from hw1lib.backprop.zeros import Kind
from hw1lib.files import NOT_TOML, TOO_LARGE
from hw1lib.project import project_root

Texts: TypeAlias = "str | list[Texts]"

FOLDER = "interactive/backprop"
LARGEST = 4  # units of a layer that the page has room for
LEVELS = (  # of exercises, from easy to hard, as exercise.js draws them
    "a ReLU that is off",
    "an input of 0",
    "equal weights",
    "one output",
)
# What the formulas call a value that the walk goes through.
VALUES = {
    "delta_O": "db_O",
    "b_O": "db_O",
    "W_O": "dW_O",
    "delta_H": "db_H",
    "b_H": "db_H",
    "W_H": "dW_H",
}


def playground(network: Network, brief: bool = False) -> Markdown:
    """The panels, what their script knows of the package, and the script, as raw HTML.

    Args:
        network: what the page starts with.
        brief: whether only the drawing is shown of what there is to explore.
    """
    options = {"sizes": [str(i + 1) for i in range(LARGEST)], **CHOICES}
    panels = (project_root() / FOLDER / "panels.html").read_text(encoding="utf-8")
    choices = {name: _options(values) for name, values in options.items()}
    panels = panels.format(rule=Tolerance().rule, levels=_options(LEVELS), **choices)
    data = json.dumps(rules(network), ensure_ascii=False).replace("<", "\\u003c")
    lines = [
        f'<link rel="stylesheet" href="{FOLDER}/playground.css">',
        f'<div id="playground"{" class=brief" if brief else ""} hidden>\n{panels.strip()}\n</div>',
        "<noscript><p>The network to play with needs JavaScript.</p></noscript>",
        f'<script type="application/json" id="playground-rules">{data}</script>',
        f'<script src="{FOLDER}/main.js"></script>',
    ]
    return Markdown("\n".join(["```{=html}", *lines, "```"]))


def _options(values: Sequence[str]) -> str:
    """The options of a select."""
    return "".join(f"<option>{value}</option>" for value in values)


def rules(network: Network) -> dict[str, object]:
    """What the scripts of a page that starts with `network` take from the package.

    So names and words are kept in one place.
    """
    of_files = {"large_file": TOO_LARGE.format(wanted=WANTED), "syntax": NOT_TOML}
    return {
        "network": {name: _texts(getattr(network, name)) for name in (*REQUIRED, *CHOICES)},
        "fields": FIELDS,
        "required": REQUIRED,
        "parameters": PARAMETERS,
        "choices": CHOICES,
        "synonyms": SYNONYMS,
        "slips": SLIPS,
        "number": NUMBER.pattern,
        "largest": MAX_NUMBER,
        "room": LARGEST,
        "largest_file": MAX_BYTES,
        "units": MAX_UNITS,
        "refusals": REFUSALS | of_files,
        "reasons": {kind.name.lower(): kind.value for kind in Kind},
        "no_zeros": f"{NO_ZEROS}. {NO_FACTOR}",
        "steps": [asdict(step) | {"value": VALUES.get(step.name, step.name)} for step in STEPS],
        "formulas": {name: _tree(formula) for name, formula in FORMULAS.items()},
        "mistakes": [asdict(m) | {"formula": parse(m.formula)} for m in MISTAKES],
        "hints": SENTENCES | HINTS,
        "judging": {
            **asdict(Tolerance()),
            "longest": LONGEST,
            "exact": EXACT,
            "negligible": NEGLIGIBLE,
            "close": CLOSE,
        },
    }


def _tree(formula: Formula) -> Tree | dict[str, Tree]:
    if isinstance(formula, str):
        return parse(formula)
    return {choice: parse(text) for choice, text in formula.items()}


def _texts(value: object) -> Texts:
    """Numbers as the texts that a network file has."""
    if isinstance(value, tuple):
        return [_texts(item) for item in value]
    return str(value)
