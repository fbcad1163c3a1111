"""SHA-256 of the compiled module against OpenSSL's."""

import hashlib
import random

import pytest
from tests.needs import needs

from foreword import compiled
from foreword.folder import digest


@needs("kernels")
def test_bytes_in_any_parts_have_the_digest_of_openssl() -> None:
    randomly = random.Random(1)
    for _ in range(100):
        ours, theirs = compiled.part("Sha256")(), hashlib.sha256()
        for _ in range(randomly.randrange(4)):
            part = randomly.randbytes(randomly.choice((0, 1, 55, 56, 63, 64, 65, 1000)))
            ours.update(memoryview(part))
            theirs.update(part)
            assert ours.hexdigest() == theirs.hexdigest()


def test_without_instructions_openssl_computes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "has", lambda _: False)
    digest._kind.cache_clear()
    assert isinstance(digest.sha256(b"abc"), type(hashlib.sha256()))
    digest._kind.cache_clear()
