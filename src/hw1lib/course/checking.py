"""What a student found, checked and diagnosed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from textwrap import fill
from typing import TypeAlias

import numpy as np

from hw1lib.backprop.hints import HINTS
from hw1lib.backprop.manual import backward, forward
from hw1lib.backprop.network import MAX_BYTES, NUMBER, PARAMETERS, Network
from hw1lib.backprop.zeros import find_zeros
from hw1lib.course.mistakes import MISTAKES, Array, Mistake, Place, Value, follow
from hw1lib.errors import InputError, shown
from hw1lib.files import read_toml

ASKED = ("y_hat", "loss", "db_O", "dW_O", "db_H", "dW_H", "zeros")  # as each follows
PLACE = re.compile(r"d?([Wb]_[HO])\s*\[\s*(\d{1,3})\s*(?:,\s*(\d{1,3})\s*)?\]", re.ASCII)
EXACT = 1e-9  # by which a number may differ from the right one, whatever its digits
FOLLOWED = 0.01  # the same, relative, if it follows from numbers that were rounded
CLOSE = 0.02
WIDTH = 76  # of a line
COARSE = 0.01  # the last digit of a number of which a single digit tells enough


class Verdict(StrEnum):
    """What is said of an answer."""

    RIGHT = "right"
    CARRIED = "right from a wrong earlier value"
    WRONG = "wrong"
    SHAPE = "wrong shape"
    MISSING = "missing"


@dataclass(frozen=True)
class Given:
    """A number as it was written.

    Attributes:
        value: the number.
        unit: that of its last digit; 0 for a fraction.
        digits: those that count.
    """

    value: float
    unit: float
    digits: float

    def agrees(self, right: float) -> bool:
        """Whether it is right to the digits given, rounded or cut off; a 0 must be exact."""
        return self._is(right) or (self._rounds(right) and bool(self.value and right))

    def fits(self, expected: float) -> bool:
        """Whether it shows a mistake's value: rounded to 0 too, but not to a single digit."""
        is_long = self.digits >= 2 or self.unit <= COARSE
        return self._is(expected) or (self._rounds(expected) and is_long)

    def follows(self, expected: float) -> bool:
        """Whether it fits a value that comes from rounded ones."""
        return self.fits(expected) or abs(self.value - expected) < FOLLOWED * abs(expected)

    def is_long(self, right: float) -> bool:
        """Whether it has enough digits to tell."""
        return self.digits >= 2 or self._is(right)

    def is_close(self, right: float) -> bool:
        """Whether it is all but right."""
        return self.agrees(right) or abs(self.value - right) < CLOSE * abs(right)

    def _is(self, other: float) -> bool:
        error = abs(self.value - other)
        return math.isfinite(error) and error <= EXACT * max(1, abs(other))

    def _rounds(self, other: float) -> bool:
        """Whether the other number, rounded or cut off, is this one."""
        if not self.unit or not math.isfinite(other):
            return False
        cut = math.copysign(math.floor(abs(other) / self.unit) * self.unit, other)
        is_cut = abs(self.value - cut) < 1e-6 * self.unit
        return abs(self.value - other) <= 0.5000001 * self.unit or is_cut


@dataclass(frozen=True)
class Answer:
    """Numbers as they were written, in rows one after the other, and their shape."""

    numbers: tuple[Given, ...]
    shape: tuple[int, ...]

    @property
    def value(self) -> Array:
        """The numbers alone."""
        return np.array([number.value for number in self.numbers]).reshape(self.shape)

    def all(self, test: str, expected: Value) -> bool:
        """Whether the shape is that of `expected`, and every number passes a test of `Given`."""
        if np.shape(expected) != self.shape:
            return False
        pairs = zip(self.numbers, np.ravel(expected).tolist(), strict=True)
        return all(getattr(number, test)(right) for number, right in pairs)


@dataclass(frozen=True)
class Unreadable:
    """An answer that can't be compared, and why."""

    verdict: Verdict
    reason: str


Found: TypeAlias = Answer | frozenset[Place] | Unreadable


@dataclass(frozen=True)
class Finding:
    """What is said of one answer.

    Attributes:
        name: one of `ASKED`.
        verdict: whether it is right.
        diagnosis: what went wrong, in a sentence; empty if there is nothing to say.
        right: the right value as a text.
    """

    name: str
    verdict: Verdict
    diagnosis: str
    right: str


