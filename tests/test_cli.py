from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hw1lib.cifar import data, experiment, verify
from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.verify import Verification
from hw1lib.cli import main
from hw1lib.homework import Homework


def test_gradients_as_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gradients", str(root / "network.toml"), "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert set(out) == {"forward", "gradients", "zeros", "agreement"}
    assert set(out["forward"]) == {"z_H", "h", "z_O", "y_hat", "loss"}
    assert set(out["gradients"]) == {"W_O", "b_O", "W_H", "b_H"}
    assert {"parameter": "b_H", "index": [1]}.items() <= out["zeros"][4].items()
    assert max(out["agreement"].values()) < 1e-8


def test_gradients_as_text(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gradients", str(root / "network.toml")]) == 0
    out = capsys.readouterr().out
    assert "loss  1.70141" in out
    assert "hidden unit 2 is off" in out


def run(arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """`hw1` in a shell."""
    command = f"{shlex.quote(sys.executable)} -m hw1lib {arguments}"
    environment = {**os.environ, **variables}
    return subprocess.run(["bash", "-c", command], env=environment, capture_output=True)


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_output_that_ends_early_or_lacks_letters_is_no_error(tmp_path: Path) -> None:
    done = run("adam --steps $(seq 5000) | head -n 1; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (141, b"")
    done = run(f"gradients '{tmp_path}/\u0441\u0435\u0442\u044c.toml'", PYTHONIOENCODING="cp1252")
    assert done.returncode == 2
    assert b"\\u0441\\u0435\\u0442\\u044c.toml: can't be read" in done.stderr


def test_adam(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adam", "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert out["beta1"] == 0.9
    assert out["mean"] == 2
    assert out["rows"][0] == {"t": 2, "corrected": 2.0, "uncorrected": 0.38}
    assert main(["adam", "--mean", "-1.5", "--steps", "1"]) == 0
    assert "-0.15" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["adam", "--beta1", "1"],
        ["adam", "--beta1", "-0.1"],
        ["adam", "--beta1", "nan"],
        ["adam", "--mean", "two"],
        ["adam", "--mean", "inf"],
        ["adam", "--steps", "0"],
        ["adam", "--steps", "2.5"],
        ["train", "--epochs", "0"],
        ["train", "--seeds", "-1"],
        ["train", "--seeds"],
        ["train", "--seeds", str(2**63)],
        ["adam", "--steps", "9" * 5_000],
        ["verify", "--epochs", "0"],
        ["train", "--device", "cuda"],
        ["data", "--url", "x"],
        ["nothing"],
        [],
    ],
)
def test_bad_options_are_refused_with_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_user_error_is_one_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gradients", str(tmp_path / "none.toml")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("hw1: ")
    assert captured.err.count("\n") == 1


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch, tiny: Cifar10) -> Cifar10:
    """What each command loads, whatever the folder."""
    monkeypatch.setattr(data, "load_cifar10", lambda folder: tiny)
    return tiny


@pytest.mark.parametrize(
    ("command", "epochs", "seeds", "folder"),
    [
        ("train", 300, [0, 1, 2, 3, 4], "results"),
        ("train --epochs 2", 2, [0, 1, 2, 3, 4], "trial"),
        ("train --seeds 3 1 3", 300, [3, 1], "trial"),
        ("train --epochs 2 --results-dir out", 2, [0, 1, 2, 3, 4], "out"),
    ],
)
def test_a_trial_writes_elsewhere_unless_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch,
    images: Cifar10,
    command: str,
    epochs: int,
    seeds: list[int],
    folder: str,
) -> None:
    taken: list[object] = []
    monkeypatch.setattr(experiment, "train", lambda *arguments: taken.extend(arguments))
    assert main(command.split()) == 0
    assert taken == [replace(Homework(), max_epochs=epochs), seeds, images, Path(folder)]


@pytest.mark.usefixtures("images")
@pytest.mark.parametrize(("differences", "code"), [([], 0), (["one"], 1)])
def test_verify_says_whether_results_differ(
    monkeypatch: pytest.MonkeyPatch, differences: list[str], code: int
) -> None:
    found = Verification("all", not differences, differences)
    monkeypatch.setattr(verify, "verify", lambda *_: found)
    assert main(["verify", "--data-dir", "images", "--epochs", "1"]) == code


@pytest.mark.usefixtures("images")
def test_data_says_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "--data-dir", "images"]) == 0
    said = "200 training and 50 test images are ready in images, from noise.\n"
    assert capsys.readouterr().out == said
