from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from exercises import as_toml
from hw1lib.backprop.mistakes import MISTAKES
from hw1lib.cli import main
from hw1lib.course.answers import ASKED
from hw1lib.course.checking import right_values
from hw1lib.course.networks import Design, student_network
from hw1lib.course.places import all_values
from hw1lib.course.sheets import network_toml

DESIGN = Design(3, (2, 3, 2))
IDS = ("good", "sign", "broken", "none", "nokey")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A folder with a roster, keys and answers."""
    rows = "".join(f"{name},Name of {name}\n" for name in IDS)
    (tmp_path / "roster.csv").write_text(f"id,name\n{rows}")
    for name in ("keys", "answers", "answers/sign"):
        (tmp_path / name).mkdir()
    for name in ("good", "sign", "broken", "none"):
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
    (tmp_path / "answers" / "nokey.toml").write_text("")
    return tmp_path


def grade(course: Path, *options: str) -> int:
    paths = {"roster": "roster.csv", "keys": "keys", "answers": "answers", "output": "grades.csv"}
    arguments = [f"--{name}={course / path}" for name, path in paths.items()]
    return main(["check", *arguments, *options])


def test_a_course_is_graded_and_broken_files_stop_nothing(course: Path) -> None:
    (course / "points.toml").write_text("dW_H = 2.5\nzeros = 0\n")
    assert grade(course, f"--points={course / 'points.toml'}") == 0
    with (course / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert [rows["good"][name] for name in ASKED] == ["1", "1", "1", "1", "1", "2.5", "0"]
    assert rows["good"]["total"] == "7.5"
    assert rows["good"]["diagnosis"] == rows["good"]["problem"] == ""
    assert (rows["sign"]["db_O"], rows["sign"]["dW_O"], rows["sign"]["total"]) == ("0", "1", "6.5")
    assert "dW_O: right from a wrong earlier value." in rows["sign"]["diagnosis"]
    assert "is not TOML" in rows["broken"]["problem"]
    assert "There is no none.toml" in rows["none"]["problem"]
    assert "nokey.json: can't be read" in rows["nokey"]["problem"]
    assert {rows[name]["total"] for name in ("broken", "none", "nokey")} == {"0"}


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
    assert found["dW_O"] == {"verdict": "right from a wrong earlier value", "diagnosis": ""}


def test_half_a_command_is_refused(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["a.toml", "--roster=x"], ["--roster=x"]):
        assert main(["check", *arguments]) == 2
        assert "name one file of answers, or --roster" in capsys.readouterr().err
