"""The formulas of chapter 1 that depend on the network's activation and output."""

from __future__ import annotations

from IPython.display import Markdown

from hw1lib.backprop.network import Network

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
    "softmax": r"L = \log \sum_j e^{(z_O)_j} - \sum_k y_k \, (z_O)_k",
    "sigmoid": r"L = \log \left( 1 + e^{z_O} \right) - y \, z_O",
}
LOSS_SLOPE = {
    "softmax": r"\frac{\partial L}{\partial (z_O)_k} = "
    r"\frac{e^{(z_O)_k}}{\sum_j e^{(z_O)_j}} - y_k = \hat{y}_k - y_k",
    "sigmoid": r"\frac{\partial L}{\partial z_O} = \frac{e^{z_O}}{1 + e^{z_O}} - y = \hat{y} - y",
}


def formulas(network: Network) -> dict[str, Markdown]:
    """The network's formulas by name, for inline values."""
    of_activation = {"activation": ACTIVATION, "slope": SLOPE}
    of_output = {
        "output": OUTPUT,
        "loss": LOSS,
        "loss_of_logits": LOSS_OF_LOGITS,
        "loss_slope": LOSS_SLOPE,
    }
    chosen = {name: forms[network.activation] for name, forms in of_activation.items()}
    chosen |= {name: forms[network.output] for name, forms in of_output.items()}
    return {name: Markdown(text) for name, text in chosen.items()}
