"""The notebook that is handed in: the full run's outputs, and code that runs anywhere."""

from __future__ import annotations

import ast
import hashlib
import json
import pickle
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from nbformat import NotebookNode

from hw1lib.cifar.data import CLASSES, load_cifar10
from hw1lib.cifar.experiment import torch_threads
from hw1lib.cifar.results import Results, history_table, load_results
from hw1lib.cifar.sgd import Run, standardise
from hw1lib.cifar.torchvision_import import import_torchvision
from hw1lib.display import plus_minus
from hw1lib.homework import Homework
from qmdbook.coding import coding_notebook
from qmdbook.project import load_project

NEEDED = {"torch", "torchvision", "matplotlib", "pandas"} | {"PIL", "cycler", "numpy"}  # of theirs
NO_PACKAGE = "raise ModuleNotFoundError('No module named hw1lib', name='hw1lib')\n"
PROOF = """\
try:
    import hw1lib
except ModuleNotFoundError:
    print("no hw1lib")
"""


@pytest.fixture(scope="module")
def notebook(root: Path, tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    return coding_notebook(
        load_project(root), tmp_path_factory.mktemp("stage"), "A course", "*I* $x$"
    )


@pytest.fixture(scope="module")
def results(root: Path) -> Results:
    return load_results(root / "results")


def code_of(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def said(cells: list[NotebookNode]) -> str:
    """Everything that cells printed."""
    return "".join(o.text for c in cells for o in c.outputs if o.output_type == "stream")


def test_it_is_valid_and_starts_with_its_opening(notebook: NotebookNode) -> None:
    nbformat.validate(notebook)
    assert notebook.cells[0].source.endswith(": question 3\n\nA course · \\*I\\* \\$x\\$")
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert [c.execution_count for c in code_of(notebook)] == list(
        range(1, 1 + len(code_of(notebook)))
    )


def test_it_needs_nothing_but_four_packages(notebook: NotebookNode) -> None:
    imported = set()
    for cell in code_of(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).split(".")[0])
    assert imported - set(sys.stdlib_module_names) <= NEEDED
    top = [c for c in code_of(notebook)[1:] if re.search(r"(?m)^(import|from) ", c.source)]
    assert top == []


def test_no_markup_and_no_path_of_this_machine_is_left(notebook: NotebookNode, root: Path) -> None:
    markdown = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert not re.search(r"\{#|@(fig|tbl|eq|sec)-|:::|#\||\?@|\{python\}|<\w", "\n".join(markdown))
    everything = json.dumps(notebook)
    assert not re.search(r"#\| |RECORDED|include:", everything)
    for path in (root, Path(sys.prefix), Path.home()):
        assert f"{path}/" not in everything


def test_its_outputs_are_those_of_the_full_run(notebook: NotebookNode, results: Results) -> None:
    record, final = results.summary, results.final
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for fact in (
        f"**{plus_minus(final['test_accuracy'])}**",
        f"over {len(final)} seeds",
        record["date"],
        record["data"]["source"],
        f"torch {record['versions']['torch']}",
    ):
        assert fact in text
    log = said(code_of(notebook))
    for seed, row in final.iterrows():
        losses = f"train {row['train_loss']:.4f} {row['train_accuracy']:6.2%}"
        assert f"seed {seed}  epoch {row['epoch']:3.0f}  {losses}" in log
    assert f"final test accuracy: {plus_minus(final['test_accuracy'])}" in log
    assert record["data"]["digest"][:16] in log
    assert f"{record['parameters']:,} weights and biases" in log
    seeds = [run["seed"] for run in record["runs"]]
    assert any(f"SEEDS = {seeds}\n" in cell.source for cell in code_of(notebook))
    assert all(o.get("name") != "stderr" for c in code_of(notebook) for o in c.outputs)
    figures = [o for c in code_of(notebook) for o in c.outputs if "image/png" in o.get("data", {})]
    assert len(figures) == 2
    assert all(len(figure.metadata["alt"]) > 60 for figure in figures)


def run_alone(
    notebook: NotebookNode,
    images: Path,
    scratch: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str],
) -> tuple[list[dict[str, float]], str]:
    """History and log of the notebook in an empty folder, with the package out of reach."""
    blocked, empty = scratch / "blocked", scratch / "empty"
    blocked.mkdir()
    empty.mkdir()
    (blocked / "hw1lib.py").write_text(NO_PACKAGE)
    monkeypatch.setenv("PYTHONPATH", str(blocked))
    monkeypatch.setenv("HW1_DATA", str(images))
    monkeypatch.setenv("IPYTHONDIR", str(scratch / "ipython"))
    again = nbformat.from_dict(json.loads(json.dumps(notebook)))
    (constants,) = [c for c in code_of(again) if "EPOCHS = None" in c.source]
    for name, value in changes.items():
        constants.source = re.sub(
            rf"(?m)^{name} = [^#\n]*", f"{name} = {value}  ", constants.source
        )
    again.cells.insert(0, nbformat.v4.new_code_cell(PROOF))
    again.cells.append(nbformat.v4.new_code_cell("print(history.to_dict('records'))"))
    NotebookClient(again, timeout=240, resources={"metadata": {"path": str(empty)}}).execute()
    assert said(again.cells[:1]) == "no hw1lib\n"
    assert list(empty.iterdir()) == []
    return ast.literal_eval(said(again.cells[-1:])), said(code_of(again))


