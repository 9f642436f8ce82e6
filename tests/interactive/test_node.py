"""The scripts' arithmetic, judging and reading without a page, by Node's own test runner."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.network import PARAMETERS, load_network
from hw1lib.backprop.playground import rules
from hw1lib.backprop.zeros import find_zeros
from networks import MADE
from playing import parsed, random_fields, written

NETWORKS = 200


@pytest.mark.node
def test_scripts_without_a_page(root: Path, tmp_path: Path) -> None:
    """The networks are of every size and kind that the page has room for."""
    rng = random.Random(20260101)
    fields = [random_fields(rng) for _ in range(NETWORKS)]
    networks = [described(written(item)) for item in [*fields, *MADE]]
    (tmp_path / "networks.json").write_text(json.dumps(networks))
    data = rules(load_network(root / "network.toml"))
    (tmp_path / "rules.json").write_text(json.dumps(data))
    run = subprocess.run(
        ["node", "--test"],
        cwd=root / "interactive",
        env=os.environ | {"HW1_NODE_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "# fail 0" in run.stdout


def described(text: str) -> dict[str, Any]:
    """A network file, and what the package says of it."""
    network = parsed(text)
    values, gradients = forward(network), backward(network)
    found = vars(values) | {"dL_dh": gradients.dL_dh, "slope": gradients.slope}
    found |= {f"d{name}": getattr(gradients, name) for name in PARAMETERS}
    zeros = find_zeros(network, values, gradients)
    return {
        "text": text,
        "values": {name: value.tolist() for name, value in found.items()},
        "zeros": [[zero.parameter, zero.index, zero.reason] for zero in zeros],
    }
