"""A page of feedback for every student, and a summary of the class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from html import escape
from pathlib import Path

from hw1lib.backprop.judging import HINTS
from hw1lib.course.answerfile import ASKED
from hw1lib.course.answers import Verdict
from hw1lib.course.checking import right_text
from hw1lib.course.grading import Course, Graded, without_own_files
from hw1lib.course.marking import Finding
from hw1lib.files import write_text

SUMMARY = "_summary.html"  # as no id begins
COMMON = 10  # diagnoses that the summary lists
SHADES = {  # of the verdicts in the figure, which colour-blind people can tell apart
    Verdict.RIGHT: "#0072B2",
    Verdict.CARRIED: "#56B4E9",
    Verdict.PARTLY: "#E69F00",
    Verdict.WRONG: "#D55E00",
    Verdict.SHAPE: "#CC79A7",
    Verdict.UNREADABLE: "#6b7280",
    Verdict.MISSING: "#d1d5db",
}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: 0 auto; padding: 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border-bottom: 1px solid #d1d5db; padding: 0.4rem; text-align: left; }}
.table {{ overflow-x: auto; }}
svg {{ width: 100%; height: auto; }}
@media print {{ body {{ padding: 0; font-size: 10pt; }} tr {{ break-inside: avoid; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def write_feedback(course: Course, folder: Path, show: bool) -> None:
    """Writes a page ID.html for every student with marked answers, and the summary of the class.

    Args:
        course: what was graded.
        folder: for the pages.
        show: whether pages give the right values.

    Raises:
        InputError: the pages would stand where answers are read, or can't be written.
    """
    without_own_files(folder / SUMMARY, course)
    for graded in course.graded:
        if graded.findings:
            write_text(folder / f"{graded.student.id}.html", feedback_page(graded, course, show))
    write_text(folder / SUMMARY, summary_page(course))


def feedback_page(graded: Graded, course: Course, show: bool) -> str:
    """What a student gets back: marks, verdicts and diagnoses; right values only if `show`."""
    rows = []
    for finding in graded.findings:
        points = course.points[finding.name]
        mark = f"{round(points * finding.credit, 2):g} of {points:g}"
        remark = finding.diagnosis
        if show and finding.verdict != Verdict.RIGHT:
            remark = f"{remark} Right is {right_text(finding.right)}.".strip()
        rows.append((finding.name, mark, str(finding.verdict), remark))
    student = graded.student
    head = f"<p>{escape(student.name)}, {escape(student.id)}</p>"
    total = f"<p><strong>{course.total(graded):g} of {course.out_of:g} points</strong></p>"
    table = _table(("answer", "points", "verdict", "what to look at"), rows)
    return PAGE.format(title="Feedback", body="\n".join([head, total, table]))


def summary_page(course: Course) -> str:
    """How many missed what: a figure, the same as a table, and the most common diagnoses."""
    marked = [graded for graded in course.graded if graded.findings]
    counts = {name: Counter[Verdict]() for name in ASKED}
    for finding in _findings(marked):
        counts[finding.name][finding.verdict] += 1
    vague = {"", *HINTS.values()}
    diagnoses = Counter(
        (f.name, f.diagnosis) for f in _findings(marked) if f.diagnosis not in vague
    )
    totals = [course.total(graded) or 0 for graded in marked]
    mean = f", {sum(totals) / len(totals):.2f} of {course.out_of:g} points on average"
    shares = [(name, *(str(n[verdict]) for verdict in SHADES)) for name, n in counts.items()]
    parts = [
        f"<p>{len(marked)} of {len(course.graded)} students{mean if totals else ''}.</p>",
        _figure(counts, len(marked)),
        _table(("answer", *map(str, SHADES)), shares),
        "<h2>Most common diagnoses</h2>",
        _table(
            ("answer", "students", "diagnosis"),
            [(name, str(count), text) for (name, text), count in diagnoses.most_common(COMMON)],
        ),
    ]
    return PAGE.format(title="Summary of the class", body="\n".join(parts))


def _findings(marked: Iterable[Graded]) -> Iterable[Finding]:
    return (finding for graded in marked for finding in graded.findings)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="table"><table>\n<tr>{heads}</tr>\n{body}\n</table></div>'


def _figure(counts: dict[str, Counter[Verdict]], students: int) -> str:
    """A bar for each answer, with a part for each verdict."""
    parts = []
    for row, (name, count) in enumerate(counts.items()):
        parts.append(f'<text x="0" y="{26 * row + 16}">{name}</text>')
        x = 60.0
        for verdict, shade in SHADES.items():
            width = 500 * count[verdict] / max(1, students)
            place = f'x="{x:.1f}" y="{26 * row + 2}" width="{width:.1f}" height="20"'
            tip = f"<title>{escape(f'{name}: {verdict}, {count[verdict]}')}</title>"
            parts.append(f'<rect {place} fill="{shade}">{tip}</rect>')
            x += width
    top = 26 * len(counts) + 8
    for index, (verdict, shade) in enumerate(SHADES.items()):
        x, y = 60 + 250 * (index % 2), top + 20 * (index // 2)
        parts.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{shade}"/>')
        parts.append(f'<text x="{x + 18}" y="{y + 11}">{escape(str(verdict))}</text>')
    label = "Shares of the verdicts on each answer; the table below has the numbers."
    height = top + 20 * ((len(SHADES) + 1) // 2)
    return (
        f'<svg viewBox="0 0 570 {height}" role="img" aria-label="{label}" font-size="13" '
        f'fill="currentColor">{"".join(parts)}</svg>'
    )
