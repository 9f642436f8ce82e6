"""The figure of question 1, drawn from the network file, and its computational graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from hw1lib.backprop.certified import Forward, Gradients
from hw1lib.backprop.network import PARAMETERS, READABLE, Network
from hw1lib.style import BLUE, GRAY, INK, ORANGE, book_figure

# All lengths are inches, so that a text's size is known where it is placed.
SIZE = 10.2  # of text, in points: 9 pixels on a screen of 360
RADIUS = 0.29
COLUMNS = (0.5, 2.4, 4.3)
WIDTH = 4.9
HIGHEST = 5.3  # from the first unit of a layer to the last, so that figure and caption fit a page
SHARES = [share / 100 for share in range(18, 84, 2)]  # where along an edge its weight may stand

Place = tuple[float, float]


@dataclass(frozen=True)
class Edge:
    """A connection from one unit to another.

    Attributes:
        start: centre of the unit on the left.
        end: centre of the unit on the right.
        weight: its number.
        off: whether one of its units is switched off, or its derivative is 0.
    """

    start: Place
    end: Place
    weight: Fraction | float
    off: bool

    def at(self, share: float) -> Place:
        """The point at this share of the way from start to end."""
        (x, y), (to_x, to_y) = self.start, self.end
        return x + share * (to_x - x), y + share * (to_y - y)


@dataclass(frozen=True)
class Label:
    """A text and the place of its centre."""

    place: Place
    text: str

    @property
    def half(self) -> tuple[float, float]:
        """Half of its width and height in inches, with a little room around it."""
        lines = self.text.split("\n")
        return 0.25 * SIZE / 72 * max(map(len, lines)) + 0.04, 0.6 * SIZE / 72 * len(lines)

    def covers(self, point: Place) -> bool:
        """Whether the point lies behind the text."""
        return all(abs(point[i] - self.place[i]) <= self.half[i] for i in (0, 1))


def draw_network(network: Network, values: Forward, gradients: Gradients | None = None) -> Figure:
    """The figure of question 1 (@fig-network): units with values and biases, edges with weights.

    A line's width shows the size of its number; negative ones are dashed, and what a ReLU has
    switched off is grey and dotted. Layers of more than `READABLE` units are cut off after these,
    and their numbers are left out. If `gradients` are given, the loss's derivatives are shown in
    place of the weights and biases.
    """
    numbers = {
        name: getattr(gradients, name).tolist() if gradients else getattr(network, name)
        for name in PARAMETERS
    }
    color = ORANGE if gradients else BLUE
    shown = [min(size, READABLE) for size in network.sizes]
    gap = max(0.95, 0.05 * shown[1] * max(shown[0], shown[2]))  # the more edges, the more room
    gap = min(gap, HIGHEST / max(1, max(shown) - 1))
    top = (max(shown) - 1) / 2 * gap + RADIUS
    inputs, hidden, outputs = (_column(x, n, gap) for x, n in zip(COLUMNS, shown, strict=True))
    off = [not active for active in network.active]
    none_off = [False] * READABLE
    biases = [
        f"bias {_text(bias)}, off" if is_off else f"bias {_text(bias)}"
        for bias, is_off in zip(numbers["b_H"], off, strict=True)
    ]
    targets = [
        f"bias {_text(b)}\ntarget {y}" for b, y in zip(numbers["b_O"], network.y, strict=True)
    ]
    notes = _notes(hidden, biases) + _notes(outputs, targets)

    def edge(start: Place, end: Place, number: Fraction | float, is_off: bool) -> Edge:
        return Edge(start, end, number, is_off or (gradients is not None and number == 0))

    to_hidden = [
        edge(start, end, numbers["W_H"][i][j], off[i])
        for i, end in enumerate(hidden)
        for j, start in enumerate(inputs)
    ]
    to_outputs = [
        edge(start, end, numbers["W_O"][i][j], off[j])
        for i, end in enumerate(outputs)
        for j, start in enumerate(hidden)
    ]
    with book_figure(WIDTH, 2 * top + 0.75) as (figure, axes):
        axes.set_position((0, 0, 1, 1))
        axes.set(xlim=(0, WIDTH), ylim=(-top - 0.37, top + 0.38))
        axes.axis("off")
        for edges in (to_hidden, to_outputs):
            _draw_edges(axes, edges, notes, color, detailed=max(network.sizes) <= READABLE)
        _draw_units(axes, inputs, "x", network.x, BLUE, none_off)
        _draw_units(axes, hidden, "h", values.h.tolist(), BLUE, off)
        _draw_units(axes, outputs, r"\hat{y}", values.y_hat.tolist(), ORANGE, none_off)
        for note in notes:
            _write(axes, note.place, note.text)
        names = ("input", f"hidden ({network.activation})", f"output ({network.output})")
        for x, name, size in zip(COLUMNS, names, network.sizes, strict=True):
            more = f", {READABLE} of {size}" if size > READABLE else ""
            _write(axes, (x, top + 0.25), name + more)
    return figure


def _column(x: float, count: int, gap: float) -> list[Place]:
    """The centres of a layer's units, from top to bottom."""
    return [(x, ((count - 1) / 2 - i) * gap) for i in range(count)]


