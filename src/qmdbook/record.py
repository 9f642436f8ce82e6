"""What a built book was made from: if all of it is as it was, there is nothing to do."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from qmdbook.memory import digest

MARKER = ".qmdbook"


@dataclass(frozen=True)
class Record:
    """What stands in the file that marks a folder as built.

    Attributes:
        state: digest of what the book was made from.
        files: digests of what was written, by their names.
        copies: names of those that are copies of the book's own files.
    """

    state: str
    files: dict[str, str]
    copies: list[str]


def files_in(folder: Path) -> list[str]:
    """The names of all files in a folder and in those within, but for the record."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != MARKER)
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def write_record(folder: Path, state: str, copies: list[str]) -> None:
    """Notes what a folder was built from; see `Record`."""
    files = {name: digest((folder / name).read_bytes()) for name in files_in(folder)}
    text = json.dumps(asdict(Record(state, files, copies)), indent=1)
    (folder / MARKER).write_text(text, encoding="utf-8")


def is_current(folder: Path, state: str, book: Path) -> bool:
    """Whether a folder is as it was built, from the same state of the book's folder."""
    try:
        record = Record(**json.loads((folder / MARKER).read_text(encoding="utf-8")))
        return record.state == state and all(
            [digest((folder / name).read_bytes()) == kept for name, kept in record.files.items()]
            + [digest((book / name).read_bytes()) == record.files[name] for name in record.copies]
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):  # it is built anew
        return False
