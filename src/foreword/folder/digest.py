"""SHA-256, by the processor's instructions if it has any.

OpenSSL, which `hashlib` loads, has them on every processor, and takes 3.5 MB of a process.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

from foreword import compiled


class Digest(Protocol):
    """SHA-256 of bytes that are given in parts."""

    def update(self, data: Any, /) -> None:
        """Add bytes: an object with a contiguous buffer."""

    def hexdigest(self) -> str:
        """Return the digest of what was added so far, in hexadecimal digits."""


def sha256(data: bytes = b"") -> Digest:
    """Return the digest of bytes, to which more can be added.

    >>> sha256(b"abc").hexdigest()[:16]
    'ba7816bf8f01cfea'
    """
    digest = _kind()()
    digest.update(data)
    return digest


@lru_cache(maxsize=1)
def _kind() -> Callable[[], Digest]:
    if compiled.has("Sha256") and compiled.part("has_sha256_instructions")():
        kind: Callable[[], Digest] = compiled.part("Sha256")
        return kind
    from hashlib import sha256

    return sha256
