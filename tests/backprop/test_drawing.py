"""The network's drawing: every number is there, and none hides another."""

from __future__ import annotations

from itertools import combinations

from hypothesis import Phase, given, settings
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.drawing import draw_graph, draw_network
from hw1lib.backprop.network import READABLE, Network, load_network
from networks import networks


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def boxes(figure: Figure) -> list[Bbox]:
    figure.canvas.draw()
    return [text.get_window_extent() for text in figure.axes[0].texts]


def test_drawing_shows_values_weights_biases_and_the_units_that_are_off() -> None:
    network = load_network()
    figure = draw_network(network, forward(network))
    shown = texts(figure)
    assert {"$x_{2}$\n−2", "$h_{1}$\n1", "bias −3, off", "bias 1/2\ntarget 0"} <= set(shown)
    assert shown.count("1") + shown.count("0") == 6 + 6
    styles = [line.get_linestyle() for line in figure.axes[0].lines]
    assert styles.count(":") == 2 + 2  # into and out of the unit that is off


def test_derivatives_can_be_shown_in_place_of_the_weights() -> None:
    network = load_network()
    figure = draw_network(network, forward(network), backward(network))
    assert {"0.818", "−0.818", "−1.64", "bias 0, off"} <= set(texts(figure))
    styles = [line.get_linestyle() for line in figure.axes[0].lines]
    assert styles.count(":") == 8 - 2  # the zeros, but for the biases'


@settings(max_examples=10, phases=[Phase.generate])  # shrinking draws for minutes
@given(networks(largest=READABLE))
def test_no_two_texts_overlap(network: Network) -> None:
    figure = draw_network(network, forward(network))
    assert not [pair for pair in combinations(boxes(figure), 2) if Bbox.intersection(*pair)]


@settings(max_examples=5)
@given(networks(largest=2 * READABLE))
def test_every_network_can_be_drawn(network: Network) -> None:
    draw_network(network, forward(network)).canvas.draw()


def test_the_graph_has_an_arrow_to_each_parameter_and_its_gradient() -> None:
    shown = texts(draw_graph(load_network()))
    for gradient in (r"$\delta_H x^\top$", r"$\delta_H$", r"$\delta_O h^\top$", r"$\delta_O$"):
        assert gradient in shown
