"""The chain rule one factor at a time: the steps of both passes in words and symbols."""

from __future__ import annotations

from dataclasses import dataclass

from IPython.display import Markdown
from torch import Tensor

from hw1lib.backprop.certified import Forward, Gradients
from hw1lib.backprop.network import Network
from hw1lib.backprop.prose import LOSS
from hw1lib.display import latex, table

Words = str | dict[str, str]  # where they depend on the activation or the output, by its name


@dataclass(frozen=True)
class Step:
    r"""One step of the walk.

    Attributes:
        name: of the value that it computes.
        active: the layers and weights that it is about.
        direction: forward or back.
        symbol: the value in LaTeX, short.
        latex: the step's formula, in the little LaTeX that `playground/notation.js` reads.
        entry: one entry of the value in LaTeX, with # for its indices.
        equation: the label of its equation in the chapter.
        why: the step in words.
        asked: the symbol in LaTeX under which an exercise asks for the value; empty if none does.
        label: what a screen reader calls the value.
    """

    name: str
    active: str
    direction: str
    symbol: str
    latex: Words
    entry: str
    equation: str
    why: Words
    asked: str = ""
    label: str = ""


def _derivative(name: str) -> str:
    return rf"\frac{{\partial L}}{{\partial {name}}}"


def _in_line(name: str) -> str:
    return rf"\partial L / \partial {name}"


STEPS = (
    Step(
        "z_H", "input W_H hidden", "forward",
        "z_H", "z_H = W_H x + b_H", "(z_H)_{#}", "eq-forward",
        "Each hidden unit adds up the inputs, each times its weight, and its bias.",
        "z_H", "z_H",
    ),
    Step(
        "h", "hidden", "forward",
        "h", "h = f(z_H)", "h_{#}", "eq-forward",
        {
            "relu": "The ReLU passes positive values on and makes all others 0.",
            "sigmoid": "The sigmoid squeezes each value into the range from 0 to 1.",
            "tanh": "The hyperbolic tangent squeezes each value into the range from −1 to 1.",
            "identity": "The identity leaves each value as it is.",
        },
        "h", "h",
    ),
    Step(
        "z_O", "hidden W_O output", "forward",
        "z_O", "z_O = W_O h + b_O", "(z_O)_{#}", "eq-forward",
        "Each output unit does the same with the hidden activations. The results are the logits.",
        "z_O", "z_O",
    ),
    Step(
        "y_hat", "output", "forward",
        r"\hat{y}",
        {
            "softmax": r"\hat{y} = \mathrm{softmax}(z_O)",
            "sigmoid": r"\hat{y} = \mathrm{sigmoid}(z_O)",
        },
        r"\hat{y}_{#}", "eq-prediction",
        {
            "softmax": "Softmax turns the logits into probabilities: e to the power of each logit, "
            "divided by the sum of all of these.",
            "sigmoid": "The sigmoid turns the logit into the probability that y is 1.",
        },
        r"\hat{y}", "y-hat",
    ),
    Step(
        "loss", "output to-loss loss", "forward",
        "L",
        LOSS, "L", "eq-loss",
        "The loss is minus the natural logarithm of the probability given to the right answer.",
        "L", "loss",
    ),
    Step(
        "delta_O", "loss to-loss output", "back",
        r"\delta_O", r"\delta_O = \hat{y} - y", r"(\delta_O)_{#}", "eq-delta-o",
        "Back through loss and output in one step: the prediction minus the target.",
        rf"{_derivative('b_O')} = \delta_O", "derivative with respect to b_O",
    ),
    Step(
        "W_O", "output W_O hidden", "back",
        _in_line("W_O"), rf"{_derivative('W_O')} = \delta_O h^\top",
        _in_line("(W_O)_{#}"), "eq-grad-o",
        "A weight multiplies an activation, so its derivative is the error where it ends times the "
        "activation where it starts.",
        _derivative("W_O"), "derivative with respect to W_O",
    ),
    Step(
        "b_O", "output", "back",
        _in_line("b_O"), rf"{_derivative('b_O')} = \delta_O",
        _in_line("(b_O)_{#}"), "eq-grad-o",
        "A bias enters with slope 1, so its derivative is the error itself.",
    ),
    Step(
        "dL_dh", "output W_O hidden", "back",
        _in_line("h"), rf"{_derivative('h')} = W_O^\top \delta_O",
        _in_line("h_{#}"), "eq-grad-hidden",
        "A hidden unit reaches the loss through all outputs, so it collects their errors, each "
        "times the weight on the way.",
        _derivative("h"), "derivative with respect to h",
    ),
    Step(
        "slope", "hidden", "back",
        "f'(z_H)", "f'(z_H)", "f'((z_H)_{#})", "eq-delta-h",
        {
            "relu": "The ReLU's slope is 1 where the unit is on and 0 where it is off.",
            "sigmoid": "The sigmoid's slope is h (1 − h).",
            "tanh": "The slope of tanh is 1 − h².",
            "identity": "The identity's slope is 1 everywhere.",
        },
    ),
    Step(
        "delta_H", "hidden", "back",
        r"\delta_H", r"\delta_H = (W_O^\top \delta_O) \odot f'(z_H)",
        r"(\delta_H)_{#}", "eq-delta-h",
        "Back through the activation: times its slope. Where the slope is 0 the signal ends.",
        rf"{_derivative('b_H')} = \delta_H", "derivative with respect to b_H",
    ),
    Step(
        "W_H", "hidden W_H input", "back",
        _in_line("W_H"), rf"{_derivative('W_H')} = \delta_H x^\top",
        _in_line("(W_H)_{#}"), "eq-grad-h",
        "As in the output layer: the error where the weight ends times the input where it starts.",
        _derivative("W_H"), "derivative with respect to W_H",
    ),
    Step(
        "b_H", "hidden", "back",
        _in_line("b_H"), rf"{_derivative('b_H')} = \delta_H",
        _in_line("(b_H)_{#}"), "eq-grad-h",
        "And a bias takes the error itself.",
    ),
)  # fmt: skip


def walk_table(network: Network, values: Forward, gradients: Gradients) -> Markdown:
    """The walk as a table, for pages that can't move: formula, value, equation of each step."""
    computed = {**vars(values), **vars(gradients)}
    computed |= {"delta_O": gradients.b_O, "delta_H": gradients.b_H}
    rows = []
    for number, step in enumerate(STEPS, 1):
        formula = step.latex if isinstance(step.latex, str) else step.latex[network.output]
        value = _in_a_row(computed[step.name])
        rows.append([str(number), f"${formula}$", f"${value}$", f"@{step.equation}"])
    return table(["step", "formula", "value", "equation"], rows, align="rlll")


def _in_a_row(value: Tensor) -> str:
    """A vector as a row, so that the table stays short; others as usual."""
    return rf"{latex(value[None])}^\top" if value.ndim == 1 else latex(value)
