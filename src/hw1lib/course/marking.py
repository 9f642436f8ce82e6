"""Marks for what a student found: entry by entry, with what follows from their own numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from math import exp
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.formulas import Array
from hw1lib.backprop.judging import HINTS, Numeral, Tolerance, agrees
from hw1lib.backprop.judging import Verdict as Closeness
from hw1lib.backprop.mistakes import MISTAKES, Mistake, follow
from hw1lib.backprop.network import PARAMETERS, Network
from hw1lib.backprop.passes import STEPS
from hw1lib.course.answerfile import ASKED
from hw1lib.course.answers import Answer, Found, Places, Verdict, worst
from hw1lib.course.places import DERIVATIVES, entries, place

Right: TypeAlias = "Array | frozenset[str]"  # a value, or the places of zeros

SHOWN = ("h", "z_O", "dL_dh", "slope")  # what may be rounded on the way without being asked for
FEWEST = 3  # decimals that an honest student keeps
CLOSE = Tolerance(rtol=0.002)  # for a mistake made with one's own rounded numbers
EXACTLY = Tolerance(rtol=0)  # for a mistake alone
EVIDENCE = 3  # digits that a mistake must explain to be named


@dataclass(frozen=True)
class Finding:
    """The finding on one answer.

    Attributes:
        name: one of `ASKED`.
        verdict: whether it is right.
        diagnosis: what went wrong, in a sentence; empty if there is nothing to say.
        credit: the share of the answer that counts, from 0 to 1.
        right: the right value.
    """

    name: str
    verdict: Verdict
    diagnosis: str
    credit: float
    right: Right


def right_values(network: Network) -> dict[str, Right]:
    """The values asked for, by name: arrays, and the places of zeros as texts."""
    numbers = _right_numbers(network)
    return {**numbers, "zeros": _zeros_of(numbers)}


def _right_numbers(network: Network) -> dict[str, Array]:
    values, gradients = forward(network), backward(network)
    numbers = {"y_hat": values.y_hat.numpy(), "loss": values.loss.numpy()}
    return numbers | {f"d{name}": getattr(gradients, name).numpy() for name in PARAMETERS}


def _zeros_of(numbers: Mapping[str, Array]) -> frozenset[str]:
    sizes = entries(numbers, DERIVATIVES)
    return frozenset(place for place, value in sizes.items() if value == 0)


def mark_answers(
    network: Network, answers: Mapping[str, Found], tolerance: Tolerance | None = None
) -> list[Finding]:
    """A finding for each value asked for, in the order in which they follow from each other.

    An entry counts if it is right, or if it follows from the student's own earlier numbers as
    they stand, with room for what may have been rounded on the way. Nothing follows from a value
    that can't be, such as a probability of 1. A 0 in the place of what isn't 0 counts only if it
    follows from a mistake that was named, and the zeros of an answer count only beside an entry
    that counts and isn't 0.
    """
    marking = _Marking(network, answers, tolerance or Tolerance())
    right: dict[str, Right] = {**marking.right, "zeros": marking.zeros}
    return [Finding(name, *marking.mark(name), right[name]) for name in ASKED]


class _Marking:
    """One student's answers, and what went wrong so far."""

    def __init__(
        self, network: Network, answers: Mapping[str, Found], tolerance: Tolerance
    ) -> None:
        self.network, self.answers, self.tolerance = network, answers, tolerance
        self.right = _right_numbers(network)
        self.zeros = _zeros_of(self.right)
        self.mistakes: list[Mistake] = []
        self.own: dict[str, Array] = {}  # earlier numbers from which later ones may follow
        self.carried: dict[str, bool] = {}  # whether 0 is written, where an entry is carried
        self.full: set[str] = set()  # answers that count in full
        self.unit = 10.0 ** -max(FEWEST, *_decimals(answers), FEWEST) / 2

    def mark(self, name: str) -> tuple[Verdict, str, float]:
        """The verdict on the next answer, its diagnosis, and the share that counts."""
        answer = self.answers.get(name)
        if answer is None:
            return Verdict.MISSING, "", 0.0
        if isinstance(answer, tuple):
            return *answer, 0.0
        if isinstance(answer, Places):
            return self._mark_zeros(answer)
        if answer.shape != self.right[name].shape:
            sizes = f"It must be {size(self.right[name].shape)} and is {size(answer.shape)}."
            return Verdict.SHAPE, f"{sizes} {self._name_mistake(name, answer)}".strip(), 0.0
        return self._mark_numbers(name, answer)

    def _mark_numbers(self, name: str, answer: Answer) -> tuple[Verdict, str, float]:
        right = self._agreeing(answer, self.right[name])
        carried = np.zeros_like(right) if right.all() else self._carried(name, answer) & ~right
        counts = right | carried
        if not np.any(counts & (answer.value != 0)) and np.any(self.right[name]):
            counts = carried = np.zeros_like(right)
        for index in np.argwhere(carried):
            self.carried[place(name, tuple(index))] = bool(answer.value[tuple(index)] == 0)
        diagnosis = "" if counts.all() else self._diagnose(name, answer)
        if counts.all():
            self.full.add(name)
        if not diagnosis or diagnosis in HINTS.values():
            self._keep(name, answer.value)
        return _verdict(right, counts), diagnosis, float(counts.mean())

    def _agreeing(self, answer: Answer, value: Array) -> NDArray[np.bool_]:
        return _each(lambda n, v: agrees(n, v, self.tolerance), answer, value)

    def _carried(self, name: str, answer: Answer) -> NDArray[np.bool_]:
        """Which entries follow from the student's own numbers."""
        value = follow(self.network, self.mistakes, self.own).get(name)
        if value is None or np.shape(value) != answer.shape:
            return np.zeros(answer.shape, dtype=bool)
        room = self._room(name, value)
        nearest = np.clip(answer.value, value - room, value + room)
        is_named = bool(self.mistakes) & (np.abs(value) <= room + self.unit)
        nearest = np.where((answer.value == 0) & is_named, 0, nearest)
        is_idle = (answer.value == 0) & (self.right[name] != 0) & ~is_named
        return np.asarray(self._agreeing(answer, nearest) & ~is_idle)

    def _room(self, name: str, value: Array) -> Array:
        """By how much a value may be off because numbers before it were rounded.

        To round e^z is as if z were off by the share of e^z.
        """
        before = follow(self.network, self.mistakes, self.own)
        room = np.zeros(np.shape(value))
        for step in (step for step in (*SHOWN, *self.own) if step != name and step in before):
            for index, number in np.ndenumerate(before[step]):
                if number != int(number):  # a whole number needs no rounding
                    moved = np.array(before[step], dtype=float)
                    moved[index] += self.unit * (max(1, exp(-number)) if step == "z_O" else 1)
                    given = self.own | {step: moved}
                    room += np.abs(follow(self.network, self.mistakes, given)[name] - value)
        return room

    def _keep(self, name: str, value: Array) -> None:
        """Lets later answers follow from a value, if it can be one."""
        can_be = bool(np.isfinite(value).all())
        if name == "y_hat":
            can_be &= bool(np.all((value > 0) & (value < 1))) and not _is_level(value)
        if name == "db_O":
            can_be &= bool(np.all((value != 0) & (np.abs(value) < 1)))
        if can_be:
            self.own[name] = value

    def _diagnose(self, name: str, answer: Answer) -> str:
        """What went wrong: a mistake that is kept in mind, or how far off the numbers are."""
        verdict = worst(answer, self.right[name], self.tolerance)
        return self._name_mistake(name, answer) or HINTS.get(verdict, HINTS[Closeness.WRONG])

    def _name_mistake(self, name: str, answer: Answer) -> str:
        """The mistake that explains this answer, and most others, best; empty if there is none."""
        candidates = [
            m for m in MISTAKES if self._explains(m, name, answer) and self._may_be(m, name)
        ]
        if not candidates:
            return ""
        mistake = max(reversed(candidates), key=self._explained)  # the nearest of equal ones
        self.mistakes.append(mistake)
        where = "" if mistake.step == name else f"In {mistake.step}: "
        return where + mistake.sentence

    def _explains(self, mistake: Mistake, name: str, answer: Answer) -> bool:
        """Whether a mistake gives the whole answer, in digits enough to be no coincidence."""
        without = follow(self.network, self.mistakes, self.own).get(name)
        trials = [(self.mistakes, self.own, CLOSE), ([], {}, EXACTLY)]
        for mistakes, own, tolerance in trials:
            value = follow(self.network, [*mistakes, mistake], own).get(name)
            if value is None or np.shape(value) != answer.shape:
                continue
            same = _each(lambda n, v: _is_written(n, v, tolerance), answer, value)  # noqa: B023
            if same.all() and _evidence(answer, without) >= EVIDENCE:
                return True
        return False

    def _may_be(self, mistake: Mistake, name: str) -> bool:
        """Whether a mistake contradicts no answer that counts."""
        order = list(STEPS)
        if order.index(mistake.step) > order.index(name) or mistake.step in self.full:
            return False
        if mistake.step == name:
            return True
        return not any(
            self._contradicts(mistake, other, answer)
            for other, answer in self.answers.items()
            if other != name and isinstance(answer, Answer)
        )

    def _contradicts(self, mistake: Mistake, name: str, answer: Answer) -> bool:
        """Whether an answer is what follows without the mistake, and not what follows with it."""
        own = {step: value for step, value in self.own.items() if step != name}
        plain = follow(self.network, self.mistakes, own).get(name)
        changed = follow(self.network, [*self.mistakes, mistake], own).get(name)
        return _all_agree(answer, plain) and not _all_agree(answer, changed)

    def _explained(self, mistake: Mistake) -> int:
        """How many answers a mistake alone gives."""
        values = follow(self.network, [mistake])
        answers = ((n, a) for n, a in self.answers.items() if isinstance(a, Answer))
        return sum(_all_agree(answer, values.get(name)) for name, answer in answers)

    def _mark_zeros(self, answer: Places) -> tuple[Verdict, str, float]:
        """The share of the zeros that is listed, less the share of the others that is.

        Thus nothing is gained by listing all of them.
        """
        hint = "Places are counted from 1, such as dW_H[1,1]." if answer.from_zero else ""
        if answer.places == self.zeros:
            return Verdict.RIGHT, hint, 1.0
        added = {place for place, is_zero in self.carried.items() if is_zero}
        gone = {place for place, is_zero in self.carried.items() if not is_zero}
        zeros = (self.zeros | added) - gone
        if answer.places == zeros:
            return Verdict.CARRIED, hint, 1.0
        others = sum(self.right[name].size for name in DERIVATIVES) - len(zeros)
        hits, false = len(answer.places & zeros), len(answer.places - zeros)
        credit = max(0.0, hits / max(1, len(zeros)) - false / max(1, others))
        hint = f"Zeros that are missing: {len(zeros) - hits}; listed, but none: {false}. {hint}"
        return Verdict.PARTLY if credit else Verdict.WRONG, hint.strip(), credit


