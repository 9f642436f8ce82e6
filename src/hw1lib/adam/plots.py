"""The charts of chapter 2."""

from __future__ import annotations

from statistics import NormalDist

import torch
from matplotlib.figure import Figure

from hw1lib.adam.moments import adam, expectations, simulate
from hw1lib.style import BLUE, GRAY, ORANGE, book_figure, label_line

SEQUENCES = 100_000
CONFIDENCE = 0.99


def plot_bias_correction(mean: float, beta1: float, marked: tuple[int, ...]) -> Figure:
    """E(m_t) and E(m_hat_t) over t, with a simulation's means and their confidence intervals."""
    last = max(marked)
    steps = range(1, last + 1)
    rows = expectations(mean, beta1, steps)
    means, errors = simulate(mean, beta1, last, sequences=SEQUENCES, seed=0)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    some = [t for t in steps if t <= 10 or t % 10 == 0]
    with book_figure() as (figure, axes):
        axes.axhline(mean, color=BLUE)
        axes.plot(steps, [row.uncorrected for row in rows], color=ORANGE)
        axes.errorbar(
            some,
            [float(means[t - 1]) for t in some],
            yerr=[z * float(errors[t - 1]) for t in some],
            fmt=".",
            color=GRAY,
            markersize=4,
            capsize=2,
            linewidth=1,
            zorder=3,
        )
        for row in rows:
            if row.t in marked:
                axes.plot(row.t, row.uncorrected, "o", color=ORANGE, markersize=6, zorder=4)
        axes.set_xscale("log")
        axes.set_xticks([1, *marked], [str(t) for t in (1, *marked)])
        axes.minorticks_off()
        axes.set_xlabel("step $t$")
        axes.set_ylabel("expected first moment")
        axes.set_ylim(0, 1.14 * mean)
        axes.text(1, mean * 1.03, r"with correction: $E(\hat{m}_t)$", color=BLUE)
        middle = rows[min(5, last - 1)]
        label_line(axes, middle.t, middle.uncorrected, r"without: $E(m_t)$", ORANGE, dy=-8)
    return figure


def plot_step_sizes(steps: int) -> Figure:
    """Size of Adam's steps for a constant gradient, in units of its step size alpha."""
    gradients = torch.ones(steps, 1, dtype=torch.float64)
    with book_figure() as (figure, axes):
        for corrected, color, name in ((True, BLUE, "with"), (False, ORANGE, "without")):
            path = adam(gradients, rate=1.0, corrected=corrected)[:, 0]
            sizes = path.diff(prepend=path.new_zeros(1)).abs().tolist()
            axes.plot(range(1, steps + 1), sizes, color=color)
            peak = 0 if corrected else max(range(steps), key=sizes.__getitem__)
            label_line(axes, peak + 1, sizes[peak], f"{name} correction", color, dy=9)
        axes.set_xscale("log")
        axes.set_xlabel("step $t$")
        axes.set_ylabel(r"size of the step / $\alpha$")
        axes.set_ylim(bottom=0)
    return figure
