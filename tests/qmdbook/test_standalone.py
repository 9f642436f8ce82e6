"""Definitions in the place of imports: complete, once, in an order that runs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from qmdbook.standalone import stand_alone

SHAPES = '''\
"""A module."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hw1lib.made.units import METRE, scaled

# How many
# sides.
SIDES, CORNERS = 4, 4  # noqa: X1


@dataclass(frozen=True)
class Square:
    """A square.

    Attributes:
        side: its length.
    """

    paint_red: int = 3
    side: float = METRE
    paint_blue: tuple[int, ...] = (
        1,
        2,
    )

    def area(self) -> float:
        """Its area.

        See @eq-area.
        """
        return scaled(self.side) ** 2  # type: ignore[no-any-return]


def even(n: int) -> bool:
    """Whether n is even (@eq-even), a long way round;
    by `hw1lib.made.shapes.odd`.

    Args:
        n: any.
    """
    return n == 0 or odd(n - 1)


def odd(n: int) -> bool:
    return n != 0 and even(n - 1)


def perimeter(square: Square) -> float:
    return math.floor(SIDES * square.side)


def unused() -> int:
    return CORNERS
'''
UNITS = """\
from pathlib import Path as P

METRE: float = 1.0


def scaled(x: float) -> float:
    return x * METRE


def name(path: str) -> str:
    from pathlib import PurePath
    return P(PurePath(path)).name


def inside() -> int:
    from hw1lib.errors import InputError
    return InputError


def even(n): ...
"""


@pytest.fixture(autouse=True)
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two more modules in the package."""
    import hw1lib
    from qmdbook.standalone import _top_level

    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "shapes.py").write_text(SHAPES)
    (folder / "units.py").write_text(UNITS)
    monkeypatch.setattr(hw1lib, "__path__", [*hw1lib.__path__, str(tmp_path)])
    for name in [name for name in sys.modules if name.startswith("hw1lib.made")]:
        monkeypatch.delitem(sys.modules, name)
    _top_level.cache_clear()


def run(cells: list[str]) -> str:
    """What the cells print, one after the other, where there is no package."""
    code = (
        "from __future__ import annotations\nimport sys; sys.modules['hw1lib'] = None\n"
        + "\n".join(
            f"exec(compile({cell!r}, 'cell', 'exec', flags=annotations.compiler_flag), globals())"
            for cell in cells
        )
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_definitions_take_the_place_of_imports_and_run_without_the_package() -> None:
    cells = stand_alone(
        [
            "import os\nprint('first')",
            "from hw1lib.made.shapes import Square, even\n\nprint(Square(2.0).area(), even(10))",
            "from hw1lib.made.shapes import (\n    Square,\n    perimeter,\n)\n"
            "print(perimeter(Square()))",
            "from hw1lib.made.units import name\nprint(name('a/b'))",
        ],
        "paint_",
    )
    assert run(cells) == "first\n4.0 True\n4\nb\n"
    text = "\n".join(cells)
    assert "hw1lib" not in text
    for once in ("class Square", "def even", "def odd", "def scaled", "METRE: float"):
        assert text.count(once) == 1
    assert "unused" not in text
    assert "paint_" not in text


def test_imports_are_gathered_in_the_first_cell() -> None:
    cells = stand_alone(
        ["import torch\nimport os", "from hw1lib.made.shapes import perimeter\nimport numpy as np"],
        "-",
    )
    assert cells[0] == (
        "from __future__ import annotations\n\nimport math\nimport os\n"
        "from dataclasses import dataclass\n\nimport numpy as np\nimport torch"
    )
    assert not [n for n in ast.parse(cells[1]).body if isinstance(n, ast.Import | ast.ImportFrom)]


def test_texts_keep_what_a_reader_needs() -> None:
    (text,) = stand_alone(["from hw1lib.made.shapes import SIDES, Square, even"], "paint_")
    assert "# How many\n# sides.\nSIDES, CORNERS = 4, 4\n" in text
    assert '    """A square."""\n\n    side: float = METRE\n\n    def area' in text
    assert '        """Its area."""\n        return scaled(self.side) ** 2\n' in text
    assert '    """Whether n is even, a long way round;\n    by `odd`."""\n' in text


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("import hw1lib.made.units", "write from hw1lib.x import y"),
        ("from hw1lib.made.units import name as n", "write from hw1lib.x import y"),
        ("from hw1lib.made.units import inside", "imported inside of a function"),
        (
            "from hw1lib.made.shapes import even\nfrom hw1lib.made.units import even",
            "is defined in",
        ),
    ],
)
def test_what_cannot_be_replaced_is_refused(cell: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stand_alone([cell], "-")