def _notes(places: list[Place], texts: list[str]) -> list[Label]:
    """Texts below the units."""
    return [
        Label((x, y - RADIUS - 0.02 - 0.08 * len(text.split("\n"))), text)
        for (x, y), text in zip(places, texts, strict=False)
    ]


def _draw_edges(
    axes: Axes, edges: list[Edge], notes: list[Label], color: str, *, detailed: bool
) -> None:
    """Lines between the units, interrupted by every text; if `detailed`, with their weights.

    Weights are left out where they would cover one another, a unit or its bias.
    """
    largest = max(abs(float(edge.weight)) for edge in edges) or 1.0
    weights = _place_weights(edges, notes) if detailed else []
    if _is_crowded(weights, edges, notes):
        weights = []
    for edge in edges:
        axes.plot(
            *_line(edge, [*notes, *weights]),
            color=GRAY if edge.off else color,
            linestyle=_line_style(edge),
            linewidth=0.6 + 2.2 * abs(float(edge.weight)) / largest,
        )
    for edge, label in zip(edges, weights, strict=False):
        _write(axes, label.place, label.text, GRAY if edge.off else INK)


def _line_style(edge: Edge) -> str:
    if edge.off:
        return ":"
    return "--" if edge.weight < 0 else "-"


def _line(edge: Edge, labels: list[Label]) -> tuple[list[float], list[float]]:
    """Points of an edge between its two circles; nan, which draws nothing, behind texts."""
    border = (RADIUS + 0.03) / math.dist(edge.start, edge.end)
    points = [edge.at(border + (1 - 2 * border) * step / 400) for step in range(401)]
    seen = [
        (math.nan, math.nan) if any(label.covers(point) for label in labels) else point
        for point in points
    ]
    return [x for x, _ in seen], [y for _, y in seen]


def _place_weights(edges: list[Edge], notes: list[Label]) -> list[Label]:
    """For each edge its weight, on the line, as clear as can be of units, other lines and texts."""
    placed, units = list(notes), _units(edges)
    for i, edge in enumerate(edges):
        others = edges[:i] + edges[i + 1 :]
        spots = [Label(edge.at(share), _text(edge.weight)) for share in SHARES]
        placed.append(max(spots, key=lambda spot: _clearance(spot, units, others, placed)))
    return placed[len(notes) :]


def _units(edges: list[Edge]) -> set[Place]:
    """The centres of all units that edges connect."""
    return {place for edge in edges for place in (edge.start, edge.end)}


def _is_crowded(labels: list[Label], edges: list[Edge], notes: list[Label]) -> bool:
    """Whether a label covers a unit or another text."""
    return any(
        _clearance(label, _units(edges), [], [*notes, *labels[:i]]) < 0
        for i, label in enumerate(labels)
    )


def _clearance(label: Label, units: set[Place], edges: list[Edge], labels: list[Label]) -> float:
    """Distance in inches to the nearest circle, line or text; negative where they overlap."""
    (x, y), (wide, high) = label.place, label.half
    clear = 0.15  # more is no better
    for unit_x, unit_y in units:
        beside = max(abs(unit_x - x) - wide, 0)
        below = max(abs(unit_y - y) - high, 0)
        clear = min(clear, math.hypot(beside, below) - RADIUS)
    for other in labels:
        beside = abs(other.place[0] - x) - other.half[0] - wide
        below = abs(other.place[1] - y) - other.half[1] - high
        clear = min(clear, max(beside, below))
    for edge in edges:
        slope = (edge.end[1] - edge.start[1]) / (edge.end[0] - edge.start[0])
        line = edge.start[1] + slope * (x - edge.start[0])
        clear = min(clear, abs(line - y) - high - abs(slope) * wide)
    return clear


