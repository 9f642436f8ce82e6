"""The activations and their slopes (@eq-forward, @eq-delta-h): formulas, LaTeX and torch."""

from __future__ import annotations

from dataclasses import dataclass

SIGMOID = "1 / (1 + exp(-{}))"  # of what stands in the braces


@dataclass(frozen=True)
class Activation:
    """An activation f and its slope f'.

    Attributes:
        formula: f(z_H) as a step of `passes`.
        slope: f'(z_H) likewise.
        latex: f(z) in LaTeX.
        latex_slope: f'(z) in LaTeX.
        code: the definitions of f and slope in torch, as chapter 1 shows and runs them.
    """

    formula: str
    slope: str
    latex: str
    latex_slope: str
    code: str


CODE = """\
f = torch.{f}

def slope(z):
    return {slope}"""

FUNCTIONS = {
    "relu": Activation(
        formula="maximum(z_H, 0)",
        slope="z_H > 0",
        latex=r"\max(0, z)",
        latex_slope=r"\begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}",
        code=CODE.format(f="relu", slope="(z > 0).double()"),
    ),
    "sigmoid": Activation(
        formula=SIGMOID.format("z_H"),
        slope=f"{SIGMOID.format('z_H')} * {SIGMOID.format('(-z_H)')}",
        latex=r"\frac{1}{1 + e^{-z}}",
        latex_slope=r"f(z) \, (1 - f(z))",
        code=CODE.format(f="sigmoid", slope="f(z) * f(-z)"),
    ),
    "tanh": Activation(
        formula="tanh(z_H)",
        slope="1 - tanh(z_H) ** 2",
        latex=r"\tanh z",
        latex_slope=r"1 - f(z)^2",
        code=CODE.format(f="tanh", slope="1 - f(z) ** 2"),
    ),
    "identity": Activation(
        formula="z_H",
        slope="ones_like(z_H)",
        latex="z",
        latex_slope="1",
        code=CODE.format(f="clone", slope="torch.ones_like(z)"),
    ),
}
