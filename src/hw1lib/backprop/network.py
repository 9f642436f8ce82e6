"""The network file: question 1's figure as data."""

from __future__ import annotations

import re
import reprlib
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import sympy
import torch
import yaml
from sympy import Rational
from torch import Tensor

from hw1lib.errors import InputError
from hw1lib.project import project_root

Vector = tuple[Rational, ...]
Matrix = tuple[Vector, ...]

ACTIVATIONS = ("relu", "sigmoid", "tanh", "identity")
OUTPUTS = ("softmax", "sigmoid")
PARAMETERS = ("W_H", "b_H", "W_O", "b_O")
REQUIRED = ("x", "y", *PARAMETERS)
OPTIONAL = {"activation": ACTIVATIONS, "output": OUTPUTS}
READABLE = 6  # units of a layer up to which a chapter shows all of them, and exact values
MAX_UNITS = 64
MAX_BYTES = 2**18
MAX_NUMBER = 10**6
NUMBER = re.compile(
    r"[+-]?(\d{1,30}/0*[1-9]\d{0,29}|(\d{1,30}|\d{0,30}\.\d{1,30}|\d{1,30}\.)([eE][+-]?\d{1,2})?)"
)


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
    """

    x: Vector
    y: Vector
    W_H: Matrix
    b_H: Vector
    W_O: Matrix
    b_O: Vector
    activation: str = "relu"
    output: str = "softmax"

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Units of input, hidden and output layer: n, m, k."""
        return len(self.x), len(self.b_H), len(self.b_O)

    def exact(self, name: str) -> sympy.Matrix:
        """A field as a sympy matrix; vectors are columns."""
        return sympy.Matrix(getattr(self, name))

    def tensor(self, name: str) -> Tensor:
        """A field as a new float64 tensor, (rows, columns) or (length,)."""
        return self._rounded[name].clone()

    def parameters(self) -> dict[str, Tensor]:
        """New float64 tensors of all `PARAMETERS`, by name."""
        return {name: self.tensor(name) for name in PARAMETERS}

    @cached_property
    def _rounded(self) -> dict[str, Tensor]:
        """All numbers as float64, rounded once."""
        return {name: _to_tensor(getattr(self, name)) for name in REQUIRED}


def load_network(path: Path | str | None = None) -> Network:
    """Reads a network file (@fig-network); the book's own `network.yml` if `path` is None.

    Raises:
        InputError: the file can't be read, or a field is missing, unknown or wrong.
    """
    path = Path(path) if path else project_root() / "network.yml"
    try:
        return parse_network(_read(path))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error.__cause__


def parse_network(fields: dict[str, Any]) -> Network:
    """Checks the fields of a network file and makes them exact.

    Raises:
        InputError: names the field and the cure.
    """
    known = (*REQUIRED, *OPTIONAL)
    for name in fields:
        if name not in known:
            raise InputError(f"unknown field {_shown(name)}; the fields are {', '.join(known)}.")
    for name in REQUIRED:
        if name not in fields:
            raise InputError(f"the field {name} is missing; add it, e.g. from the example network.")
    choices = {name: _choice(name, fields) for name in OPTIONAL}
    x, b_H, b_O = (_vector(name, fields[name]) for name in ("x", "b_H", "b_O"))
    y = _vector("y", fields["y"] if isinstance(fields["y"], list) else [fields["y"]])
    W_H, W_O = (_matrix(name, fields[name]) for name in ("W_H", "W_O"))
    _check_shape("W_H", W_H, (len(b_H), len(x)), "hidden x input, from b_H and x")
    _check_shape("W_O", W_O, (len(b_O), len(b_H)), "output x hidden, from b_O and b_H")
    _check_target(y, len(b_O), choices["output"])
    return Network(x, y, W_H, b_H, W_O, b_O, choices["activation"], choices["output"])


