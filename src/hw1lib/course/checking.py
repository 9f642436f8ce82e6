"""What was found out about a student's answers, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from textwrap import fill
from typing import TypeAlias

from hw1lib.course.answers import Verdict
from hw1lib.course.marking import Finding, Right

Nested: TypeAlias = "str | float | list[Nested]"  # numbers, or texts that stay as they are
Texts: TypeAlias = "str | list[Texts]"

WIDTH = 76  # of a line


def as_text(findings: Sequence[Finding], show: bool) -> str:
    """A line for each answer, with the right value if `show`."""
    lines = []
    for finding in findings:
        about = f": {finding.diagnosis}" if finding.diagnosis else ""
        lines.append(f"{finding.name:6} {finding.verdict}{about}")
        if show and finding.verdict != Verdict.RIGHT:
            lines.append(f"{'':6} right is {right_text(finding.right)}")
    return "\n".join(fill(line, WIDTH, subsequent_indent=" " * 7) for line in lines)


def as_json(findings: Sequence[Finding], show: bool) -> str:
    """The same as one JSON object."""
    report: dict[str, dict[str, object]] = {}
    for finding in findings:
        report[finding.name] = {
            "verdict": finding.verdict,
            "diagnosis": finding.diagnosis,
            "credit": round(finding.credit, 4),
        }
        if show:
            report[finding.name]["right"] = right_text(finding.right)
    return json.dumps(report, ensure_ascii=False)


def rounded(number: float) -> str:
    """Four decimals, more if it is small; a whole number as it is."""
    if number == int(number):
        return f"{number:.0f}"
    return f"{number:.4f}" if abs(number) > 1e-3 else f"{number:.3e}"


def written(value: Nested, show: Callable[[float], str] = rounded) -> Texts:
    """Numbers in nested lists as texts, as `show` writes one; texts stay as they are."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return [written(each, show) for each in value]
    return show(value).replace("-", "−")


def right_text(right: Right) -> str:
    """A right value as the terminal shows it."""
    if isinstance(right, frozenset):
        return ", ".join(sorted(right))
    return str(written(right.tolist())).replace("'", "").replace("−", "-")
