"""What is handed in: the notebook's outputs are its own, and a submission is whole and current."""

from __future__ import annotations

import ast
import html
import json
import pickle
import re
import shutil
import sys
from pathlib import Path

import nbformat
import pypandoc
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from PIL import Image
from pypdf import PdfReader

import hand_in
from hw1lib.cifar.data import CLASSES, Split, load_cifar10, standardise
from hw1lib.cifar.training import Run
from hw1lib.errors import InputError
from hw1lib.homework import Homework
from pdfs import text_of

SOURCE = hand_in.SOURCE.read_text(encoding="utf-8")
NAME = 'Ada "#read(x)" O\'Lovelace \\ $y$ <z>'
# The small files are read as the real ones are, but have other md5 sums.
SMALL = (
    hand_in.CURE + "; import torchvision.datasets.cifar; "
    "torchvision.datasets.cifar.check_integrity = lambda path, md5: True"
)


def shortened(epochs: int) -> NotebookNode:
    """The notebook, but for its cap on epochs."""
    changed = SOURCE.replace("MAX_EPOCHS = 300", f"MAX_EPOCHS = {epochs}")
    assert changed != SOURCE
    return hand_in.to_notebook(changed)


def code_of(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(notebook: NotebookNode) -> str:
    return "".join(o.text for c in code_of(notebook) for o in c.outputs if o.get("text"))


def answers(notebook: NotebookNode) -> list[str]:
    """The result, as the last cell has it."""
    outputs = [output for cell in code_of(notebook) for output in cell.outputs]
    return [o.data["text/markdown"] for o in outputs if "text/markdown" in o.get("data", {})]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Split, Split]:
    """A folder as torchvision's with 320 training and 100 test images of noise, and its content."""
    folder = tmp_path_factory.mktemp("small")
    batches = folder / "cifar-10-batches-py"
    batches.mkdir()
    generator = torch.Generator().manual_seed(0)

    def write(name: str, count: int) -> Split:
        labels = torch.arange(count) % 10
        noise = torch.randint(0, 256, (count, 3, 32, 32), generator=generator).byte()
        content = {"data": noise.flatten(1).numpy(), "labels": labels.tolist()}
        (batches / name).write_bytes(pickle.dumps(content))
        images = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in noise]
        grey = [
            torch.frombuffer(bytearray(i.convert("L").tobytes()), dtype=torch.uint8) for i in images
        ]
        return Split(torch.stack(grey) / 255, labels)

    (batches / "batches.meta").write_bytes(pickle.dumps({"label_names": list(CLASSES)}))
    parts = [write(f"data_batch_{number}", 64) for number in range(1, 6)]
    pixels = torch.cat([part.pixels for part in parts])
    labels = torch.cat([part.labels for part in parts])
    test = write("test_batch", 100)
    mean, deviation = pixels.mean(), pixels.std()
    standardised = Split((test.pixels - mean) / deviation, test.labels)
    return folder, Split((pixels - mean) / deviation, labels), standardised


@pytest.fixture(scope="module")
def executed(small: tuple[Path, Split, Split]) -> NotebookNode:
    """Two epochs on the small images."""
    return hand_in.run_notebook(shortened(2), small[0], SMALL)


def test_it_is_a_page_of_plain_pytorch() -> None:
    code = [cell.source for cell in code_of(hand_in.to_notebook(SOURCE))]
    tree = ast.parse("\n".join(code))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {n.module or "" if isinstance(n, ast.ImportFrom) else n.names[0].name for n in nodes}
    packages = {name.split(".")[0] for name in names} - sys.stdlib_module_names
    assert packages == {"torch", "torchvision", "matplotlib", "IPython"}
    assert len([line for line in "\n".join(code).splitlines() if line.strip()]) <= 110


def test_its_outputs_are_those_of_its_cells(
    executed: NotebookNode, small: tuple[Path, Split, Split]
) -> None:
    """The package, from the same seed and the same pixels, gets the numbers that it prints."""
    run = Run(Homework(max_epochs=2), 0)
    first, second = (run.next_epoch(*small[1:]) for _ in range(2))
    losses = f"training {first['train_loss']:.4f}, test {first['test_loss']:.4f}"
    assert f"epoch   1: {losses}" in printed(executed)
    (answer,) = answers(executed)
    assert f"accuracy is {second['test_accuracy']:.2%}**" in answer
    assert f"{second['test_accuracy'] * 100:.0f} of all 100 test images" in answer
    assert f"training loss of {second['train_loss']:.4f}" in answer
    assert "after 2 epochs, at the cap" in answer
    classes = re.findall(rf"(?m)^({'|'.join(CLASSES)}) +([\d.]+)%$", printed(executed))
    assert [name for name, _ in classes] == list(CLASSES)
    mean = sum(float(share) for _, share in classes) / 10  # ten images of each class
    assert mean == pytest.approx(100 * second["test_accuracy"])


