"""A document as one self-contained HTML file. Knows the page's parts, and no models.

The document's words come from anyone's text. They are JSON in which no character can end the
enclosing element, and the page shows them only as text nodes. A content security policy lets only
the page's own script run, and nothing be loaded from anywhere.
"""

import base64
import hashlib
import html as markup
import json
import math
from importlib.resources import files
from typing import Any

from foreword.folder.architecture import DESCRIPTIONS

UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""Characters that could end the element, or a line of the script."""


def html(document: dict[str, Any]) -> str:
    """The page that shows a document, as `foreword.inspect.document` makes it."""
    script = _part("page.js")
    cells = (
        f".cell-{name} {{ --cell: light-dark({', '.join(told.colours)}); }}\n"
        for name, told in DESCRIPTIONS.items()
    )
    style = _part("style.css") + "".join(cells)
    parts = {
        "title": markup.escape(str(document["title"])),
        "style": style,
        "style-hash": _hash(style),
        "script": script,
        "script-hash": _hash(script),
        "document": _json(document),
    }
    # Split first and fill afterwards, so that inserted text is not searched for placeholders.
    pieces = _part("template.html").split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, rest = piece.split("}}", 1)
        filled += [parts[name], rest]
    return "".join(filled)


def notebook(document: dict[str, Any], height: int = 640) -> str:
    """The page in a frame, for a notebook's `_repr_html_`.

    Args:
        document: as for `html`.
        height: of the frame, in pixels.
    """
    source = markup.escape(html(document), quote=True)
    title = markup.escape(str(document["title"]), quote=True)
    return (
        f'<iframe title="{title}" srcdoc="{source}" width="100%" height="{height}" '
        'sandbox="allow-scripts allow-popups" style="border: 0"></iframe>'
    )


def _part(name: str) -> str:
    return files("foreword.inspect.page").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(value: Any) -> str:
    text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character, escape in UNSAFE.items():
        text = text.replace(character, escape)
    return text


def _finite(value: Any) -> Any:
    """The same with null for what JSON cannot say: an exploded gradient's norm may be infinite."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(part) for key, part in value.items()}
        case list() | tuple():
            return [_finite(part) for part in value]
        case _:
            return value
