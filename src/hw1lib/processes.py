"""Work in several processes. They begin here, so it imports nothing slow."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from hw1lib.errors import InputError


@contextmanager
def process_pool(processes: int, at_once: bool = False) -> Iterator[ProcessPoolExecutor]:
    """Gives an executor whose processes leave Ctrl-C to this one, and end when it does.

    If the block is left early, what has not begun is dropped, and what has begun is finished, or
    ended `at_once`.

    Raises:
        InputError: a process was killed.
    """
    others = multiprocessing.active_children()
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin)
    try:
        yield pool
    except BaseException as error:
        if at_once:
            for process in set(multiprocessing.active_children()) - set(others):
                process.terminate()
        if isinstance(error, BrokenProcessPool):
            raise InputError(
                "A process ended unexpectedly (is there enough memory?); run the command again, "
                "and it goes on where it stopped."
            ) from error
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process alone,
    threading.Thread(target=_end_with_parent, daemon=True).start()  # with which all others end


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
