from __future__ import annotations

import csv
import json
import os
import re
import shutil
from pathlib import Path

import pytest

from exercises import all_values, as_toml
from hw1lib.backprop.mistakes import MISTAKES
from hw1lib.cli import main
from hw1lib.course.answerfile import ASKED
from hw1lib.course.marking import right_values
from hw1lib.course.networks import Design, student_network
from hw1lib.course.sheets import network_toml

DESIGN = Design("3", (2, 3, 2))
IDS = ("good", "sign", "broken", "none", "twice", "canvas", "moodle")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A folder with a roster, keys and answers."""
    rows = "".join(f"{name},Name of {name}\n" for name in IDS)
    (tmp_path / "roster.csv").write_text(f"id,name\n{rows}")
    for name in ("keys", "answers", "answers/sign"):
        (tmp_path / name).mkdir()
    for name in IDS:
        network = student_network(DESIGN, name)
        fields = {
            field: json.loads(value)
            for field, value in (line.split(" = ") for line in network_toml(network).splitlines())
        }
        (tmp_path / "keys" / f"{name}.json").write_text(json.dumps({"network": fields}))
    sign = next(mistake for mistake in MISTAKES if mistake.kind == "sign")
    right = as_toml(right_values(student_network(DESIGN, "good")))
    wrong = as_toml(all_values(student_network(DESIGN, "sign"), [sign]))
    (tmp_path / "answers" / "good.toml").write_text(right)
    (tmp_path / "answers" / "sign" / "answers.toml").write_text(wrong)
    (tmp_path / "answers" / "broken.toml").write_text("=HYPERLINK")
    for name in ("twice.toml", "TWICE (1).toml", "fits nobody.toml"):
        (tmp_path / "answers" / name).write_text(right)
    canvas = as_toml(right_values(student_network(DESIGN, "canvas")))
    (tmp_path / "answers" / "canvasnameof_LATE_1000_77_answers.toml").write_text(canvas)
    moodle = tmp_path / "answers" / "Name of moodle_900_assignsubmission_file_"
    moodle.mkdir()
    text = as_toml(right_values(student_network(DESIGN, "moodle")))
    (moodle / "answers.toml.txt").write_text(text)
    os.mkfifo(tmp_path / "answers" / "fifo.toml")
    (tmp_path / "answers" / "loop.toml").symlink_to("loop.toml")
    return tmp_path


def grade(course: Path, *options: str) -> int:
    paths = {"roster": "roster.csv", "keys": "keys", "answers": "answers", "output": "grades.csv"}
    arguments = [f"--{name}={course / path}" for name, path in paths.items()]
    return main(["check", *arguments, *options])


def test_a_course_is_graded_and_broken_files_stop_nothing(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (course / "points.toml").write_text("dW_H = 2.5\nzeros = 0\n")
    assert grade(course, f"--points={course / 'points.toml'}") == 0
    with (course / "grades.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert [rows["good"][name] for name in ASKED] == ["1", "1", "1", "1", "1", "2.5", "0"]
    assert rows["good"]["total"] == rows["good"]["out of"] == "7.5"
    assert rows["canvas"]["total"] == rows["moodle"]["total"] == "7.5"
    assert rows["good"]["diagnosis"] == rows["good"]["problem"] == ""
    assert (rows["sign"]["db_O"], rows["sign"]["dW_O"], rows["sign"]["total"]) == ("0", "1", "6.5")
    assert "dW_O: follows from your earlier values." in rows["sign"]["diagnosis"]
    assert "has no answers" in rows["broken"]["problem"]
    assert "Keep one of these files" in rows["twice"]["problem"]
    assert {rows[name]["total"] for name in ("broken", "none", "twice")} == {""}
    report = capsys.readouterr().out
    assert "1 student without a file: none." in report
    assert "2 students with a problem, which their row tells: broken, twice." in report
    strange = ("fifo.toml", "fits nobody.toml", "loop.toml")
    names = ", ".join(f"answers/{name}" for name in strange)
    assert f"3 files fit nobody: {names}." in report


def test_missing_keys_are_refused_and_nothing_that_is_read_is_overwritten(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (course / "roster.csv").read_bytes()
    for output in (course / "roster.csv", course / "answers" / "good.toml"):
        assert grade(course, f"--output={output}") == 2
        assert "would stand where files are read" in capsys.readouterr().err
    assert (course / "roster.csv").read_bytes() == before
    shutil.rmtree(course / "keys")
    (course / "keys").mkdir()
    assert grade(course) == 2
    assert "has no keys of 7 of 7 students" in capsys.readouterr().err


def test_canvas_gets_a_table_that_it_imports(course: Path) -> None:
    head = "Student,ID,SIS User ID,SIS Login ID,Section,Homework 0 (12)\n"
    rows = "    Points Possible,,,,,10\n"
    rows += '"of good, Name",good,7,good@x,A,\n"of none, Name",none,8,n@x,A,\n'
    (course / "roster.csv").write_text(head + rows + '"Student, Test",99,,,A,\n')
    assert grade(course, "--assignment=Homework 1 (34)") == 0
    with (course / "grades-canvas.csv").open(newline="", encoding="utf-8-sig") as file:
        table = list(csv.reader(file))
    assert table[0] == [
        "Student",
        "ID",
        "SIS User ID",
        "SIS Login ID",
        "Section",
        "Homework 1 (34)",
    ]
    assert table[1] == ["    Points Possible", "", "", "", "", "7"]
    assert table[2] == ["of good, Name", "good", "7", "good@x", "A", "7"]
    assert table[3][-1] == ""


@pytest.mark.parametrize("line", ["loss = -1", "loss = 'x'", "loss = nan", "loss = true", "x = 1"])
def test_bad_points_are_refused(
    course: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    (course / "points.toml").write_text(line)
    assert grade(course, f"--points={course / 'points.toml'}") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (course / "grades.csv").exists()


def test_the_command_checks_one_file_and_gives_nothing_away(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = course / "answers" / "sign" / "answers.toml"
    network = student_network(DESIGN, "sign")
    answers.with_name("network.toml").write_text(network_toml(network))
    assert main(["check", str(answers)]) == 0
    text = capsys.readouterr().out
    assert "db_O   wrong: The sign is flipped" in text
    assert "right is" not in text
    assert main(["check", str(answers), "--show"]) == 0
    assert f"right is [{right_values(network)['db_O'][0]:.4f}" in capsys.readouterr().out
    assert main(["check", str(answers), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    wanted = {"verdict": "follows from your earlier values", "diagnosis": "", "credit": 1.0}
    assert found["dW_O"] == wanted


def test_half_a_command_is_refused(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["a.toml", "--roster=x"], ["--roster=x"]):
        assert main(["check", *arguments]) == 2
        assert "name one file of answers, or --roster" in capsys.readouterr().err


def test_feedback_and_a_summary_give_nothing_of_the_key_away(course: Path) -> None:
    right = right_values(student_network(DESIGN, "sign"))["db_O"]
    secret = f"{right[0]:.4f}"
    folder = course / "feedback"
    assert grade(course, f"--feedback={folder}") == 0
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert {"good.html", "sign.html", "_summary.html"} <= set(pages)
    assert "none.html" not in pages
    assert "<strong>6 of 7 points</strong>" in pages["sign.html"]
    assert "The sign is flipped" in pages["sign.html"]
    assert secret not in pages["sign.html"]
    assert "4 of 7 students, 6.75 of 7 points on average." in pages["_summary.html"]
    row = next(line for line in pages["_summary.html"].splitlines() if "<td>db_O</td>" in line)
    assert re.findall(r"<td>(\d+)</td>", row) == ["3", "0", "0", "1", "0", "0", "0"]
    assert grade(course, f"--feedback={folder}", "--show") == 0
    assert secret in (folder / "sign.html").read_text(encoding="utf-8")
    assert grade(course, f"--feedback={course / 'answers'}") == 2


def test_names_are_text_in_feedback(course: Path) -> None:
    roster = course / "roster.csv"
    name = '"<script>alert(1)</script>"'
    roster.write_text(roster.read_text().replace("Name of good", name))
    assert grade(course, f"--feedback={course / 'feedback'}") == 0
    assert "<script>" not in (course / "feedback" / "good.html").read_text(encoding="utf-8")


def test_answers_to_another_sheet_are_named(course: Path) -> None:
    shutil.copy(course / "answers" / "good.toml", course / "answers" / "none.toml")
    assert grade(course) == 0
    with (course / "grades.csv").open(newline="", encoding="utf-8-sig") as file:
        problems = {row["id"]: row["problem"] for row in csv.DictReader(file)}
    assert problems["none"] == "These are the answers to good's sheet."
    assert {problems[name] for name in ("good", "sign", "canvas", "moodle")} == {""}
