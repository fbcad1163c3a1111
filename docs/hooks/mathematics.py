"""Sets formulas as MathML while the documentation is built: pages need no script to show them.

A browser sets MathML well in a font that is made for it. Where a reader's machine has none, the
page takes STIX Two Math, which the package ziamath carries (SIL Open Font License).

In the Markdown they stand as code hosts show them: `$...$` in a line, and a block of `math` for
those that stand alone.
"""

import html
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from math_core import LatexError, LatexToMathML
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

TRANSLATOR = LatexToMathML(annotation=True)
"""LaTeX goes along as an annotation, for who copies a formula."""
IN_LINES = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
"""What pymdownx.arithmatex makes of `$...$`."""


FONT = "STIXTwoMath-Regular.ttf"


def on_files(files: Files, config: Any) -> Files:
    """Adds the font, which docs/stylesheets/mathematics.css names."""
    package = find_spec("ziamath")
    if package is None or package.origin is None:
        raise PluginError("ziamath is not installed, whose font formulas are set in")
    font = Path(package.origin).parent / "fonts" / FONT
    files.append(File.generated(config, f"stylesheets/{FONT}", abs_src_path=str(font)))
    return files


def on_config(config: Any) -> Any:
    """Blocks of `math` are formulas, not code."""
    fences = config.mdx_configs.setdefault("pymdownx.superfences", {})
    fences["custom_fences"] = [{"name": "math", "class": "math", "format": block}]
    return config


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """The page with the formulas in its lines translated."""
    del page
    return IN_LINES.sub(lambda match: mathml(html.unescape(match[1]), alone=False), content)


def block(source: str, *_: Any, **__: Any) -> str:
    """A formula that stands alone, as pymdownx.superfences asks for it."""
    return mathml(source, alone=True)


def mathml(latex: str, *, alone: bool) -> str:
    """A formula as MathML.

    Raises:
        PluginError: it is not LaTeX that can be translated.
    """
    try:
        return TRANSLATOR.convert_with_local_state(latex.strip(), displaystyle=alone)
    except LatexError as error:
        raise PluginError(f"the formula {latex.strip()!r} cannot be set: {error}") from error
