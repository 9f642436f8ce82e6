"""Runs notebooks in kernels of their own, by nbclient."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from qmdbook.errors import BookError
from qmdbook.qmd import Chapter

OPTIONS = (
    "--HistoryManager.enabled=False",
    "--InteractiveShell.xmode=Plain",  # of a traceback, messages show the end
    "--InteractiveShell.colors=NoColor",
    "--log-level=CRITICAL",
)
AT_ONCE = 3  # one more than two processors, as each kernel waits at times
START_TIMEOUT = 120
ATTEMPTS = 3
TRACE = 4  # lines of a traceback that messages show: its last two frames


def run(folder: Path, todo: list[tuple[Chapter, NotebookNode]], timeout: int) -> None:
    """Runs chapters' notebooks in place, each in a kernel of its own in `folder`.

    Raises:
        BookError: a cell failed, took longer than `timeout` seconds or killed its kernel.
    """
    asyncio.run(_run_all(folder, todo, timeout))


async def _run_all(folder: Path, todo: list[tuple[Chapter, NotebookNode]], timeout: int) -> None:
    """Runs a few chapters at a time, and stops the others when one fails."""
    free = asyncio.Semaphore(AT_ONCE)

    async def attempt(chapter: Chapter, notebook: NotebookNode) -> None:
        for count in range(1, ATTEMPTS + 1):  # another program may take the port of a kernel
            log = Path(scratch) / f"{chapter.name}-{count}.log"
            try:
                async with free:
                    await _run(folder, chapter, notebook, timeout, log)
                return
            except RuntimeError as error:  # the kernel did not come up
                if count == ATTEMPTS:
                    last = [str(error), *log.read_text(errors="replace").splitlines()][-1]
                    raise BookError(
                        f"{chapter.path.name}: no kernel of {sys.executable} starts "
                        f"({last:.200}); reinstall the book's packages there."
                    ) from error

    with tempfile.TemporaryDirectory() as scratch:
        try:
            async with asyncio.TaskGroup() as tasks:
                for chapter, notebook in todo:
                    tasks.create_task(attempt(chapter, notebook))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None


async def _run(
    folder: Path, chapter: Chapter, notebook: NotebookNode, timeout: int, log: Path
) -> None:
    """Runs one chapter's notebook in place, in a kernel that writes what it says to `log`.

    Step for step rather than by nbclient's `async_execute`, which would take Ctrl-C for itself.
    """
    environment = {
        "OMP_NUM_THREADS": "1",  # as chapters run side by side
        **os.environ,
        "IPYTHONDIR": str(log.parent),  # HOME stays as it is
        "JUPYTER_RUNTIME_DIR": str(log.parent),
        "SOURCE_DATE_EPOCH": "0",  # of figures
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    manager = kernel(log.with_suffix(".json"), *OPTIONS)
    client = NotebookClient(
        notebook,
        km=manager,
        timeout_func=lambda cell: START_TIMEOUT if cell.id == "setup" else timeout,
        startup_timeout=START_TIMEOUT,
        resources={"metadata": {"path": str(folder)}},
        coalesce_streams=True,
    )
    try:
        with log.open("w") as stream:
            await client.async_start_new_kernel(env=environment, stdout=stream, stderr=stream)
        await client.async_start_new_kernel_client()
        for count, cell in enumerate(notebook.cells):
            try:
                await client.async_execute_cell(cell, count, execution_count=count + 1)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                if isinstance(error, DeadKernelError) and await manager.is_alive():
                    raise asyncio.CancelledError from error  # nbclient took being stopped for that
                part = cell.metadata["qmdbook"].get("part")
                place = chapter.where(1 if part is None else chapter.parts[part].line)
                first = cell.source.strip().partition("\n")[0]
                reason = _reason(error, timeout)
                raise BookError(f"{place}: the cell `{first:.70}` {reason}") from error
    finally:
        if client.kc is not None:
            client.kc.stop_channels()
        if manager.has_kernel:
            await manager.shutdown_kernel(now=True)


def _reason(error: Exception, timeout: int) -> str:
    """Why a cell failed: an exception with the traceback's end, or its message if that is all."""
    if isinstance(error, CellExecutionError):
        value = " ".join(str(error.evalue).split())
        trace = error.traceback.rpartition("-----\n")[2]  # what nbclient puts before is the cell
        if trace.strip() == str(error.evalue).strip():  # an error made to be read alone
            return f"failed: {value:.500}"
        frames = [line for line in trace.splitlines() if line.startswith("  ")]
        return "\n".join([f"failed: {error.ename}: {value:.500}", *frames[-TRACE:]])
    if isinstance(error, CellTimeoutError):
        return f"ran longer than {timeout} s; allow more with --cell-timeout."
    return "killed its kernel."


def kernel(connection_file: Path, *options: str) -> AsyncKernelManager:
    """A kernel of the Python that is running, whatever kernels are installed."""
    manager = AsyncKernelManager(connection_file=str(connection_file))
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager._kernel_spec = KernelSpec(argv=[*command, *options], language="python")
    return manager
