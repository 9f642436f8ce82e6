"""Question 1 in words: why derivatives are zero, and the answers as text and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from IPython.display import Markdown
from sympy import Expr, Float
from torch import Tensor

from hw1lib.backprop.check import GradientCheck, check_gradients
from hw1lib.backprop.manual import Forward, Gradients
from hw1lib.backprop.network import PARAMETERS, READABLE, Network
from hw1lib.backprop.zeros import Cause, Kind, Zero, find_zeros
from hw1lib.display import latex, short

FORWARD = ("z_H", "h", "z_O", "y_hat", "loss")
ACTIVATION = {
    "relu": r"\max(0, z)",
    "sigmoid": r"\frac{1}{1 + e^{-z}}",
    "tanh": r"\tanh z",
    "identity": r"z",
}
SLOPE = {
    "relu": r"\begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}",
    "sigmoid": r"f(z) \, (1 - f(z))",
    "tanh": r"1 - f(z)^2",
    "identity": r"1",
}
OUTPUT = {
    "softmax": r"\hat{y}_k = \frac{e^{(z_O)_k}}{\sum_j e^{(z_O)_j}}",
    "sigmoid": r"\hat{y} = \frac{1}{1 + e^{-z_O}}",
}
LOSS = {
    "softmax": r"L = -\sum_k y_k \log \hat{y}_k",
    "sigmoid": r"L = -y \log \hat{y} - (1 - y) \log (1 - \hat{y})",
}
LOSS_OF_LOGITS = {
    "softmax": r"L &= \log \sum_j e^{(z_O)_j} - \sum_k y_k \, (z_O)_k",
    "sigmoid": r"L &= \log \left( 1 + e^{z_O} \right) - y \, z_O",
}
LOSS_SLOPE = {
    "softmax": r"\frac{\partial L}{\partial (z_O)_k} &= "
    r"\frac{e^{(z_O)_k}}{\sum_j e^{(z_O)_j}} - y_k = \hat{y}_k - y_k",
    "sigmoid": r"\frac{\partial L}{\partial z_O} &= \frac{e^{z_O}}{1 + e^{z_O}} - y = \hat{y} - y",
}

AGREES = 1e-6  # difference below which two ways give the same derivatives
MANY = 8  # derivatives that a sentence lists before it counts the rest

REASONS = {
    Kind.INACTIVE: "hidden unit {unit} is off: its pre-activation is negative",
    Kind.KINK: "hidden unit {unit} is at the ReLU's kink: its pre-activation is exactly 0, where "
    "the slope is 0 by convention",
    Kind.SILENT: "the activation of hidden unit {unit} is 0",
    Kind.INPUT: "input {unit} is 0",
    Kind.DISCONNECTED: "all outgoing weights of hidden unit {unit} are 0, so it does not reach the "
    "loss",
    Kind.EQUAL: "the outgoing weights of hidden unit {unit} are equal, so it shifts all logits "
    "alike, which leaves the softmax as it is",
    Kind.CANCELLING: "what hidden unit {unit} contributes through the outputs cancels",
    Kind.SINGLE: "there is only one class, so the prediction is always right",
    Kind.SATURATED: "output {unit} is saturated: its error is not 0, but smaller than double "
    "precision can hold",
    Kind.FLAT: "hidden unit {unit} is saturated: the slope of its activation is not 0, but smaller "
    "than double precision can hold",
    Kind.FAINT: "the activation of hidden unit {unit} is not 0, but smaller than double precision "
    "can hold",
    Kind.TINY: "the derivative is not 0, but smaller than double precision can hold",
}


def reason(cause: Cause) -> str:
    """A cause as a clause; units are counted from 1."""
    return REASONS[cause.kind].format(unit=cause.unit + 1)


def formulas(network: Network) -> dict[str, Markdown]:
    """The formulas of this network's activation, output and target, for inline values."""
    found = {
        "activation": ACTIVATION[network.activation],
        "slope": SLOPE[network.activation],
        "output": OUTPUT[network.output],
        "loss": rf"{LOSS[network.output]} = -\log {probability(network)}",
        "loss_of_logits": LOSS_OF_LOGITS[network.output],
        "loss_slope": LOSS_SLOPE[network.output],
    }
    return {name: Markdown(text) for name, text in found.items()}


