"""The lines that the answers hang on: each is made wrong in a copy, and the tests must notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

AT_ONCE = 2
PASSED, FAILED = 0, 1  # pytest's exit codes; others mean that no test ran


@dataclass(frozen=True)
class Mutation:
    """A line of the package made wrong, and the tests that fail for it."""

    what: str
    module: str
    right: str
    wrong: str
    tests: str


WORKED = "test_backprop.py::test_backward_pass_of_a_worked_example"
FORWARD = "test_backprop.py::test_huge_logits_give_the_exact_loss"
ANSWERS = "test_adam.py::test_the_homeworks_answers"
PAPER = "test_adam.py::test_the_papers_algorithm_equals_torchs_step_by_step"
STEP = "test_training.py::test_a_step_is_the_mean_of_chapter_1s_derivatives"
FLAT = "test_stopping.py::test_flat_means_that_the_last_losses_stay_within_the_tolerance"
TURNED = "test_stopping.py::test_turned_means_no_lower_loss_for_that_many_epochs"

MUTATIONS = [
    Mutation(
        "delta_O is y_hat - y", "backprop.py",
        "delta_O = values.y_hat - y", "delta_O = values.y_hat + y", WORKED,
    ),
    Mutation(
        "the ReLU's mask", "backprop.py",
        '"relu": lambda z, h: (z > 0).to(z)', '"relu": lambda z, h: torch.ones_like(z)', WORKED,
    ),
    Mutation(
        "the outer product's order", "backprop.py",
        "W_O=torch.outer(delta_O, values.h)", "W_O=torch.outer(values.h, delta_O)", WORKED,
    ),
    Mutation(
        "the loss's sign of the target's logit", "backprop.py",
        "torch.logsumexp(z_O, dim=0) - (y", "torch.logsumexp(z_O, dim=0) + (y", FORWARD,
    ),
    Mutation(
        "1 - beta^t", "adam.py",
        "float(-mpmath.expm1(t", "float(mpmath.exp(t", ANSWERS,
    ),
    Mutation(
        "the division that corrects the bias", "adam.py",
        "m_hat = m / weight_sum", "m_hat = m * weight_sum", PAPER,
    ),
    Mutation(
        "the step of the batch's own delta, y_hat - y", "training.py",
        ".softmax(dim=1).sub_(y)]", ".softmax(dim=1).add_(y)]", STEP,
    ),
    Mutation(
        "the ReLU's mask in training", "training.py",
        "(deltas[-1] @ W).mul_(h.sign())", "(deltas[-1] @ W)", STEP,
    ),
    Mutation(
        "the mean over the batch", "training.py",
        "W.addmm_(delta.t(), h, alpha=-learning_rate / len(x))",
        "W.addmm_(delta.t(), h, alpha=-learning_rate)", STEP,
    ),
    Mutation(
        "downhill, not up", "training.py",
        "b.add_(delta.sum(dim=0), alpha=-learning_rate",
        "b.add_(delta.sum(dim=0), alpha=learning_rate", STEP,
    ),
    Mutation(
        "the deviation that pixels are divided by", "training.py",
        "(levels - mean).square()", "levels.square()",
        "test_training.py::test_standardised_by_the_training_set",
    ),
    Mutation(
        "images held out are not trained on", "training.py",
        '"train": kept, "validation": held', '"train": held, "validation": held',
        "test_training.py::test_held_out_images_are_never_trained_on",
    ),
    Mutation(
        "flat is below the tolerance", "stopping.py",
        "min(last) < tolerance", "min(last) > tolerance", FLAT,
    ),
    Mutation(
        "patience runs out at its last epoch", "stopping.py",
        ">= patience", "> patience", TURNED,
    ),
]  # fmt: skip


def run_tests(root: Path, package: Path, tests: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs tests of this checkout against the package in the folder `package`."""
    measured = {name: value for name, value in os.environ.items() if "COV" not in name}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-xq", "--no-header", "-p", "no:cacheprovider",
         *(f"tests/{test}" for test in tests)],
        cwd=root, env={**measured, "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, encoding="utf-8",
    )  # fmt: skip


def copied(root: Path, folder: Path) -> Path:
    """The package's code in `folder`."""
    unneeded = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "src" / "hw1lib", folder / "hw1lib", ignore=unneeded)
    return folder


def mutated(root: Path, folder: Path, mutation: Mutation) -> Path:
    """The package's code in `folder`, with one line made wrong."""
    path = copied(root, folder) / "hw1lib" / mutation.module
    code = path.read_text(encoding="utf-8")
    assert code.count(mutation.right) == 1, f"{mutation.right} must stand once in {path.name}"
    path.write_text(code.replace(mutation.right, mutation.wrong), encoding="utf-8")
    return folder


Outcome = Future[subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def outcomes(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    """What the tests say of each mutation, and of the copy without any; a few run at a time."""
    folder = tmp_path_factory.mktemp("mutations")
    whole = copied(root, folder / "whole")
    pool = ThreadPoolExecutor(AT_ONCE)
    all_tests = sorted({mutation.tests for mutation in MUTATIONS})
    running = {"none": pool.submit(run_tests, root, whole, all_tests)}
    for number, mutation in enumerate(MUTATIONS):
        package = mutated(root, folder / str(number), mutation)
        running[mutation.what] = pool.submit(run_tests, root, package, [mutation.tests])
    yield running
    pool.shutdown(cancel_futures=True)


def test_the_tests_pass_without_mutation(outcomes: dict[str, Outcome]) -> None:
    done = outcomes["none"].result()
    assert done.returncode == PASSED, done.stdout + done.stderr


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.what)
def test_a_wrong_line_makes_a_test_fail(mutation: Mutation, outcomes: dict[str, Outcome]) -> None:
    done = outcomes[mutation.what].result()
    assert done.returncode == FAILED, done.stdout + done.stderr
