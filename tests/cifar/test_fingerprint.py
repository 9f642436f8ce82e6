from __future__ import annotations

from pathlib import Path

import pytest
from hw1lib.cifar.fingerprint import code_digest

CODE = '''
def f(x: int) -> int:
    """Doubles."""
    return 2 * x  # twice
'''


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        (CODE.replace("# twice", "# two times"), True),
        (CODE.replace("Doubles.", "Twice the number."), True),
        (CODE.replace('    """Doubles."""\n', ""), True),
        (CODE.replace("2 * x", "(2\n * x)"), True),
        (CODE.replace("2 * x", "3 * x"), False),
        (CODE.replace("2 * x", "x * 2"), False),
        (CODE.replace("2 * x", "'2' * x"), False),
    ],
)
def test_meaning_counts_and_layout_does_not(tmp_path: Path, changed: str, same: bool) -> None:
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text(CODE)
    two.write_text(changed)
    assert (code_digest(one) == code_digest(two)) is same
