"""What people write into a network file that TOML does not take, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Patterns of slips in a line without its comment and quoted texts, each with the cure.
SLIPS = {
    r"[\u2212\u2013]": "write a minus sign as a plain hyphen, such as -1",
    r"[\u201c-\u201f\u2018\u2019]": 'write straight quotes, such as "relu"',
    r"\d\s*/\s*\d": 'put a fraction in quotes, such as "1/2"',
    r"(?<!\d)\.\d|\d\.(?!\d)": "write a digit on each side of a decimal point, such as 0.5",
    r"^\s*\w+\s*:": "write = between a field and its value, such as x = [1, -2]",
    r"=\s*[+-]?\d+,\d|\d,\d+\s+[+-]?\d|\d;": "write a decimal point, as in 0.5, and commas "
    "between numbers, as in [0.5, 2]",
    r"=\s*(?!true\b|false\b|inf\b|nan\b)[A-Za-z]": 'put a word in quotes, such as "relu"',
}
# Other names of activations and outputs.
SYNONYMS = {
    "linear": "identity", "none": "identity", "id": "identity", "rectifier": "relu",
    "logistic": "sigmoid", "sigm": "sigmoid", "hyperbolic tangent": "tanh",
}  # fmt: skip
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def first_slip(text: str) -> str | None:
    """The first line with a slip and its cure, as "in line 3, write …"; None if there is none."""
    return next(_slips(text), None)


def _slips(text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        bare = QUOTED.sub('""', line).partition("#")[0]
        for pattern, cure in SLIPS.items():
            if re.search(pattern, bare):
                yield f"in line {number}, {cure}"


def meant(value: object, allowed: tuple[str, ...]) -> str | None:
    """Which of the allowed words somebody meant who wrote another name of it, or capitals."""
    word = value.strip().lower() if isinstance(value, str) else ""
    word = SYNONYMS.get(word, word)
    return word if word in allowed else None
