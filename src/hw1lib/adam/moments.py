"""Adam's moments in expectation, by recursion, by simulation and in torch's optimiser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import sympy
import torch
from sympy import Expr, Symbol
from torch import Tensor


@dataclass(frozen=True)
class Expectation:
    """E(m_hat_t) with bias correction and without it, at step t."""

    t: int
    corrected: float
    uncorrected: float


def expectations(mean: float, beta1: float, steps: Sequence[int]) -> list[Expectation]:
    """Adam's expected first moment for gradients of constant mean (@eq-expected-m).

    E(m_t) = mean (1 - beta1^t), and E(m_hat_t) = mean after the correction.

    Args:
        mean: G = E(g_t).
        beta1: decay rate in [0, 1).
        steps: the steps t >= 1.
    """
    return [Expectation(t, float(mean), float(mean) * weight_sum(beta1, t)) for t in steps]


def weight_sum(beta: float, t: int) -> float:
    """1 - beta^t, the weights that a moving average has given out by step t (@eq-corrected).

    Correct to the last digit also for beta near 1, where the difference itself would cancel;
    `beta` means its shortest decimal, so that 0.9 is nine tenths.
    """
    if beta == 0:
        return 1.0
    with mpmath.workdps(40):
        return float(-mpmath.expm1(t * mpmath.log(mpmath.mpf(repr(float(beta))))))


def unrolled(steps: int) -> Expr:
    """m_t as sympy unrolls it from m_0 = 0 (@eq-unrolled-3), of beta_1 and g_1 to g_t."""
    beta = Symbol("beta_1")
    gradients = [Symbol(f"g_{i}") for i in range(1, steps + 1)]
    m: Expr = sympy.Integer(0)
    for g in gradients:
        m = beta * m + (1 - beta) * g
    terms = [sympy.cancel(sympy.expand(m).coeff(g) / (1 - beta)) * g for g in gradients]
    return (1 - beta) * sympy.Add(*terms)


def expected_first_moment() -> Expr:
    """E(m_t) as sympy sums it (@eq-expected-m).

    G (1 - beta_1) sum_{j=0}^{t-1} beta_1^j, in closed form.
    """
    beta, G = Symbol("beta_1", positive=True), Symbol("G")
    j, t = Symbol("j", integer=True), Symbol("t", integer=True, positive=True)
    weights = sympy.summation(beta**j, (j, 0, t - 1))
    below_one = weights.args[-1].expr  # the other branch is beta_1 = 1
    return G * sympy.simplify((1 - beta) * below_one)


def moving_average(values: Tensor, beta: float) -> Tensor:
    """The paper's recursion from 0 (@eq-adam-m): m_1, m_2, …, or v_1, v_2, … for squares.

    Args:
        values: of shape (steps, …).
        beta: the decay rate, beta_1 or beta_2.

    Returns:
        The averages after each step, of the same shape.
    """
    m = torch.zeros_like(values[0])
    averages = []
    for value in values:
        m = beta * m + (1 - beta) * value
        averages.append(m)
    return torch.stack(averages)


def simulate(
    mean: float, beta1: float, steps: int, sequences: int, seed: int
) -> tuple[Tensor, Tensor]:
    """Mean of m_t over simulated runs with normal gradients N(mean, 1), and its standard error.

    The grey points of @fig-adam.

    Args:
        mean: of the gradients.
        beta1: decay rate of the first moment.
        steps: of each run.
        sequences: runs.
        seed: of the gradients.

    Returns:
        Two tensors of shape (steps,), float64.
    """
    generator = torch.Generator().manual_seed(seed)
    m = torch.zeros(sequences, dtype=torch.float64)
    means, errors = [], []
    for _ in range(steps):
        g = mean + torch.randn(sequences, generator=generator, dtype=torch.float64)
        m = beta1 * m + (1 - beta1) * g
        means.append(m.mean())
        errors.append(m.std() / sequences**0.5)
    return torch.stack(means), torch.stack(errors)


def torch_moments(gradients: Tensor, beta1: float, beta2: float) -> tuple[Tensor, Tensor]:
    """`exp_avg` and `exp_avg_sq` in torch.optim.Adam's state after each step on the gradients.

    What @eq-adam-m is held against.

    Returns:
        Two tensors of the shape of `gradients`, (steps, …).

    Raises:
        AssertionError: the optimiser counts its steps in another way than the paper.
    """
    first, second = [], []
    for t, (_, state) in enumerate(_torch_steps(gradients, betas=(beta1, beta2)), start=1):
        if int(state["step"]) != t:
            raise AssertionError(f"torch.optim.Adam is at step {state['step']}, not {t}")
        first.append(state["exp_avg"].clone())
        second.append(state["exp_avg_sq"].clone())
    return torch.stack(first), torch.stack(second)


def torch_adam(gradients: Tensor, rate: float = 1e-3) -> Tensor:
    """The parameters of torch.optim.Adam after each step on a stream of gradients.

    What the update by @eq-adam-m and @eq-corrected is held against.

    Args:
        gradients: g_1, g_2, … of shape (steps, …).
        rate: the step size alpha.

    Returns:
        theta_1, theta_2, … of the same shape, from theta_0 = 0.
    """
    return torch.stack([theta.clone() for theta, _ in _torch_steps(gradients, lr=rate)])


def _torch_steps(gradients: Tensor, **options: Any) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:  # noqa: ANN401
    """Parameter and state of torch.optim.Adam, started at 0, after each step on the gradients."""
    parameter = torch.zeros_like(gradients[0]).requires_grad_()
    optimizer = torch.optim.Adam([parameter], **options)
    for g in gradients:
        parameter.grad = g.clone()
        optimizer.step()
        yield parameter.detach(), optimizer.state[parameter]


def adam(
    gradients: Tensor,
    rate: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    corrected: bool = True,
) -> Tensor:
    """The paper's algorithm 1 from theta_0 = 0, and the same without bias correction.

    @eq-adam-m, @eq-corrected and the same for the second moment.

    Args:
        gradients: g_1, g_2, … of shape (steps, …).
        rate: the step size alpha.
        beta1: decay rate of the first moment.
        beta2: decay rate of the second moment.
        epsilon: added to the root, outside of it.
        corrected: whether the moments are divided by 1 - beta^t.

    Returns:
        theta_1, theta_2, … of the same shape.
    """
    theta, m, v = (torch.zeros_like(gradients[0]) for _ in range(3))
    path = []
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / weight_sum(beta1, t) if corrected else m
        v_hat = v / weight_sum(beta2, t) if corrected else v
        theta = theta - rate * m_hat / (v_hat.sqrt() + epsilon)
        path.append(theta)
    return torch.stack(path)


def drift_error(slope: float, beta: float, t: int) -> float:
    """zeta of the paper: E(m_t) - E(g_t) (1 - beta^t) when E(g_t) grows by `slope` a step.

    @eq-drift, summed from the newest gradient back; where the mean started does not matter.
    """
    return -slope * sum((1 - beta) * beta**j * j for j in range(t))
