"""Find the prose in program text: comments and docstrings, by programming language.

The lines of a comment are prose that was wrapped. The code around it is not prose, and gives no
context for it. This module knows no editors.
"""

import re
from dataclasses import dataclass, field, replace

from foreword.text.newlines import PARAGRAPH_END
from foreword.text.wrapping import BULLET, RULE, Markup

COMMENT = Markup(
    # Lists, tags (@param, :param x:, \brief), and descriptions of names (`x: the number`).
    begins=re.compile(
        rf"{BULLET}|(?=[@\\]\w)|(?=:[^:\s][^:]*:(?:[ ]|$))|(?=[\w.*]+(?:[ ]\([^()]*\))?:[ ])|(?=\|)"
    ),
    # Section headings, examples, rules.
    alone=re.compile(rf"{RULE}|(?=[\w ]{{1,30}}:$)|(?=>>>|\.\.\.[ ])"),
    verbatim=re.compile(r"(```|~~~)"),
    leader=None,
)
"""How prose in a comment shows that a new paragraph begins."""

# The last star of an empty comment, as in `/**/`, belongs to its end.
_C = (r"/(?:\*+(?!/)|\*)!?<?", "*/")
_ML = (r"\((?:\*+(?!\))|\*)", "*)")
_TEXT = r'"(?:\\.|[^"\\\n])*(?:"|$)'
_CHARACTERS = r"'(?:\\.|[^'\\\n])*(?:'|\Z)"
_CHARACTER = r"'(?:\\[^'\n]{1,10}|[^'\\\n])'"
_TEMPLATE = r"`(?:\\.|[^`\\])*(?:`|\Z)"
_TRIPLE = r'"""(?:\\.|[^\\])*?(?:"""|\Z)'
_TRIPLES = rf"{_TRIPLE}|'''(?:\\.|[^\\])*?(?:'''|\Z)"
_DOC = r"(?m:^[ \t]*)[rRuU]?(?P<quote>\"\"\"|''')"


@dataclass(frozen=True)
class Syntax:
    """What comments look like in a programming language; all fields are patterns.

    Attributes:
        line: the beginning of a comment that ends with its line.
        blocks: the beginning of a comment, each with the plain characters that end it.
        doc: the beginning of a docstring, with its quotation marks as the group `quote`.
        strings: other literals, inside which the beginning of a comment means nothing.
        nests: whether a block may contain blocks of its kind, each with an end of its own.
    """

    line: str = ""
    blocks: tuple[tuple[str, str], ...] = ()
    doc: str = ""
    strings: str = f"{_TEXT}|{_CHARACTERS}"
    nests: bool = False
    tokens: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        kinds = [
            ("doc", self.doc),
            *((f"block{n}", begin) for n, (begin, _) in enumerate(self.blocks)),
            ("line", self.line),
            ("string", self.strings),
        ]
        alternatives = "|".join(f"(?P<{name}>{pattern})" for name, pattern in kinds if pattern)
        object.__setattr__(self, "tokens", re.compile(alternatives, re.MULTILINE))


