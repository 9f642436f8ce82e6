"""The reference: complete, as the code is called, and with live references on the pages."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from hw1lib.api import MODULES, reference, summary
from hw1lib.backprop.network import Network
from qmdbook.render import Outputs


def public(module: ModuleType) -> dict[str, object]:
    """What Python itself says that a module defines for others."""
    return {
        name: item
        for name, item in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(item) or inspect.isfunction(item))
        and item.__module__ == module.__name__
    }


def sections(text: str) -> dict[str, str]:
    """The reference's parts by the id of their headings."""
    parts = re.split(r"(?m)^#+ .*\{#(api-[\w-]+) .*\}$", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", MODULES)
def test_every_public_class_and_function_is_there(name: str) -> None:
    module = importlib.import_module(f"hw1lib.{name}")
    found = sections(reference())
    listed = {key.split("-")[2] for key in found if key.startswith(f"api-{name}-")}
    assert listed == set(public(module))
    for item_name, item in public(module).items():
        first = str(inspect.getdoc(item)).split("\n")[0]
        section = re.sub(r"\\(.)", r"\1", found[f"api-{name}-{item_name}"])
        assert first in section
        assert f"- `{item_name}`: {first}" in re.sub(r"\\(.)", r"\1", summary())


def test_signatures_are_those_of_the_code() -> None:
    found = sections(reference())
    for name in MODULES:
        for item_name, item in public(importlib.import_module(f"hw1lib.{name}")).items():
            if inspect.isfunction(item):
                code = re.findall(r"(?s)```python\n(.*?)\n```", found[f"api-{name}-{item_name}"])
                namespace: dict[str, object] = {}
                stub = f"from __future__ import annotations\ndef {code[0]}: ..."
                exec(stub, namespace)  # noqa: S102
                shown = inspect.signature(namespace[item_name])  # type: ignore[arg-type]
                assert shown == inspect.signature(inspect.unwrap(item))


def test_sections_of_a_docstring_become_lists() -> None:
    found = sections(reference())
    assert "Attributes:\n\n- `x`: (n,) input.\n- `y`:" in found["api-network-Network"]
    assert "Raises:\n\n- `InputError`: the file" in found["api-network-load_network"]
    assert "Arguments:\n\n- `layer_sizes`: units" in found["api-model-build_net"]
    assert "Returns: A module from (N, layer\\_sizes\\[0\\])" in found["api-model-build_net"]
    assert str(inspect.getdoc(Network.tensor)) in found["api-network-Network-tensor"]
    assert "sizes: tuple[int, int, int]" in found["api-network-Network-sizes"]


def test_text_stays_text() -> None:
    """No formula, tag or link comes from what a docstring says, but references and code."""
    prose = re.sub(r"(?s)```.*?```|`[^`]*`|\{#.*?\}|^#+|\\.|@(eq|sec|fig|tbl)-", "", reference())
    assert not re.search(r"(?m)[*_$<>|~^@\[]", re.sub(r"(?m)^#+ ", "", prose))


def check_page(page: Path) -> None:
    """References lead to the chapters, and the table of contents has the modules, no more."""
    text = page.read_text(encoding="utf-8")
    link = re.search(r'(?s)id="api-backprop-forward".*?href="([^"]*)#eq-forward"', text)
    assert link is not None
    assert 'id="eq-forward"' in (page.parent / link[1]).read_text(encoding="utf-8")
    contents = re.search(r'(?s)<nav [^>]*(?:class="contents"|id="TOC").*?</nav>', text)
    assert contents is not None
    listed = re.findall(r"#api-([\w-]+)\"", contents[0])
    assert list(dict.fromkeys(listed)) == list(MODULES)


def test_references_lead_to_the_chapters(built: Outputs) -> None:
    check_page(built.site.parent / "api.html")


@pytest.mark.quarto
@pytest.mark.timeout(600)
def test_so_they_do_on_the_page_by_quarto(built_by_quarto: Outputs) -> None:
    check_page(built_by_quarto.site.parent / "api.html")
