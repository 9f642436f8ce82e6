from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from hw1lib.cifar import results as module
from hw1lib.cifar.data import Cifar10
from hw1lib.cifar.results import SUMS, WEIGHTS, code_digest, load_results, weights_digest
from hw1lib.errors import InputError
from hw1lib.homework import Homework
from trainings import write_results

CODE = '''
import os

def f(x: int) -> int:
    """Doubles."""
    return 2 * x  # twice
'''


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A copy of the committed results."""
    return Path(shutil.copytree(root / "results", tmp_path / "results"))


def test_committed_results_are_the_homeworks_on_all_images(root: Path) -> None:
    results = load_results(root / "results")
    summary = results.summary
    assert summary["data"]["train_images"] == 50_000
    assert summary["data"]["test_images"] == 10_000
    assert summary["data"]["source"].endswith("md5 checked")
    assert summary["parameters"] == 304_202
    assert [run["seed"] for run in summary["runs"]] == [0, 1, 2, 3, 4]
    assert all(run["flattened"] for run in summary["runs"])
    assert {"python", "torch", "torchvision", "hw1lib"} == summary["versions"].keys()
    assert {"processor", "device", "threads", "date", "code"} <= summary.keys()
    assert results.final["test_accuracy"].between(0.40, 0.46).all()
    assert results.net(Homework())(torch.zeros(1, 1024)).shape == (1, 10)
    assert sum(path.stat().st_size for path in (root / "results").glob("*.*")) < 3_000_000


def test_the_committed_files_belong_together(root: Path) -> None:
    """Every figure that two of them hold is the same in both."""
    results = load_results(root / "results")
    for run in results.summary["runs"]:
        row = results.final.loc[run["seed"]]
        assert all(run[key] == row[key] for key in row.index if key in run)
    for name, table in (("homework", results.history), ("extra", results.held_out)):
        seconds = results.summary["seconds"][name]
        assert seconds == pytest.approx(table["seconds"].sum(), abs=0.06)
    first = hashlib.sha256((root / "results" / WEIGHTS).read_bytes()).hexdigest()
    assert first == results.summary["runs"][0]["weights"] == weights_digest(results.net(Homework()))
    right = results.predictions.predicted == results.predictions.labels
    accuracy = right.double().mean(dim=1).tolist()
    assert accuracy == pytest.approx(results.final["test_accuracy"].tolist(), abs=1e-12)
    turned = results.held_out.groupby("seed")["epoch"].max()
    assert (turned < results.final["epoch"]).all()


def test_what_is_saved_is_loaded(tiny: Cifar10, tmp_path: Path) -> None:
    homework = Homework(max_epochs=2, held_out=50)
    (run,) = write_results(tmp_path, tiny, homework, [7])
    results = load_results(tmp_path, homework)
    history = [{**row, "seed": 7} for row in run.history]
    assert results.history.to_dict("records") == history
    assert results.final.loc[7, "test_loss"] == history[-1]["test_loss"]
    added = set(results.held_out.columns) - set(results.history.columns)
    assert added == {"validation_loss", "validation_accuracy"}
    assert weights_digest(results.net(homework)) == weights_digest(run.net)


def test_other_numbers_and_other_training_code_are_stale(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = r"learning_rate is 0\.01, the homework's is 0\.1; run `hw1 train`"
    with pytest.raises(InputError, match=stale):
        load_results(folder, Homework(learning_rate=0.1))
    monkeypatch.setattr(module, "training_code_digest", lambda: "other")
    with pytest.raises(InputError, match="other training code than this made it; run `hw1 train`"):
        load_results(folder)


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not installed")
def test_sha256sum_understands_the_record(folder: Path) -> None:
    command = ["sha256sum", "--check", "--strict", SUMS]
    assert subprocess.run(command, cwd=folder, capture_output=True).returncode == 0
    (folder / WEIGHTS).write_bytes(b"other")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert f"{WEIGHTS}: FAILED" in done.stdout


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        (CODE.replace("# twice", "# two times"), True),
        (CODE.replace("Doubles.", "Twice the number."), True),
        (CODE.replace('    """Doubles."""\n', ""), True),
        (CODE.replace("import os", "import sys"), True),
        (CODE.replace("2 * x", "(2\n * x)"), True),
        (CODE.replace("2 * x", "3 * x"), False),
        (CODE.replace("2 * x", "'2' * x"), False),
    ],
)
def test_meaning_counts_and_layout_does_not(changed: str, same: bool) -> None:
    assert (code_digest(CODE) == code_digest(changed)) is same
