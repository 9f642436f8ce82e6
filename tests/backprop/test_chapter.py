"""The chapter's own code, run on the networks that readers have."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from IPython.display import Markdown

from chapters import check_the_code_is_in_the_text
from hw1lib.backprop.certified import backward
from hw1lib.backprop.network import PARAMETERS
from networks import EXAMPLE, GOOD, LARGE, MADE, toml
from qmdbook.qmd import parse_chapter

CELL = re.compile(r"(?s)```\{python\}\n(.*?)```|`\{python\} ([^`]+)`")
TEXTBOOK = {
    "x": ["0.05", "0.10"], "y": [1, 0], "W_H": [["0.15", "0.20"], ["0.25", "0.30"]],
    "b_H": ["0.35", "0.35"], "W_O": [["0.40", "0.45"], ["0.50", "0.55"]],
    "b_O": ["0.60", "0.60"], "activation": "sigmoid",
}  # fmt: skip
SIGMOID = {**GOOD, "W_O": [["1/2", 1, -1]], "b_O": [0], "y": 1, "output": "sigmoid"}
MORE = [
    {**GOOD, "activation": "tanh", "W_O": [[1, 0, 1], [0, 1, 3]], "b_H": [0, 1, "1/2"]},
    {**GOOD, "activation": "identity"},
    *MADE[:4],
    *MADE[8:11],
]


def run(text: str) -> tuple[dict[str, Any], str]:
    """The names that the chapter's code defines, and its prose with the inline values in it."""
    names: dict[str, Any] = {"__name__": "__main__"}

    def value(found: re.Match[str]) -> str:
        if found[1]:
            exec(found[1], names)  # noqa: S102
            return ""
        shown = eval(found[2], names)  # noqa: S307
        return str(shown.data) if isinstance(shown, Markdown) else str(shown)

    return names, CELL.sub(value, text)


@pytest.fixture
def chapter(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the chapter with a network."""
    (tmp_path / "_quarto.yml").touch()
    (tmp_path / "interactive").symlink_to(root / "interactive")
    monkeypatch.chdir(tmp_path)
    text = (root / "q1_backprop.qmd").read_text(encoding="utf-8")

    def run_with(fields: dict[str, Any]) -> tuple[dict[str, Any], str]:
        (tmp_path / "network.toml").write_text(toml(fields))
        return run(text)

    return run_with


@pytest.mark.parametrize(
    "fields",
    [EXAMPLE, SIGMOID, LARGE, *(pytest.param(each, marks=pytest.mark.slow) for each in MORE)],
)
def test_its_code_finds_what_the_package_finds(chapter: Any, fields: dict[str, Any]) -> None:
    names, prose = chapter(fields)
    network, by_hand = names["network"], backward(names["network"])
    for name in PARAMETERS:
        wanted = getattr(by_hand, name)
        assert torch.allclose(names[f"d{name}"], wanted, rtol=1e-9, atol=1e-12), name
    assert torch.allclose(names["loss"], names["values"].loss)
    row, column = names["row"], names["column"]
    slope = float(names["slope_of_w"].evalf(30, subs={names["w"]: network.W_H[row][column]}))
    assert slope == pytest.approx(float(by_hand.W_H[row, column]), rel=1e-9, abs=1e-30)
    assert ("book's example network, not your figure's" in prose) == network.example
    assert not re.search(r"\bnan\b|\binf\b|None\b(?! of)|\d/\d{3}", prose)


def test_decimals_stay_decimals(chapter: Any) -> None:
    _, prose = chapter(TEXTBOOK)
    assert r"\begin{bmatrix} 0.15 & 0.2 \\ 0.25 & 0.3 \end{bmatrix}" in prose
    assert r"= \begin{bmatrix} 0.3775 \\ 0.3925 \end{bmatrix}" in prose
    assert not re.search(r"\d+ / \d+|e\^\{\d", prose)


def test_what_it_says_of_the_example(chapter: Any) -> None:
    """The answer box, and the exercises' claims on rank, Adam's first step and curvature."""
    names, prose = chapter(EXAMPLE)
    answer = "**Part 3.** Yes: 8 of the 17 derivatives are zero, because hidden unit 2 is off"
    assert answer in prose
    assert torch.linalg.matrix_rank(names["dW_O"]) == torch.linalg.matrix_rank(names["dW_H"]) == 1
    parameters, loss_of = names["parameters"], names["loss_of"]

    @torch.no_grad()
    def unexpected(rate: float) -> float:
        moved = [p - rate * p.grad for p in parameters]
        first_order = rate * sum(float((p.grad**2).sum()) for p in parameters)
        return first_order - float(loss_of(*parameters) - loss_of(*moved))

    assert unexpected(2e-4) / unexpected(1e-4) == pytest.approx(4, rel=0.01)
    before = parameters[2].detach().clone()
    torch.optim.Adam([parameters[2]], lr=0.1).step()
    step = (before - parameters[2]).detach() / 0.1
    assert torch.allclose(step, torch.sign(names["dW_O"]), atol=1e-6)


def test_facts_of_the_text() -> None:
    """On softmax, sigmoid, cross-entropy and rounding."""
    z = torch.linspace(-8, 8, 161, dtype=torch.float64)
    pairs = torch.stack([z, torch.zeros_like(z)], dim=1)
    shares = pairs.softmax(dim=1)
    assert torch.allclose(shares[:, 0], z.sigmoid())  # a sigmoid is a softmax over z and 0
    assert torch.allclose((shares[:, 0] / shares[:, 1]).log(), z)  # differences are log ratios
    assert torch.allclose((pairs + 3).softmax(dim=1), shares)
    assert float((z.sigmoid() * (-z).sigmoid()).max()) == 1 / 4
    p = torch.linspace(0.001, 0.999, 999, dtype=torch.float64)
    assert torch.allclose(-(p / 2).log(), -p.log() + math.log(2))
    mean_loss = -(0.3 * p.log() + 0.7 * (1 - p).log())
    assert float(p[mean_loss.argmin()]) == pytest.approx(0.3)  # the true frequency
    assert f"{0.1 * 3 - 0.3:.1e}" == "5.6e-17"


def test_cells_are_short_and_most_are_visible(root: Path) -> None:
    check_the_code_is_in_the_text(parse_chapter(root / "q1_backprop.qmd"), lines=60, hidden=0.4)
