"""Random networks for hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from hw1lib.backprop.network import ACTIVATIONS, Network, parse_network

quarters = st.integers(-12, 12).map(lambda n: f"{n}/4")


@st.composite
def network_fields(draw: st.DrawFn, largest: int = 4) -> dict[str, Any]:
    """The fields of a network file, of any size up to `largest`, activation and output."""
    n, m = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    output = draw(st.sampled_from(["softmax", "sigmoid"]))
    k = 1 if output == "sigmoid" else draw(st.integers(1, largest))
    if output == "sigmoid":
        y: Any = draw(st.sampled_from([0, 1]))
    else:
        target = draw(st.integers(0, k - 1))
        y = [int(i == target) for i in range(k)]

    def vector(size: int) -> list[str]:
        return draw(st.lists(quarters, min_size=size, max_size=size))

    return {
        "x": vector(n),
        "y": y,
        "W_H": [vector(n) for _ in range(m)],
        "b_H": vector(m),
        "W_O": [vector(m) for _ in range(k)],
        "b_O": vector(k),
        "activation": draw(st.sampled_from(ACTIVATIONS)),
        "output": output,
    }


def networks(largest: int = 4) -> st.SearchStrategy[Network]:
    """Networks with numbers in quarters, so that kinks and zeros do occur."""
    return network_fields(largest).map(parse_network)
