"""Question 3's experiment: several seeds, side by side, from the images to `results/`.

Every epoch starts from a checkpoint and ends with one, in whichever process; so a run that was
interrupted goes on as if it had not been.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from tqdm import tqdm

from hw1lib.cifar.data import Split, load_cifar10
from hw1lib.cifar.provenance import training_code_digest, training_config
from hw1lib.cifar.results import save_results
from hw1lib.cifar.run import restore_checkpoint, save_checkpoint
from hw1lib.cifar.sgd import DivergedError, Row, Run, standardise
from hw1lib.errors import InputError
from hw1lib.homework import Homework


@dataclass(frozen=True)
class Setting:
    """What all runs of an experiment share.

    Attributes:
        homework: sizes, learning rate and stopping rules.
        data_dir: see `hw1lib.cifar.data.load_cifar10`.
        pixels: digest of the images in it.
        results_dir: where the checkpoints and, in the end, the results go.
        device: cpu or cuda.
        threads: of torch, for each run.
        code: fingerprint of the training code, taken once for all epochs.
    """

    homework: Homework
    data_dir: Path
    pixels: str
    results_dir: Path
    device: str = "cpu"
    threads: int = 1
    code: str = field(default_factory=training_code_digest)

    def jobs(self, seeds: Sequence[int]) -> list[Job]:
        """For every seed the homework's run and the extra one with images held out."""
        return [Job(self, seed, held_out) for seed in seeds for held_out in (False, True)]


@dataclass(frozen=True)
class Job:
    """One run of an experiment: the homework's, or the extra one with images held out."""

    setting: Setting
    seed: int
    held_out: bool

    @property
    def name(self) -> str:
        """What messages and files call it."""
        return f"{'held-out-' if self.held_out else ''}seed-{self.seed}"

    @property
    def checkpoint(self) -> Path:
        """Its checkpoint, there from the first epoch until the results are written."""
        return self.setting.results_dir / f"checkpoint-{self.name}.safetensors"


def train(
    homework: Homework,
    seeds: Sequence[int],
    data_dir: Path,
    results_dir: Path,
    device: str = "cpu",
    threads: int = 1,
) -> None:
    """Trains the net from every seed, or goes on where an interrupted run stopped.

    Raises:
        InputError: data or folder can't be used, another run uses the folder, a checkpoint is
            damaged, training diverged or was interrupted.
    """
    with only_run_in(results_dir):
        data = load_cifar10(data_dir)  # prepares the images once for all processes
        print(f"{len(data.train):,} training and {len(data.test):,} test images, {data.source}")
        homework = _fitting(homework, len(data.train))
        setting = Setting(homework, data_dir, data.digest(), results_dir, device, threads)
        jobs = setting.jobs(seeds)
        run_all(jobs)
        runs = {(job.held_out, job.seed): load_run(job) for job in jobs}
        save_results(results_dir, runs, data, threads)
        for job in jobs:
            job.checkpoint.unlink(missing_ok=True)
    print(f"Results are in {results_dir}.")


def run_all(jobs: Sequence[Job]) -> None:
    """Trains every job to its end, with a log and a progress bar.

    Raises:
        InputError: as `train`.
    """
    done = sum(len(load_run(job).history) for job in jobs)
    if done:
        print(f"Going on after {done} epochs in all ({jobs[0].checkpoint.parent})")
    try:
        with (
            tqdm(desc="Training", unit="epoch", initial=done, disable=None) as progress,
            closing(_epochs(jobs, _workers(jobs))) as epochs,
        ):
            for job, row in epochs:
                progress.update()
                tqdm.write(f"{job.name:16} {describe(row)}")
                sys.stdout.flush()  # a log that goes into a file or a pipe is read meanwhile
    except KeyboardInterrupt:
        raise InputError("Stopped; the same command goes on from the last epochs.") from None
    except BrokenProcessPool as error:
        raise InputError(
            "A training process was killed (is there enough memory?); the same command goes on "
            "from the last epochs."
        ) from error


def advance(job: Job) -> Row | None:
    """Trains a job's next epoch from its checkpoint to the next one; None when it is finished.

    Raises:
        InputError: as `train`.
    """
    with torch_threads(job.setting.threads):
        run = load_run(job)
        if run.finished:
            return None
        train_split, test_split = _prepared(job.setting.data_dir, job.setting.device)
        try:
            row = run.next_epoch(train_split, test_split)
        except DivergedError as error:
            raise InputError(f"{job.name}: {error} Choose a smaller learning rate.") from error
        save_checkpoint(job.checkpoint, run, _identity(job))
        return row


def load_run(job: Job) -> Run:
    """The run as its checkpoint has it, or before its first epoch.

    Raises:
        InputError: the checkpoint is damaged.
    """
    run = Run(job.setting.homework, job.seed, torch.device(job.setting.device), job.held_out)
    restore_checkpoint(job.checkpoint, run, _identity(job))
    return run


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


def describe(row: Row) -> str:
    """One line of the training log."""
    sets = [key.removesuffix("_loss") for key in row if key.endswith("_loss")]
    figures = [f"{name} {row[f'{name}_loss']:.4f} {row[f'{name}_accuracy']:6.2%}" for name in sets]
    return f"epoch {row['epoch']:3.0f}  {'  '.join(figures)}  {row['seconds']:.1f} s"


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Runs torch on that many threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def only_run_in(folder: Path) -> Iterator[None]:
    """Keeps other runs away from a folder, and removes what a killed one left half written.

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
        for left in [*folder.glob(".checkpoint-*"), *folder.glob(".new-*")]:
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield
    finally:
        lock.release()


def _fitting(homework: Homework, images: int) -> Homework:
    """Holds out half of a small training set at most."""
    if images < 2 * homework.classes:
        raise InputError(
            f"There are {images} training images: {2 * homework.classes} or more are needed."
        )
    return replace(homework, held_out=min(homework.held_out, images // 2))


def _workers(jobs: Sequence[Job]) -> int:
    """Processes to share the jobs among: as many as the cores have threads for."""
    return min(len(jobs), max(1, (os.cpu_count() or 1) // jobs[0].setting.threads))


def _epochs(jobs: Sequence[Job], workers: int) -> Generator[tuple[Job, Row], None, None]:
    """The epochs of all jobs as they are done; the jobs take turns."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_follow_parent) as pool:
        pending = {pool.submit(advance, job): job for job in jobs}
        try:
            while pending:
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    job, row = pending.pop(future), future.result()
                    if row is not None:
                        pending[pool.submit(advance, job)] = job
                        yield job, row
        finally:
            pool.shutdown(cancel_futures=True)


def _follow_parent() -> None:
    """Leaves Ctrl-C to the parent process, and ends when that is killed."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def end_with_parent() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


@lru_cache(maxsize=1)
def _prepared(data_dir: Path, device: str) -> tuple[Split, Split]:
    """The standardised images on the device: a process keeps them from epoch to epoch."""
    return standardise(load_cifar10(data_dir), torch.device(device))


def _identity(job: Job) -> dict[str, object]:
    """What makes two runs the same run: config, seed, machine, pixels and training code."""
    setting = job.setting
    return {
        "config": training_config(setting.homework),
        "seed": job.seed,
        "held_out": job.held_out,
        "threads": setting.threads,
        "device": setting.device,
        "pixels": setting.pixels,
        "code": setting.code,
    }
