"""Training that is killed, interrupted or out of space: nothing is lost."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import psutil
import pytest

from hw1lib.cifar.experiment import Job, _setting
from hw1lib.cifar.results import load_results
from hw1lib.homework import Homework
from trainings import banded, write_results

HOMEWORK = Homework(flat_tolerance=0.0, max_epochs=40, held_out=100, patience=100)
IMAGES = 600  # enough for an epoch to take a little while
PROGRAM = f"""\
import sys
from pathlib import Path
from trainings import banded
from hw1lib.errors import InputError
from hw1lib.cifar.experiment import train
from hw1lib.homework import Homework

if __name__ == "__main__":
    try:
        train({HOMEWORK!r}, [0], banded({IMAGES}), Path(sys.argv[1]))
    except InputError as error:
        sys.exit(f"hw1: {{error}}")
    except KeyboardInterrupt:
        sys.exit("hw1: interrupted")
"""
Process = subprocess.Popen[str]
Start = Callable[[Path], Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the training as a process of its own; kills what is left of it at the end."""
    program = tmp_path / "run.py"
    program.write_text(PROGRAM)
    started: list[Process] = []

    def begin(results: Path) -> Process:
        process = subprocess.Popen(
            [sys.executable, str(program), str(results)],
            text=True,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def jobs(results: Path) -> list[Job]:
    setting = _setting(HOMEWORK, banded(IMAGES))
    return [Job(HOMEWORK, 0, held_out, results, setting) for held_out in (False, True)]


def epochs_done(results: Path) -> list[int]:
    """Epochs in each job's checkpoint."""
    return [len(job.load().history) for job in jobs(results)]


def figures(results: Path) -> list[pd.DataFrame]:
    """All that a run's results say, but the times."""
    loaded = load_results(results, HOMEWORK)
    return [table.drop(columns="seconds") for table in (loaded.history, loaded.held_out)]


def wait_for_epochs(process: Process, count: int) -> None:
    """Reads the log of a running training up to so many epochs."""
    assert process.stdout is not None
    while count and (line := process.stdout.readline()):
        count -= "  epoch " in line
    assert count == 0


def error_of(process: Process) -> str:
    """What a training that fails says last: one sentence for the user."""
    _, error = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in error
    return error.strip().splitlines()[-1]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kills_at_random_moments_lose_at_most_the_current_epochs(
    start: Start, tmp_path: Path
) -> None:
    whole, results = tmp_path / "whole", tmp_path / "killed"
    assert start(whole).wait() == 0
    moments = random.Random(1)
    done = [0, 0]
    for _ in range(3):
        process = start(results)
        wait_for_epochs(process, moments.randint(1, 3))
        time.sleep(moments.uniform(0, 0.1))
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        said, _ = process.communicate()
        assert psutil.wait_procs(family, timeout=10)[1] == []  # no worker outlives the training
        reached = epochs_done(results)
        assert all(now >= before for now, before in zip(reached, done, strict=True))
        for number, job in enumerate(jobs(results)):
            logged = re.findall(rf"(?m)^{job.name} +epoch +(\d+) ", said)
            assert reached[number] >= max(map(int, logged), default=0)
        done = reached
    assert sum(done) >= 3
    assert start(results).wait() == 0
    for ours, wanted in zip(figures(results), figures(whole), strict=True):
        pd.testing.assert_frame_equal(ours, wanted, check_exact=True)
    for name in ("weights.safetensors", "predictions.safetensors"):
        assert (results / name).read_bytes() == (whole / name).read_bytes()


def interrupt(process: Process) -> None:
    """As Ctrl-C does."""
    process.send_signal(signal.SIGINT)


def kill_a_worker(process: Process) -> None:
    family = psutil.Process(process.pid).children()
    next(each for each in family if "spawn_main" in " ".join(each.cmdline())).kill()


@pytest.mark.parametrize(
    ("stop", "message"),
    [
        (interrupt, "hw1: interrupted"),
        pytest.param(
            kill_a_worker,
            "hw1: A process ended unexpectedly.*; run the command again, and it goes on where.*",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_training_that_is_stopped_says_how_to_go_on_and_keeps_its_epochs(
    start: Start, tmp_path: Path, stop: Callable[[Process], None], message: str
) -> None:
    process = start(tmp_path / "results")
    wait_for_epochs(process, 3)
    family = psutil.Process(process.pid).children(recursive=True)
    stop(process)
    assert re.fullmatch(message, error_of(process))
    assert psutil.wait_procs(family, timeout=10)[1] == []
    assert sum(epochs_done(tmp_path / "results")) >= 3


@pytest.mark.slow
def test_a_full_disk_leaves_the_old_results_whole(start: Start, mount: Callable[..., Path]) -> None:
    """Those of a trial, on a disk that has no room for one checkpoint more."""
    disk = mount("small", "-t", "tmpfs", "-o", "size=4m", "tmpfs")
    trial = replace(HOMEWORK, max_epochs=1)
    write_results(disk, banded(), trial, [0])
    free = psutil.disk_usage(str(disk)).free
    (disk / "filler").write_bytes(b"0" * max(0, free - 600_000))
    said = error_of(start(disk))
    assert "No space left on device" in said
    assert "free some space there" in said
    load_results(disk, trial)
    assert not list(disk.glob(".checkpoint-*"))


@pytest.mark.slow
def test_a_read_only_folder_is_refused_at_once(start: Start, mount: Callable[..., Path]) -> None:
    said = error_of(start(mount("sealed", "-t", "tmpfs", "-o", "size=1m,ro", "tmpfs")))
    assert "can't be written (Read-only file system): name another folder" in said
