"""Comments and docstrings in program text: what is prose there, by the language. Knows no editors.

A comment's own lines are prose that was wrapped. The code around it is not, and no context of it.
"""

import re
from dataclasses import dataclass, field

from foreword.text.newlines import PARAGRAPH_END
from foreword.text.wrapping import BULLET, RULE, Markup

COMMENT = Markup(
    # Lists, tags (@param, :param x:, \brief), and what is described (`x: the number`).
    begins=re.compile(
        rf"{BULLET}|(?=[@\\]\w)|(?=:[^:\s][^:]*:(?:[ ]|$))|(?=[\w.*]+(?:[ ]\([^()]*\))?:[ ])|(?=\|)"
    ),
    # Headings of sections, examples, rules.
    alone=re.compile(rf"{RULE}|(?=[\w ]{{1,30}}:$)|(?=>>>|\.\.\.[ ])"),
    verbatim=re.compile(r"(```|~~~)"),
    leader=None,
)
"""How prose in a comment shows that something new begins."""

_C = (r"/\*+!?<?", "*/")
_ML = (r"\(\*+", "*)")
_TEXT = r'"(?:\\.|[^"\\\n])*(?:"|$)'
_CHARACTERS = r"'(?:\\.|[^'\\\n])*(?:'|\Z)"
_CHARACTER = r"'(?:\\[^'\n]{1,10}|[^'\\\n])'"
_TEMPLATE = r"`(?:\\.|[^`\\])*(?:`|\Z)"
_TRIPLE = r'"""(?:\\.|[^\\])*?(?:"""|\Z)'
_TRIPLES = rf"{_TRIPLE}|'''(?:\\.|[^\\])*?(?:'''|\Z)"
_DOC = r"(?m:^[ \t]*)[rRuU]?(?P<quote>\"\"\"|''')"


@dataclass(frozen=True)
class Syntax:
    """What comments look like in a language. Patterns, where nothing else is said.

    Attributes:
        line: begins a comment up to the line's end.
        blocks: begin a comment, and the characters that end it.
        doc: begins a docstring, whose quotation marks are the group `quote`.
        strings: what else might hold what begins a comment.
    """

    line: str = ""
    blocks: tuple[tuple[str, str], ...] = ()
    doc: str = ""
    strings: str = f"{_TEXT}|{_CHARACTERS}"
    tokens: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        kinds = [
            ("doc", self.doc),
            *((f"block{n}", begin) for n, (begin, _) in enumerate(self.blocks)),
            ("line", self.line),
            ("string", self.strings),
        ]
        found = "|".join(f"(?P<{name}>{pattern})" for name, pattern in kinds if pattern)
        object.__setattr__(self, "tokens", re.compile(found, re.MULTILINE))


