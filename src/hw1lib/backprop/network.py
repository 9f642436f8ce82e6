"""The network file: question 1's figure as data."""

from __future__ import annotations

import decimal
import operator
import re
import reprlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from hw1lib.backprop.activations import FUNCTIONS
from hw1lib.backprop.slips import first_slip, meant
from hw1lib.errors import InputError
from hw1lib.files import read_toml
from hw1lib.project import NETWORK, project_root

if TYPE_CHECKING:
    from torch import Tensor

Vector: TypeAlias = tuple[Fraction, ...]
Matrix: TypeAlias = tuple[Vector, ...]

ACTIVATIONS = tuple(FUNCTIONS)
OUTPUTS = ("softmax", "sigmoid")
PARAMETERS = ("W_H", "b_H", "W_O", "b_O")
REQUIRED = ("x", "y", *PARAMETERS)
CHOICES = {"activation": ACTIVATIONS, "output": OUTPUTS}
FIELDS = (*REQUIRED, *CHOICES, "example")
READABLE = 6  # units of a layer up to which a drawing shows all of them and values are symbolic
MAX_UNITS = 64
MAX_BYTES = 2**18
WANTED = "a network file"
MAX_NUMBER = 10**6
NUMBER = re.compile(
    r"[+-]?(\d{1,30}/0*[1-9]\d{0,29}|(\d{1,30}|\d{0,30}\.\d{1,30}|\d{1,30}\.)([eE][+-]?\d{1,2})?)",
    re.ASCII,
)
ENOUGH_DIGITS = decimal.Context(prec=200)  # for every decimal that NUMBER matches
# The messages on unusable fields, here and on the page where one plays with the network.
REFUSALS = {
    "unknown": f"unknown field {{name}}; the fields are {', '.join(FIELDS)}.",
    "missing": "the field {name} is missing; add it as the example network has it.",
    "activation": f"activation is {{value}}; it must be one of {', '.join(ACTIVATIONS)}.",
    "output": f"output is {{value}}; it must be one of {', '.join(OUTPUTS)}.",
    "synonym": '{name} is {value}; write "{word}".',
    "example": "example is {value}; it must be true or false.",
    "number": "{name} holds {value}; it must be a finite number: an integer, a decimal or a "
    'fraction in quotes such as "1/2".',
    "large": f"{{name}} holds a number beyond ±{MAX_NUMBER:,}; numbers must lie within.",
    "batch": "{name} holds several rows; give one example at a time, such as [1, -2].",
    "vector": f"{{name}} must be a list of 1 to {MAX_UNITS} numbers, such as [1, -2].",
    "matrix": "{name} must be a list of rows, such as [[1, 0], [0, 1]].",
    "lengths": "{name} has rows of different lengths ({lengths}); make them equal.",
    "shape_W_H": "W_H is {shape} but must be {wanted} (hidden x input, from b_H and x).",
    "shape_W_O": "W_O is {shape} but must be {wanted} (output x hidden, from b_O and b_H).",
    "target_length": "y has length {length} but b_O has length {outputs}; make them equal.",
    "sigmoid_units": "output sigmoid takes one unit, but b_O has {outputs}; use softmax.",
    "sigmoid_target": "y is {value}; for output sigmoid it must be 0 or 1.",
    "one_hot": "y is not one-hot; for output softmax one entry is 1 and the others 0.",
}


class Decimal(Fraction):
    """An exact number that the file gives as a decimal, and that is shown as one."""

    def __str__(self) -> str:
        return f"{ENOUGH_DIGITS.divide(self.numerator, self.denominator):f}"


