from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exercises import DESIGNS, all_values, as_toml, networks
from hw1lib.backprop.judging import HINTS
from hw1lib.backprop.mistakes import MISTAKES, SENTENCES
from hw1lib.backprop.network import Network, load_network
from hw1lib.course.answerfile import read_answers
from hw1lib.course.answers import Verdict, parse_answers
from hw1lib.course.marking import Finding, mark_answers, right_values
from hw1lib.course.networks import Design
from hw1lib.errors import InputError

WRONG = (Verdict.WRONG, Verdict.SHAPE, Verdict.PARTLY)


def check(network: Network, text: str, folder: Path) -> dict[str, Finding]:
    path = folder / "answers.toml"
    path.write_text(text, encoding="utf-8")
    answers = parse_answers(read_answers(path), network)
    return {f.name: f for f in mark_answers(network, answers)}


@pytest.fixture
def book(root: Path) -> Network:
    return load_network(root / "network.toml")


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_right_answers_are_right(design: Design, tmp_path: Path) -> None:
    for network in networks(design, 5):
        found = check(network, as_toml(right_values(network)), tmp_path)
        assert {f.verdict for f in found.values()} == {Verdict.RIGHT}


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_planted_mistakes_are_named(design: Design, tmp_path: Path) -> None:
    plant(design, 2, tmp_path)