def test_it_trains_alone_in_an_empty_folder_as_the_package_does(
    notebook: NotebookNode,
    tmp_path: Path,
    write_tree: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two epochs on small images: the same losses from the same seeds."""
    images = write_tree(tmp_path / "images", per_class=20)
    changes = {"EPOCHS": "2", "SEEDS": "[3, 4]"}
    found, log = run_alone(notebook, images, tmp_path, monkeypatch, changes)
    data, cpu = load_cifar10(images), torch.device("cpu")
    assert data.digest()[:16] in log
    runs = {seed: Run(Homework(max_epochs=2), seed, cpu) for seed in (3, 4)}
    with torch_threads(1):
        for run in runs.values():
            while not run.finished:
                run.next_epoch(*standardise(data, cpu))
    expected = history_table(runs).drop(columns="seconds").to_dict("records")
    assert [row["epoch"] for row in found] == [1, 2, 1, 2]
    for row, wanted in zip(found, expected, strict=True):
        del row["seconds"]
        assert row == pytest.approx(wanted, abs=1e-9)


@pytest.mark.images
def test_on_the_real_images_it_begins_as_the_full_run(
    notebook: NotebookNode,
    tmp_path: Path,
    images: Path,
    monkeypatch: pytest.MonkeyPatch,
    results: Results,
) -> None:
    if load_cifar10(images).digest() != results.summary["data"]["digest"]:
        pytest.skip("the images of HW1_DATA are not those of results/")
    seed = results.summary["runs"][0]["seed"]
    changes = {"EPOCHS": "1", "SEEDS": f"[{seed}]"}
    ((found,), _) = run_alone(notebook, images, tmp_path, monkeypatch, changes)
    wanted = results.history.iloc[0].to_dict()
    del found["seconds"], wanted["seconds"]
    assert found == pytest.approx(wanted, abs=1e-3)  # another machine rounds otherwise


def test_it_reads_torchvisions_files(
    notebook: NotebookNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same pixels as the package; the canonical files can't be had everywhere."""
    import_torchvision()
    from torchvision.datasets import CIFAR10

    folder = tmp_path / CIFAR10.base_folder
    folder.mkdir()

    def write(name: str, content: dict[str, object]) -> list[str]:
        (folder / name).write_bytes(pickle.dumps(content))
        return [name, hashlib.md5((folder / name).read_bytes()).hexdigest()]  # noqa: S324

    noise = torch.randint(0, 256, (6, 3072), generator=torch.Generator().manual_seed(0))
    for split, rows in (("train", slice(0, 4)), ("test", slice(4, 6))):
        batch = {"data": noise[rows].byte().numpy(), "labels": list(range(6))[rows]}
        monkeypatch.setattr(CIFAR10, f"{split}_list", [write(f"{split}_batch", batch)])
    name, md5 = write("batches.meta", {"label_names": list(CLASSES)})
    meta = {"filename": name, "key": "label_names", "md5": md5}
    monkeypatch.setattr(CIFAR10, "meta", meta)

    cells = [cell.source for cell in code_of(notebook)]
    own: dict[str, Any] = {"__name__": "__main__"}
    for source in cells[: 1 + next(i for i, c in enumerate(cells) if "def read_images" in c)]:
        exec(compile(source, "cell", "exec", annotations.compiler_flag), own)  # noqa: S102
    data = own["read_images"](tmp_path)
    assert data.test.labels.tolist() == [4, 5]
    assert data.digest() == load_cifar10(tmp_path).digest()