def _draw_units(
    axes: Axes,
    places: list[Place],
    name: str,
    values: Sequence[float | Fraction],
    color: str,
    off: Sequence[bool],
) -> None:
    """Circles with name and value."""
    for i, place in enumerate(places):
        edge, style = (GRAY, ":") if off[i] else (color, "-")
        axes.add_patch(Circle(place, RADIUS, fc="none", ec=edge, ls=style, lw=1.6))
        _write(axes, place, f"${name}_{{{i + 1}}}$\n{_text(values[i])}")


def _text(number: float | Fraction) -> str:
    """An exact number as written, another rounded, with a minus sign in place of the hyphen."""
    text = str(number)
    if isinstance(number, float):
        text = f"{number:.3g}" if not number or abs(number) >= 0.001 else f"{number:.0e}"
    return text.replace("-", "−")


def _write(axes: Axes, place: Place, text: str, color: str = INK) -> None:
    axes.text(*place, text, color=color, ha="center", va="center", fontsize=SIZE, linespacing=1.05)


def draw_graph(network: Network) -> Figure:
    """The computational graph (@fig-graph): values in blue, derivatives flowing back in orange."""
    n, m, k = network.sizes
    chain = [("$x$", n), ("$z_H$", m), ("$h$", m), ("$z_O$", k), (r"$\hat{y}$", k), ("$L$", 1)]
    at = [0.3 + 0.84 * i for i in range(len(chain))]
    with book_figure(at[-1] + 0.3, 2.15) as (figure, axes):
        axes.set_position((0, 0, 1, 1))
        axes.set(xlim=(0, at[-1] + 0.3), ylim=(-0.62, 1.53))
        axes.axis("off")
        for x, (name, size) in zip(at, chain, strict=True):
            _box(axes, (x, 0), name, f"{size}", ORANGE if name == "$L$" else BLUE)
        for x, to_x in pairwise(at):
            _arrow(axes, (x + 0.24, 0.07), (to_x - 0.24, 0.07), BLUE)
        for x, to_x, name in zip(
            at[1:], at[2:], (r"\delta_H", r"W_O^\top \delta_O", r"\delta_O", ""), strict=False
        ):
            _arrow(axes, (to_x - 0.24, -0.09), (x + 0.24, -0.09), ORANGE)
            _write(axes, (x, -0.42), f"${name}$" if name else "", ORANGE)
        _parameters(axes, at[1], "H", f"{m}×{n}", f"{m}", r"\delta_H x^\top")
        _parameters(axes, at[3], "O", f"{k}×{m}", f"{k}", r"\delta_O h^\top")
        _box(axes, (at[5], 0.8), "$y$", f"{k}", GRAY)
        _arrow(axes, (at[5], 0.58), (at[5], 0.24), BLUE)
    return figure


def _parameters(
    axes: Axes, x: float, layer: str, of_weights: str, of_biases: str, gradient: str
) -> None:
    """A layer's weights and biases, what they enter, and the derivatives that reach them."""
    for side, name, size, derivative in (
        (-1, "W", of_weights, gradient), (1, "b", of_biases, rf"\delta_{layer}"),
    ):  # fmt: skip
        top = x + 0.36 * side
        _box(axes, (top, 0.8), f"${name}_{layer}$", size, GRAY)
        _arrow(axes, (top - 0.05 * side, 0.56), (x + 0.12 * side, 0.24), BLUE)
        _arrow(axes, (x + 0.2 * side, 0.24), (top + 0.05 * side, 0.56), ORANGE)
        _write(axes, (top, 1.25), f"${derivative}$", ORANGE)


def _box(axes: Axes, place: Place, name: str, size: str, color: str) -> None:
    """A named value, with the number of its entries below."""
    axes.text(
        *place, f"{name}\n{size}", ha="center", va="center", fontsize=SIZE, color=INK,
        bbox={"boxstyle": "round,pad=0.25", "fc": "none", "ec": color, "lw": 1.3},
    )  # fmt: skip


def _arrow(axes: Axes, start: Place, end: Place, color: str) -> None:
    arrow = {"arrowstyle": "->", "color": color, "lw": 1.3, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=arrow)
