import pytest
from tests.core.library import Library, built


@pytest.fixture(scope="package")
def library() -> Library:
    path = built()
    assert path is not None
    return Library(path)
