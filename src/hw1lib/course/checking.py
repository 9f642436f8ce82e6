"""What a student found, checked and diagnosed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill

import numpy as np

from hw1lib.backprop.certified import backward, forward
from hw1lib.backprop.judging import EXACT, HINTS, Tolerance
from hw1lib.backprop.mistakes import MISTAKES, Mistake
from hw1lib.backprop.network import PARAMETERS, Network
from hw1lib.course.answers import ASKED, Answer, Found, Verdict, agrees, follows, worst
from hw1lib.course.places import DERIVATIVES, Value, all_values, entries

STRICT = Tolerance(rtol=0)  # for values that a mistake alone gives
HONEST = Tolerance()  # for those that follow from rounded numbers
WIDTH = 76  # of a line


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
    """The values asked for, by name: arrays, and the places of zeros as texts."""
    values, gradients = forward(network), backward(network)
    found = {"y_hat": values.y_hat.numpy(), "loss": values.loss.numpy()}
    found |= {f"d{name}": getattr(gradients, name).numpy() for name in PARAMETERS}
    zeros = (place for place, value in entries(found, DERIVATIVES).items() if value == 0)
    return found | {"zeros": frozenset(zeros)}


def check_answers(network: Network, answers: Mapping[str, Found]) -> list[Finding]:
    """A finding for each value asked for, in the order in which they follow from each other."""
    marking = _Marking(network, answers)
    return [Finding(name, *marking.judge(name), _text(marking.right[name])) for name in ASKED]


class _Marking:
    """One student's answers, and what went wrong so far."""

    def __init__(self, network: Network, answers: Mapping[str, Found]) -> None:
        self.network, self.answers, self.right = network, answers, right_values(network)
        self.made: list[Mistake] = []
        self.slips: dict[str, Value] = {}  # wrong answers that no mistake explains

    def judge(self, name: str) -> tuple[Verdict, str]:
        """The verdict on the next answer, and its diagnosis."""
        answer, right = self.answers.get(name), self.right[name]
        if answer is None:
            return Verdict.MISSING, ""
        if isinstance(answer, tuple):
            return answer
        if agrees(answer, right):
            return Verdict.RIGHT, ""
        if self._explained(name, all_values(self.network, self.made, self.slips), HONEST):
            return Verdict.CARRIED, ""
        hint = self._diagnose(name, answer, right)
        if isinstance(answer, Answer) and answer.shape != right.shape:
            sizes = f"It must be {_size(right.shape)} and is {_size(answer.shape)}."
            return Verdict.SHAPE, f"{sizes} {hint}".strip()
        return Verdict.WRONG, hint

    def _diagnose(self, name: str, answer: Answer | frozenset[str], right: Value) -> str:
        """What went wrong, which is kept in mind for the answers that follow."""
        trials = [(self._most_explained(name, m), m) for m in reversed(MISTAKES)]
        most, mistake = max(trials, key=lambda trial: trial[0])  # the nearest of equal ones
        if most:
            self.made.append(mistake)
            where = "" if mistake.step == name else f"In {mistake.step}: "
            return where + mistake.sentence
        if not isinstance(answer, Answer):
            missed, added = len(right - answer), len(answer - right)
            return f"Of the zeros, {missed} are missing, and {added} are none."
        if answer.shape != right.shape:
            return ""
        self.slips[name] = answer.value
        return HINTS[worst(answer, right)]

    def _most_explained(self, name: str, mistake: Mistake) -> int:
        """How many answers a mistake gives, alone or with those made before; 0 if not this one."""
        trials = [(all_values(self.network, [mistake]), STRICT)]
        if self.made or self.slips:
            trials.append((all_values(self.network, [*self.made, mistake], self.slips), HONEST))
        return max(self._explained(name, values, tolerance) for values, tolerance in trials)

    def _explained(self, name: str, values: Mapping[str, Value], tolerance: Tolerance) -> int:
        """How many answers are these values; 0 if this one is not, or its value is right."""
        is_given = follows(self.answers[name], values.get(name), tolerance)
        if not is_given or self._is_right(name, values):
            return 0
        return sum(follows(other, values.get(n), tolerance) for n, other in self.answers.items())

    def _is_right(self, name: str, values: Mapping[str, Value]) -> bool:
        value, right = values[name], self.right[name]
        if isinstance(right, frozenset):
            return bool(value == right)
        return np.shape(value) == right.shape and np.allclose(value, right, EXACT, EXACT)


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
    names = ("verdict", "diagnosis", "right") if show else ("verdict", "diagnosis")
    found = {finding.name: {name: getattr(finding, name) for name in names} for finding in findings}
    return json.dumps(found, ensure_ascii=False)


def written(value: Value) -> Value:
    """Numbers in nested lists as texts: four decimals, more if small; whole ones as they are."""
    if isinstance(value, list | str):
        return [*map(written, value)] if isinstance(value, list) else value
    form = ".0f" if value == int(value) else ".4f" if abs(value) > 1e-3 else ".3e"
    return f"{value:{form}}".replace("-", "−")


def _text(right: Value) -> str:
    """A right value as the terminal shows it."""
    if isinstance(right, frozenset):
        return ", ".join(sorted(right))
    return str(written(right.tolist())).replace("'", "").replace("−", "-")


def _size(shape: tuple[int, ...]) -> str:
    if len(shape) < 2:
        return f"a list of {shape[0]}" if shape else "one number"
    return " x ".join(map(str, shape))
