"""Question 3's experiment: several seeds, side by side, from the images to `results/`.

Each run trains in a process of its own and writes a checkpoint after every epoch, from which the
same command resumes it bit for bit.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from hw1lib.cifar.data import Cifar10, Split, standardise
from hw1lib.cifar.results import (
    SUMMARY,
    THREADS,
    describe_machine,
    save_results,
    training_code_digest,
    training_config,
)
from hw1lib.cifar.training import Row, Run
from hw1lib.errors import InputError
from hw1lib.files import UNFINISHED, replacing
from hw1lib.homework import SEEDS, Homework
from hw1lib.processes import process_pool


@dataclass(frozen=True)
class Job:
    """One run of an experiment: the homework's, or the extra one with images held out.

    Attributes:
        homework: its numbers.
        seed: of the run.
        held_out: whether images are held out.
        folder: where its checkpoint lies until the results are written.
        setting: what a run must share with its checkpoint, as JSON holds it.
    """

    homework: Homework
    seed: int
    held_out: bool
    folder: Path
    setting: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the run in messages and files."""
        return f"{'held-out-' if self.held_out else ''}seed-{self.seed}"

    @property
    def checkpoint(self) -> Path:
        """The file from which the run is resumed."""
        return self.folder / f"checkpoint-{self.name}.safetensors"

    def save(self, run: Run) -> None:
        """Writes weights, random state and history to one file, atomically.

        Raises:
            InputError: the file can't be written.
        """
        tensors = {f"net.{name}": value for name, value in run.net.state_dict().items()}
        tensors["generator"] = run.generator.get_state()
        state = json.dumps({"setting": self.setting, "history": run.history})
        metadata = {"state": state, "digest": _digest(tensors, state)}
        with replacing(self.checkpoint) as temporary:
            temporary.write_bytes(save(tensors, metadata))

    def load(self) -> Run:
        """The run at its last checkpoint, or before its first epoch.

        Raises:
            InputError: the checkpoint is damaged, or that of another experiment.
        """
        run, path = Run(self.homework, self.seed, self.held_out), self.checkpoint
        if not path.exists():
            return run
        cure = "delete it, and this seed starts again from epoch 1"
        try:
            with safe_open(path, "pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise InputError(f"{path} is damaged: {cure}.") from error
        text = metadata.get("state", "")
        if metadata.get("digest") != _digest(tensors, text):
            raise InputError(f"{path} is damaged: {cure}.")
        state = json.loads(text)
        for key in sorted(self.setting.keys() | state["setting"].keys()):
            there, here = state["setting"].get(key), self.setting.get(key)
            if there != here:
                raise InputError(
                    f"{path} comes from a run with another {key} ({there}, not {here}): {cure}, "
                    "or name another folder with --results-dir."
                )
        run.generator.set_state(tensors.pop("generator"))
        run.net.load_state_dict({name.removeprefix("net."): t for name, t in tensors.items()})
        run.history = state["history"]
        return run


def train(homework: Homework, seeds: Sequence[int], data: Cifar10, results_dir: Path) -> None:
    """Trains the net from every seed, or resumes where an interrupted run stopped.

    Results of all seeds and epochs are not replaced by those of fewer.

    Raises:
        InputError: the folder can't be used, or another run uses it; a checkpoint is damaged or
            another experiment's; training diverged, or a process was killed.
    """
    with only_run_in(results_dir), torch_threads(THREADS):
        if _is_full(homework, seeds) < _has_full_results(results_dir):
            raise InputError(
                f"{results_dir} holds results of {len(SEEDS)} seeds and up to "
                f"{Homework().max_epochs} epochs, which a shorter run would replace: name another "
                "folder with --results-dir."
            )
        setting = _setting(homework, data)
        jobs = [
            [Job(homework, seed, held_out, results_dir, setting) for seed in seeds]
            for held_out in (False, True)
        ]
        _train_all([*jobs[0], *jobs[1]], data)
        runs, held_out_runs = ([job.load() for job in kind] for kind in jobs)
        save_results(results_dir, runs, held_out_runs, data)
        for job in [*jobs[0], *jobs[1]]:
            job.checkpoint.unlink(missing_ok=True)


def describe(row: Row) -> str:
    """One line of the training log."""
    sets = [key.removesuffix("_loss") for key in row if key.endswith("_loss")]
    figures = [f"{name} {row[f'{name}_loss']:.4f} {row[f'{name}_accuracy']:6.2%}" for name in sets]
    return f"epoch {row['epoch']:3.0f}  {'  '.join(figures)}  {row['seconds']:.1f} s"


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Sets the number of torch threads within the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def only_run_in(folder: Path) -> Iterator[None]:
    """Keeps other runs out of a folder, and removes half-written files of killed processes.

    Raises:
        InputError: another run uses the folder, or it can't be written to.
    """
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise InputError(
            f"Another run is at work in {folder}: wait for it, or name another folder with "
            "--results-dir."
        ) from error
    except OSError as error:
        raise InputError(
            f"{folder} can't be written ({error.strerror or error}): name another folder with "
            "--results-dir."
        ) from error
    try:
        yield
    finally:
        for left in folder.glob(f".*{UNFINISHED}"):
            left.unlink()
        lock.release()


def _setting(homework: Homework, data: Cifar10) -> dict[str, Any]:
    """What every epoch of a run depends on: numbers, code, images and machine."""
    machine = describe_machine()
    return {
        **training_config(homework),
        "training code": training_code_digest(),
        "set of images": data.digest(),
        **machine.pop("versions"),
        **machine,
    }


def _is_full(homework: Homework, seeds: Sequence[int]) -> bool:
    """Whether this is the experiment that the book shows, or a longer one."""
    return homework.max_epochs >= Homework().max_epochs and set(seeds) >= set(SEEDS)


def _has_full_results(folder: Path) -> bool:
    """Whether the results in a folder, if any, are those of a full experiment."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        summary = json.loads((folder / SUMMARY).read_bytes())
        seeds = [run["seed"] for run in summary["runs"]]
        return _is_full(Homework(max_epochs=summary["config"]["max_epochs"]), seeds)
    return False


def _train_all(jobs: Sequence[Job], data: Cifar10) -> None:
    """Trains every job until it is finished; as many run at once as there are cores."""
    runs = [(job, job.load()) for job in jobs]
    if done := sum(len(run.history) for _, run in runs):
        print(f"Resuming after {done} epochs in all ({jobs[0].folder})", flush=True)
    unfinished = [job for job, run in runs if not run.finished]
    arrays = [tensor.numpy() for tensor in data.tensors()]  # torch would share them in /dev/shm
    processes = max(1, min(len(unfinished), os.cpu_count() or 1))
    with process_pool(processes, at_once=True) as pool:
        futures = [pool.submit(_train_to_its_end, job, arrays) for job in unfinished]
        for future in as_completed(futures):
            future.result()


def _train_to_its_end(job: Job, arrays: Sequence[np.ndarray[Any, Any]]) -> None:
    """Trains a job until it is finished; logs each row once its checkpoint is written."""
    tensors = [torch.from_numpy(array) for array in arrays]
    train, test = standardise(Cifar10(Split(*tensors[:2]), Split(*tensors[2:]), ""))
    torch.set_num_threads(THREADS)
    try:
        run = job.load()
        while not run.finished:
            row = run.next_epoch(train, test)
            job.save(run)
            print(f"{job.name:16} {describe(row)}", flush=True)
    except InputError as error:
        raise InputError(f"{job.name}: {error}") from error


def _digest(tensors: dict[str, Tensor], state: str) -> str:
    return hashlib.sha256(save(tensors) + state.encode()).hexdigest()
