"""The class that the documentation gives to users of BciPy, run against the real application."""

import ast
import io
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from urllib.request import Request

import pytest
from starlette.testclient import TestClient

from foreword.predictor.predictor import Predictor

PAGE = Path(__file__).parents[2] / "docs/how-to/bcipy.md"
SYMBOLS = [*string.ascii_uppercase, "<", "_"]


@runtime_checkable
class CharacterLanguageModel(Protocol):
    """The protocol that BciPy 2.0 checks with isinstance."""

    symbol_set: list[str] | None

    def set_symbol_set(self, symbol_set: list[str]) -> None: ...

    def predict_character(self, evidence: str | list[str]) -> list[tuple[str, float]]: ...


@pytest.fixture
def code() -> str:
    (block,) = re.findall(
        r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    return block


@pytest.fixture
def model(code: str, client: TestClient) -> Iterator[Any]:
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)

    def urlopen(request: Request, timeout: float) -> io.BytesIO:
        answer = client.post(request.full_url, content=request.data, headers=request.headers)
        assert answer.status_code == 200, answer.text
        return io.BytesIO(answer.content)

    names["urlopen"] = urlopen
    return names["ForewordLanguageModel"]()


def test_it_has_bcipys_protocol(model: Any) -> None:
    assert isinstance(model, CharacterLanguageModel)
    assert model.symbol_set is None
    with pytest.raises(ValueError, match="set_symbol_set"):
        model.predict_character("A")


def test_it_runs_on_the_python_of_bcipy(code: str) -> None:
    ast.parse(code, feature_version=(3, 9))


@pytest.mark.parametrize("evidence", ["", "I_WOULD_LI", list("THE_CAT"), "THE_", "QQQ"])
def test_every_symbol_has_a_probability_but_backspace(model: Any, evidence: Any) -> None:
    model.set_symbol_set(SYMBOLS)

    pairs = model.predict_character(evidence)

    assert sorted(symbol for symbol, _ in pairs) == sorted(SYMBOLS)
    shares = [share for _, share in pairs]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0)
    assert [symbol for symbol, share in pairs if share == 0.0] == ["<"]
    assert min(share for share in shares if share > 0) >= 0.01 / 27


def test_symbols_are_as_probable_as_the_models_letters(model: Any, predictor: Predictor) -> None:
    model.set_symbol_set(SYMBOLS)
    letters = predictor.letters("would li", ignore_case=True)
    usual = {letter: letters.get(letter, 0.0) for letter in string.ascii_lowercase + " "}

    actual = dict(model.predict_character("WOULD_LI"))

    for letter, share in usual.items():
        expected = 0.99 * share / sum(usual.values()) + 0.01 / 27
        symbol = letter.upper().replace(" ", "_")
        assert actual[symbol] == pytest.approx(expected)
