"""2,000 damaged network files: a right answer or one clear sentence, never anything else."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch

from hw1lib.cli import main

FILES = 2000
SECONDS = 10
GIBIBYTE = 2**30
PARAMETERS = ("W_H", "b_H", "W_O", "b_O")
NAMES = ("x", "y", *PARAMETERS)
DEFAULTS = {"activation": "relu", "output": "softmax"}
HOSTILE = [
    "nan", "inf", "-inf", "1e400", "1e6", "-0", "010", "01:30:00", "0x1F", "0b11", "0o17", "1_000",
    "1e999999999", '"1e999999999"', "true", "''", '""', "{}", "[]", "[[]]", "[[[1]]]", "{x = 1}",
    '"1/0"', "٣", "½", "\u2028", "\ufeff", "\x00", "\x1b[31m", '"\\ud800"', '"\\U00110000"',
    "\U0001f600", "9" * 400, "9" * 5000, "0x" + "f" * 5000, "0." + "3" * 400, "1e-99", "1000000",
    "1000001", "[x]\n", "[[x]]\n", '"""', "\'\'\'", "\t", "\r\n", "\r", "[" * 3000, "{a = " * 3000,
    "a." * 3000, "x" * 5000, "[1" + ",1" * 70 + "]", '"softmax"', '"sigmoid"', '"relu"', '"tanh"',
    '"identity"', '"gelu"', '"<script>"', '"\\\\input{/etc/passwd}"', '#read("/etc/passwd")',
    "](javascript:alert(1))", "2001-01-01", "1979-05-27T07:32:00Z", "x.y = 1\n",
]  # fmt: skip


def good_file(rng: random.Random) -> str:
    """A network of any shape and kind that is right."""
    output = rng.choice(["softmax", "sigmoid"])
    n, m = rng.randint(1, 2), rng.randint(1, 2)
    k = rng.randint(1, 3) if output == "softmax" else 1
    hot = rng.randrange(k)

    def number() -> str:
        whole = rng.randint(-9, 9)
        return rng.choice([f"{whole}", f"{whole}.25", f'"{whole}/7"', f"{whole}e-1"])

    def vector(size: int) -> str:
        return f"[{', '.join(number() for _ in range(size))}]"

    def matrix(rows: int, columns: int) -> str:
        return f"[{', '.join(vector(columns) for _ in range(rows))}]"

    fields = {
        "x": vector(n),
        "y": rng.choice("01") if output == "sigmoid" else str([int(i == hot) for i in range(k)]),
        "W_H": matrix(m, n),
        "b_H": vector(m),
        "W_O": matrix(k, m),
        "b_O": vector(k),
        "activation": rng.choice(['"relu"', '"sigmoid"', '"tanh"', '"identity"']),
        "output": f'"{output}"',
    }
    return "".join(f"{name} = {value}\n" for name, value in fields.items())


def flip(rng: random.Random, data: bytes) -> bytes:
    """Up to eight bytes changed."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(rng: random.Random, data: bytes) -> bytes:
    """The file's beginning only."""
    return data[: rng.randrange(len(data))]


def insert(rng: random.Random, data: bytes) -> bytes:
    """Something hostile anywhere."""
    place = rng.randrange(len(data))
    return data[:place] + rng.choice(HOSTILE).encode("utf-8", "surrogatepass") + data[place:]


def swap(rng: random.Random, data: bytes) -> bytes:
    """A field of another kind, or of another file."""
    lines = data.decode().splitlines()
    place = rng.randrange(len(lines))
    other = rng.choice([*HOSTILE, *good_file(rng).splitlines()]).rpartition(" = ")[2]
    lines[place] = f"{lines[place].partition(' = ')[0]} = {other}"
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def number(rng: random.Random, data: bytes) -> bytes:
    """One digit becomes a number, possibly an outrageous one."""
    places = [i for i, byte in enumerate(data) if chr(byte).isdigit()]
    place = rng.choice(places)
    new = rng.choice(["1000000", "-1000000", "1e5", "0", "1e-99", "9" * 31, "1e99", "nan", ".5"])
    return data[:place] + new.encode() + data[place + 1 :]


def repeat(rng: random.Random, data: bytes) -> bytes:
    """A line twice, missing, or elsewhere."""
    lines = data.splitlines(keepends=True)
    line = rng.choice(lines)
    rest = [other for other in lines if other is not line]
    rng.shuffle(rest)
    return b"".join(rng.choice([[*lines, line], rest, [*rest, line]]))


def dress(rng: random.Random, data: bytes) -> bytes:
    """Other line ends, a byte order mark, another encoding, comments."""
    text = data.decode()
    return rng.choice(
        [
            text.replace("\n", "\r\n").encode(),
            b"\xef\xbb\xbf" + data,
            text.encode("utf-16"),
            text.encode("utf-32"),
            b"\x00" + data,
            f"# ü \u2028\n{text}\n# {'long ' * 5000}\n".encode(),
            text.replace(" = ", "=").encode(),
            data + data,
        ]
    )