def probability(network: Network) -> str:
    """The probability of the target, as LaTeX."""
    if network.output == "softmax":
        return rf"\hat{{y}}_{network.y.index(1) + 1}"
    return r"\hat{y}" if network.y[0] == 1 else r"(1 - \hat{y})"


def loss_in_numbers(network: Network, values: Forward) -> Markdown:
    """-log of the target's probability in numbers, where they can be read, and the loss."""
    share, loss = math.exp(-float(values.loss)), short(float(values.loss))
    if 0.0005 < share < 0.9995:
        return Markdown(rf"= -\log {short(share)} \approx {loss}")
    return Markdown(rf"\approx {loss}")


def agreement_in_words(check: GradientCheck) -> Markdown:
    """The three other ways to the derivatives, and whether they agree (@sec-check)."""
    first = (
        "*sympy* writes the loss as an expression in which one parameter is a symbol and all else "
        "a number, and differentiates it, once for each parameter"
        if check.is_symbolic
        else "since the network is too large for sympy to differentiate its loss in reasonable "
        "time, a *50-digit calculation* carries a change of each parameter forward to the loss"
    )
    worst = max(check.agreement.values())
    result = (
        "Three other ways lead to the same derivatives"
        if worst < AGREES
        else "The derivatives were computed in three other ways"
    )
    return Markdown(
        f"{result}: {first}; PyTorch's *autograd* goes through the computation backwards by "
        "itself; and *finite differences* evaluate the loss a little above and a little below each "
        "parameter."
    )


def in_symbols(network: Network, loss: Expr, slope: Expr, index: tuple[int, int]) -> Markdown:
    """The loss as a function of one weight of W_H and its derivative, where they are short."""
    long = loss.count_ops() > 30 or slope.count_ops() > 60
    if long or loss.atoms(Float) or network.is_decimal:
        return Markdown("")
    row, column = index
    value = latex(network.W_H[row][column])
    return Markdown(f"Here $L(w) = {latex(loss)}$ and $L'(w) = {latex(slope)}$, at $w = {value}$.")


def explain_zeros(network: Network, gradients: Gradients, zeros: Sequence[Zero]) -> str:
    """@sec-zeros as Markdown: a sentence, and a list item for each cause.

    Args:
        network: whose derivatives they are.
        gradients: its backward pass.
        zeros: what `find_zeros` found.
    """
    total = sum(getattr(gradients, name).numel() for name in PARAMETERS)
    causes = dict.fromkeys(cause for zero in zeros for cause in zero.causes)
    items = [_item(network, gradients, zeros, cause) for cause in causes]
    if not zeros:
        return (
            f"No: none of the {total} derivatives is zero. Each is a product of an error and an "
            "activation or input, and here no such factor vanishes."
        )
    if len(causes) == 1:
        return f"Yes: {_count(zeros, total)} zero. {items[0]}"
    listed = "\n".join(f"* {item}" for item in items)
    return f"Yes: {_count(zeros, total)} zero, for these reasons:\n\n{listed}"


def _count(zeros: Sequence[Zero], total: int) -> str:
    return f"{len(zeros)} of the {total} derivatives {_are(zeros)}"


def _are(entries: Sequence[object]) -> str:
    return "is" if len(entries) == 1 else "are"


def _item(network: Network, gradients: Gradients, zeros: Sequence[Zero], cause: Cause) -> str:
    """A cause, what it is in numbers, and the derivatives that it makes zero."""
    entries = [_symbol(zero) for zero in zeros if cause in zero.causes]
    clause = reason(cause)
    numbers = _in_numbers(network, gradients, cause)
    sentences = [f"{clause[0].upper()}{clause[1:]}.", numbers]
    return " ".join(filter(None, [*sentences, f"Hence {listed(entries)} {_are(entries)} zero."]))


def _in_numbers(network: Network, gradients: Gradients, cause: Cause) -> str:
    """What makes the derivatives zero, with this network's numbers; empty if there are none."""
    unit = cause.unit + 1
    if cause.kind == Kind.INACTIVE:
        z = short(float(network.z_H[cause.unit]))
        return (
            f"With $(z_H)_{{{unit}}} = {z}$ the ReLU passes on neither the value, $h_{{{unit}}} = "
            f"0$, nor the derivative, $f'((z_H)_{{{unit}}}) = 0$."
        )
    if cause.kind == Kind.KINK:
        return f"There $h_{{{unit}}} = 0$, and $f'(0) = 0$ as in PyTorch."
    if cause.kind == Kind.SILENT:
        return f"With $h_{{{unit}}} = 0$ its outgoing weights have no effect."
    if cause.kind == Kind.INPUT:
        return f"With $x_{{{unit}}} = 0$ the weights that it enters with have no effect."
    if cause.kind in (Kind.EQUAL, Kind.CANCELLING) and len(network.b_O) <= READABLE:
        return _cancelling(network, gradients, cause)
    return ""


