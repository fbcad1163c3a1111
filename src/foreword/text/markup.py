"""How kinds of documents show that a new paragraph begins. Knows no editors and no models.

Kinds have the language names of the Language Server Protocol, and those that Neovim and Emacs use.
"""

import re

from foreword.text.newlines import Lines
from foreword.text.wrapping import BULLET, RULE, Markup

_TRAILER = (
    r"(?:[A-Z][a-z]+(?:-[A-Za-z]+)+|Fixes|Closes|Resolves|Refs?|References|See|Link|Bug|Issue|CC|Cc)"
    r"(?::[ ]|[ ]#)"
)

_BLOCKS = (
    r"(?=</?(?:p|div|h[1-6]|ul|ol|li|dl|dt|dd|table|thead|tbody|tr|td|th|blockquote|pre|section|"
    r"article|header|footer|nav|main|aside|figure|figcaption|form|hr|br|img|head|body|html|title|"
    r"meta|link|script|style|details|summary)\b|<!)"
)

_MARKDOWN = Markup(
    # Lists with the boxes of tasks, footnotes and link targets, HTML, tables, directives.
    begins=re.compile(
        rf"{BULLET}(?:\[[ xX]\][ ])?|\[[^\]]+\]:[ ]|(?=:[ ]|!\[)|(?=\|)|:::|{_BLOCKS}"
    ),
    alone=re.compile(rf"{RULE}|#{{1,6}}(?:[ \t]+|$)"),
    breaks=re.compile(r"(?:[ ]{2,}|\\|<br[ ]*/?>)$"),
    verbatim=re.compile(r"(```|~~~|\$\$)"),
    front=re.compile(r"(---|\+\+\+)$"),
    indents=False,
)
_HTML = Markup(
    begins=re.compile(_BLOCKS),
    alone=re.compile(r"(?:<[^<>]*>\s*)+$"),
    breaks=re.compile(r"<br[ ]*/?>$"),
    leader=None,
    indents=False,
)
_LATEX = Markup(
    begins=re.compile(
        r"\\item\b(?:[ ]*\[[^\]]*\])?[ ]*|(?=\\(?:begin|end|part|chapter|(?:sub)*section|"
        r"(?:sub)?paragraph|caption|footnotetext|(?:re)?newcommand|par|noindent|title|author|"
        r"\[|\])|\$\$)"
    ),
    # A line that holds only commands.
    alone=re.compile(r"(?:\\[A-Za-z]+\*?(?:\[[^\]]*\]|\{[^{}]*\})*[ ]*)+(?:%.*)?$"),
    breaks=re.compile(r"(?:\\\\(?:\[[^\]]*\])?|\\par|\\newline)[ ]*$"),
    leader=re.compile(r"\s*%+[ ]?"),
    indents=False,
)
_COMMIT = Markup(
    begins=re.compile(rf"{BULLET}|(?={_TRAILER})|(?=diff --git)"),
    alone=re.compile(rf"{RULE}|#"),
    subject=True,
)
_RESTRUCTURED = Markup(
    begins=re.compile(
        r"(?:[-*+•]|\#\.)[ ]+|\.\.(?:[ ]|$)|:[^:\s][^:]*:(?:[ ]|$)|\|[ ]|>>>[ ]|\+--"
    ),
    alone=re.compile(r"([^\w\s])\1{2,}$|(?:=+[ ]+)+=+$"),
    leader=None,
)
_ASCIIDOC = Markup(
    begins=re.compile(r"(?:[*.-]{1,5}|\d+\.)[ ]+|(?=\|)|//"),
    alone=re.compile(r"={1,6}[ ]+|\[[^\]]*\]$|:[\w-]+:|([-=.*_+])\1{3,}$"),
    breaks=re.compile(r"[ ]\+$"),
    leader=None,
    indents=False,
)
_ORG = Markup(
    begins=re.compile(r"[-+][ ]+(?:\[[ xX-]\][ ])?|(?=\|)|:[A-Z]+:"),
    alone=re.compile(r"\*+[ ]+|#\+|-{5,}$"),
    breaks=re.compile(r"\\\\$"),
    leader=None,
    indents=False,
)
_TYPST = Markup(
    begins=re.compile(r"[-+/][ ]+|(?=#[a-z])"),
    alone=re.compile(r"=+[ ]+"),
    breaks=re.compile(r"\\$"),
    leader=re.compile(r"\s*//[ ]?"),
    indents=False,
)
_MAIL = Markup(
    alone=re.compile(rf"{RULE}|--[ ]?$|On\b.*\bwrote:$"),
    leader=re.compile(r"\s*(?:[>|][ ]?)+"),
    headers=re.compile(r"(?:From|To|Cc|Bcc|Subject|Date|Reply-To|In-Reply-To)\b.*?:"),
    by_look=True,
)
_TEXT = Markup(
    # Besides lists, a time or a name as in chat logs.
    begins=re.compile(
        rf"{BULLET}|(?=\|)|(?=\[?\d{{1,2}}[:/.]\d\d)|(?=<[^>\s]+>[ ])|(?=[A-Z]\w{{0,15}}:[ ])"
    ),
    by_look=True,
)
_CODE = Markup(
    begins=re.compile(rf"{BULLET}|(?=[@:\\]\w)"),
    leader=re.compile(r"\s*(?://+[!/]?|(?:#+|--+|;+|%+|/?\*+)(?=\s|$))[ \t]?"),
    needs_leader=True,
)
_MARKUPS = {
    _MARKDOWN: ("markdown", "md", "mdx", "rmd", "quarto", "vimwiki", "pandoc", "djot", "gfm"),
    _HTML: ("html", "xhtml", "svelte", "vue", "htmldjango"),
    _LATEX: ("latex", "tex", "plaintex", "context", "doctex", "bibtex"),
    _COMMIT: ("gitcommit", "git-commit", "hgcommit", "jj", "jjdescription", "svn"),
    _RESTRUCTURED: ("restructuredtext", "rst"),
    _ASCIIDOC: ("asciidoc", "asciidoctor", "adoc"),
    _ORG: ("org",),
    _TYPST: ("typst",),
    _MAIL: ("mail", "eml", "email", "rfc822", "mbox", "message"),
    _TEXT: ("plaintext", "text", "txt", "help", "textile", "mediawiki", "fundamental", ""),
}
_BY_NAME = {name: markup for markup, names in _MARKUPS.items() for name in names}
_WRAPPED = Markup(begins=_TEXT.begins)


def markup_of(language: str, lines: Lines | None = None) -> Markup | None:
    """Return how a kind of document shows that a new paragraph begins; None if each line does.

    Args:
        language: the document's kind, as an editor names it. An unknown name is taken as a
            programming language, whose comments are read.
        lines: what a line of the document is, if known.
    """
    if lines is not None:
        return _WRAPPED if lines == "wrapped" else None
    return _BY_NAME.get(language.lower().split(".")[0], _CODE)  # Vim: markdown.pandoc
