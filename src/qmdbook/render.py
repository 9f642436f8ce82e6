"""Builds the book: site, PDF and notebooks, beside the last good one, and swaps at the end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from qmdbook import quarto
from qmdbook.book import prepare
from qmdbook.errors import BookError
from qmdbook.execute import CELL_TIMEOUT
from qmdbook.notebook import write_notebooks
from qmdbook.pdf import build_pdf
from qmdbook.project import load_project
from qmdbook.site import build_site
from qmdbook.staging import staging

MARKER = ".qmdbook"
QUARTO_SITE = "search.json"  # what `quarto render` by itself leaves


@dataclass(frozen=True)
class Outputs:
    """Where the book is: its first page, the PDF and the notebooks."""

    site: Path
    pdf: Path
    notebooks: tuple[Path, ...]


def render(
    folder: Path, output_dir: Path, engine: str = "auto", cell_timeout: int = CELL_TIMEOUT
) -> Outputs:
    """Builds the book in `folder` into `output_dir`.

    Args:
        folder: where `_quarto.yml` is.
        output_dir: replaced as a whole once everything is built; until then the old one stays.
        engine: quarto, pandoc, or auto for Quarto if it is found.
        cell_timeout: seconds that one cell may take in this package's engine.

    Raises:
        BookError: names what in the book, or about the folder, has to be changed.
    """
    found = _choose(engine)
    project = load_project(folder, strict=found is None)
    with staging(output_dir, MARKER, QUARTO_SITE) as stage:
        if found:
            quarto.render(found, project, stage)
        else:
            book = prepare(project, stage, cell_timeout)
            write_notebooks(book, stage / "notebooks")
            with ThreadPoolExecutor(2) as pool:
                site = pool.submit(build_site, book)
                pdf = pool.submit(build_pdf, book, project.pdf_name)
                site.result()
                pdf.result()
    notebooks = tuple(output_dir / "notebooks" / f"{name}.ipynb" for name in project.notebooks)
    return Outputs(output_dir / "index.html", output_dir / project.pdf_name, notebooks)


def _choose(engine: str) -> quarto.Quarto | None:
    """The Quarto to use, or None for this package's own engine; says which and why."""
    found = None if engine == "pandoc" else quarto.find_quarto()
    if found and not found.problem:
        print(f"Building with Quarto {found.version}", flush=True)
        return found
    if found and engine == "quarto":
        raise BookError(f"{quarto.NEEDED} is needed ({found.problem}): {quarto.CURE}.")
    why = f", without Quarto ({found.problem})" if found else ""
    print(f"Building with pandoc{why}", flush=True)
    return None