def test_it_is_a_valid_notebook_without_traces_of_this_machine(
    executed: NotebookNode, small: tuple[Path, Split, Split]
) -> None:
    nbformat.validate(executed)
    counts = [cell.execution_count for cell in code_of(executed)]
    assert counts == list(range(1, len(counts) + 1))
    outputs = [output for cell in code_of(executed) for output in cell.outputs]
    assert [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"] == []
    (figure,) = [o for o in outputs if "image/png" in o.get("data", {})]
    assert len(figure.metadata["image/png"]["alt"]) > 60
    for path in (small[0], hand_in.HERE, Path(sys.prefix), Path.home()):
        assert f"{path}/" not in json.dumps(executed)


@pytest.mark.images
@pytest.mark.slow
def test_its_first_epoch_is_the_packages(images: Path) -> None:
    notebook = hand_in.run_notebook(shortened(1), images, hand_in.CURE)
    expected = Run(Homework(), 0).next_epoch(*standardise(load_cifar10(images)))
    found = re.search(r"epoch   1: training ([\d.]+), test ([\d.]+)", printed(notebook))
    assert found
    assert float(found[1]) == pytest.approx(expected["train_loss"], abs=1e-3)
    assert float(found[2]) == pytest.approx(expected["test_loss"], abs=1e-3)


def test_a_cell_that_fails_is_named_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "coding.qmd"
    broken.write_text("Text.\n\n```{python}\n1 / 0\n```\n")
    monkeypatch.setattr(hand_in, "SOURCE", broken)
    with pytest.raises(InputError, match=r"coding\.qmd.*ZeroDivisionError: division by zero"):
        hand_in.execute_coding(tmp_path, tmp_path / "results")
    assert not (tmp_path / "results").exists()


@pytest.fixture(scope="module")
def ran(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source of one cell, and results with its notebook that has run."""
    folder = tmp_path_factory.mktemp("ran")
    (folder / "coding.qmd").write_text("# Title\n\n```{python}\n6 * 7\n```\n")
    (folder / "results").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hand_in, "SOURCE", folder / "coding.qmd")
        hand_in.execute_coding(folder, folder / "results")
    return folder


@pytest.fixture
def kept(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of these results, to change."""
    shutil.copytree(ran, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(hand_in, "SOURCE", tmp_path / "coding.qmd")
    return tmp_path / "results"


def test_only_a_whole_and_current_notebook_is_taken(kept: Path) -> None:
    notebook = hand_in.load_coding(kept)
    assert code_of(notebook)[0].outputs[0].data == {"text/plain": "42"}
    changes = {
        hand_in.SOURCE: ("7", "8", "is stale"),
        kept / "coding.ipynb": ("42", "43", "is not"),
    }
    for path, (old, new, message) in changes.items():
        text = path.read_text()
        path.write_text(text.replace(old, new))
        with pytest.raises(InputError, match=rf"coding\.ipynb {message}.*`make coding`"):
            hand_in.load_coding(kept)
        path.write_text(text)
    (kept / "coding.ipynb").unlink()
    with pytest.raises(InputError, match=r"coding\.ipynb is missing: run `make coding`"):
        hand_in.load_coding(kept)


def test_the_notebook_in_results_is_current(root: Path) -> None:
    notebook = hand_in.load_coding(root / "results")
    assert (root / "results" / "coding.ipynb").stat().st_size < 400_000
    assert "when the training loss had flattened" in answers(notebook)[0]


def test_a_submission_adds_name_and_course_to_what_ran(
    kept: Path, root: Path, tmp_path: Path
) -> None:
    theory, coding = hand_in.submission(root, kept, tmp_path / "out", NAME, "", example=True)
    found = sorted(p.name for p in (tmp_path / "out").iterdir() if p.name[0] != ".")
    assert found == ["coding.ipynb", "theory.pdf"]
    text = text_of(PdfReader(theory))
    assert text.startswith(hand_in.COURSE)
    assert " ".join(NAME.split()) in text
    assert "CIFAR" not in text.replace("CIFAR-10, answered", "")
    heading, *cells = nbformat.read(coding, as_version=4).cells
    assert cells == hand_in.load_coding(kept).cells
    assert shown(heading.source) == f"{hand_in.COURSE} · {NAME}"


def shown(markdown: str) -> str:
    """What a reader sees of Markdown with formulas."""
    page = pypandoc.convert_text(markdown, "html", "commonmark+tex_math_dollars", ["--wrap=none"])
    assert set(re.findall(r"</?(\w+)", page)) <= {"p", "span"}
    assert "math" not in page
    return html.unescape(re.sub(r"</?(p|span)>", "", page)).strip()


@settings(max_examples=40)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
def test_any_name_stays_text(name: str) -> None:
    notebook = nbformat.v4.new_notebook()
    heading = hand_in.with_heading(notebook, "Course", name).cells[0].source
    assert shown(heading) == f"Course · {' '.join(name.split())}".removesuffix(" · ")


def test_the_example_network_is_handed_in_on_request_only(
    kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    arguments = ["submission", "--results-dir", str(kept), "--output-dir", str(output)]
    assert hand_in.main(arguments) == 2
    error = capsys.readouterr().err
    assert "EXAMPLE=1" in error
    assert error.count("\n") == 1
    assert not output.exists()
