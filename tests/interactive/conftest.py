"""The playground in a page of its own, with the rules that the book's pages have for scripts."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from hw1lib.backprop.network import load_network
from hw1lib.backprop.playground import FOLDER, playground
from hw1lib.backprop.walk import STEPS
from qmdbook.scripts import plain

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">{policy}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Playground</title><link rel="stylesheet" href="book.css"></head>
<body><main><h1>Playground</h1><h2>Play</h2>{playground}{links}</main></body></html>
"""


@pytest.fixture(scope="session")
def page_file(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's file; `Equation 1`, `Equation 2` ... are what the walk refers to."""
    folder = tmp_path_factory.mktemp("playground")
    templates = root / "src" / "qmdbook" / "templates"
    policy = re.search(r"<meta http-equiv=[^>]*>", (templates / "page.html").read_text("utf-8"))
    assert policy
    labels = dict.fromkeys(step.equation for step in STEPS)
    links = "".join(
        f'<p id="{label}"><a href="#{label}">Equation {number}</a></p>'
        for number, label in enumerate(labels, 1)
    )
    markdown = str(playground(load_network(root / "network.toml")).data)
    raw = markdown.removeprefix("```{=html}\n").removesuffix("\n```")
    (folder / FOLDER).mkdir(parents=True)
    (folder / FOLDER / "main.js").write_text(plain(root / FOLDER / "main.js"), encoding="utf-8")
    shutil.copy(root / FOLDER / "playground.css", folder / FOLDER)
    shutil.copy(templates / "book.css", folder)
    for font in (root / "src" / "qmdbook" / "fonts").glob("*.woff2"):
        shutil.copy(font, folder)
    text = PAGE.format(policy=policy[0], playground=raw, links=links)
    (folder / "page.html").write_text(text, encoding="utf-8")
    return folder / "page.html"
