"""The same derivatives by computer algebra, from the loss alone.

Forward pass and activations are written anew, so that what this says of `passes` is a test of them.
"""

from __future__ import annotations

from itertools import product

import mpmath
import sympy
import torch
from sympy import Expr, Matrix, Symbol
from torch import Tensor

from hw1lib.backprop.network import READABLE, REQUIRED, Network, Vector

DIGITS = 50
w = Symbol("w", real=True)


def is_small(network: Network) -> bool:
    """Whether sympy differentiates a network's loss in reasonable time."""
    return max(network.sizes) <= READABLE


def activation(name: str, z: Expr, active: bool = True) -> Expr:
    """The activation as an expression of z; of a ReLU the side that the unit is on."""
    forms: dict[str, Expr] = {
        "relu": z if active else sympy.S.Zero,
        "sigmoid": 1 / (1 + sympy.exp(-z)),
        "tanh": sympy.tanh(z),
        "identity": z,
    }
    return forms[name]


def written_out(network: Network) -> dict[str, Expr | Matrix]:
    """z_H, h, z_O and y_hat as columns of exact expressions, and the loss (@eq-forward)."""
    z_H, h, z_O = _layers(network)
    loss = cross_entropy(network, z_O)
    return {"z_H": z_H, "h": h, "z_O": z_O, "y_hat": _probabilities(network, z_O), "loss": loss}


def _probabilities(network: Network, z_O: Matrix) -> Matrix:
    """y_hat (@eq-prediction), its powers divided by the smallest if the logits are rational."""
    if network.output == "sigmoid":
        return z_O.applyfunc(lambda z: sympy.exp(z) / (1 + sympy.exp(z)))
    smallest = min(z_O) if all(z.is_Rational for z in z_O) else sympy.S.Zero
    powers = z_O.applyfunc(lambda z: sympy.exp(z - smallest))
    return powers / sympy.Add(*powers)


def cross_entropy(network: Network, z_O: Matrix) -> Expr:
    """-log of the probability that the logits give to the target, in nats (@eq-loss)."""
    y = Matrix(network.y)
    if network.output == "softmax":
        return sympy.log(sympy.Add(*map(sympy.exp, z_O))) - y.dot(z_O)
    return sympy.log(1 + sympy.exp((1 - 2 * y[0]) * z_O[0]))


def loss_in(network: Network, parameter: str, index: tuple[int, ...]) -> Expr:
    """The loss written out, exactly, with the symbol `w` in the place of one entry of a parameter.

    The `index` counts from 0.
    """
    return cross_entropy(network, _layers(network, parameter, index)[-1])


def _layers(
    network: Network, parameter: str = "", index: tuple[int, ...] = ()
) -> tuple[Matrix, Matrix, Matrix]:
    """z_H, h and z_O, with `w` in the place of one parameter if that is named."""
    values = {name: Matrix(getattr(network, name)) for name in REQUIRED}
    if parameter:
        values[parameter][_place(index)] = w
    z_H = values["W_H"] * values["x"] + values["b_H"]
    units = zip(z_H, network.active, strict=True)
    h = Matrix([activation(network.activation, z, active) for z, active in units])
    if parameter:
        h = h.applyfunc(lambda v: v if v.is_rational or v.has(w) else v.evalf(DIGITS))
    return z_H, h, values["W_O"] * h + values["b_O"]


def _place(index: tuple[int, ...]) -> tuple[int, int]:
    """Row and column of an entry; a vector is a column."""
    if len(index) == 1:
        return index[0], 0
    row, column = index
    return row, column


def symbolic_gradients(network: Network) -> dict[str, Tensor]:
    """The loss differentiated with respect to each parameter, evaluated and rounded to float64."""
    gradients = network.parameters()
    for name, gradient in gradients.items():
        for index in product(*map(range, gradient.shape)):
            value = Matrix(getattr(network, name))[_place(index)]
            slope = loss_in(network, name, index).diff(w)
            gradient[index] = float(slope.evalf(DIGITS, subs={w: value}))
    return gradients


def forward_mode_gradients(network: Network) -> dict[str, Tensor]:
    """The derivatives in `DIGITS`-digit arithmetic, for networks too large for sympy.

    Each parameter's change is carried forward through the network: to z_H, h, z_O, and to
    log(sum exp(z_O)) - z_O at the target, whose change is the derivative. Nothing goes backwards.
    """
    mp = mpmath.MPContext()
    mp.dps = DIGITS
    x, b_O = _in_digits(network.x, mp), _in_digits(network.b_O, mp)
    W_O = [_in_digits(row, mp) for row in network.W_O]
    h, slope = _hidden(network, mp)
    z_O = [mp.fdot(row, h) + b for row, b in zip(W_O, b_O, strict=True)]
    if network.output == "softmax":
        target = network.y.index(1)
    else:  # a sigmoid is the softmax over its logit and 0
        z_O.append(mp.mpf(0))
        target = 0 if network.y[0] == 1 else 1
    powers = [mp.exp(z - max(z_O)) for z in z_O]
    shares = [power / mp.fsum(powers) for power in powers]

    def of_output(dz_O: dict[int, mpmath.mpf]) -> float:
        return float(mp.fsum(shares[k] * dz for k, dz in dz_O.items()) - dz_O.get(target, 0))

    def of_hidden(i: int, dz_H: mpmath.mpf) -> float:
        return of_output({k: row[i] * slope[i] * dz_H for k, row in enumerate(W_O)})

    one, outputs, units = mp.mpf(1), range(len(network.b_O)), range(len(h))
    gradients = {
        "W_H": [[of_hidden(i, v) for v in x] for i in units],
        "b_H": [of_hidden(i, one) for i in units],
        "W_O": [[of_output({k: v}) for v in h] for k in outputs],
        "b_O": [of_output({k: one}) for k in outputs],
    }
    return {name: torch.tensor(value, dtype=torch.float64) for name, value in gradients.items()}


def _hidden(network: Network, mp: mpmath.MPContext) -> tuple[list[mpmath.mpf], list[mpmath.mpf]]:
    """Activations, and the slopes that sympy finds for them, in `DIGITS` digits."""
    z = Symbol("z", real=True)
    forms = [activation(network.activation, z, active) for active in network.active]

    def at_z_H(forms: list[Expr]) -> list[mpmath.mpf]:
        exact = (form.subs(z, at) for form, at in zip(forms, network.z_H, strict=True))
        return [mp.mpf(str(value.evalf(DIGITS + 5))) for value in exact]

    return at_z_H(forms), at_z_H([form.diff(z) for form in forms])


def _in_digits(numbers: Vector, mp: mpmath.MPContext) -> list[mpmath.mpf]:
    """Fractions as numbers of `DIGITS` digits."""
    return [mp.mpf(number.numerator) / number.denominator for number in numbers]