def _decimals(answers: Mapping[str, Found]) -> Iterator[int]:
    """How many decimals the numbers have, fractions aside."""
    for answer in answers.values():
        if isinstance(answer, Answer):
            yield from (int(n.decimals) for n in answer.numerals.flat if np.isfinite(n.decimals))


def _verdict(right: NDArray[np.bool_], counts: NDArray[np.bool_]) -> Verdict:
    if right.all():
        return Verdict.RIGHT
    if counts.all():
        return Verdict.CARRIED
    return Verdict.PARTLY if counts.any() else Verdict.WRONG


def _each(
    test: Callable[[Numeral, float], bool], answer: Answer, values: Array
) -> NDArray[np.bool_]:
    """A test of each entry with its value."""
    pairs = zip(answer.numerals.flat, np.ravel(values), strict=True)
    return np.array([test(n, float(v)) for n, v in pairs], dtype=bool).reshape(answer.shape)


def _is_written(numeral: Numeral, value: float, tolerance: Tolerance) -> bool:
    """Whether a number is a wrong value as one would write it; what is tiny may be written as 0."""
    is_tiny = abs(value) < 10.0**-FEWEST / 2
    return (numeral.value == 0 and is_tiny) or agrees(numeral, value, tolerance)


def _all_agree(answer: Answer, value: Array | None) -> bool:
    if value is None or np.shape(value) != answer.shape:
        return False
    return bool(_each(lambda n, v: _is_written(n, v, CLOSE), answer, value).all())


def _evidence(answer: Answer, without: Array | None) -> float:
    """Significant digits of the entries that differ from what follows without a mistake."""
    is_same_shape = without is not None and np.shape(without) == answer.shape
    values = np.ravel(without) if is_same_shape and without is not None else ()
    digits = (
        min(numeral.digits, 4.0)
        for numeral, value in zip_longest(answer.numerals.flat, values)
        if numeral.value != 0 and (value is None or not agrees(numeral, float(value), CLOSE))
    )
    return sum(digits, 0.0)


def _is_level(value: Array) -> bool:
    """Whether all entries are the same, as those of no prediction of an exercise are."""
    return value.size > 1 and len(set(value.flat)) == 1


def size(shape: tuple[int, ...]) -> str:
    """A shape in words."""
    if len(shape) < 2:
        return f"a list of {shape[0]}" if shape else "one number"
    return " x ".join(map(str, shape))
