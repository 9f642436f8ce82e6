from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pypdf import PdfReader

from hw1lib.backprop.network import load_network
from hw1lib.cli import main
from hw1lib.course import sheets, workers
from hw1lib.course.grading import read_key
from hw1lib.course.roster import read_roster

NAMES = {
    "a1": "Ada Lovelace",
    "b2": '=HYPERLINK("x") #panic() $x$ <b>',
    "c3": "Ünï Ço",
    "d4": "@me",
}


def write_roster(folder: Path, students: dict[str, str]) -> Path:
    path = folder / "roster.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["group", "id", "name"], *((1, *s) for s in students.items())])
    return path


def make(roster: Path, folder: Path, *options: str, secret: int = 0) -> int:
    """Sheets from a secret of our own, so that they can be compared."""
    file = roster.with_name(f"secret-{secret}")
    file.write_text(f"{secret:032x}")
    where = ["--output-dir", str(folder), "--secret", str(file)]
    return main(["sheets", str(roster), *where, *options])


def contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("course")
    assert make(write_roster(base, NAMES), base / "out") == 0
    return base / "out"


def test_the_same_in_processes(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "FEW", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert make(write_roster(tmp_path, NAMES), tmp_path / "out") == 0
    assert contents(tmp_path / "out") == contents(made)


def test_the_same_in_any_order(made: Path, tmp_path: Path) -> None:
    turned = write_roster(tmp_path, dict(reversed(NAMES.items())))
    assert make(turned, tmp_path / "turned") == 0
    ours, theirs = contents(made), contents(tmp_path / "turned")
    assert {n for n in ours if ours[n] != theirs[n]} == {"keys.csv", "keys.pdf"}  # in its order


@pytest.mark.parametrize("count", [60, pytest.param(workers.FEW, marks=pytest.mark.slow)])
def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path, count: int) -> None:
    """By the real command, which Ctrl-C reaches while sheets are being set."""
    students = {f"s{number}": f"Student {number}" for number in range(count)}
    roster, out, whole = write_roster(tmp_path, students), tmp_path / "out", tmp_path / "whole"
    command = [sys.executable, "-m", "hw1lib", "sheets", str(roster), "--output-dir", str(out)]
    secret = tmp_path / "secret-0"
    secret.write_text(f"{0:032x}")
    command += ["--secret", str(secret)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not any(out.glob("*/sheet.pdf")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert (process.returncode, errors) == (130, "hw1: interrupted; no finished work is lost.\n")
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.*")}
    assert 0 < sum(path.name == "sheet.pdf" for path in before) < len(students)
    assert make(roster, out) == make(roster, whole) == 0
    assert contents(out) == contents(whole)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


def test_nothing_of_another_run_is_overwritten(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(made)
    for options in (("--activation", "tanh"), ("--sizes", "2,2,2")):
        assert make(write_roster(tmp_path, NAMES), made, *options) == 2
        assert "is kept; name another --output-dir" in capsys.readouterr().err
    assert make(write_roster(tmp_path, NAMES), made, secret=1) == 2
    assert contents(made) == before


def test_a_late_student_is_added_and_a_name_corrected(tmp_path: Path) -> None:
    assert make(write_roster(tmp_path, {"a1": "Ada", "b2": "Bob"}), tmp_path / "out") == 0
    before = contents(tmp_path / "out")
    names = {"a1": "Ada Lovelace", "b2": "Bob", "c3": "Carol"}
    assert make(write_roster(tmp_path, names), tmp_path / "out") == 0
    assert make(tmp_path / "roster.csv", tmp_path / "whole") == 0
    after = contents(tmp_path / "out")
    assert after == contents(tmp_path / "whole")
    assert after["a1/network.toml"] == before["a1/network.toml"]
    assert after["b2/sheet.pdf"] == before["b2/sheet.pdf"]


def test_the_secret_is_random_and_keys_are_for_staff_alone(tmp_path: Path) -> None:
    roster = write_roster(tmp_path, {"a1": "Ada"})
    for name in ("one", "two"):
        assert main(["sheets", str(roster), "--output-dir", str(tmp_path / name)]) == 0
    one, two = (contents(tmp_path / name) for name in ("one", "two"))
    assert one["key/secret.txt"] != two["key/secret.txt"]
    assert one["a1/network.toml"] != two["a1/network.toml"]
    for name in ("keys.csv", "keys.pdf", "key/a1.json", "key/secret.txt"):
        assert (tmp_path / "one" / name).stat().st_mode & 0o077 == 0


def test_a_name_that_no_font_has_is_left_out_aloud(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"a1": "Ada \U00012000", "b2": "N" * 150}  # cuneiform
    assert make(write_roster(tmp_path, names), tmp_path / "out") == 0
    assert "No font here can write the names of a1" in capsys.readouterr().out
    assert "a1" in PdfReader(tmp_path / "out" / "a1" / "sheet.pdf").pages[0].extract_text()


def test_the_largest_sheets_and_keys_fit_a_page_each(tmp_path: Path) -> None:
    students = {"x" * 20: "A Name of Several Words " * 3, "b2": "B"}
    assert make(write_roster(tmp_path, students), tmp_path, "--sizes=4,4,4") == 0
    assert len(PdfReader(tmp_path / "keys.pdf").pages) == 2
    assert {len(PdfReader(path).pages) for path in tmp_path.glob("*/sheet.pdf")} == {1}


def test_names_are_text_everywhere(made: Path) -> None:
    keys = PdfReader(made / "keys.pdf").pages
    assert len(keys) == len(NAMES)
    for (identifier, name), page in zip(NAMES.items(), keys, strict=True):
        assert f"{name}, {identifier}" in page.extract_text()
        sheet = PdfReader(made / identifier / "sheet.pdf").pages
        assert f"{name}, {identifier}" in sheet[0].extract_text()
        network = load_network(made / identifier / "network.toml")
        assert read_key(made / "key" / f"{identifier}.json") == network
    with (made / "keys.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"][0] for row in rows] == ["A", "'", "Ü", "'"]
    key = json.loads((made / "key" / "b2.json").read_text(encoding="utf-8"))
    assert key["name"] == NAMES["b2"]
    assert float(rows[1]["dW_H[3,2]"]) == key["dW_H"][2][1]


@pytest.mark.parametrize(
    "text",
    [
        "id, name\nada, Ada Lovelace\n,\n",
        "sep=;\r\nID;Name\r\nada;Ada\u00a0Lovelace\r\n;\r\n",
        "Student,ID,SIS User ID,Section\n    Points Possible,,,\nAda Lovelace,ada,1,A\n",
        "Student,ID,Section,HW\n,,,Manual Posting\n    Points Possible,,,7\nAda Lovelace,ada,A,\n",
        "First name,Last name,ID number,Email address\nAda,Lovelace,ada,ada@example.org\n",
        "Identifier,Full name,Email address\nParticipant 900,Ada Lovelace,ada@example.org\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_rosters_of_spreadsheets_and_platforms_are_read(
    tmp_path: Path, text: str, encoding: str
) -> None:
    (tmp_path / "roster.csv").write_bytes(text.encode(encoding))
    students = read_roster(tmp_path / "roster.csv").students
    assert [(student.id, student.name) for student in students.values()] == [
        ("ada", "Ada Lovelace")
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no column id"),
        (b"id,name,id\na,A,b\n", "line 1: the column id is there twice"),
        (b"id,name\na,Lovelace, Ada\n", "line 2: there are more cells than columns"),
        (b"name,x\nA,1\n", "has no column id"),
        (b"id\n1\n", "has no column name"),
        (b"id,name\n", "has no students"),
        (b"id,name\na,A\na,B\n", "line 3: the id a is there twice"),
        (b"id,name\na,A\nA,B\n", "line 3: the id A is there twice, capitals aside"),
        (b"id,name\n../x,A\n", "line 2: the id '../x' can't name a folder"),
        (b"id,name\nCON,A\n", "can't name a folder"),
        (b"id,name\nkey,A\n", "can't name a folder"),
        (b"id,name\n" + b"a" * 300 + b",A\n", "can't name a folder"),
        (b"id,name\na\n", "the name of a must be"),
        (b"id,name\n,Ada\n", "line 2: Ada has no id"),
        (b'id,name\na,"A\nB"\n', "the name of a must be"),
        (b"id,name\na,\xff\n", "not UTF-8"),
        (b'id,name\na,"A\n', "is not CSV"),
        (b"id,name\n" + b"x" * 10**7, "is too large for a roster"),
    ],
)  # fmt: skip
def test_bad_rosters_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_bytes(content)
    assert make(roster, tmp_path / "out") == 2
    captured = capsys.readouterr().err
    assert message in captured
    assert captured.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_equal_networks_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = load_network(None)
    monkeypatch.setattr(sheets, "student_network", lambda *_: network)
    assert make(write_roster(tmp_path, NAMES), tmp_path / "out") == 2
    assert "a1 and b2 get the same network; choose larger" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