_SLASHES = r"//+[/!]?<?"
_HASH = r"#+(?!!)[:|]?"
_CURLY = Syntax(_SLASHES, (_C,))
_QUOTED = Syntax(_SLASHES, (_C,), strings=f"{_TRIPLE}|{_TEXT}|{_CHARACTER}")
_HASHED = Syntax(_HASH)
_LISP = Syntax(r";+", ((r"#\|", "|#"),), strings=_TEXT, nests=True)
_SYNTAXES = {
    _CURLY: (
        *("c", "cpp", "c++", "cuda", "cuda-cpp", "objc", "objcpp", "objective-c", "objective-cpp"),
        *("glsl", "hlsl", "shaderlab", "d", "vala", "proto", "protobuf", "thrift", "jsonc"),
        *("json5", "solidity", "verilog", "systemverilog", "haxe", "scss", "less", "yacc"),
    ),
    Syntax(_SLASHES, (_C,), strings=f"{_TEXT}|{_CHARACTERS}|{_TEMPLATE}"): (
        *("javascript", "javascriptreact", "typescript", "typescriptreact", "js", "ts", "jsx"),
        *("tsx", "go", "js2", "rjsx"),
    ),
    _QUOTED: ("java", "groovy", "csharp", "cs", "zig"),
    replace(_QUOTED, nests=True): ("kotlin", "swift", "scala", "rust", "odin"),
    replace(_CURLY, nests=True): ("wgsl",),
    Syntax(_SLASHES, (_C,), strings=f"{_TRIPLES}|{_TEXT}|{_CHARACTERS}", nests=True): ("dart",),
    Syntax(rf"{_SLASHES}|{_HASH}", (_C,)): ("php", "hcl", "terraform", "nix", "jsonnet"),
    Syntax("", (_C,)): ("css",),
    Syntax(_SLASHES, (_ML,), strings=f"{_TRIPLE}|{_TEXT}|{_CHARACTER}", nests=True): (
        "fsharp",
    ),
    Syntax("", (_ML,), strings=f"{_TEXT}|{_CHARACTER}", nests=True): (
        "ocaml", "reason", "coq", "sml",
    ),
    Syntax(_SLASHES, (_ML, (r"\{(?!\$)", "}")), strings=r"'[^'\n]*(?:'|$)"): ("pascal", "delphi"),
    Syntax(_HASH, doc=_DOC, strings=f"{_TRIPLES}|{_TEXT}|{_CHARACTERS}"): (
        *("python", "py", "cython", "starlark", "bazel", "gdscript", "mojo", "sage"),
    ),
    Syntax(_HASH, doc=_DOC, strings=f"{_TRIPLE}|{_TEXT}"): ("graphql",),
    Syntax(_HASH, ((r"#=", "=#"),), _DOC, f"{_TRIPLE}|{_TEXT}|{_CHARACTER}", nests=True): (
        "julia",
    ),
    Syntax(
        _HASH, doc=r'@(?:module|type)?doc\s+(?:~[sS])?(?P<quote>""")', strings=f"{_TRIPLE}|{_TEXT}"
    ): ("elixir",),
    Syntax(_HASH, ((r"(?m:^=begin\b)", "\n=end"),)): ("ruby", "crystal"),
    Syntax(_HASH, ((r"(?m:^=\w+)", "\n=cut"),)): ("perl", "raku"),
    Syntax(_HASH, ((r"#\[", "]#"),), strings=f"{_TRIPLE}|{_TEXT}|{_CHARACTER}", nests=True): (
        "nim",
    ),
    Syntax(_HASH, ((r"#\[=*\[", "]]"),)): ("cmake",),
    Syntax(_HASH, ((r"<#", "#>"),)): ("powershell", "ps1"),
    _HASHED: (
        *("shellscript", "sh", "bash", "zsh", "fish", "shell", "shell-script", "yaml", "toml", "r"),
        *("dockerfile", "make", "makefile", "tcl", "awk", "conf", "gitconfig", "ess-r"),
        *("properties", "snakemake", "just", "meson", "nginx", "desktop", "puppet", "robot"),
    ),
    Syntax(r"--+[|^]?", (_C,), strings=r"'[^'\n]*(?:'|$)|\"[^\"\n]*(?:\"|$)"): (
        *("sql", "mysql", "plsql", "postgres", "pgsql", "sqlite"),
    ),
    Syntax(r"--+(?!\[)", ((r"--\[=*\[", "]]"),)): ("lua", "luau"),
    Syntax(
        r"--+(?![-!#$%&*+./<=>?@\\^~:])[ ]?[|^]?",
        ((r"\{-(?!#)[|^]?", "-}"),),
        strings=f"{_TEXT}|{_CHARACTER}",
        nests=True,
    ): (
        *("haskell", "elm", "purescript", "idris", "agda", "lhaskell"),
    ),
    Syntax(r"--+[|!]?", strings=_TEXT): ("ada", "vhdl", "applescript"),
    _LISP: (
        *("lisp", "commonlisp", "common-lisp", "clojure", "clojurescript", "scheme", "racket"),
        *("emacs-lisp", "elisp", "fennel", "janet", "query", "lisp-interaction"),
    ),
    Syntax(r"[;#]+", strings=_TEXT): ("ini", "dosini", "asm", "nasm", "autohotkey", "llvm", "cfg"),
    Syntax(r"%+", ((r"(?m:^[ \t]*%\{)", "%}"),), strings=_TEXT): ("matlab", "octave"),
    Syntax(r"%+", (_C,), strings=f"{_TEXT}|{_CHARACTERS}"): ("erlang", "prolog"),
    Syntax(r"!+[<>]?"): ("fortran", "fortran-modern", "f90"),
    Syntax(r"'+|(?m:^[ \t]*)(?i:rem\b)", strings=_TEXT): ("vb", "vbnet", "basic", "vba"),
    Syntax(r"(?m:^[ \t]*)(?:(?i:@?rem\b)|::)", strings=_TEXT): ("bat", "batch", "dosbatch"),
    Syntax(r'(?m:^[ \t]*)"', strings=_CHARACTERS): ("vim", "viml"),
    Syntax("", (("<!--+", "-->"),), strings=""): ("xml", "xsd", "xsl", "svg", "dtd"),
}  # fmt: skip
_BY_NAME = {name: syntax for syntax, names in _SYNTAXES.items() for name in names}
_CODE = re.compile(r"[^\n\r\u2029]")
_STARS = re.compile(r"(?m:^)([ \t]*\*+(?=\s|$))")
KEPT = 1 << 14
"""The number of characters of prose that are kept before the part that is read again."""


