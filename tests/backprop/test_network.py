from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given

from hw1lib.backprop.network import load_network, parse_network
from hw1lib.errors import InputError
from networks import GOOD, network_fields, toml


def test_example_network_has_an_inactive_unit(root: Path) -> None:
    network = load_network(root / "network.toml")
    assert network.activation == "relu"
    assert network.z_H == (1, -5, 1)
    assert network.active == (True, False, True)
    assert network.example
    assert not parse_network(GOOD).example


def test_the_side_of_a_relu_is_decided_exactly() -> None:
    """In floating point 0.1 * 3 - 0.3 is positive."""
    network = parse_network({**GOOD, "W_H": [["0.1", 0], [0, 1], [1, 1]], "x": [3, 1],
                             "b_H": ["-0.3", 0, 0]})  # fmt: skip
    assert network.z_H == (0, 1, 4)
    assert network.active == (False, True, True)
    assert replace(network, activation="tanh").active == (True, True, True)


def test_defaults_and_shapes() -> None:
    network = parse_network(GOOD)
    assert (network.activation, network.output) == ("relu", "softmax")
    assert network.sizes == (2, 3, 2)
    assert network.tensor("W_O").shape == (2, 3)
    assert network.tensor("b_H").dtype == torch.float64


@pytest.mark.parametrize(
    ("written", "shown"),
    [("0.35", "0.35"), ('".5"', "0.5"), ("2.50", "2.5"), ("1e-7", "0.0000001"), ("1e3", "1000"),
     ("-0.48", "-0.48"), ('"-2/4"', "-1/2"), ("3", "3"), ("0.0", "0"), ("-12.0", "-12"),
     ("0.1234567890123456789", "0.1234567890123456789"), ('"5."', "5"), ("'1/3'", "1/3"),
     ("0x1F", "31"), ("1_000", "1000")],
)  # fmt: skip
def test_numbers_are_exact_and_look_as_they_were_given(
    tmp_path: Path, written: str, shown: str
) -> None:
    (number, _) = load_network(with_number(tmp_path, written)).x
    assert str(number) == shown
    assert number == Fraction(shown)


@pytest.mark.parametrize(
    "written",
    ["1_0.5", "inf", "nan", "1e400", "1e-99999999", "true", "2001-01-01", "01:30:00", '"yes"', "{}",
     '"1e9999999"', "9" * 5000, "0x" + "f" * 9999, '"٣"', '"1/0"', '"inf"', "9" * 31, "10000000"],
)  # fmt: skip
def test_what_is_no_number_is_refused(tmp_path: Path, written: str) -> None:
    """A huge exponent is refused before a number is made of it."""
    with pytest.raises(InputError, match=r"^\S+: (x holds|is not TOML)"):
        load_network(with_number(tmp_path, written))


def with_number(folder: Path, written: str) -> Path:
    """A network file with this text in the place of x's first number."""
    path = folder / "network.toml"
    path.write_text(toml({**GOOD, "x": "X"}).replace('"X"', f"[{written}, 0]"))
    return path


@given(network_fields())
def test_every_valid_file_is_read_exactly(fields: dict[str, Any]) -> None:
    network = parse_network(fields)
    assert list(network.x) == [Fraction(text) for text in fields["x"]]


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
        ({"x": [None, 2]}, "x holds None"),
        ({"x": [10**7, 2]}, "within"),
        ({"x": [16**9999, 2]}, "within"),
        ({"activation": 16**9999}, "activation is a huge number"),
        ({"example": "yes"}, "example is 'yes'; it must be true or false"),
        ({"x": []}, "x must be a list"),
        ({"x": 3}, "x must be a list"),
        ({"x": [0] * 65}, "1 to 64"),
        ({"W_H": [1, 2, 3]}, "W_H must be a list of rows"),
        ({"activation": "gelu"}, "activation is 'gelu'"),
        ({"activation": "linear"}, "activation is 'linear'; write \"identity\""),
        ({"activation": "ReLU"}, "activation is 'ReLU'; write \"relu\""),
        ({"activation": "none"}, "activation is 'none'; write \"identity\""),
        ({"x": [[1, -2], [3, 4]]}, "x holds several rows; give one example at a time"),
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
        (b"", "the field x is missing"),
        (b"- 1\n- 2\n", "is not TOML"),
        (b"x = [1\n", "is not TOML"),
        (b"x = 1 2\n", "is not TOML .Expected newline"),
        (b"\xff\xfe\x00", "is not UTF-8 text; save it as UTF-8"),
        (b'x = ["\\U00110000"]\n', "is not TOML"),
        (b'"\\u001b[31m" = 1\n', r"unknown field '\\x1b"),
        (b"x = " + b"[" * 5000, "is not TOML"),
        (b"x = [1]\nx = [2]\n", r"is not TOML .Cannot overwrite a value .at line 2"),
        (b"[x]\n[x]\n", "is not TOML .Cannot declare"),
        (b"#" * (2**18 + 1), "too large for a network file; check"),
        (b"a." * 20_000 + b"a = 1", "too large for a network file; check"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "network.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        load_network(path)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("x = [\u22121, 2]", "write a minus sign as a plain hyphen, such as -1"),
        ("x = [1/2, 2]  # a half", 'put a fraction in quotes, such as "1/2"'),
        ("x = [.5, 2]", "write a digit on each side of a decimal point, such as 0.5"),
        ("x = [5., 2]", "write a digit on each side of a decimal point, such as 0.5"),
        ("x = [0,5 2]", "write a decimal point, as in 0.5, and commas between numbers"),
        ("y = 0,5", "write a decimal point, as in 0.5, and commas between numbers"),
        ("x = [1; 2]", "write a decimal point, as in 0.5, and commas between numbers"),
        ("x: [1, 2]", "write = between a field and its value, such as x = "),
        ("activation = relu", 'put a word in quotes, such as "relu"'),
        ("activation = \u201crelu\u201d", 'write straight quotes, such as "relu"'),
    ],
)
def test_a_slip_of_writing_gets_its_cure_and_line(tmp_path: Path, line: str, cure: str) -> None:
    """Such a line is no TOML, and what the parser says of it does not help."""
    path = tmp_path / "network.toml"
    path.write_text(f'y = "1/2" # 1/2\n\n{line}\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_network(path)
    assert str(caught.value).startswith(f"{path}: in line 3, {cure}")


@pytest.mark.parametrize("name", ["network.yml", "mine.YAML"])
def test_yaml_is_refused_with_the_way_to_write_it(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x: [1, -2]\n")
    with pytest.raises(InputError, match=r"TOML, not YAML; save it as network.toml and write x ="):
        load_network(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml: can't be read"):
        load_network(tmp_path / "nowhere.toml")


def test_reading_a_network_waits_for_no_library() -> None:
    code = (
        "import sys, hw1lib.backprop.network; sys.exit(bool({'torch', 'sympy'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
