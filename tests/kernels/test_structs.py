"""The names of the fields that Python gives the compiled module, and of those that it reads."""

from typing import Any

import pytest

from foreword.kernels.native import structs, why_absent
from foreword.kernels.native.module import loaded

pytestmark = pytest.mark.skipif(why_absent() is not None, reason=why_absent() or "")


def listed() -> dict[str, list[str]]:
    module: Any = loaded()
    return dict(module.fields())


def test_the_module_reads_the_fields_that_python_gives() -> None:
    assert listed()["ranks"] == [*structs.Ranks._fields]
    structs.check([*listed().items()])


@pytest.mark.parametrize(
    ("struct", "names"),
    [
        ("ranks", ["V", "rows"]),  # another order
        ("back", []),  # no such struct
        ("forward", ["T"]),  # fewer fields
        ("a new one", ["T"]),
    ],
)
def test_a_module_that_reads_other_fields_is_refused(struct: str, names: list[str]) -> None:
    with pytest.raises(RuntimeError, match=f"other fields of '{struct}'.*pip install"):
        structs.check([*(listed() | {struct: names}).items()])


def test_fields_of_structs_within_a_struct_stand_in_their_place() -> None:
    sizes = structs.Sizes(2, 3, 4)
    assert [*structs.values((sizes, 7))] == [2, 3, 4, None, 0, None, 7]
    assert structs.names(structs.Forward)[:8] == [*structs.Sizes._fields, "cell", "clip"]
