"""Question 1's figure, drawn from the network file."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from torch import Tensor

from hw1lib.backprop.manual import Forward
from hw1lib.backprop.network import READABLE, Matrix, Network
from hw1lib.style import BLUE, GRAY, ORANGE, book_figure

RADIUS = 0.4
GAP = 1.15
COLUMNS = (0.0, 3.4, 6.8)

Place = tuple[float, float]


def draw_network(network: Network, values: Forward) -> Figure:
    """Nodes with their values, edges with their weights, biases beside the nodes.

    Hidden units that a ReLU has switched off are dashed and grey, and so are their edges. Of a
    layer with more than `READABLE` units the first few are drawn, without weights.
    """
    shown = [min(size, READABLE) for size in network.sizes]
    height = max(shown) * GAP
    with book_figure(6.4, 0.6 + 0.6 * height) as (figure, axes):
        places = [_column(x, count) for x, count in zip(COLUMNS, shown, strict=True)]
        off = _inactive(network, values)
        detailed = max(network.sizes) <= READABLE
        W_H, W_O = network.W_H, network.W_O
        _edges(axes, places[0], places[1], W_H if detailed else None, lambda i, j: i in off)
        _edges(axes, places[1], places[2], W_O if detailed else None, lambda i, j: j in off)
        x = [_signed(v) for v in network.x]
        _nodes(axes, places[0], "x", x, [""] * len(x), set())
        _nodes(axes, places[1], "h", _rounded(values.h), [_signed(b) for b in network.b_H], off)
        _nodes(axes, places[2], r"\hat{y}", _rounded(values.y_hat), _output_notes(network), set())
        _titles(axes, network, height)
        axes.set_aspect("equal")
        axes.axis("off")
        axes.set_xlim(-0.9, COLUMNS[2] + 2.2)
        axes.set_ylim(-height / 2 + 0.1, height / 2 + 0.65)
    return figure


def _inactive(network: Network, values: Forward) -> set[int]:
    if network.activation != "relu":
        return set()
    return {i for i, z in enumerate(values.z_H.tolist()) if z <= 0}


def _column(x: float, count: int) -> list[Place]:
    return [(x, ((count - 1) / 2 - i) * GAP) for i in range(count)]


def _rounded(values: Tensor) -> list[str]:
    return [_signed(f"{value:.3g}") for value in values.tolist()]


def _signed(number: object) -> str:
    """A number with a minus sign, not a hyphen."""
    return str(number).replace("-", "−")


def _output_notes(network: Network) -> list[str]:
    return [f"{_signed(b)}\ntarget {y}" for b, y in zip(network.b_O, network.y, strict=True)]


def _edges(
    axes: Axes,
    left: list[Place],
    right: list[Place],
    weights: Matrix | None,
    is_off: Callable[[int, int], bool],
) -> None:
    """Lines from every left to every right node; weights stand near the right end."""
    for i, end in enumerate(right):
        for j, start in enumerate(left):
            off = is_off(i, j)
            axes.plot(
                *zip(start, end, strict=True),
                color=GRAY if off else BLUE,
                linestyle="--" if off else "-",
                linewidth=1.0,
                alpha=0.75,
                zorder=1,
            )
            if weights is not None:
                share = 0.60 + 0.14 * (j % 2)
                x, y = (s + share * (e - s) for s, e in zip(start, end, strict=True))
                axes.text(
                    x, y, _signed(weights[i][j]), fontsize=8, ha="center", va="center", zorder=3,
                    color=GRAY if off else "black",
                    bbox={"boxstyle": "round,pad=0.12", "fc": "white", "ec": "none"},
                )  # fmt: skip


def _nodes(
    axes: Axes, places: list[Place], name: str, values: list[str], notes: list[str], off: set[int]
) -> None:
    """Circles with name and value; a bias stands to the upper right."""
    for i, (x, y) in enumerate(places):
        color = GRAY if i in off else (BLUE if name != r"\hat{y}" else ORANGE)
        axes.add_patch(
            Circle(
                (x, y), RADIUS, fc="white", ec=color, zorder=2, linewidth=1.6,
                linestyle="--" if i in off else "-",
            )
        )  # fmt: skip
        text = f"${name}_{{{i + 1}}}$\n{values[i]}"
        axes.text(x, y, text, ha="center", va="center", fontsize=8, zorder=4, color="black")
        if notes[i]:
            state = "\noff" if i in off else ""
            axes.text(
                x + RADIUS + 0.06, y + 0.02, f"bias {notes[i]}{state}", fontsize=7.5, zorder=4,
                ha="left", va="center", color="black",
                bbox={"boxstyle": "round,pad=0.08", "fc": "white", "ec": "none"},
            )  # fmt: skip


def _titles(axes: Axes, network: Network, height: float) -> None:
    names = ("input", f"hidden ({network.activation})", f"output ({network.output})")
    for x, name, size in zip(COLUMNS, names, network.sizes, strict=True):
        more = f", {READABLE} of {size}" if size > READABLE else ""
        axes.text(x, height / 2 + 0.3, name + more, ha="center", fontsize=9.5, color="black")


def draw_graph(network: Network) -> Figure:
    """The computational graph: what is computed from what, and what flows back."""
    n, m, k = network.sizes
    chain = [
        (0.0, "$x$", f"{n}"),
        (2.2, "$z_H$", f"{m}"),
        (4.4, "$h$", f"{m}"),
        (6.6, "$z_O$", f"{k}"),
        (8.8, r"$\hat{y}$", f"{k}"),
        (11.0, "$L$", "1"),
    ]
    parameters = [
        (1.65, "$W_H$", rf"{m}$\times${n}", 2.2), (2.75, "$b_H$", f"{m}", 2.2),
        (6.05, "$W_O$", rf"{k}$\times${m}", 6.6), (7.15, "$b_O$", f"{k}", 6.6),
        (11.0, "$y$", f"{k}", 11.0),
    ]  # fmt: skip
    back = [(2.2, r"$\delta_H$"), (4.4, r"$W_O^\top\delta_O$"), (6.6, r"$\delta_O$")]
    with book_figure(6.4, 2.2) as (figure, axes):
        for (start, _, _), (end, _, _) in pairwise(chain):
            _arrow(axes, (start + 0.5, 0.08), (end - 0.5, 0.08), BLUE)
        for x, name, size, end in parameters:
            _box(axes, x, 1.5, name, size, GRAY)
            _arrow(axes, (x, 1.1), (end + 0.35 * (x - end), 0.42), BLUE)
        for x, name, size in chain:
            _box(axes, x, 0, name, size, BLUE if name != "$L$" else ORANGE)
        for x, name in back:
            _arrow(axes, (x + 1.7, -0.2), (x + 0.5, -0.2), ORANGE)
            axes.text(x, -0.72, name, ha="center", va="center", fontsize=10, color=ORANGE)
        _arrow(axes, (10.5, -0.2), (7.1 + 2.2, -0.2), ORANGE)
        axes.set_xlim(-0.7, 11.7)
        axes.set_ylim(-1.05, 2.1)
        axes.axis("off")
    return figure


def _box(axes: Axes, x: float, y: float, name: str, size: str, color: str) -> None:
    """A named value with its size below the name."""
    axes.text(
        x, y, f"{name}\n{size}", ha="center", va="center", fontsize=9, color="black",
        bbox={"boxstyle": "round,pad=0.28", "fc": "white", "ec": color, "lw": 1.4},
    )  # fmt: skip


def _arrow(axes: Axes, start: Place, end: Place, color: str) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": color, "lw": 1.3})
