from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from sympy import Rational

from hw1lib.backprop.network import Network, load_network, parse_network
from hw1lib.errors import InputError
from networks import network_fields

GOOD: dict[str, Any] = {
    "x": [1, -2],
    "y": [0, 1],
    "W_H": [[1, 0], [0, 1], [1, 1]],
    "b_H": [0, 1, 0],
    "W_O": [[1, 0, 1], [0, 1, 1]],
    "b_O": ["1/2", 0],
}


def test_example_network_has_an_inactive_unit(root: Path) -> None:
    network = load_network(root / "network.yml")
    z_H = network.exact("W_H") * network.exact("x") + network.exact("b_H")
    assert network.activation == "relu"
    assert any(z < 0 for z in z_H)


def test_defaults_and_shapes() -> None:
    network = parse_network(GOOD)
    assert (network.activation, network.output) == ("relu", "softmax")
    assert network.sizes == (2, 3, 2)
    assert network.tensor("W_O").shape == (2, 3)
    assert network.tensor("b_H").dtype == torch.float64


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (3, (3, 1)),
        (0.1, (1, 10)),
        ("1/3", (1, 3)),
        ("-2/4", (-1, 2)),
        ("0.25", (1, 4)),
        (-1.5, (-3, 2)),
        ("1e-7", (1, 10**7)),
        (2.5e-7, (1, 4 * 10**6)),
    ],
)
def test_numbers_stay_exact(written: object, meant: tuple[int, int]) -> None:
    assert parse_network({**GOOD, "x": [written, 0]}).x[0] == Rational(*meant)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("010", "10"), ("0.1234567890123456789", "1234567890123456789/10000000000000000000"),
     ("1e3", "1000"), ("+.5", "1/2"), ("5.", "5"), ("'1/3'", "1/3"), ("1/3", "1/3"),
     ("1:30", None), ("1_000", None), ("0x1F", None), ("0b1", None), ("yes", None),
     ("2001-01-01", None), (".inf", None), ("~", None)],
)  # fmt: skip
def test_numbers_in_files_mean_what_stands_there(
    tmp_path: Path, written: str, meant: str | None
) -> None:
    """YAML itself would read octal, sexagesimal and rounded numbers."""
    path = tmp_path / "network.yml"
    path.write_text("\n".join(f"{k}: {v}" for k, v in {**GOOD, "x": f"[{written}, 0]"}.items()))
    if meant is None:
        with pytest.raises(InputError, match=r"^\S+: x holds"):
            load_network(path)
    else:
        assert load_network(path).x[0] == Rational(meant)


@given(network_fields())
def test_every_valid_file_is_read_exactly(fields: dict[str, Any]) -> None:
    network = parse_network(fields)
    assert isinstance(network, Network)
    assert [Fraction(int(v.p), int(v.q)) for v in network.x] == [Fraction(t) for t in fields["x"]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W_H": [[1, 0], [0, 1]]}, r"W_H is 2 x 2 but must be 3 x 2"),
        ({"W_O": [[1, 0, 1]]}, r"W_O is 1 x 3 but must be 2 x 3"),
        ({"W_H": [[1, 0], [0], [1, 1]]}, r"W_H has rows of different lengths \(2, 1, 2\)"),
        ({"y": [1, 1]}, "y is not one-hot"),
        ({"y": [0, 0]}, "y is not one-hot"),
        ({"y": ["1/2", "1/2"]}, "y is not one-hot"),
        ({"y": [1]}, "y has length 1 but b_O has length 2"),
        ({"x": ["one", 2]}, "x holds 'one'"),
        ({"x": ["1/0", 2]}, "x holds '1/0'"),
        ({"x": [True, 2]}, "x holds True"),
        ({"x": [None, 2]}, "x holds None"),
        ({"x": [float("nan"), 2]}, "x holds nan"),
        ({"x": [float("inf"), 2]}, "x holds inf"),
        ({"x": [10**7, 2]}, "within"),
        ({"x": ["9" * 31, 2]}, "x holds"),
        ({"x": []}, "x must be a list"),
        ({"x": 3}, "x must be a list"),
        ({"x": [0] * 65}, "1 to 64"),
        ({"W_H": [1, 2, 3]}, "W_H must be a list of rows"),
        ({"activation": "gelu"}, "activation is 'gelu'"),
        ({"output": ["softmax"]}, "output is"),
        ({"output": "sigmoid"}, "takes one unit"),
        ({"W_X": [1]}, "unknown field 'W_X'"),
        ({"\\input{x}<script>": 1}, "unknown field"),
    ],
)
def test_bad_fields_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_network({**GOOD, **change})


@pytest.mark.parametrize("name", list(GOOD))
def test_missing_fields_are_named(name: str) -> None:
    with pytest.raises(InputError, match=f"the field {name} is missing"):
        parse_network({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must hold the fields"),
        (b"- 1\n- 2\n", "must hold the fields"),
        (b"x: [1\n", "no plain YAML"),
        (b"x: !!python/object/apply:os.system ['touch /tmp/hw1-was-here']\n", "no plain YAML"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"x: &a [1]\ny: *a\n", "line 2 .tags and aliases are not known"),
        (b'x: ["\\U00110000"]\n', "no plain YAML"),
        (b'x: ["\\e[31m\\n"]\n', "missing"),
        (b"x: [1]\n? [1]\n: 2\n", "no plain YAML"),
        (b"[" * 5000, "no plain YAML"),
        (b"x: [1]\nx: [2]\n", "'x' stands there twice"),
        (b"#" * (2**18 + 1), "larger than 256 KiB"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "network.yml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        load_network(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yml: can't be read"):
        load_network(tmp_path / "nowhere.yml")