def right_values(network: Network) -> dict[str, Value]:
    """The values asked for, by name; the zeros as a set of places."""
    values, gradients = forward(network), backward(network)
    zeros = find_zeros(network, values, gradients)
    found = {name: getattr(values, name).numpy() for name in ("y_hat", "loss")}
    found |= {f"d{name}": getattr(gradients, name).numpy() for name in PARAMETERS}
    return found | {"zeros": frozenset((zero.parameter, zero.index) for zero in zeros)}


def read_fields(path: Path, wanted: str) -> dict[str, Value]:
    """The fields of a TOML file whose names are those of `ASKED`.

    Raises:
        InputError: the file can't be read, or has another field.
    """
    fields = read_toml(path, MAX_BYTES, wanted)
    for name in fields:
        if name not in ASKED:
            raise InputError(
                f"{shown(path)}: unknown field {shown(name)!r:.40}; the fields are "
                f"{', '.join(ASKED)}."
            )
    return fields


def read_answers(path: Path, network: Network) -> dict[str, Found]:
    """The answers in a TOML file, by name; raises what `read_fields` raises."""
    return parse_answers(read_fields(path, "an answers file"), network)


def parse_answers(fields: Mapping[str, Value], network: Network) -> dict[str, Found]:
    """Answers as numbers, or texts that hold them, in lists; zeros as texts such as dW_H[2, 1]."""
    right = {f"d{name}": np.array(getattr(network, name)).shape for name in PARAMETERS}
    right |= {"y_hat": (len(network.y),), "loss": ()}
    return {
        name: _places(value) if name == "zeros" else _numbers(value, right[name])
        for name, value in fields.items()
    }


def check_answers(network: Network, answers: dict[str, Found]) -> list[Finding]:
    """A finding for each value asked for, in the order in which they follow from each other."""
    marking = _Marking(network, answers)
    return [marking.find(name) for name in ASKED]


class _Marking:
    """One student's answers, on the way through them."""

    def __init__(self, network: Network, answers: dict[str, Found]) -> None:
        self.network, self.answers, self.right = network, answers, right_values(network)
        self.made: list[Mistake] = []
        self.taken: dict[str, Value] = {}  # right answers, and wrong ones that no mistake explains
        self.slipped = False  # whether there is one of these

    def find(self, name: str) -> Finding:
        """What is said of the next answer."""
        verdict, diagnosis = self._judge(name)
        answer, right = self.answers.get(name), self.right[name]
        if isinstance(answer, Answer) and answer.shape != right.shape:
            verdict = Verdict.SHAPE
            hint = "" if diagnosis == HINTS["wrong"] else f" {diagnosis}"
            diagnosis = f"It must be {_size(right.shape)} and is {_size(answer.shape)}.{hint}"
        return Finding(name, verdict, diagnosis, _text(right))

    def _judge(self, name: str) -> tuple[Verdict, str]:
        answer, right = self.answers.get(name), self.right[name]
        if answer is None:
            return Verdict.MISSING, ""
        if isinstance(answer, Unreadable):
            return answer.verdict, answer.reason
        if _passes(answer, "agrees", right):
            self.taken[name] = right
            is_short = isinstance(answer, Answer) and not answer.all("is_long", right)
            return (Verdict.WRONG, HINTS["digits"]) if is_short else (Verdict.RIGHT, "")
        if self._explains(name, "follows", follow(self.network, self.made, self.taken)):
            return Verdict.CARRIED, ""
        if (mistake := self._likeliest(name)) is not None:
            self.made.append(mistake)
            where = "" if mistake.step == name else f"In {mistake.step}: "
            return Verdict.WRONG, where + mistake.sentence
        if not isinstance(answer, Answer):
            missed, added = len(right - answer), len(answer - right)
            return Verdict.WRONG, f"Of the zeros, {missed} are missing, and {added} are none."
        if answer.shape == right.shape:
            self.taken[name], self.slipped = answer.value, True
        return Verdict.WRONG, HINTS["early" if answer.all("is_close", right) else "wrong"]

    def _likeliest(self, name: str) -> Mistake | None:
        """The mistake that gives this answer, and as many of the others as any."""
        best, most = None, 0
        for mistake in reversed(MISTAKES):  # what is nearest to the answer first
            for test, values in self._made_with(mistake):
                if self._explains(name, test, values):
                    others = self.answers.items()
                    explained = sum(_passes(other, test, values.get(n)) for n, other in others)
                    if explained > most:
                        best, most = mistake, explained
        return best

    def _made_with(self, mistake: Mistake) -> Iterator[tuple[str, dict[str, Value]]]:
        """The values that the mistake gives, alone and on top of what went wrong before."""
        yield "fits", follow(self.network, [mistake])
        if self.made or self.slipped:
            yield "follows", follow(self.network, [*self.made, mistake], self.taken)

    def _explains(self, name: str, test: str, values: dict[str, Value]) -> bool:
        """Whether an answer is one of these values, and that value is not the right one."""
        value: Value = values.get(name)
        right = self.right[name]
        if not _passes(self.answers[name], test, value):
            return False
        if isinstance(right, frozenset):
            return bool(value != right)
        return np.shape(value) != right.shape or not np.allclose(value, right, EXACT, EXACT)


