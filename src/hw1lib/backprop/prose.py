"""What chapter 1 says of one's own network: its formulas, the agreement, and why zeros are zero."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from IPython.display import Markdown
from sympy import Expr, Float

from hw1lib.backprop.activations import FUNCTIONS
from hw1lib.backprop.agreement import GradientCheck
from hw1lib.backprop.certified import Forward, Gradients
from hw1lib.backprop.network import READABLE, Network
from hw1lib.backprop.zeros import Cause, Kind, Zero
from hw1lib.display import MOST_DIGITS, enough_digits, latex, rounded, short

OUTPUT = {
    "softmax": r"\hat{y}_k = \frac{e^{(z_O)_k}}{\sum_j e^{(z_O)_j}}",
    "sigmoid": r"\hat{y} = \frac{1}{1 + e^{-z_O}}",
}
LOSS = {
    "softmax": r"L = -\sum_k y_k \log \hat{y}_k",
    "sigmoid": r"L = -y \log \hat{y} - (1 - y) \log (1 - \hat{y})",
}
LOSS_STEP = {
    "softmax": r"the logarithm of a quotient is a difference, and the entries of $y$ sum to 1",
    "sigmoid": r"with $\hat{y} = e^{z_O} / (1 + e^{z_O})$ both logarithms are differences",
}
LOSS_OF_LOGITS = {
    "softmax": r"L &= -\sum_k y_k \left( (z_O)_k - \log \sum_j e^{(z_O)_j} \right) \\"
    r"&= \log \sum_j e^{(z_O)_j} - \sum_k y_k (z_O)_k",
    "sigmoid": r"L &= -y \left( z_O - \log \left( 1 + e^{z_O} \right) \right)"
    r" + (1 - y) \log \left( 1 + e^{z_O} \right) \\"
    r"&= \log \left( 1 + e^{z_O} \right) - y z_O",
}
LOSS_SLOPE = {
    "softmax": r"\frac{\partial L}{\partial (z_O)_k} = "
    r"\frac{e^{(z_O)_k}}{\sum_j e^{(z_O)_j}} - y_k = \hat{y}_k - y_k",
    "sigmoid": r"\frac{\partial L}{\partial z_O} = \frac{e^{z_O}}{1 + e^{z_O}} - y = \hat{y} - y",
}

NO_ZEROS = "No: none of the {total} derivatives is zero"
NO_FACTOR = (
    "Each is a product of an error and an activation or input, and here no such factor vanishes."
)
AGREES = 1e-6  # difference below which two ways give the same derivatives
MANY = 8  # derivatives that a sentence lists before it counts the rest


def formulas(network: Network) -> dict[str, Markdown]:
    """The formulas of this network's activation, output and target, for inline values."""
    texts = {
        "activation": FUNCTIONS[network.activation].latex,
        "slope": FUNCTIONS[network.activation].latex_slope,
        "output": OUTPUT[network.output],
        "loss": rf"{LOSS[network.output]} = -\log {probability(network)}",
        "loss_step": LOSS_STEP[network.output],
        "loss_of_logits": LOSS_OF_LOGITS[network.output],
        "loss_slope": LOSS_SLOPE[network.output],
    }
    return {name: Markdown(text) for name, text in texts.items()}


def probability(network: Network) -> str:
    """The probability of the target, as LaTeX."""
    if network.output == "softmax":
        return rf"\hat{{y}}_{network.y.index(1) + 1}"
    return r"\hat{y}" if network.y[0] == 1 else r"(1 - \hat{y})"


def loss_in_numbers(network: Network, values: Forward) -> Markdown:
    """-log of the target's probability, with as many digits as the loss needs, and the loss."""
    probability = torch.exp(-values.loss)
    if probability == 0:  # too small for a float64
        return rounded(values.loss)
    digits = enough_digits(lambda p: -torch.log(p), [probability], values.loss)
    loss = rounded(values.loss).data
    if digits == MOST_DIGITS:  # a probability that differs from 1 by less than can be shown
        return Markdown(loss)
    return Markdown(rf"= -\log {short(float(probability), digits)} {loss}")


