"""Question 3's experiment: several seeds, side by side, from the images to `results/`.

Each run trains in a process of its own and writes a checkpoint after every epoch, from which the
same command resumes it bit for bit.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from tqdm import tqdm

from hw1lib.cifar.data import load_cifar10
from hw1lib.cifar.provenance import training_code_digest, training_config
from hw1lib.cifar.results import save_results
from hw1lib.cifar.run import Row, Run, restore_checkpoint, save_checkpoint, standardise
from hw1lib.errors import InputError
from hw1lib.files import UNFINISHED
from hw1lib.homework import Homework


@dataclass(frozen=True)
class Job:
    """One run of an experiment: the homework's, or the extra one with images held out.

    `pixels` is the digest of the images in `data_dir`; the checkpoint lies in `results_dir`.
    """

    seed: int
    held_out: bool
    homework: Homework
    data_dir: Path
    pixels: str
    results_dir: Path
    device: str = "cpu"
    threads: int = 1

    @property
    def name(self) -> str:
        """Name of the run in messages and files."""
        return f"{'held-out-' if self.held_out else ''}seed-{self.seed}"

    @property
    def checkpoint(self) -> Path:
        """Its checkpoint, kept until the results are written."""
        return self.results_dir / f"checkpoint-{self.name}.safetensors"

    @property
    def identity(self) -> dict[str, Any]:
        """What makes two runs the same run: config, seed, device, pixels and training code."""
        same = ("seed", "held_out", "pixels", "device", "threads")
        return {
            "config": training_config(self.homework),
            "code": training_code_digest(),
            **{name: getattr(self, name) for name in same},
        }

    def load(self) -> Run:
        """The run at its last checkpoint, or before its first epoch.

        Raises:
            InputError: the checkpoint is damaged.
        """
        run = Run(self.homework, self.seed, torch.device(self.device), self.held_out)
        restore_checkpoint(self.checkpoint, run, self.identity)
        return run


def train(
    homework: Homework,
    seeds: Sequence[int],
    data_dir: Path,
    results_dir: Path,
    device: str = "cpu",
    threads: int = 1,
) -> None:
    """Trains the net from every seed, or resumes where an interrupted run stopped.

    Raises:
        InputError: the data or the folder can't be used, another run uses the folder, a checkpoint
            is damaged, training diverged or was interrupted.
    """
    with only_run_in(results_dir), torch_threads(threads):
        data = load_cifar10(data_dir)  # prepares the images once for all processes
        print(f"{len(data.train):,} training and {len(data.test):,} test images, {data.source}")
        homework = replace(homework, held_out=min(homework.held_out, len(data.train) // 2))
        setting = (homework, data_dir, data.digest(), results_dir, device, threads)
        jobs = [Job(seed, held_out, *setting) for held_out in (False, True) for seed in seeds]
        run_all(jobs)
        runs = {(job.held_out, job.seed): job.load() for job in jobs}
        save_results(results_dir, runs, data, threads)
        for job in jobs:
            job.checkpoint.unlink(missing_ok=True)
    print(f"Results are in {results_dir}.")


def run_all(jobs: Sequence[Job]) -> None:
    """Trains every job until it is finished, with a log and a progress bar.

    Raises:
        InputError: as `train`.
    """
    runs = [(job, job.load()) for job in jobs]
    done = sum(len(run.history) for _, run in runs)
    if done:
        print(f"Resuming after {done} epochs in all ({jobs[0].results_dir})")
    unfinished = [job for job, run in runs if not run.finished]
    try:
        with (
            tqdm(desc="Training", unit="epoch", initial=done, disable=None) as progress,
            closing(_epochs(unfinished)) as epochs,
        ):
            for job, row in epochs:
                progress.update()
                tqdm.write(f"{job.name:16} {describe(row)}")
                sys.stdout.flush()  # for those who follow a log file or a pipe
    except KeyboardInterrupt:
        raise InputError("Stopped; the same command resumes after the last epochs.") from None


def describe(row: Row) -> str:
    """One line of the training log."""
    sets = [key.removesuffix("_loss") for key in row if key.endswith("_loss")]
    figures = [f"{name} {row[f'{name}_loss']:.4f} {row[f'{name}_accuracy']:6.2%}" for name in sets]
    return f"epoch {row['epoch']:3.0f}  {'  '.join(figures)}  {row['seconds']:.1f} s"


def choose_device(name: str) -> str:
    """The device called `name`; auto takes a GPU when there is one.

    Raises:
        InputError: cuda was asked for and there is none.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("--device cuda: torch finds no CUDA device here; use cpu or auto.")
    if name == "auto":
        return "cuda" if available else "cpu"
    return name


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


def _epochs(jobs: Sequence[Job]) -> Generator[tuple[Job, Row], None, None]:
    """The epochs of all jobs as they end; as many jobs run at once as there are cores for.

    Whatever ends the block, no process outlives it.
    """
    waiting, running = list(jobs), dict[Any, tuple[Job, BaseProcess]]()
    try:
        while waiting or running:
            while waiting and len(running) < max(1, (os.cpu_count() or 1) // waiting[0].threads):
                job = waiting.pop(0)
                receiver, process = _start(job)
                running[receiver] = (job, process)
            receivers: list[Any] = wait(list(running))
            for receiver in receivers:
                job, process = running[receiver]
                try:
                    message = receiver.recv()
                except (EOFError, OSError):  # the process has ended
                    del running[receiver]
                    _raise_if_failed(job, process)
                    continue
                if isinstance(message, InputError):
                    raise message
                yield job, message
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()


def _raise_if_failed(job: Job, process: BaseProcess) -> None:
    process.join()
    if process.exitcode:
        raise InputError(
            f"The process of {job.name} ended unexpectedly (is there enough memory?); the same "
            "command resumes after the last epochs."
        )


def _start(job: Job) -> tuple[Connection, BaseProcess]:
    """Starts the process of a job, and returns it with the end of the pipe it sends rows to."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_train_to_its_end, args=(job, sender), daemon=True)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for this process alone
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, before)
    sender.close()  # now the pipe ends when the process does
    return receiver, process


def _train_to_its_end(job: Job, sender: Connection) -> None:
    """Trains a job until it is finished; sends each row once its checkpoint is written."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for Windows, where that isn't inherited
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(job.threads)
    try:
        run, identity = job.load(), job.identity
        data = load_cifar10(job.data_dir)
        train_split, test_split = standardise(data, torch.device(job.device))
        while not run.finished:
            row = run.next_epoch(train_split, test_split)
            save_checkpoint(job.checkpoint, run, identity)
            sender.send(row)
    except InputError as error:
        sender.send(InputError(f"{job.name}: {error}"))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