def syntax_of(language: str) -> Syntax | None:
    """Return the comment syntax of a language, named as editors do; None if it is unknown."""
    return _BY_NAME.get(language.lower().split(".")[0])


@dataclass(frozen=True, slots=True)
class Seen:
    """The part of a program text that has been processed, up to the beginning of a line of code.

    Attributes:
        text: the processed text.
        prose: the end of its prose, with spaces in place of code.
    """

    text: str = ""
    prose: str = ""


def prose_of(text: str, syntax: Syntax, seen: Seen | None = None) -> tuple[str, bool, Seen]:
    r"""Return the prose of a program text with its offsets unchanged: code becomes spaces.

    >>> prose_of("x = 1  # How are\n# you", syntax_of("python"))[:2]
    ('         How are\u2029  you', True)

    Args:
        text: the program text up to the cursor.
        syntax: the syntax of its comments.
        seen: the state returned for an earlier text, which may have the same beginning.

    Returns:
        The end of the prose, at least `KEPT` characters if there are as many; whether the cursor is
        in prose; and the state to pass with the next text.
    """
    if seen is None or not text.startswith(seen.text):
        seen = Seen()
    parts, position = [seen.prose], len(seen.text)
    settled = (position, 1)
    in_prose = False
    while (match := syntax.tokens.search(text, position)) is not None:
        kind = "doc" if match.lastgroup == "quote" else str(match.lastgroup)
        if kind == "string":
            end = max(match.end(), position + 1)
            parts.append(_blank(text[position:end]))
            position = end
        elif kind == "line":
            end = _line_end(text, match.end())
            begins = not _goes_on(text, match.start(), syntax)
            parts.append(_blank(text[position : match.end()], ends=begins))
            parts.append(text[match.end() : end])
            in_prose = end == len(text)
            position = end
        else:
            closing = match["quote"] if kind == "doc" else syntax.blocks[int(kind[5:])][1]
            if kind == "doc" or not syntax.nests:
                end = text.find(closing, match.end())
            else:
                end = _block_end(text, match.end(), syntax.blocks[int(kind[5:])])
            in_prose = end < 0
            end = len(text) if in_prose else end
            prose = text[match.end() : end]
            if closing == "*/":
                prose = _STARS.sub(lambda stars: " " * len(stars[0]), prose)
            parts += (_blank(text[position : match.end()], ends=True), prose)
            position = end if in_prose else end + len(closing)
            parts.append(_blank(text[end:position]))
        if position < len(text):
            settled = (position, len(parts))
    if position < len(text):
        in_prose = False
        # Stop before the line end, which may yet become the end of a paragraph.
        line = max(position, _line_begin(text, len(text)) - 1)
        line -= line > position and text.startswith("\r\n", line - 1)
        parts.append(_blank(text[position:line]))
        settled = (line, len(parts))
        parts.append(_blank(text[line:]))
    upto, count = settled
    return "".join(parts), in_prose, Seen(text[:upto], "".join(parts[:count])[-KEPT:])


def _block_end(text: str, position: int, block: tuple[str, str]) -> int:
    """Return where the end of a block stands that may contain blocks; -1 if it is not ended."""
    begin, closing = block
    depth = 1
    for match in re.finditer(rf"{begin}|(?P<end>{re.escape(closing)})", text[position:]):
        depth += -1 if match["end"] else 1
        if depth == 0:
            return position + match.start()
    return -1


def _goes_on(text: str, position: int, syntax: Syntax) -> bool:
    """Whether a comment may continue one in the line before it.

    Both stand alone in their lines, or the earlier one begins in the same column after some code.
    """
    begin = _line_begin(text, position)
    if text[begin:position].strip():
        return False
    before = text[_line_begin(text, max(0, begin - 1)) : max(0, begin - 1)].rstrip("\r")
    bare = before.lstrip()
    column = position - begin
    is_alone = not bare or re.match(syntax.line, bare) is not None
    return is_alone or before[column : column + 1] == text[position]


def _line_begin(text: str, position: int) -> int:
    return 1 + max(text.rfind("\n", 0, position), text.rfind("\r", 0, position))


def _line_end(text: str, start: int) -> int:
    ends = [end for mark in "\n\r" if (end := text.find(mark, start)) >= 0]
    return min(ends, default=len(text))


def _blank(code: str, *, ends: bool = False) -> str:
    """Return code as spaces. With `ends`, its last line end becomes the end of a paragraph."""
    blank = _CODE.sub(" ", code)
    last = max(blank.rfind("\n"), blank.rfind("\r")) if ends else -1
    return blank if last < 0 else f"{blank[:last]}{PARAGRAPH_END}{blank[last + 1 :]}"