@pytest.mark.slow
def test_each_mistake_in_50_answers_is_named(tmp_path: Path) -> None:
    named = [plant(design, 50 // len(DESIGNS), tmp_path) for design in DESIGNS]
    kinds = {kind for found in named for kind, count in found.items() if count}
    assert kinds == set(SENTENCES)


def plant(design: Design, count: int, folder: Path) -> dict[str, int]:
    """How often each kind was named, or one that gives the same file; nothing else is named."""
    named: dict[str, int] = {}
    for network in networks(design, count):
        values = {mistake: all_values(network, [mistake]) for mistake in MISTAKES}
        texts = {mistake: as_toml(found) for mistake, found in values.items()}
        right = as_toml(right_values(network))
        for mistake, text in texts.items():
            if all(line in right.splitlines() for line in text.splitlines()):
                continue  # it changes nothing here
            found = check(network, text, folder)
            for finding in found.values():
                wrong = values[mistake].get(finding.name)
                twins = [
                    m.sentence for m, o in values.items() if are_alike(o.get(finding.name), wrong)
                ]
                is_named = any(twin in finding.diagnosis for twin in twins)
                is_other = finding.name == "zeros" or finding.diagnosis in {"", *HINTS.values()}
                assert is_named or is_other, text
                named[mistake.kind] = named.get(mistake.kind, 0) + is_named
    return named


def are_alike(one: Any, other: Any) -> bool:
    """Whether two mistakes give the same answer but for what rounding hides."""
    if one is None or other is None:
        return one is other
    if isinstance(one, frozenset):
        return bool(one == other)
    return np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=2e-3, atol=1e-4)


def test_a_slip_carried_on_is_marked_as_such(tmp_path: Path) -> None:
    for network in networks(DESIGNS[0], 5):
        slip = right_values(network)["y_hat"] + np.array([0.031, -0.031])
        values = all_values(network, given={"y_hat": slip.round(4)})
        found = check(network, as_toml(values), tmp_path)
        assert found["y_hat"].verdict == Verdict.WRONG
        others = {found[name].verdict for name in ("loss", "db_O", "dW_O")}
        assert others == {Verdict.CARRIED}
        assert {found["db_H"].verdict, found["dW_H"].verdict} <= {Verdict.CARRIED, Verdict.RIGHT}


def test_two_mistakes_are_both_named(tmp_path: Path) -> None:
    two = [m for m in MISTAKES if (m.kind, m.step) in {("log_2", "loss"), ("transposed", "dW_H")}]
    for network in networks(DESIGNS[0], 5):
        found = check(network, as_toml(all_values(network, two)), tmp_path)
        assert found["loss"].diagnosis == SENTENCES["log_2"]
        assert found["dW_H"].verdict == Verdict.SHAPE
        assert (
            found["dW_H"].diagnosis == f"It must be 3 x 2 and is 2 x 3. {SENTENCES['transposed']}"
        )


@pytest.mark.parametrize(
    ("line", "verdict", "diagnosis"),
    [
        ("loss = 1.7014", Verdict.RIGHT, ""),
        ("loss = '1,70'", Verdict.RIGHT, ""),
        ("loss = [1.701]", Verdict.RIGHT, ""),
        ("loss = 1.7e0", Verdict.RIGHT, ""),
        ("loss = 2", Verdict.WRONG, HINTS["digits"]),
        ("loss = 1.73", Verdict.WRONG, HINTS["early"]),
        ("y_hat = [1, 0]", Verdict.WRONG, HINTS["wrong"]),
        ("loss = 'about 2'", Verdict.UNREADABLE, HINTS["unreadable"]),
        ("loss = true", Verdict.UNREADABLE, HINTS["unreadable"]),
        ("loss = 1" + "0" * 50, Verdict.UNREADABLE, HINTS["unreadable"]),
        ("loss = inf", Verdict.UNREADABLE, HINTS["unreadable"]),
        ("loss = [[[1.7]]]", Verdict.RIGHT, ""),
        ("loss = 0x" + "f" * 9999, Verdict.UNREADABLE, HINTS["unreadable"]),
        ("loss = {x = 1}", Verdict.UNREADABLE, HINTS["unreadable"]),
        ("loss = 1.701_4", Verdict.RIGHT, ""),
        ("loss : 1,7014", Verdict.RIGHT, ""),
        ("loss = “1.7014”", Verdict.RIGHT, ""),
        ("db_O = [.8176, −.8176]", Verdict.RIGHT, ""),
        ("loss = [1, 2]", Verdict.SHAPE, "It must be one number and is a list of 2."),
        ("y_hat = [0.8175, 0.182]", Verdict.RIGHT, ""),  # cut off, and rounded
        ("y_hat = [[0.8176], [0.1824]]", Verdict.RIGHT, ""),
        ("y_hat = []", Verdict.SHAPE, "It must be a list of 2 and is a list of 0."),
        ("dW_O = [[1, 2], [3]]", Verdict.SHAPE, "Its rows have different lengths."),
        ("zeros = ['b']", Verdict.UNREADABLE, 'Write each zero as "dW_H[2, 1]" or "db_H[2]".'),
        ("zeros = ['dW_H']", Verdict.UNREADABLE, 'Write each zero as "dW_H[2, 1]" or "db_H[2]".'),
    ],
)  # fmt: skip
def test_numbers_are_judged_to_the_digits_given(
    book: Network, tmp_path: Path, line: str, verdict: Verdict, diagnosis: str
) -> None:
    found = check(book, line, tmp_path)
    finding = found.pop(line.split()[0])
    assert (finding.verdict, finding.diagnosis) == (verdict, diagnosis)
    assert {f.verdict for f in found.values()} == {Verdict.MISSING}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"dW = 1", "has no answers"),
        (b"", "has no answers"),
        (b"\xff", "not UTF-8"),
        (b"a." * 1000 + b"b = 1", "has no answers"),
        (b"[" + b"a." * 1000 + b"b]", "has no answers"),
        (b"#" * 300_000, "too large"),
    ],
)
def test_files_that_are_no_answers_are_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "answers.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_answers(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("y_hat = [0,8, 0,2]", "It must be a list of 2 and is a list of 4."),
        ("y_hat = [0.8, 0.2", "brackets don't match"),
        ("y_hat = " + "[" * 5000, "brackets don't match"),
        ("y_hat = " + "[" * 5000 + "]" * 5000, "lists within lists"),
        ("y_hat = 0.8, 0.2", "can't be read"),
        ("y_hat =", "Nothing stands here"),
        ("y_hat = [0.8, 0.2]\ny_hat = [1, 0]", "there twice"),
        ("y_hat = [\"1" + " " * 250_000 + "/2\", 0]", "not a number"),
        ("name = \"Ada\"\ny_hat = [" + "a." * 1000 + "b]", "not a number"),
    ],
)  # fmt: skip
def test_a_slip_costs_its_own_answer(book: Network, tmp_path: Path, line: str, reason: str) -> None:
    found = check(book, f"{line}\nloss = 1.7014\n", tmp_path)
    assert reason in found["y_hat"].diagnosis
    assert found["y_hat"].credit == 0
    assert found["loss"].verdict == Verdict.RIGHT