def _passes(answer: Found, test: str, expected: Value) -> bool:
    """Whether an answer passes a test of `Given`; zeros must be the same."""
    if isinstance(answer, Answer):
        return expected is not None and answer.all(test, expected)
    return bool(answer == expected)


def as_text(findings: Sequence[Finding], show: bool) -> str:
    """A line for each answer, with the right value if `show`."""
    lines = []
    for finding in findings:
        about = f": {finding.diagnosis}" if finding.diagnosis else ""
        lines.append(f"{finding.name:6} {finding.verdict}{about}")
        if show and finding.verdict != Verdict.RIGHT:
            lines.append(f"{'':6} right is {finding.right}")
    return "\n".join(fill(line, WIDTH, subsequent_indent=" " * 7) for line in lines)


def as_json(findings: Sequence[Finding], show: bool) -> str:
    """The same as one JSON object."""
    return json.dumps(
        {
            finding.name: {"verdict": finding.verdict, "diagnosis": finding.diagnosis}
            | ({"right": finding.right} if show else {})
            for finding in findings
        },
        ensure_ascii=False,
    )


def _numbers(value: Value, shape: tuple[int, ...]) -> Found:
    """A number, a list or a list of rows; one that holds the same as `shape` would, takes it."""
    rows = value if isinstance(value, list) else [value]
    is_matrix = bool(rows) and all(isinstance(row, list) for row in rows)
    entries = [entry for row in rows for entry in row] if is_matrix else rows
    numbers = [_given(entry) for entry in entries]
    found = tuple(number for number in numbers if number is not None)
    if len(found) < len(entries):
        return Unreadable(Verdict.WRONG, HINTS["unreadable"])
    if is_matrix and len({len(row) for row in rows}) > 1:
        return Unreadable(Verdict.SHAPE, "Its rows have different lengths.")
    own = (len(rows), len(rows[0])) if is_matrix else (len(rows),) if rows is value else ()
    is_same = len(own) != len(shape) and [n for n in own if n > 1] == [n for n in shape if n > 1]
    return Answer(found, shape if is_same and len(found) == math.prod(shape) else own)


def _given(value: Value) -> Given | None:
    """A whole number, decimal or fraction, as playground/exercise.js reads it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    plain = f"{value:d}" if isinstance(value, int) and abs(value) < 10**30 else str(value)[:99]
    plain = re.sub(r"\s*/\s*", "/", re.sub(r",(?=\d)", ".", plain.strip().replace("−", "-")))
    if not NUMBER.fullmatch(plain):
        return None
    number = float(Fraction(plain))
    if "/" in plain:
        return Given(number, 0, math.inf)
    mantissa, _, exponent = plain.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    return Given(number, 10.0**-decimals, len(mantissa.lstrip("+-0.").replace(".", "")))


def _places(value: Value) -> Found:
    """The places of zeros, such as "dW_H[2, 1]", counted from 1."""
    texts = value if isinstance(value, list) else [value]
    found = [PLACE.fullmatch(text.strip()) if isinstance(text, str) else None for text in texts]
    matches = [match for match in found if match is not None]
    if len(matches) < len(texts):
        return Unreadable(Verdict.WRONG, 'Write each zero as "dW_H[2, 1]" or "db_H[2]".')
    return frozenset(
        (name, tuple(int(number) - 1 for number in index if number is not None))
        for name, *index in (match.groups() for match in matches)
    )


def _size(shape: tuple[int, ...]) -> str:
    if len(shape) < 2:
        return f"a list of {shape[0]}" if shape else "one number"
    return " x ".join(map(str, shape))


def _text(value: Value) -> str:
    """A right value in four decimals, or the places of the zeros."""
    if isinstance(value, frozenset):
        places = sorted((name, [i + 1 for i in index]) for name, index in value)
        return ", ".join(f"d{name}{index}" for name, index in places)
    if np.ndim(value):
        return f"[{', '.join(map(_text, value))}]"
    return rounded(float(value))


def rounded(value: float) -> str:
    """A number in four decimals, or more if it is small; whole ones as they are."""
    if value == int(value):
        return str(int(value))
    return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.3e}"
