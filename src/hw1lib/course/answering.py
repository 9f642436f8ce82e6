"""What a student writes answers into: a page that needs no network, and a file to start with."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np

from hw1lib.backprop.judging import HINTS, LONGEST, Tolerance, Verdict
from hw1lib.backprop.network import NUMBER, PARAMETERS, Network
from hw1lib.course.answers import OPEN, ORDER, answer_shapes
from hw1lib.course.places import DERIVATIVES, place
from qmdbook.scripts import plain

HEAD = f"""# Write numbers such as 0.25, -3 or "1/3" in the place of each "{OPEN}", take away the #
# before zeros, and hand this file in; or fill in answers.html, which writes such a file.
"""
ZEROS = '# zeros = ["dW_H[2, 1]", "db_H[2]"]'
LABELS = {"y_hat": "ŷ", "loss": "L"} | {
    f"d{letter}_{layer}": f"∂L/∂{letter}<sub>{layer}</sub>"
    for letter, layer in (parameter.split("_") for parameter in PARAMETERS)
}


def answers_template(network: Network) -> str:
    """A file answers.toml in which each number is still open."""
    shapes = answer_shapes(network).items()
    lines = [f"{name} = {json.dumps(np.full(shape, OPEN).tolist())}" for name, shape in shapes]
    return HEAD + "\n".join([*lines, ZEROS, ""])


def answering_page(title: str, who: str, network: Network, text: str, drawing: str) -> str:
    """A page that checks the form of answers, and saves and loads them.

    Args:
        title: of the exercise.
        who: the student.
        network: whose answers are asked for.
        text: the network as text.
        drawing: the network as SVG.
    """
    shapes = answer_shapes(network)
    rules = {
        "number": NUMBER.pattern,
        "judging": {"longest": LONGEST},
        "refused": HINTS[Verdict.UNREADABLE],
        "shapes": shapes,
    }
    return Template((files("hw1lib.course") / "answering.html").read_text("utf-8")).substitute(
        title=escape(title),
        who=escape(who),
        network=escape(text),
        drawing=drawing,
        forward=_fields("y_hat", shapes["y_hat"]) + _fields("loss", ()),
        backward="".join(_fields(name, shapes[name]) for name in ORDER),
        zeros="".join(_boxes(name, shapes[name]) for name in DERIVATIVES),
        rule=escape(Tolerance().rule),
        rules=json.dumps(rules).replace("<", "\\u003c"),
        script=_script(),
    )


@cache
def _script() -> str:
    """The page's script with all that it imports."""
    beside = Path(str(files("hw1lib.course"))) / "interactive"  # in an installed package
    folder = beside if beside.is_dir() else Path(__file__).parents[3] / "interactive"
    return plain(folder / "answering" / "main.js").replace("</", "<\\/")


def _places(name: str, shape: tuple[int, ...]) -> list[str]:
    return [place(name, index) if index else name for index in np.ndindex(shape)]


def _group(name: str, shape: tuple[int, ...], cells: list[str]) -> str:
    columns = shape[1] if len(shape) == 2 else 1
    legend = f"<legend>{LABELS[name]}</legend>"
    grid = f'<div class="grid" style="--columns: {columns}">{"".join(cells)}</div>'
    return f"<fieldset>{legend}{grid}</fieldset>\n"


def _fields(name: str, shape: tuple[int, ...]) -> str:
    cells = [
        f'<input type="text" spellcheck="false" data-name="{name}" aria-label="{where}">'
        for where in _places(name, shape)
    ]
    return _group(name, shape, cells)


def _boxes(name: str, shape: tuple[int, ...]) -> str:
    cells = [
        f'<label><input type="checkbox" value="{where}">{where.removeprefix(name)}</label>'
        for where in _places(name, shape)
    ]
    return _group(name, shape, cells)
