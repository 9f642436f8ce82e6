from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from hw1lib import experiment
from hw1lib.errors import InputError
from hw1lib.experiment import choose_device, train
from hw1lib.homework import Homework
from hw1lib.results import load_results

SHORT = Homework(max_epochs=4)


def run(tree: Path, results: Path) -> None:
    train(SHORT, 0, tree, "cpu", results)


def test_writes_results_that_load(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tree, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "config.json", "history.csv", "summary.json", "weights.safetensors",
    ]  # fmt: skip
    results = load_results(tmp_path, SHORT)
    assert list(results.history.columns) == [
        "epoch", "train_loss", "test_loss", "train_accuracy", "test_accuracy", "seconds",
    ]  # fmt: skip
    assert results.summary["epochs"] == 4
    assert results.summary["data"]["train_images"] == 40
    assert results.summary["test_loss"] == results.history["test_loss"].iloc[-1]
    assert "epoch   4" in capsys.readouterr().out


def test_goes_on_where_it_was_interrupted(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tree, tmp_path / "whole")
    real = experiment.save_checkpoint

    def interrupted(path: Path, state: Any, own: Any) -> None:
        real(path, state, own)
        if len(state.history) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(experiment, "save_checkpoint", interrupted)
    with pytest.raises(InputError, match="Stopped after epoch 2; the same command goes on"):
        run(tree, tmp_path / "parts")
    monkeypatch.setattr(experiment, "save_checkpoint", real)
    run(tree, tmp_path / "parts")
    whole, parts = (load_results(tmp_path / name, SHORT) for name in ("whole", "parts"))
    for name, weights in whole.weights.items():
        assert torch.equal(weights, parts.weights[name])
    pd.testing.assert_frame_equal(
        whole.history.drop(columns="seconds"),
        parts.history.drop(columns="seconds"),
        check_exact=True,
    )


def test_asks_for_a_smaller_rate_when_training_diverges(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="smaller learning rate"):
        train(Homework(learning_rate=1e30), 0, tree, "cpu", tmp_path)


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(InputError, match="no CUDA device"):
        choose_device("cuda")
