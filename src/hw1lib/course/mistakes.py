"""Both passes in steps, and the mistakes that people make in one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hw1lib.backprop.hints import SENTENCES
from hw1lib.backprop.network import PARAMETERS, READABLE, Network

Array: TypeAlias = NDArray[np.float64]
Value: TypeAlias = Any  # an array, a number or the places of zeros
Values: TypeAlias = Any  # those before a step, as attributes
Step: TypeAlias = Callable[[Values], Value]

DERIVATIVES = tuple(f"d{name}" for name in PARAMETERS)
NEGLIGIBLE = 1e-12  # what rounding leaves of a zero


def _sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


OUTPUTS: dict[str, Step] = {"softmax": lambda z: np.exp(z) / np.exp(z).sum(), "sigmoid": _sigmoid}
FUNCTIONS: dict[str, tuple[Step, Step]] = {  # activations and their slopes
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * _sigmoid(-z)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "identity": (np.copy, np.ones_like),
}


def _loss(v: Values, log: Callable[[Array], Array] = np.log) -> Array:
    """The cross-entropy (@eq-loss), with this logarithm."""
    right = v.y @ v.y_hat if v.is_softmax else v.y_hat[0] if v.y[0] else 1 - v.y_hat[0]
    return -log(right)


def _squared(v: Values) -> Array:
    """The derivative of half the squared error with respect to the logits."""
    p, error = v.y_hat, v.y_hat - v.y
    return np.asarray(p * (error - p @ error if v.is_softmax else error * (1 - p)))


def place(name: str, index: tuple[int, ...]) -> str:
    """An entry of a vector or matrix, counted from 1, such as dW_H[2,1]."""
    return f"{name}[{','.join(str(i + 1) for i in index)}]"


def entries(values: Mapping[str, Value], names: Iterable[str]) -> dict[str, float]:
    """All entries of some vectors and matrices, by their places."""
    return {
        place(name, index): entry for name in names for index, entry in np.ndenumerate(values[name])
    }


def _zeros(v: Values) -> frozenset[str]:
    """Which derivatives are zero, as places."""
    found = entries(vars(v), DERIVATIVES)
    return frozenset(place for place, value in found.items() if abs(value) < NEGLIGIBLE)


# Each from values that stand before it (@eq-forward to @eq-grad-h).
STEPS: dict[str, Step] = {
    "z_H": lambda v: v.W_H @ v.x + v.b_H,
    "h": lambda v: v.f(v.z_H),
    "z_O": lambda v: v.W_O @ v.h + v.b_O,
    "y_hat": lambda v: v.output(v.z_O),
    "loss": _loss,
    "db_O": lambda v: v.y_hat - v.y,
    "dW_O": lambda v: np.outer(v.db_O, v.h),
    "dL_dh": lambda v: v.W_O.T @ v.db_O,
    "db_H": lambda v: v.dL_dh * v.slope(v.z_H),
    "dW_H": lambda v: np.outer(v.db_H, v.x),
    "zeros": _zeros,
}


@dataclass(frozen=True)
class Mistake:
    """What somebody may do in place of a step.

    Attributes:
        kind: its name in `SENTENCES`.
        step: the value that it gets wrong first.
        compute: that value as the mistake gives it.
    """

    kind: str
    step: str
    compute: Step

    @property
    def sentence(self) -> str:
        """What to say of it."""
        return SENTENCES[self.kind]


def _wrong_slope(shift: int) -> Step:
    return lambda v: v.dL_dh * np.roll(v.slope(v.z_H), shift)


MISTAKES = (
    Mistake("bias", "z_H", lambda v: v.W_H @ v.x),
    Mistake("turned", "z_H", lambda v: v.W_H.T @ v.x + v.b_H),
    Mistake("activation", "h", lambda v: v.z_H),
    Mistake("bias", "z_O", lambda v: v.W_O @ v.h),
    Mistake("swapped", "z_O", lambda v: v.W_O @ v.x + v.b_O),
    Mistake("early_z", "z_O", lambda v: v.W_O @ v.z_H + v.b_O),
    Mistake("turned", "z_O", lambda v: v.W_O.T @ v.h + v.b_O),
    Mistake("softmax", "y_hat", lambda v: v.z_O),
    Mistake("sigmoid", "y_hat", lambda v: _sigmoid(v.z_O)),
    Mistake("log_2", "loss", lambda v: _loss(v, np.log2)),
    Mistake("log_10", "loss", lambda v: _loss(v, np.log10)),
    Mistake("log_sign", "loss", lambda v: -_loss(v)),
    Mistake("squared_loss", "loss", lambda v: ((v.y_hat - v.y) ** 2).sum()),
    Mistake("squared_loss", "loss", lambda v: ((v.y_hat - v.y) ** 2).sum() / 2),
    Mistake("sign", "db_O", lambda v: v.y - v.y_hat),
    Mistake("softmax", "db_O", lambda v: v.z_O - v.y),
    Mistake("squared", "db_O", _squared),
    Mistake("squared", "db_O", lambda v: 2 * _squared(v)),
    Mistake("transposed", "dW_O", lambda v: np.outer(v.h, v.db_O)),
    Mistake("swapped", "dW_O", lambda v: np.outer(v.db_O, v.x)),
    Mistake("early_z", "dW_O", lambda v: np.outer(v.db_O, v.z_H)),
    Mistake("not_transposed", "dL_dh", lambda v: v.W_O @ v.db_O),
    *(Mistake("wrong_slope", "db_H", _wrong_slope(shift)) for shift in range(1, READABLE)),
    Mistake("slope", "db_H", lambda v: v.dL_dh),
    Mistake("transposed", "dW_H", lambda v: np.outer(v.x, v.db_H)),
    Mistake("swapped", "dW_H", lambda v: np.outer(v.db_H, v.h)),
)


def follow(
    network: Network, mistakes: Sequence[Mistake] = (), given: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """All values of both passes, by the names of `STEPS`, as mistakes and wrong values give them.

    A value is left out if a mistake makes it impossible, because shapes don't fit.

    Args:
        network: whose values they are.
        mistakes: what is done in place of steps.
        given: values that are taken as they are, whatever their steps would give.
    """
    arrays = {name: np.array(getattr(network, name), float) for name in ("x", "y", *PARAMETERS)}
    v = SimpleNamespace(**arrays)
    v.f, v.slope = FUNCTIONS[network.activation]
    v.output, v.is_softmax = OUTPUTS[network.output], network.output == "softmax"
    steps = STEPS | {mistake.step: mistake.compute for mistake in mistakes}
    found = dict(given or {})
    with np.errstate(all="ignore"):  # the logarithm of what is no probability
        for name in STEPS:
            try:
                found[name] = found[name] if name in found else steps[name](v)
                setattr(v, name, found[name])
            except (ValueError, AttributeError, KeyError):
                continue  # and so is what would follow from it
    return found