class _Loader(yaml.BaseLoader):
    """YAML whose values are lists, fields and the text that stands there.

    So numbers stay exact, 010 is ten, and 1:30 is no number. There are no tags, which could name
    objects, and no aliases, by which a small file can mean a huge one.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None):
            raise yaml.MarkedYAMLError(
                problem="tags and aliases are not known here", problem_mark=event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        fields = super().construct_mapping(node, deep)
        if len(fields) < len(node.value):
            (name, _), *_ = Counter(key.value for key, _ in node.value).most_common()
            raise InputError(f"the field {_shown(name)} stands there twice; keep one.")
        return fields


def _to_tensor(value: Vector | Matrix) -> Tensor:
    rows = [[float(v) for v in r] if isinstance(r, tuple) else float(r) for r in value]
    return torch.tensor(rows, dtype=torch.float64)


def _read(path: Path) -> dict[str, Any]:
    """The top-level fields of a YAML file."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise InputError(f"the file is larger than {MAX_BYTES // 1024} KiB; no network is.")
        fields = yaml.load(content.decode("utf-8-sig"), _Loader)  # noqa: S506  # builds no objects
    except OSError as error:
        raise InputError(
            f"can't be read ({error.strerror}); give the path of a network file."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError("is no text in UTF-8; save it as such.") from error
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        reason = " ".join(str(getattr(error, "problem", None) or "it can't be parsed").split())
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = "" if line is None else f" in line {line + 1}"
        raise InputError(
            f"no plain YAML{where} ({reason:.80}); see the example network."
        ) from error
    if not isinstance(fields, dict):
        raise InputError(
            f"must hold the fields {', '.join(REQUIRED)}, each on a line `name: value`."
        )
    return fields


def _choice(name: str, fields: dict[str, Any]) -> str:
    allowed = OPTIONAL[name]
    value = fields.get(name, allowed[0])
    if value not in allowed:
        raise InputError(f"{name} is {_shown(value)}; it must be one of {', '.join(allowed)}.")
    return str(value)


def _number(name: str, value: object) -> Rational:
    """An integer, decimal or fraction, exactly."""
    text = value.strip() if isinstance(value, str) else _shown(value)
    if isinstance(value, bool) or not NUMBER.fullmatch(text):
        raise InputError(
            f"{name} holds {_shown(value)}; it must be a finite number: an integer, a decimal or "
            'a fraction in quotes such as "1/2".'
        )
    number = Fraction(text)
    if abs(number) > MAX_NUMBER:
        raise InputError(f"{name} holds {text:.60}; numbers must lie within ±{MAX_NUMBER:,}.")
    return Rational(number.numerator, number.denominator)


def _shown(value: object) -> str:
    """A value as messages show it: on one line, in quotes where it is text, and not long."""
    return f"{reprlib.repr(value):.60}"


def _vector(name: str, value: object) -> Vector:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_UNITS:
        raise InputError(f"{name} must be a list of 1 to {MAX_UNITS} numbers, such as [1, -2].")
    return tuple(_number(name, item) for item in value)


def _matrix(name: str, value: object) -> Matrix:
    rows = value if isinstance(value, list) else []
    if not 1 <= len(rows) <= MAX_UNITS or not all(isinstance(row, list) for row in rows):
        raise InputError(f"{name} must be a list of rows, such as [[1, 0], [0, 1]].")
    matrix = tuple(_vector(name, row) for row in rows)
    if len({len(row) for row in matrix}) > 1:
        lengths = ", ".join(str(len(row)) for row in matrix)
        raise InputError(f"{name} has rows of different lengths ({lengths}); make them equal.")
    return matrix


def _check_shape(name: str, matrix: Matrix, wanted: tuple[int, int], meaning: str) -> None:
    shape = (len(matrix), len(matrix[0]))
    if shape != wanted:
        raise InputError(
            f"{name} is {shape[0]} x {shape[1]} but must be {wanted[0]} x {wanted[1]} ({meaning})."
        )


def _check_target(y: Vector, outputs: int, output: str) -> None:
    if len(y) != outputs:
        raise InputError(f"y has length {len(y)} but b_O has length {outputs}; make them equal.")
    if output == "sigmoid" and outputs != 1:
        raise InputError(f"output sigmoid takes one unit, but b_O has {outputs}; use softmax.")
    if output == "sigmoid" and y[0] not in (0, 1):
        raise InputError(f"y is {y[0]}; for output sigmoid it must be 0 or 1.")
    if output == "softmax" and sorted(y) != [0] * (outputs - 1) + [1]:
        raise InputError("y is not one-hot; for output softmax one entry is 1 and the others 0.")
