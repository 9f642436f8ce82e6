"""Networks that the page can play with, as files."""

from __future__ import annotations

import json
import random
import tomllib
from typing import Any

from hw1lib.backprop.network import ACTIVATIONS, Network, parse_network


def written(fields: dict[str, Any]) -> str:
    """Fields as TOML, of which what JSON writes is a part."""
    return "".join(
        f"{json.dumps(name)} = {json.dumps(value, ensure_ascii=False)}\n"
        for name, value in fields.items()
    )


def parsed(text: str) -> Network:
    return parse_network(tomllib.loads(text, parse_float=str))


def random_fields(rng: random.Random, largest: int = 4) -> dict[str, Any]:
    """A network of any size and kind; small numbers, so that kinks and zeros do occur."""
    kinds = [
        lambda: rng.randint(-9, 9),
        lambda: rng.randint(-2, 2),
        lambda: rng.randint(-10, 10) / 10,
        lambda: f"{rng.randint(-4, 4)}/3",
    ]
    number = rng.choice(kinds)
    output = rng.choice(["softmax", "softmax", "sigmoid"])
    n, m, k = (rng.randint(1, largest) for _ in range(3))
    k = k if output == "softmax" else 1
    hot = rng.randrange(k)
    equal = rng.random() < 0.3  # columns of W_O with equal entries

    def row(size: int) -> list[Any]:
        return [number() for _ in range(size)]

    return {
        "x": row(n),
        "y": [int(i == hot) for i in range(k)] if output == "softmax" else rng.randint(0, 1),
        "W_H": [row(n) for _ in range(m)],
        "b_H": row(m),
        "W_O": [row(m)] * k if equal else [row(m) for _ in range(k)],
        "b_O": row(k),
        "activation": rng.choice(ACTIVATIONS),
        "output": output,
    }
