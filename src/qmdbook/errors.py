"""The one error that a book's author is meant to see."""

from __future__ import annotations


class BookError(Exception):
    """Something in the book, or about its folder, has to be changed before it can be built.

    The message is one sentence that names the file, where it can the line, and the cure.
    """