def _cancelling(network: Network, gradients: Gradients, cause: Cause) -> str:
    """The sum over the outputs that is 0."""
    unit = cause.unit + 1
    weights = [row[cause.unit] for row in network.W_O]
    errors = [short(error) for error in gradients.b_O.tolist()]
    products = [
        rf"{latex(w)} \cdot {_in_brackets(e)}" for w, e in zip(weights, errors, strict=True)
    ]
    total = " ".join([products[0], *(p if p[0] == "-" else f"+ {p}" for p in products[1:])])
    column = ", ".join(map(latex, weights))
    zero = (
        f"Column {unit} of $W_O$ is $({column})$, so "
        rf"$\partial L / \partial h_{{{unit}}} = {total} = 0$"
    )
    if cause.kind == Kind.EQUAL:
        return f"{zero}: softmax's errors always sum to 0, whatever the input."
    return f"{zero}: outputs with equal logits get equal probabilities, and their terms cancel."


def _in_brackets(number: str) -> str:
    return f"({number})" if number.startswith("-") else number


def _symbol(zero: Zero) -> str:
    """The derivative in LaTeX; indices count from 1."""
    letter, layer = zero.parameter.split("_")
    index = ",".join(str(i + 1) for i in zero.index)
    return rf"$\partial L / \partial ({letter}_{layer})_{{{index}}}$"


def listed(entries: Sequence[str]) -> str:
    """All of a few entries as words; of many the first ones and a count."""
    if len(entries) > MANY:
        return f"{', '.join(entries[:MANY])} and {len(entries) - MANY} more"
    return " and ".join(filter(None, [", ".join(entries[:-1]), entries[-1]]))


def gradients_as_json(network: Network) -> str:
    """Forward pass, gradients, zeros and agreement as one JSON object, in full precision."""
    check, zeros = _solve(network)
    found = [
        {
            "parameter": zero.parameter,
            "index": zero.index,
            "reason": "; and ".join(map(reason, zero.causes)),
        }
        for zero in zeros
    ]
    return json.dumps(
        {
            "forward": {name: getattr(check.values, name).tolist() for name in FORWARD},
            "gradients": {name: getattr(check.by_hand, name).tolist() for name in PARAMETERS},
            "zeros": found,
            "agreement": check.agreement,
        }
    )


def gradients_as_text(network: Network) -> str:
    """The same to read, in six significant digits."""
    check, zeros = _solve(network)
    lines = ["Forward pass"]
    lines += [f"  {name:6}{_plain(getattr(check.values, name))}" for name in FORWARD]
    lines += ["Derivatives of the loss"]
    lines += [f"  {name:6}{_plain(getattr(check.by_hand, name))}" for name in PARAMETERS]
    lines += [f"Zero derivatives: {len(zeros)} of {check.total} (rows and columns from 1)"]
    lines += [
        f"  {zero.parameter}{[i + 1 for i in zero.index]}: "
        f"{'; and '.join(map(reason, zero.causes))}"
        for zero in zeros
    ]
    lines += ["Largest difference from"]
    lines += [f"  {way.replace('_', ' '):18}{value:.1e}" for way, value in check.agreement.items()]
    return "\n".join(lines)


def _solve(network: Network) -> tuple[GradientCheck, list[Zero]]:
    check = check_gradients(network)
    return check, find_zeros(network, check.values, check.by_hand)


def _plain(values: Tensor) -> str:
    """Numbers in six significant digits, nested as the tensor is; 0 only where a number is 0."""
    numbers = values.tolist()
    return _rounded(numbers) if isinstance(numbers, list) else f"{numbers:.6g}"


def _rounded(numbers: list[float] | list[list[float]]) -> str:
    items = [_rounded(n) if isinstance(n, list) else f"{n:.6g}" for n in numbers]
    return f"[{', '.join(items)}]"
