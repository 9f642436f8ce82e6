"""Kept only until `qmdbook.executed_cache`, its last user, is gone."""

import hashlib


def bytes_digest(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
