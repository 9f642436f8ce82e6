"""Formulas in numpy's notation as data; interactive/backprop/formulas.js evaluates them, too."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Number = TypeVar("Number", np.float64, np.object_)
Functions: TypeAlias = Mapping[str, Callable[..., NDArray[Number]]]
Tree: TypeAlias = (
    "str | float | list[Tree]"  # a name, a number, or numpy's function and its operands
)

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.MatMult: "matmul",
    ast.USub: "negative",
    ast.Gt: "greater",
}


@cache
def parse(formula: str) -> Tree:
    """A formula such as "W_O @ h + b_O" as ["add", ["matmul", "W_O", "h"], "b_O"]."""
    return _tree(ast.parse(formula, mode="eval").body)


def _tree(node: ast.expr) -> Tree:
    match node:
        case ast.Name(name):
            return name
        case ast.Constant(int(number) | float(number)):
            return number
        case ast.Attribute(matrix, "T"):
            return ["transpose", _tree(matrix)]
        case ast.UnaryOp(operator, operand):
            return [OPERATORS[type(operator)], _tree(operand)]
        case ast.BinOp(left, operator, right) | ast.Compare(left, [operator], [right]):
            return [OPERATORS[type(operator)], _tree(left), _tree(right)]
        case ast.Call(ast.Name(function), operands):
            return [function, *map(_tree, operands)]
    raise ValueError(ast.unparse(node))


def evaluate(
    tree: Tree, values: Mapping[str, NDArray[Number]], functions: Functions[Number] | None = None
) -> NDArray[Number]:
    """The value of a formula, over floats or whatever other numbers the arrays hold.

    Args:
        tree: the formula.
        values: by the names that stand in it.
        functions: what takes the place of numpy's functions, by their names.

    Raises:
        KeyError: a value is missing.
        ValueError: shapes do not fit.
    """
    match tree:
        case str(name):
            return values[name]
        case [str(name), *operands]:
            function = (functions or {}).get(name) or getattr(np, name)
            result = np.asarray(
                function(*(evaluate(operand, values, functions) for operand in operands))
            )
            return result.astype(float) if result.dtype == bool else result
    return np.asarray(tree)
