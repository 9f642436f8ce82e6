"""One training run from the images to `results/`, with progress and resumption."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from tqdm import tqdm

from hw1lib.checkpoint import restore_checkpoint, save_checkpoint
from hw1lib.cifar10 import load_cifar10
from hw1lib.errors import InputError
from hw1lib.homework import Homework
from hw1lib.results import identity, save_results
from hw1lib.training import DivergedError, Epoch, Run, standardise


def train(homework: Homework, seed: int, data_dir: Path, device: str, results_dir: Path) -> None:
    """Trains the net, or goes on where an interrupted run of the same kind stopped.

    One thread: a net this small gains little from more, and the result does not depend on how
    many cores a machine has.

    Args:
        homework: sizes, learning rate and stopping rule.
        seed: of the initial weights and of the order of the images.
        data_dir: see `hw1lib.cifar10.load_cifar10`.
        device: auto, cpu or cuda.
        results_dir: where the results and, while it runs, the checkpoint go.

    Raises:
        InputError: data, device or folder can't be used, or training diverged.
    """
    chosen = choose_device(device)
    data = load_cifar10(data_dir)
    print(f"{len(data.train):,} training and {len(data.test):,} test images from {data.source}")
    run = Run(homework, seed, chosen)
    own = identity(homework, seed, data)
    checkpoint = results_dir / f"checkpoint-seed-{seed}.safetensors"
    if restore_checkpoint(checkpoint, run, own):
        print(f"Going on after epoch {len(run.history)} ({checkpoint})")
    with one_thread():
        train_split, test_split = standardise(data, chosen)
        try:
            for epoch in _with_progress(run, run.epochs(train_split, test_split)):
                save_checkpoint(checkpoint, run, own)
                tqdm.write(describe(epoch))
        except DivergedError as error:
            raise InputError(f"{error} Choose a smaller learning rate.") from error
        except KeyboardInterrupt:
            raise InputError(
                f"Stopped after epoch {len(run.history)}; the same command goes on from there."
            ) from None
        save_results(results_dir, run, seed, data)
    checkpoint.unlink(missing_ok=True)
    reason = "the training loss has flattened" if run.flattened else "the cap on epochs is reached"
    print(f"Stopped after epoch {len(run.history)}: {reason}. Results are in {results_dir}.")


def choose_device(name: str) -> torch.device:
    """The device called `name`; auto takes a GPU when there is one.

    Raises:
        InputError: cuda was asked for and there is none.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("--device cuda: torch finds no CUDA device here; use cpu or auto.")
    if name == "auto":
        name = "cuda" if available else "cpu"
    return torch.device(name)


def describe(epoch: Epoch) -> str:
    """One line of the training log."""
    return (
        f"epoch {epoch.epoch:3d}  train loss {epoch.train_loss:.4f}  test loss "
        f"{epoch.test_loss:.4f}  train accuracy {epoch.train_accuracy:6.2%}  test accuracy "
        f"{epoch.test_accuracy:6.2%}  {epoch.seconds:.1f} s"
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Runs torch on one thread inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _with_progress(run: Run, epochs: Iterator[Epoch]) -> Iterator[Epoch]:
    """The same epochs with a progress bar; the cap is its end, a flat loss comes earlier."""
    total, done = run.homework.max_epochs, len(run.history)
    yield from tqdm(epochs, "Training", total, initial=done, unit="epoch", disable=None)
