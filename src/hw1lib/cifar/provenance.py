"""What the results depend on: numbers of the homework, training code, machine."""

from __future__ import annotations

import ast
import inspect
import json
import platform
import re
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from hw1lib.cifar import model, sgd, stopping
from hw1lib.cifar.manifest import bytes_digest
from hw1lib.cifar.run import Run, hold_out, standardise
from hw1lib.homework import Homework

TRAINING_CODE: tuple[Any, ...] = (model, stopping, sgd, Run, standardise, hold_out)
LIBRARIES = ("torch", "torchvision", "hw1lib")


def training_config(homework: Homework) -> dict[str, Any]:
    """The numbers that training depends on, as JSON holds them."""
    numbers = {k: v for k, v in asdict(homework).items() if not k.startswith("adam_")}
    config: dict[str, Any] = json.loads(json.dumps(numbers))
    return config


def training_code_digest() -> str:
    """The digest of the net and of the training procedure."""
    return code_digest(*map(inspect.getsource, TRAINING_CODE))


def code_digest(*sources: str) -> str:
    """SHA-256 of what Python code means: comments, docstrings, imports and layout don't count.

    It is the same on every Python version that parses the code to the same syntax tree.
    """
    return bytes_digest("\n".join(_meaning(ast.parse(source)) for source in sources).encode())


def describe_machine(device: str, threads: int) -> dict[str, Any]:
    """Processor, device, number of threads and versions: what the last bits of a loss depend on."""
    return {
        "processor": processor(),
        "device": torch.cuda.get_device_name(device) if device == "cuda" else "CPU",
        "threads": threads,
        "versions": {
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
        },
    }


def processor() -> str:
    """Family and model of the processor, and the vector instructions that torch uses on it."""
    instructions = torch.backends.cpu.get_cpu_capability()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        fields = dict(re.findall(r"(?m)^(vendor_id|cpu family|model)\s*: (.*)$", text))
        name = f"{fields['vendor_id']} family {fields['cpu family']} model {fields['model']}"
    except (OSError, KeyError):
        name = platform.processor() or platform.machine()
    return f"{name}, {instructions}"


def _meaning(node: object) -> str:
    """A syntax tree as text, without docstrings, imports, positions and empty fields."""
    if isinstance(node, list):
        return f"[{','.join(_meaning(item) for item in node if not _is_layout(item))}]"
    if isinstance(node, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
        return f"{type(node).__name__}({','.join(f'{n}={_meaning(v)}' for n, v in fields)})"
    return repr(node)


def _is_layout(node: object) -> bool:
    """Whether a statement is an import or a string that stands alone."""
    return isinstance(node, (ast.Import, ast.ImportFrom)) or (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