def bomb(rng: random.Random, data: bytes) -> bytes:
    """Huge files, and small ones that take long."""
    return rng.choice(
        [
            b"a." * rng.randint(1000, 4000) + b"a = 1\n" + data,
            b"a." * 10**5 + b"a = 1\n" + data,
            b"#" * rng.randint(2**17, 2**20) + b"\n" + data,
            data + b"z = [" + b"1," * 10 ** rng.randint(3, 5) + b"1]\n",
            b"".join(b"k%d = 1\n" % i for i in range(10 ** rng.randint(2, 4))) + data,
        ]
    )


MUTATIONS: tuple[tuple[Callable[[random.Random, bytes], bytes], int], ...] = (
    (flip, 20), (cut, 10), (insert, 20), (swap, 20), (number, 15), (repeat, 10), (dress, 8),
    (bomb, 1),
)  # fmt: skip


def read(path: Path) -> dict[str, torch.Tensor | str]:
    """What the file says, without hw1lib."""
    fields = tomllib.loads(path.read_text(encoding="utf-8-sig"))

    def floats(value: Any) -> Any:
        return [floats(v) for v in value] if isinstance(value, list) else float(Fraction(value))

    numbers = {name: floats(fields[name]) for name in NAMES}
    net = {k: torch.tensor(v, dtype=torch.float64) for k, v in numbers.items()}
    net["y"] = net["y"].reshape(-1)
    return net | {k: fields.get(k, v) for k, v in DEFAULTS.items()}


def expected(net: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Loss and gradients by torch's own layers, in float64."""
    functional = torch.nn.functional
    parameters = [net[name].requires_grad_() for name in PARAMETERS]
    W_H, b_H, W_O, b_O = parameters
    activations = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh}
    activation = activations.get(net["activation"], torch.nn.Identity)()
    logits = functional.linear(activation(functional.linear(net["x"], W_H, b_H)), W_O, b_O)
    if net["output"] == "softmax":
        loss = functional.cross_entropy(logits, net["y"])
    else:
        loss = functional.binary_cross_entropy_with_logits(logits, net["y"], reduction="sum")
    gradients = torch.autograd.grad(loss, parameters)
    return {"loss": loss.detach(), **dict(zip(PARAMETERS, gradients, strict=True))}


def check_answer(path: Path, out: str) -> None:
    """The answer is the one that torch finds for what the file says."""
    answer = json.loads(out)
    given = {"loss": answer["forward"]["loss"], **answer["gradients"]}
    for name, wanted in expected(read(path)).items():
        mine = torch.tensor(given[name], dtype=torch.float64)
        assert torch.allclose(mine, wanted, rtol=1e-9, atol=1e-9), (name, path.read_text())


@pytest.fixture
def untraced() -> Iterator[None]:
    """Without coverage's tracing, which takes as long again and learns nothing from so many."""
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("untraced")
def test_damaged_network_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one process, whose memory must not grow by a gibibyte either."""
    rng = random.Random(20260101)
    mutations, weights = zip(*MUTATIONS, strict=True)
    seen: Counter[str] = Counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for count in range(FILES):
        (mutate,) = rng.choices(mutations, weights)
        data = mutate(rng, good_file(rng).encode())
        path = tmp_path / f"{count}.toml"
        path.write_bytes(data)
        started = time.process_time()
        status = main(["gradients", str(path), "--json"])
        assert time.process_time() - started < SECONDS, data[:500]
        out, err = capsys.readouterr()
        if status == 0:
            assert not err
            check_answer(path, out)
        else:
            assert (status, out, err.count("\n")) == (2, "", 1), data[:500]
            assert err.startswith(f"hw1: {path}: ")
            assert len(err) < 400 + len(str(path))
            assert err[:-1].isprintable(), err
        seen[f"{mutate.__name__} {'answered' if status == 0 else 'refused'}"] += 1
        path.unlink()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < GIBIBYTE
    assert not Path("was-here").exists()
    assert sum(seen.values()) == FILES
    answered = sum(number for kind, number in seen.items() if kind.endswith("answered"))
    assert 200 < answered < FILES - 200
    with capsys.disabled():
        print(f"\n{FILES} network files: {dict(sorted(seen.items()))}")


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
@pytest.mark.parametrize("name", ["keys", "deep", "huge", "zeros"])
def test_the_worst_of_them_in_little_memory(tmp_path: Path, name: str) -> None:
    """By the real command."""
    texts = {"keys": "a." * 9999 + "a = 1", "deep": "x = " + "[" * 10**5, "huge": "x = 1\n" * 10**6}
    path = tmp_path / "network.toml"
    if name == "zeros":
        path.symlink_to("/dev/zero")
    else:
        path.write_text(texts[name])
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "gradients", str(path)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"hw1: {path}: ")
    assert done.stderr.count("\n") == 1
    assert 0 < int(done.stdout) < GIBIBYTE
