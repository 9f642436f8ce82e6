"""Slips that students make, by numpy alone: each replaces one step of the solution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hw1lib.backprop.network import Network

Array: TypeAlias = NDArray[np.float64]
Values: TypeAlias = dict[str, Array]
Step: TypeAlias = Callable[[Values], Any]

ORDER = ("y_hat", "loss", "db_O", "dW_O", "db_H", "dW_H")

STEPS: dict[str, Step] = {
    "z_H": lambda v: v["W_H"] @ v["x"] + v["b_H"],
    "h": lambda v: np.maximum(v["z_H"], 0),
    "z_O": lambda v: v["W_O"] @ v["h"] + v["b_O"],
    "y_hat": lambda v: np.exp(v["z_O"]) / np.exp(v["z_O"]).sum(),
    "loss": lambda v: -np.log(v["y_hat"][v["y"].argmax()]),
    "db_O": lambda v: v["y_hat"] - v["y"],
    "dW_O": lambda v: np.outer(v["db_O"], v["h"]),
    "db_H": lambda v: (v["W_O"].T @ v["db_O"]) * (v["z_H"] > 0),
    "dW_H": lambda v: np.outer(v["db_H"], v["x"]),
}


def _changed(step: str, change: Callable[[Array], Any]) -> Step:
    return lambda v: change(np.asarray(STEPS[step](v)))


def _one(change: Callable[[float], float]) -> Callable[[Array], Array]:
    """Changes the largest entry."""

    def changed(value: Array) -> Array:
        value = np.array(value, dtype=float)
        index = np.unravel_index(np.abs(value).argmax(), value.shape)
        value[index] = change(value[index])
        return value

    return changed


def _error(v: Values) -> Array:
    return v["y_hat"] - v["y"]


# What is done in place of a step, for networks with a ReLU and softmax.
SLIPS: dict[str, tuple[str, Step]] = {
    "z_H without bias": ("z_H", lambda v: v["W_H"] @ v["x"]),
    "z_H with a sign lost": ("z_H", lambda v: np.abs(v["W_H"]) @ v["x"] + v["b_H"]),
    "z_H in another order": ("z_H", _changed("z_H", np.flip)),
    "z_H with a slip": ("z_H", _changed("z_H", _one(lambda z: z + 0.3))),
    "h without ReLU": ("h", lambda v: v["z_H"]),
    "h by the size": ("h", lambda v: np.abs(v["z_H"])),
    "z_O without bias": ("z_O", lambda v: v["W_O"] @ v["h"]),
    "z_O from z_H": ("z_O", lambda v: v["W_O"] @ v["z_H"] + v["b_O"]),
    "z_O in another order": ("z_O", _changed("z_O", np.flip)),
    "z_O with a slip": ("z_O", _changed("z_O", _one(lambda z: z - 0.4))),
    "y_hat is z_O": ("y_hat", lambda v: v["z_O"]),
    "y_hat by sigmoid": ("y_hat", lambda v: 1 / (1 + np.exp(-v["z_O"]))),
    "y_hat in another order": ("y_hat", _changed("y_hat", np.flip)),
    "y_hat not divided": ("y_hat", lambda v: np.exp(v["z_O"])),
    "y_hat with a slip": ("y_hat", lambda v: STEPS["y_hat"](v) * 0.9 + 0.1 / len(v["y"])),
    "loss to base 2": ("loss", _changed("loss", lambda a: a / np.log(2))),
    "loss to base 10": ("loss", _changed("loss", lambda a: a / np.log(10))),
    "loss without sign": ("loss", _changed("loss", np.negative)),
    "loss squared": ("loss", lambda v: (_error(v) ** 2).sum()),
    "loss of the other": ("loss", lambda v: -np.log(v["y_hat"][1 - v["y"].argmax()])),
    "loss with a slip": ("loss", _changed("loss", lambda a: a * 1.1)),
    "db_O turned": ("db_O", lambda v: v["y"] - v["y_hat"]),
    "db_O without target": ("db_O", lambda v: v["y_hat"]),
    "db_O without softmax": ("db_O", lambda v: v["z_O"] - v["y"]),
    "db_O of squares": (
        "db_O",
        lambda v: (np.diag(v["y_hat"]) - np.outer(v["y_hat"], v["y_hat"])) @ _error(v),
    ),
    "db_O with a slip": ("db_O", _changed("db_O", _one(lambda a: a * 0.8))),
    "dW_O transposed": ("dW_O", _changed("dW_O", np.transpose)),
    "dW_O by x": ("dW_O", lambda v: np.outer(v["db_O"], v["x"])),
    "dW_O by z_H": ("dW_O", lambda v: np.outer(v["db_O"], v["z_H"])),
    "dW_O with a slip": ("dW_O", _changed("dW_O", _one(lambda a: a * 1.2))),
    "dW_O with a sign": ("dW_O", _changed("dW_O", _one(np.negative))),
    "db_H without slope": ("db_H", lambda v: v["W_O"].T @ v["db_O"]),
    "db_H by others' slopes": (
        "db_H",
        lambda v: (v["W_O"].T @ v["db_O"]) * np.roll(v["z_H"] > 0, 1),
    ),
    "db_H turned": ("db_H", _changed("db_H", np.negative)),
    "db_H with a slip": ("db_H", _changed("db_H", _one(lambda a: a * 1.3))),
    "dW_H transposed": ("dW_H", _changed("dW_H", np.transpose)),
    "dW_H by h": ("dW_H", lambda v: np.outer(v["db_H"], v["h"])),
    "dW_H with a slip": ("dW_H", _changed("dW_H", _one(lambda a: a * 0.7))),
}


def work(network: Network, slip: str | None = None) -> Values:
    """All values of somebody who makes one slip."""
    names = ("x", "y", "W_H", "b_H", "W_O", "b_O")
    values = {name: np.array(getattr(network, name), dtype=float) for name in names}
    step_of, replacement = SLIPS[slip] if slip else ("", None)
    with np.errstate(all="ignore"):
        for name, step in STEPS.items():
            chosen = replacement if replacement and name == step_of else step
            values[name] = np.asarray(chosen(values), dtype=float)
    return {name: values[name] for name in STEPS}


def is_right(written: Array, right: Array) -> NDArray[np.bool_]:
    """Entries at most 1% off, or rounded to four places; 0 where 0 is right alone."""
    near = np.abs(written - right) <= np.maximum(0.01 * np.abs(right), 0.00005001)
    return np.asarray(near & ((written == 0) == (np.abs(right) < 1e-12)))
