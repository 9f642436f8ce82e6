from __future__ import annotations

import json
from pathlib import Path

import pytest

from hw1lib.cifar.results import load_results
from hw1lib.cli import main
from hw1lib.errors import InputError


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
        ["bench", "--repeats", "4"],
        ["train", "--device", "tpu"],
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


def test_train_writes_results(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "--data-dir", str(tree), "--epochs", "2", "--results-dir", str(tmp_path)]
    assert main([*arguments, "--device", "cpu", "--seeds", "3"]) == 0
    assert "seed-3           epoch   2" in capsys.readouterr().out
    runs = json.loads((tmp_path / "summary.json").read_text())["runs"]
    assert [(run["seed"], run["epoch"], run["flattened"]) for run in runs] == [(3, 2, False)]
    with pytest.raises(InputError, match="held_out is 20, the homework's is 5000"):
        load_results(tmp_path)


def test_data_leaves_an_image_tree_as_it_is(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(tree.rglob("*.png"))
    assert main(["data", "--data-dir", str(tree), "--url", "http://127.0.0.1:9/x"]) == 0
    assert "40 training and 40 test images are ready in " in capsys.readouterr().out
    assert sorted(tree.rglob("*.png")) == before


def test_bench_measures_on_the_images_given(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--data-dir", str(tree), "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert out["images"].startswith("40 images of an image tree")
    assert out["over_products"] == pytest.approx(out["epoch"] / out["products"])
    assert (out["repeats"], set(out["plain"])) == (5, {"0", "2"})
