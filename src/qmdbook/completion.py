"""Completes a render of Quarto's: fresh cells before it, whole pages and notebooks after it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from qmdbook.book import prepare
from qmdbook.errors import BookError
from qmdbook.execute import all_cached
from qmdbook.inputs import state_of
from qmdbook.notebook import write_notebooks
from qmdbook.project import load_project
from qmdbook.qmd import parse_chapter
from qmdbook.scripts import plain

RECORD = Path(".quarto", "qmdbook.json")
MODULE = re.compile(r'(<script src="[^"]*quarto\.js") type="module"')
TABSETS = re.compile(r'<script src="[^"]*tabsets\.js" type="module"></script>\n?')


def main(when: str) -> int:
    """Runs `before` or `after` as Quarto's environment says; gives the exit code."""
    folder, variables = Path.cwd(), os.environ
    try:
        if when == "before":
            before(folder)
        else:
            outputs = variables.get("QUARTO_PROJECT_OUTPUT_FILES", "").splitlines()
            whole = "QUARTO_PROJECT_RENDER_ALL" in variables
            after(folder, Path(variables["QUARTO_PROJECT_OUTPUT_DIR"]), outputs, whole)
    except BookError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def before(folder: Path) -> None:
    """Removes the frozen outputs of cells if something that cells read has changed.

    Quarto itself only looks for changes in the chapter.
    """
    project = load_project(folder)
    state, (earlier, pages) = state_of(project), _record(folder)
    if state != earlier:
        for chapter in project.chapters:
            shutil.rmtree(folder / ".quarto" / "_freeze" / chapter.stem, ignore_errors=True)
        _write_record(folder, state, pages)


def after(folder: Path, site: Path, outputs: list[str], whole: bool) -> None:
    """Completes a render: pages that work from the disk, executed notebooks, a word on old pages.

    `outputs` are the files in `site` that were rendered. The notebooks' cells are run by this
    package, unless they are as the last time: what Quarto keeps of frozen chapters has not run.
    Unless the `whole` book was rendered, none are run for the notebooks.
    """
    project = load_project(folder)
    rendered = [Path(name).stem for name in outputs if name.endswith(".html")]
    if not rendered:
        return
    texts = {script: plain(script) for script in site.glob("site_libs/quarto-html/*.js")}
    scripts = [path for path in project.resources if path.suffix == ".js"]
    texts |= {site / path.relative_to(folder): plain(path) for path in scripts}
    texts |= {page: _with_classic_scripts(page) for page in site.glob("*.html")}
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")
    try:
        chapters = [parse_chapter(path, project.cell_defaults) for path in project.chapters]
        if whole or all_cached(project, chapters):
            with tempfile.TemporaryDirectory() as stage:
                write_notebooks(prepare(project, Path(stage)), site / "notebooks")
        else:
            print("The notebooks are as before; `quarto render` renews them.")
    except BookError as error:
        print(f"The notebooks were not written: {error}")
    state, pages = _record(folder)
    pages |= dict.fromkeys(rendered, state)
    _write_record(folder, state, pages)
    names = [c.stem for c in project.chapters if (site / f"{c.stem}.html").is_file()]
    old = [f"{name}.html" for name in names if pages.get(name) != state]
    if old:
        print(f"Still as before the last change: {', '.join(old)}; `quarto render` renews them.")


def _with_classic_scripts(page: Path) -> str:
    text, count = MODULE.subn(r"\1 defer", page.read_text(encoding="utf-8"))
    if not count and 'quarto.js" defer' not in text:
        print(f"{page.name}: quarto.js is not where it was; from a disk its scripts may not run.")
    return TABSETS.sub("", text)


def _record(folder: Path) -> tuple[str, dict[str, str]]:
    """The state of the inputs when cells last ran, and that which each page shows."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return str(record["state"]), dict(record["pages"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", {}


def _write_record(folder: Path, state: str, pages: dict[str, str]) -> None:
    (folder / RECORD).parent.mkdir(exist_ok=True)
    text = json.dumps({"state": state, "pages": pages}, indent=1)
    (folder / RECORD).write_text(text, encoding="utf-8")
