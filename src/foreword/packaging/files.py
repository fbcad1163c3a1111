"""The files of a model's Python package, beside the model folder itself. No torch."""

import json
import shlex
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from foreword.errors import MissingExtraError
from foreword.folder.installed import GROUP
from foreword.packaging.about import About
from foreword.visible import as_markdown

PYPROJECT, README, NOTICE = "pyproject.toml", "README.md", "NOTICE"
BACKEND = "hatchling>=1.27"
"""The build backend; this version knows SPDX expressions and licence files (PEP 639)."""
HOMEPAGE = "https://github.com/foreword-project/foreword"


def model_folder(about: About) -> Path:
    """Return the position of the model folder in the package's folder."""
    return Path("src") / about.module / "model"


def package_files(
    about: About, figures: Mapping[str, str], opening: str, sections: Sequence[str] = ()
) -> dict[str, str]:
    """Return the content of each file, by its path in the package's folder.

    Args:
        about: the description of the package.
        figures: the measurements by name, in Markdown.
        opening: the beginning of a text, as an example.
        sections: more lines of the README, in Markdown.
    """
    return {
        PYPROJECT: _pyproject(about),
        README: _readme(about, figures, opening, sections),
        NOTICE: _notice(about),
        f"src/{about.module}/__init__.py": (
            f'"""The model `{about.name}` for Foreword, which finds it by its name."""\n\n'
            "from pathlib import Path\n\n"
            'FOLDER = Path(__file__).parent / "model"\n'
            '"""The model folder."""\n'
        ),
    }


def _pyproject(about: About) -> str:
    try:
        import tomli_w
        from packaging.version import Version
    except ImportError as error:
        raise MissingExtraError("writing a package", "pack") from error
    document: dict[str, Any] = {
        "build-system": {"requires": [BACKEND], "build-backend": "hatchling.build"},
        "project": {
            "name": about.project,
            "version": about.version,
            "description": about.summary,
            "readme": README,
            "license": about.licence,
            "license-files": [NOTICE],
            "requires-python": ">=3.11",
            "keywords": ["foreword", "next-word prediction", "predictive text", about.language],
            "dependencies": [f"foreword>={Version(version('foreword')).public}"],
            "entry-points": {GROUP: {about.name: f"{about.module}:FOLDER"}},
        },
        "tool": {
            "hatch": {
                "build": {
                    # A surrounding .gitignore may exclude weights.
                    "ignore-vcs": True,
                    "targets": {"wheel": {"packages": [f"src/{about.module}"]}},
                }
            }
        },
    }
    return tomli_w.dumps(document)


def _readme(about: About, figures: Mapping[str, str], opening: str, sections: Sequence[str]) -> str:
    quoted = f'"{opening}"' if not set(opening) & set('"$`\\!') else shlex.quote(opening)
    lines = [
        f"# {about.project}",
        "",
        f"{as_markdown(about.summary)} It belongs to [Foreword]({HOMEPAGE}), which finds it by its "
        "name:",
        "",
        "```sh",
        f"pip install {about.project}  # or the path of this folder",
        f"foreword predict {about.name} {quoted}",
        "```",
        "",
        "```python",
        "import foreword",
        "",
        f'foreword.load("{about.name}").predict({json.dumps(opening, ensure_ascii=False)}, k=3)',
        "```",
        "",
        *table_of("figure", "value", figures),
        *sections,
        *([""] if sections else []),
        "## Text and licence",
        "",
        *(f"- Text: {as_markdown(source)}" for source in about.sources),
        *(f"- Attribution: {as_markdown(author)}" for author in about.attributions),
        f"- Licence of the package and its model: {about.licence}",
        f"- Language: {as_markdown(about.language_name)} (`{about.language}`)",
        "",
        "The text itself is not in the package. A model can repeat rare sentences that it was "
        "trained on.",
        "",
    ]
    return "\n".join(lines)


def table_of(first: str, second: str, rows: Mapping[str, str]) -> list[str]:
    """Return the lines of a Markdown table of two columns; none if it has no rows."""
    if not rows:
        return []
    body = [f"| {name} | {value} |" for name, value in rows.items()]
    return [f"| {first} | {second} |", "|---|---|", *body, ""]


def _notice(about: About) -> str:
    lines = [
        f"{about.project} holds a model that was trained on text. The text is not in the package.",
        "",
        f"Licence of the package and its model: {about.licence} (https://spdx.org/licenses)",
        *(f"Text: {source}" for source in about.sources),
        *(f"Attribution: {author}" for author in about.attributions),
    ]
    return "\n".join(lines) + "\n"
