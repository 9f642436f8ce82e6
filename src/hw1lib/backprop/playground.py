"""The network to play with: what its scripts know of the package, and the tags that load them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from IPython.display import Markdown

from hw1lib.backprop.manual import backward
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
    Network,
)
from hw1lib.backprop.prose import explain_zeros
from hw1lib.backprop.walk import STEPS
from hw1lib.backprop.zeros import Kind
from hw1lib.project import project_root

FOLDER = "playground"
LARGEST = 4  # units of a layer that the page has room for
SCRIPTS = (
    "exact", "notation", "network", "backprop", "zeros", "drawing", "tables", "walk", "explore",
    "exercise", "practise", "start",
)  # fmt: skip
# What an exercise says of a wrong number, by the mistake that gives it.
HINTS = {
    "bias": "The bias is missing.",
    "turned": "The matrix is used the wrong way round: each of its rows belongs to one result.",
    "activation": "This is the value before the activation: apply f.",
    "exchanged": "h and x are exchanged: the hidden layer sees x, the output layer sees h.",
    "early_z": "This uses z_H: the output layer sees h, the value after the activation.",
    "softmax": "The output function is left out: it turns the logits into probabilities first.",
    "log_2": "This is the logarithm to base 2; the loss has the natural one.",
    "log_10": "This is the logarithm to base 10; the loss has the natural one.",
    "log_sign": "The minus sign is missing: the loss is never negative.",
    "squared_loss": "This is the squared error; the loss here is the cross-entropy.",
    "sign": "The sign is turned: the error is ŷ − y, not y − ŷ.",
    "squared": "This is the derivative of the squared error, not of the cross-entropy.",
    "transposed": "Rows and columns are exchanged: the row is the unit where a weight ends.",
    "not_transposed": "W_O is not transposed: going back, its column j belongs to hidden unit j.",
    "slope": "The slope f′(z_H) is forgotten.",
    "wrong_slope": "The slope belongs to another unit: each entry takes that of its own unit.",
    "early": "Close: keep more digits on the way, and round at the end.",
    "digits": "Right so far: give at least two digits, or a fraction.",
    "unreadable": "This is no number: write 3, -0.25 or 1/3.",
    "wrong": "Not yet right.",
}


def playground(network: Network) -> Markdown:
    """The panels, what their scripts know of the package, and the scripts, as raw HTML."""
    options = {"sizes": [str(i + 1) for i in range(LARGEST)], **CHOICES}
    panels = (project_root() / FOLDER / "panels.html").read_text(encoding="utf-8")
    panels = panels.format(**{name: _options(values) for name, values in options.items()})
    data = json.dumps(rules(network), ensure_ascii=False).replace("<", "\\u003c")
    lines = [
        f'<link rel="stylesheet" href="{FOLDER}/playground.css">',
        f'<div id="playground" hidden>\n{panels.strip()}\n</div>',
        "<noscript><p>The network to play with needs JavaScript.</p></noscript>",
        f'<script type="application/json" id="playground-rules">{data}</script>',
        *(f'<script src="{FOLDER}/{name}.js"></script>' for name in SCRIPTS),
    ]
    return Markdown("\n".join(["```{=html}", *lines, "```"]))


def _options(values: Sequence[str]) -> str:
    """The options of a select."""
    return "".join(f"<option>{value}</option>" for value in values)


def rules(network: Network) -> dict[str, Any]:
    """What the scripts of a page that starts with `network` take from the package.

    So names and words are kept in one place.
    """
    gradients = backward(network)
    no_zeros = explain_zeros(network, gradients, [])
    syntax = REFUSALS["syntax"].format(reason="at line {line}")
    return {
        "network": {name: _texts(getattr(network, name)) for name in (*REQUIRED, *CHOICES)},
        "fields": FIELDS,
        "required": REQUIRED,
        "parameters": PARAMETERS,
        "choices": CHOICES,
        "number": NUMBER.pattern,
        "largest": MAX_NUMBER,
        "room": LARGEST,
        "largest_file": MAX_BYTES,
        "units": MAX_UNITS,
        "refusals": {**REFUSALS, "syntax": syntax},
        "reasons": {kind.name.lower(): kind.value for kind in Kind},
        "no_zeros": no_zeros.replace(str(gradients.total), "{total}"),
        "steps": [asdict(step) for step in STEPS],
        "hints": HINTS,
    }


def _texts(value: object) -> str | list[Any]:
    """Numbers as the texts that a network file has."""
    if isinstance(value, tuple):
        return [_texts(item) for item in value]
    return str(value)
