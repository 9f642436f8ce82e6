"""Damaged network files: a right answer or one clear sentence, never anything else."""

from __future__ import annotations

import json
import random
import re
import resource
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from hw1lib.backprop.network import ACTIVATIONS, PARAMETERS
from hw1lib.cli import main
from networks import NUMBERS, random_fields, toml

SECONDS = 30  # of one file, with its coverage measured
GIBIBYTE = 2**30
HOSTILE = [
    "nan", "inf", "-inf", "1e400", "1e6", "-0", "010", "01:30:00", "0x1F", "0b11", "0o17", "1_000",
    "1e999999999", '"1e999999999"', "true", "''", '""', "{}", "[]", "[[]]", "[[[1]]]", "{x = 1}",
    '"1/0"', "٣", "½", "\u2028", "\ufeff", "\x00", "\x1b[31m", '"\\ud800"', '"\\U00110000"',
    "\U0001f600", "9" * 400, "9" * 5000, "0x" + "f" * 5000, "0." + "3" * 400, "1e-99", "1000000",
    "1000001", "[x]\n", "[[x]]\n", '"""', "\'\'\'", "\t", "\r\n", "\r", "[" * 3000, "{a = " * 3000,
    "a." * 3000, "x" * 5000, "[1" + ",1" * 70 + "]", '"softmax"', '"sigmoid"', '"relu"', '"tanh"',
    '"identity"', '"gelu"', '"<script>"', '"\\\\input{/etc/passwd}"', '#read("/etc/passwd")',
    "](javascript:alert(1))", "2001-01-01", "1979-05-27T07:32:00Z", "x.y = 1\n",
    "#" * 2**19, "k = 1\n" * 2, "".join(f"k{i} = 1\n" for i in range(5000)),
]  # fmt: skip


def good_file(rng: random.Random) -> str:
    """A network of any small shape and kind."""
    output, numbers = rng.choice(["softmax", "sigmoid"]), rng.choice(list(NUMBERS))
    text = toml(random_fields(rng, numbers, rng.choice(ACTIVATIONS), output))
    return re.sub(r'"(-?[\d.]+)"', r"\1", text) if rng.random() < 0.7 else text


def flip(rng: random.Random, data: bytes) -> bytes:
    """Up to eight bytes changed."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def insert(rng: random.Random, data: bytes) -> bytes:
    """Something hostile anywhere, or the file's beginning only."""
    place = rng.randrange(len(data))
    hostile = rng.choice(HOSTILE).encode("utf-8", "surrogatepass")
    return data[:place] + rng.choice([hostile + data[place:], hostile + data[place:], b""])


def swap(rng: random.Random, data: bytes) -> bytes:
    """A field of another kind, or of another file; or a line twice or missing."""
    lines = data.decode().splitlines()
    place = rng.randrange(len(lines))
    other = rng.choice([*HOSTILE, *good_file(rng).splitlines()]).rpartition(" = ")[2]
    changed = f"{lines[place].partition(' = ')[0]} = {other}"
    lines[place : place + 1] = rng.choice([[changed], [changed], [lines[place]] * 2, []])
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def number(rng: random.Random, data: bytes) -> bytes:
    """One digit becomes a number, possibly an outrageous one."""
    place = rng.choice([i for i, byte in enumerate(data) if chr(byte).isdigit()])
    new = rng.choice(["1000000", "-1000000", "1e5", "0", "1e-99", "9" * 31, "1e99", "nan", ".5"])
    return data[:place] + new.encode() + data[place + 1 :]


def dress(rng: random.Random, data: bytes) -> bytes:
    """Other line ends, a byte order mark, another encoding, comments."""
    text = data.decode()
    comments = f"# ü \u2028\n{text}\n# {'long ' * 5000}\n"
    text = rng.choice([text, text.replace("\n", "\r\n"), text.replace(" = ", "="), comments])
    return text.encode(rng.choice(["utf-8", "utf-8-sig", "utf-16"]))


MUTATIONS: list[Callable[[random.Random, bytes], bytes]] = [flip, insert, swap, number, dress]


def torch_says(path: Path) -> dict[str, torch.Tensor]:
    """Loss and gradients of what the file says, without hw1lib, by torch's own layers."""
    fields = tomllib.loads(path.read_text(encoding="utf-8-sig"))

    def floats(value: Any) -> Any:
        return [floats(v) for v in value] if isinstance(value, list) else float(Fraction(value))

    x, y, *parameters = (
        torch.tensor(floats(fields[name]), dtype=torch.float64) for name in ("x", "y", *PARAMETERS)
    )
    W_H, b_H, W_O, b_O = (p.requires_grad_() for p in parameters)
    hidden = functional.linear(x, W_H, b_H)
    name = fields.get("activation", "relu")
    h = hidden if name == "identity" else getattr(torch, name)(hidden)
    logits = functional.linear(h, W_O, b_O)
    if fields.get("output", "softmax") == "softmax":
        loss = functional.cross_entropy(logits, y.view(-1))
    else:
        loss = functional.binary_cross_entropy_with_logits(logits, y.view(-1))
    gradients = torch.autograd.grad(loss, parameters)
    return {"loss": loss.detach(), **dict(zip(PARAMETERS, gradients, strict=True))}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("files", [50, pytest.param(250, marks=pytest.mark.slow)])
def test_damaged_network_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: int
) -> None:
    """In one process, whose memory must not grow by a gibibyte either."""
    rng, path, answered = random.Random(20260101), tmp_path / "network.toml", 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for _ in range(files):
        data = rng.choice(MUTATIONS)(rng, good_file(rng).encode())
        path.write_bytes(data)
        started = time.process_time()
        status = main(["gradients", str(path), "--json"])
        assert time.process_time() - started < SECONDS, data[:500]
        out, err = capsys.readouterr()
        if status:
            assert (status, out, err.count("\n")) == (2, "", 1), data[:500]
            assert err.startswith(f"hw1: {path}: ")
            assert len(err) < 400 + len(str(path))
            assert err[:-1].isprintable(), err
            continue
        answer, answered = json.loads(out), answered + 1
        given = {"loss": answer["forward"]["loss"], **answer["gradients"]}
        for name, wanted in torch_says(path).items():
            mine = torch.tensor(given[name], dtype=torch.float64)
            assert torch.allclose(mine, wanted, rtol=1e-9, atol=1e-9), (name, data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < GIBIBYTE
    assert files / 10 < answered < files * 9 / 10


# The command, and then the most memory that it held. What getrusage says would be no less than
# what the process that started it held.
MEASURED = """\
import re
from pathlib import Path
from hw1lib.cli import main
status = main()
print(1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]))
raise SystemExit(status)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc tells what it holds")
@pytest.mark.parametrize(
    "text", ["a." * 9999 + "a = 1", "x = " + "[" * 10**5, "x = 1\n" * 10**6, ""]
)
def test_the_worst_of_them_in_little_memory(tmp_path: Path, text: str) -> None:
    """By the real command; the last is a file without end."""
    path = tmp_path / "network.toml"
    if text:
        path.write_text(text)
    else:
        path.symlink_to("/dev/zero")
    command = [sys.executable, "-c", MEASURED, "gradients", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith(f"hw1: {path}: ")
    assert done.stderr.count("\n") == 1
    assert 0 < int(done.stdout) < GIBIBYTE
