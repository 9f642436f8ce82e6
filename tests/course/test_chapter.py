"""What the chapter for teaching staff says; its cells are run here as they stand."""

from __future__ import annotations

from pathlib import Path

from chapters import check_the_code_is_in_the_text, run_cells
from hw1lib.backprop.mistakes import MISTAKES
from hw1lib.course.answers import Verdict
from qmdbook.qmd import parse_chapter


def test_the_example_has_three_mistakes_and_the_table_has_all(root: Path) -> None:
    chapter = parse_chapter(root / "teaching.qmd")
    check_the_code_is_in_the_text(chapter, lines=20, hidden=0)
    names = run_cells(chapter)
    verdicts = {finding.name: finding.verdict for finding in names["findings"]}
    wrong = {name for name, v in verdicts.items() if v in (Verdict.WRONG, Verdict.SHAPE)}
    assert wrong == {"loss", "db_O", "dW_H"}
    assert (verdicts["y_hat"], verdicts["dW_O"]) == (Verdict.RIGHT, Verdict.CARRIED)
    assert {sentence for _, sentence in names["rows"]} == {m.sentence for m in MISTAKES}