@dataclass(frozen=True)
class Network:
    """A two-layer network with its input and target, every number exact.

    z_H = W_H x + b_H, h = activation(z_H), z_O = W_O h + b_O, y_hat = output(z_O), and the loss is
    the cross-entropy of y_hat against y with the natural logarithm.

    Attributes:
        x: (n,) input.
        y: (k,) target, one-hot for softmax; one 0 or 1 for sigmoid.
        W_H: (m, n) weights of the hidden layer.
        b_H: (m,) biases of the hidden layer.
        W_O: (k, m) weights of the output layer.
        b_O: (k,) biases of the output layer.
        activation: relu, sigmoid, tanh or identity.
        output: softmax or sigmoid.
        example: whether this is the book's own network rather than somebody's figure.
    """

    x: Vector
    y: Vector
    W_H: Matrix
    b_H: Vector
    W_O: Matrix
    b_O: Vector
    activation: str = "relu"
    output: str = "softmax"
    example: bool = False

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Units of the input, hidden and output layers: n, m, k."""
        return len(self.x), len(self.b_H), len(self.b_O)

    @property
    def is_decimal(self) -> bool:
        """Whether a number is written as a decimal, so that results are best shown as decimals."""
        rows = (self.x, *self.W_H, self.b_H, *self.W_O, self.b_O)
        return any(isinstance(number, Decimal) for number in chain(*rows))

    @cached_property
    def z_H(self) -> Vector:
        """(m,) pre-activations of the hidden layer, exact (@eq-forward)."""
        rows = zip(self.W_H, self.b_H, strict=True)
        return tuple(sum(map(operator.mul, row, self.x), b) for row, b in rows)

    @cached_property
    def active(self) -> tuple[bool, ...]:
        """(m,) whether each hidden unit passes its pre-activation on: a ReLU only if z_H > 0."""
        return tuple(self.activation != "relu" or z > 0 for z in self.z_H)

    def tensor(self, name: str) -> Tensor:
        """A field, or z_H, as a new float64 tensor, rounded once: (rows, columns) or (length,)."""
        import numpy as np  # here, so that reading a file waits for no library
        import torch

        return torch.from_numpy(np.array(getattr(self, name), dtype=float))

    def parameters(self) -> dict[str, Tensor]:
        """New float64 tensors of all `PARAMETERS`, by name."""
        return {name: self.tensor(name) for name in PARAMETERS}


def load_network(path: Path | str | None = None) -> Network:
    """Reads a network file (@fig-network); the book's own `network.toml` if `path` is None.

    Raises:
        InputError: the file can't be read, or a field is missing, unknown or wrong.
    """
    path = Path(path) if path else project_root() / NETWORK
    if path.suffix.lower() in (".yml", ".yaml"):
        raise InputError(
            f"{path}: network files are TOML, not YAML; save it as {NETWORK} and write "
            'x = [1, -2] for x: [1, -2], and activation = "relu" for activation: relu.'
        )
    fields = read_toml(path, MAX_BYTES, WANTED, first_slip)
    try:
        return parse_network(fields)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error.__cause__


def parse_network(fields: dict[str, Any]) -> Network:
    """Checks the fields of a network file, decimals as texts, and makes its numbers exact.

    Raises:
        InputError: names the field and the cure.
    """
    for name in fields:
        if name not in FIELDS:
            raise _refusal("unknown", name=_shown(name))
    for name in REQUIRED:
        if name not in fields:
            raise _refusal("missing", name=name)
    for name, allowed in CHOICES.items():
        value = fields.get(name, allowed[0])
        if value not in allowed:
            word = meant(value, allowed)
            kind = "synonym" if word else name
            raise _refusal(kind, name=name, value=_shown(value), word=word)
    if not isinstance(fields.get("example", False), bool):
        raise _refusal("example", value=_shown(fields["example"]))
    target = fields["y"] if isinstance(fields["y"], list) else [fields["y"]]
    network = Network(
        x=_vector("x", fields["x"]),
        b_H=_vector("b_H", fields["b_H"]),
        b_O=_vector("b_O", fields["b_O"]),
        y=_vector("y", target),
        W_H=_matrix("W_H", fields["W_H"]),
        W_O=_matrix("W_O", fields["W_O"]),
        **{name: fields[name] for name in (*CHOICES, "example") if name in fields},
    )
    n, m, k = network.sizes
    _check_shape("W_H", network.W_H, f"{m} x {n}")
    _check_shape("W_O", network.W_O, f"{k} x {m}")
    _check_target(network.y, k, network.output)
    return network


def _number(name: str, value: object) -> Fraction:
    """An integer, decimal or fraction, exactly."""
    if isinstance(value, int) and not isinstance(value, bool):
        number = Fraction(value)
    elif isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        is_decimal = re.search("[.eE]", value)
        number = Decimal(value) if is_decimal else Fraction(value)
    else:
        raise _refusal("number", name=name, value=_shown(value))
    if abs(number) > MAX_NUMBER:
        raise _refusal("large", name=name)
    return number


def _refusal(kind: str, **values: object) -> InputError:
    return InputError(REFUSALS[kind].format(**values))


def _shown(value: object) -> str:
    """A value as messages show it: on one line, in quotes where it is text, and not long."""
    try:
        return f"{reprlib.repr(value):.60}"
    except ValueError:  # an integer of more digits than Python writes
        return "a huge number"


def _vector(name: str, value: object) -> Vector:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_UNITS:
        raise _refusal("vector", name=name)
    if name in ("x", "y") and all(isinstance(item, list) for item in value):
        raise _refusal("batch", name=name)
    return tuple(_number(name, item) for item in value)


def _matrix(name: str, value: object) -> Matrix:
    rows = value if isinstance(value, list) else []
    if not 1 <= len(rows) <= MAX_UNITS or not all(isinstance(row, list) for row in rows):
        raise _refusal("matrix", name=name)
    matrix = tuple(_vector(name, row) for row in rows)
    lengths = [len(row) for row in matrix]
    if len(set(lengths)) > 1:
        raise _refusal("lengths", name=name, lengths=", ".join(map(str, lengths)))
    return matrix


def _check_shape(name: str, matrix: Matrix, wanted: str) -> None:
    shape = f"{len(matrix)} x {len(matrix[0])}"
    if shape != wanted:
        raise _refusal(f"shape_{name}", shape=shape, wanted=wanted)


def _check_target(y: Vector, outputs: int, output: str) -> None:
    if len(y) != outputs:
        raise _refusal("target_length", length=len(y), outputs=outputs)
    if output == "sigmoid" and outputs != 1:
        raise _refusal("sigmoid_units", outputs=outputs)
    if output == "sigmoid" and y[0] not in (0, 1):
        raise _refusal("sigmoid_target", value=y[0])
    if output == "softmax" and sorted(y) != [0] * (outputs - 1) + [1]:
        raise _refusal("one_hot")
