"""The figures of chapter 2; each draws numbers that the chapter has computed."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw1lib.style import BLUE, GRAY, HEIGHT, INK, ORANGE, WIDTH, book_figure, label_line

DASHES = (4, 1.5)


def plot_weights(
    beta1: float, gradients: Sequence[float], m: Sequence[float], m_hat: Sequence[float], t: int
) -> Figure:
    """The weights in m_t (@eq-unrolled) above a run of gradients with both averages.

    Args:
        beta1: decay rate.
        gradients: g_1, g_2, … of the run.
        m: m_1, m_2, …
        m_hat: the same with bias correction.
        t: the step whose weights are shown.
    """
    with book_figure(WIDTH, 1.1 * HEIGHT) as (figure, whole):
        whole.remove()
        above, below = figure.subplots(2, 1, sharex=True)
        _draw_weights(above, beta1, t)
        steps = range(1, len(gradients) + 1)
        below.plot(steps, gradients, ".", color=GRAY, markersize=4)
        below.plot(steps, m_hat, color=BLUE)
        below.plot(steps, m, color=ORANGE, dashes=DASHES)
        below.axvline(t, color=GRAY, linewidth=0.8, linestyle=":")
        label_line(below, len(gradients), m_hat[-1], r"$\hat{m}_t$", BLUE, dy=7)
        label_line(below, len(gradients), m[-1], "$m_t$", ORANGE, dy=-7)
        below.set_xlabel("step")
        below.set_ylabel("gradient and averages")
        figure.align_ylabels()
        figure.tight_layout()
    return figure


def _draw_weights(axes: Axes, beta1: float, t: int) -> None:
    """Bars for m_0 (empty) and g_1 to g_t (filled), and outlines of the corrected weights."""
    missing = beta1**t
    weights = [(1 - beta1) * beta1 ** (t - i) for i in range(1, t + 1)]
    corrected = [weight / (1 - missing) for weight in weights]
    steps = range(1, t + 1)
    axes.bar([0], [missing], width=0.8, fill=False, edgecolor=GRAY, linestyle="--")
    axes.bar(steps, weights, width=0.8, color=ORANGE)
    axes.bar(steps, corrected, width=0.8, fill=False, edgecolor=BLUE)
    axes.text(0.8, 0.93 * missing, rf"$m_0 = 0$: {missing:.3f}", color=GRAY, va="center")
    end = t + 1
    axes.text(end, 0.6 * missing, rf"in $m_{{{t}}}$: together {1 - missing:.3f}", color=ORANGE)
    axes.text(end, 0.35 * missing, rf"in $\hat{{m}}_{{{t}}}$: together 1", color=BLUE)
    axes.set_ylabel("weight")


def plot_expectations(
    mean: float,
    expected: Sequence[float],
    simulated: dict[int, tuple[float, float]],
    marked: Sequence[int],
) -> Figure:
    """E(m_t) (@eq-expected-m) and E(m_hat_t) (@eq-corrected) over t, with a simulation.

    Args:
        mean: E(m_hat_t).
        expected: E(m_1), E(m_2), …
        simulated: for some steps, mean and half-width of its confidence interval.
        marked: steps to circle.
    """
    steps = range(1, len(expected) + 1)
    means, widths = zip(*simulated.values(), strict=True)
    with book_figure() as (figure, axes):
        axes.axhline(mean, color=BLUE)
        axes.plot(steps, expected, color=ORANGE, dashes=DASHES)
        axes.errorbar(
            list(simulated), means, yerr=widths, fmt=".", color=INK,
            markersize=6, capsize=2, linewidth=1, zorder=3,
        )  # fmt: skip
        for t in marked:
            axes.plot(t, expected[t - 1], "o", color=ORANGE, markersize=9, fillstyle="none")
        axes.set_xscale("log")
        axes.set_xticks([1, *marked], [str(t) for t in (1, *marked)])
        axes.minorticks_off()
        axes.set_xlabel("step $t$")
        axes.set_ylabel("expected first moment")
        axes.set_ylim(0, 1.14 * mean)
        axes.text(1, mean * 1.03, r"with correction: $E(\hat{m}_t)$", color=BLUE)
        middle = min(6, len(expected))
        label_line(axes, middle, expected[middle - 1], "without: $E(m_t)$", ORANGE, dy=-8)
    return figure


def plot_step_sizes(corrected: Sequence[float], uncorrected: Sequence[float]) -> Figure:
    """Sizes of Adam's steps 1, 2, … in units of the step size alpha (@eq-step-size)."""
    steps = range(1, len(corrected) + 1)
    peak = max(steps, key=lambda t: uncorrected[t - 1])
    with book_figure() as (figure, axes):
        axes.plot(steps, corrected, color=BLUE)
        axes.plot(steps, uncorrected, color=ORANGE, dashes=DASHES)
        label_line(axes, 1, corrected[0], "with correction", BLUE, dy=-9)
        label_line(axes, peak, uncorrected[peak - 1], "without correction", ORANGE, dy=9)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel("step $t$")
        axes.set_ylabel(r"size of the step / $\alpha$")
        axes.set_ylim(bottom=0)
    return figure