_SLASHES = r"//+[/!]?<?"
_HASH = r"#+(?!!)[:|]?"
_CURLY = Syntax(_SLASHES, (_C,))
_QUOTED = Syntax(_SLASHES, (_C,), strings=f"{_TRIPLE}|{_TEXT}|{_CHARACTER}")
_HASHED = Syntax(_HASH)
_LISP = Syntax(r";+", ((r"#\|", "|#"),), strings=_TEXT)
_SYNTAXES = {
    _CURLY: (
        *("c", "cpp", "c++", "cuda", "cuda-cpp", "objc", "objcpp", "objective-c", "objective-cpp"),
        *("glsl", "hlsl", "wgsl", "shaderlab", "d", "vala", "proto", "protobuf", "thrift", "jsonc"),
        *("json5", "solidity", "verilog", "systemverilog", "haxe", "scss", "less", "yacc"),
    ),
    Syntax(_SLASHES, (_C,), strings=f"{_TEXT}|{_CHARACTERS}|{_TEMPLATE}"): (
        *("javascript", "javascriptreact", "typescript", "typescriptreact", "js", "ts", "jsx"),
        *("tsx", "go", "js2", "rjsx"),
    ),
    _QUOTED: (
        *("java", "kotlin", "swift", "scala", "groovy", "csharp", "cs", "rust", "zig", "odin"),
    ),
    Syntax(_SLASHES, (_C,), strings=f"{_TRIPLES}|{_TEXT}|{_CHARACTERS}"): ("dart",),
    Syntax(rf"{_SLASHES}|{_HASH}", (_C,)): ("php", "hcl", "terraform", "nix", "jsonnet"),
    Syntax("", (_C,)): ("css",),
    Syntax(_SLASHES, (_ML,), strings=f"{_TRIPLE}|{_TEXT}|{_CHARACTER}"): ("fsharp",),
    Syntax("", (_ML,), strings=f"{_TEXT}|{_CHARACTER}"): ("ocaml", "reason", "coq", "sml"),
    Syntax(_SLASHES, (_ML, (r"\{(?!\$)", "}")), strings=r"'[^'\n]*(?:'|$)"): ("pascal", "delphi"),
    Syntax(_HASH, doc=_DOC, strings=f"{_TRIPLES}|{_TEXT}|{_CHARACTERS}"): (
        *("python", "py", "cython", "starlark", "bazel", "gdscript", "mojo", "sage"),
    ),
    Syntax(_HASH, doc=_DOC, strings=f"{_TRIPLE}|{_TEXT}"): ("graphql",),
    Syntax(_HASH, ((r"#=", "=#"),), _DOC, f"{_TRIPLE}|{_TEXT}|{_CHARACTER}"): ("julia",),
    Syntax(
        _HASH, doc=r'@(?:module|type)?doc\s+(?:~[sS])?(?P<quote>""")', strings=f"{_TRIPLE}|{_TEXT}"
    ): ("elixir",),
    Syntax(_HASH, ((r"(?m:^=begin\b)", "\n=end"),)): ("ruby", "crystal"),
    Syntax(_HASH, ((r"(?m:^=\w+)", "\n=cut"),)): ("perl", "raku"),
    Syntax(_HASH, ((r"#\[+", "]#"),), strings=f"{_TRIPLE}|{_TEXT}|{_CHARACTER}"): ("nim",),
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
"""Characters of prose that are kept before what is looked at anew."""


def syntax_of(language: str) -> Syntax | None:
    """What comments look like in a language, as an editor names it; None: it is no known one."""
    return _BY_NAME.get(language.lower().split(".")[0])


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a program text has been looked at, up to the beginning of a line of code.

    Attributes:
        text: so far.
        prose: the end of it, with spaces in place of code.
    """

    text: str = ""
    prose: str = ""


def prose_of(text: str, syntax: Syntax, seen: Seen | None = None) -> tuple[str, bool, Seen]:
    r"""The prose in a program text, each at its place, with spaces instead of code.

    >>> prose_of("x = 1  # How are\n# you", syntax_of("python"))[:2]
    ('         How are\u2029  you', True)

    Args:
        text: up to where something is typed.
        syntax: of its language.
        seen: of an earlier text, which may have begun in the same way.

    Returns:
        The end of it, of `KEPT` characters or more where there are so many; whether what is typed
        there is prose; and how far that is settled.
    """
    if seen is None or not text.startswith(seen.text):
        seen = Seen()
    parts, place = [seen.prose], len(seen.text)
    settled = (place, 1)
    in_prose = False
    while (found := syntax.tokens.search(text, place)) is not None:
        kind = "doc" if found.lastgroup == "quote" else str(found.lastgroup)
        if kind == "string":
            end = max(found.end(), place + 1)
            parts.append(_blank(text[place:end]))
            place = end
        elif kind == "line":
            end = _line_end(text, found.end())
            begins = not _goes_on(text, found.start(), syntax)
            parts.append(_blank(text[place : found.end()], ends=begins))
            parts.append(text[found.end() : end])
            in_prose = end == len(text)
            place = end
        else:
            closing = found["quote"] if kind == "doc" else syntax.blocks[int(kind[5:])][1]
            end = text.find(closing, found.end())
            in_prose = end < 0
            end = len(text) if in_prose else end
            prose = text[found.end() : end]
            if closing == "*/":
                prose = _STARS.sub(lambda stars: " " * len(stars[0]), prose)
            parts += (_blank(text[place : found.end()], ends=True), prose)
            place = end if in_prose else end + len(closing)
            parts.append(_blank(text[end:place]))
        if place < len(text):
            settled = (place, len(parts))
    if place < len(text):
        in_prose = False
        # Up to before a line's end, which may yet become the end of a paragraph.
        line = max(place, _line_begin(text, len(text)) - 1)
        line -= line > place and text.startswith("\r\n", line - 1)
        parts.append(_blank(text[place:line]))
        settled = (line, len(parts))
        parts.append(_blank(text[line:]))
    upto, count = settled
    return "".join(parts), in_prose, Seen(text[:upto], "".join(parts[:count])[-KEPT:])


def _goes_on(text: str, place: int, syntax: Syntax) -> bool:
    """Whether a comment in a line may go on with one in the line before it.

    It stands alone in its line, and so does that; or that is at the same column after some code.
    """
    begin = _line_begin(text, place)
    if text[begin:place].strip():
        return False
    before = text[_line_begin(text, max(0, begin - 1)) : max(0, begin - 1)].rstrip("\r")
    bare = before.lstrip()
    column = place - begin
    is_alone = not bare or re.match(syntax.line, bare) is not None
    return is_alone or before[column : column + 1] == text[place]


def _line_begin(text: str, place: int) -> int:
    return 1 + max(text.rfind("\n", 0, place), text.rfind("\r", 0, place))


def _line_end(text: str, start: int) -> int:
    ends = [end for mark in "\n\r" if (end := text.find(mark, start)) >= 0]
    return min(ends, default=len(text))


def _blank(code: str, *, ends: bool = False) -> str:
    """Code as spaces; with the last of its line ends, if any, as the end of a paragraph."""
    blank = _CODE.sub(" ", code)
    last = max(blank.rfind("\n"), blank.rfind("\r")) if ends else -1
    return blank if last < 0 else f"{blank[:last]}{PARAGRAPH_END}{blank[last + 1 :]}"