def agreement_in_words(check: GradientCheck) -> Markdown:
    """The three other ways to the derivatives, and whether they agree (@sec-check)."""
    first = (
        "*sympy* writes the loss as an expression in which one parameter is a symbol and all else "
        "a number, and differentiates it, once for each parameter"
        if check.is_symbolic
        else "since the network is too large for sympy to differentiate its loss in reasonable "
        "time, a *50-digit calculation* carries a change of each parameter forward to the loss"
    )
    result = (
        "Three other ways lead to the same derivatives"
        if max(check.agreement.values()) < AGREES
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
        return Markdown(" ")  # of an empty value Quarto would show the code
    row, column = index
    value = latex(network.W_H[row][column])
    return Markdown(f"Here $L(w) = {latex(loss)}$ and $L'(w) = {latex(slope)}$, at $w = {value}$.")


def count_zeros(gradients: Gradients, zeros: Sequence[Zero]) -> str:
    """Whether any derivatives are zero, and how many, as a sentence without its full stop."""
    if not zeros:
        return NO_ZEROS.format(total=gradients.total)
    return f"Yes: {len(zeros)} of the {gradients.total} derivatives {_are(zeros)} zero"


def explain_zeros(network: Network, gradients: Gradients, zeros: Sequence[Zero]) -> str:
    """@sec-zeros as Markdown: a sentence, and a list item for each cause of the zeros."""
    answer = count_zeros(gradients, zeros)
    if not zeros:
        return f"{answer}. {NO_FACTOR}"
    causes = dict.fromkeys(cause for zero in zeros for cause in zero.causes)
    items = []
    for cause in causes:
        entries = [_symbol(zero) for zero in zeros if cause in zero.causes]
        reason = f"{cause.reason[0].upper()}{cause.reason[1:]}."
        hence = f"Hence {listed(entries)} {_are(entries)} zero."
        items.append(
            " ".join(filter(None, [reason, _in_numbers(network, gradients, cause), hence]))
        )
    if len(items) == 1:
        return f"{answer}. {items[0]}"
    return "\n".join([f"{answer}, for these reasons:\n", *(f"* {item}" for item in items)])


def _are(entries: Sequence[object]) -> str:
    return "is" if len(entries) == 1 else "are"


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
        return "There $f'(0) = 0$, as in PyTorch."
    if cause.kind == Kind.SILENT:
        return f"With $h_{{{unit}}} = 0$ its outgoing weights have no effect."
    if cause.kind == Kind.INPUT:
        return f"With $x_{{{unit}}} = 0$ the weights that it enters with have no effect."
    if cause.kind in (Kind.EQUAL, Kind.CANCELLING) and len(network.b_O) <= READABLE:
        return _cancelling(network, gradients, cause)
    return ""


def _cancelling(network: Network, gradients: Gradients, cause: Cause) -> str:
    """The sum over the outputs that is 0.

    The errors of a softmax sum to 0, so the target's is minus all others, which leaves one term
    for each other output.
    """
    unit = cause.unit + 1
    weights = [latex(row[cause.unit]) for row in network.W_O]
    head = (
        f"Column {unit} of $W_O$ is $({', '.join(weights)})$, and softmax's errors always sum to "
        rf"0, so $\partial L / \partial h_{{{unit}}} = "
    )
    if cause.kind == Kind.EQUAL:
        return rf"{head}{weights[0]} \cdot \sum_k (\delta_O)_k$ $= 0$, whatever the input."
    target = network.y.index(1)
    products = [
        rf"({weight} - {_factor(weights[target])}) \cdot {short(error)}"
        for k, (weight, error) in enumerate(zip(weights, gradients.b_O.tolist(), strict=True))
        if k != target
    ]
    total = " + ".join(products)
    return f"{head}{total}$ $= 0$: outputs with equal logits have equal errors."


def _factor(number: str) -> str:
    """A number within a product or behind a minus sign, in brackets where it is negative."""
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
