"""The PDF: chapters joined, written as typst by pandoc and set by typst."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typst

from qmdbook.errors import BookError
from qmdbook.pandoc import HERE, Document, write
from qmdbook.project import Project
from qmdbook.site import FONTS, citation_options


def build_pdf(
    project: Project,
    documents: list[Document],
    labels: dict[str, dict[str, str]],
    folder: Path,
    target: Path,
    template: Path,
    variables: dict[str, str],
) -> None:
    """Sets the chapters as one PDF.

    Args:
        project: the book.
        documents: chapters to set.
        labels: labels that references may lead to.
        folder: where the chapters' `figures/` are.
        target: the PDF.
        template: of typst; all but book.typ leave out what has the class `extra`, and code.
        variables: for the template, as plain text: title and so on.

    Raises:
        BookError: typst can't set the text.
    """
    strings = {key: _typst_string(value) for key, value in variables.items()}
    options = [item for key, value in strings.items() for item in ("-V", f"{key}={value}")]
    arguments = ["-t", "typst", "--standalone", f"--template={template}"]
    arguments += [f"--data-dir={HERE}"]  # where templates find style.typ
    arguments += ["--wrap=none", "-M", f"template={template.stem}", *options]
    arguments += citation_options(project)
    if project.bibliography is not None:
        arguments += ["-M", "reference-section-title=References"]
    source = write(_joined(documents), arguments, labels, "", folder)
    path = folder / f".{target.stem}.typ"
    path.write_text(source, encoding="utf-8")
    try:
        typst.compile(path, output=target, root=folder, font_paths=[FONTS])
    except RuntimeError as error:
        raise BookError(f"typst can't set {target.name}: {_first_lines(str(error))}") from error
    finally:
        path.unlink()


def _joined(documents: list[Document]) -> dict[str, Any]:
    """One syntax tree of all chapters, each with its figures and ids."""
    blocks = [block for document in documents for block in document.tree["blocks"]]
    return {**documents[0].tree, "meta": {}, "blocks": blocks}


def _first_lines(text: str) -> str:
    return re.sub(r"\s+", " ", text)[:300]


def _typst_string(text: str) -> str:
    """Text between the double quotes of a typst string."""
    return " ".join(text.replace("\\", "\\\\").replace('"', '\\"').split())
