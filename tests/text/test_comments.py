import pytest

from foreword.text.comments import COMMENT, prose_of, syntax_of
from foreword.text.newlines import as_units

CODE = {
    "python": [
        "x = 'a # b'  # the cat\ny = 2  # sat\n# on a\n# mat",
        "x = 1  # so\n       # it is\n\ny = 2\n# a\n",
        'def f():\n    r"""Do it.\n\n    It goes on."""\n    return """no"""  # yes',
        's = call(\'it\'\'s # no\', """\n# no\n""")  # yes',
    ],
    "javascript": ["const a = `// no ${b}`; // yes\n/**\n * one\n * two\n */\nf('http://x') // so"],
    "rust": ["fn f<'a>(x: &'a str) -> char { '\"' } // it's the \"end\"\n/// and\n//! this"],
    "c": ["int x;\r\n/* the cat\r\n * sat\r\n */\r\nint y; // on\r\n// a mat\r\n"],
    "sql": ["select 'it''s -- no' -- yes\nfrom a /* and */ where b"],
    "haskell": ["f x' = x' --> y -- | yes\n{- so\nit is -}"],
    "matlab": ["x = a' % yes\n%{\nand\n%}"],
    "ruby": ['=begin\nyes\n=end\nx = "# no" # so'],
    "clojure": ["(def x 'a) ; yes \"so\n#| and\nthis |#"],
    "xml": ["<a b='<!'><!-- yes\nso --></a>"],
    "kotlin": ["/* the /* cat */ sat */ x = 1 /**/ y = 2 // so"],
    "ocaml": ["(* the (* cat *) sat *) let x = 1 (**) let y = 2"],
    "nim": ["#[ the #[ cat ]# sat ]# let x = 1 # so"],
}
PROSE = {
    "python": ["the cat sat on a mat", "so it is a", "Do it. It goes on. yes", "yes"],
    "javascript": ["yes one two so"],
    "rust": ['it\'s the "end" and this'],
    "c": ["the cat sat on a mat"],
    "sql": ["yes and"],
    "haskell": ["yes so it is"],
    "matlab": ["yes and"],
    "ruby": ["yes so"],
    "clojure": ['yes "so and this'],
    "xml": ["yes so"],
    "kotlin": ["the /* cat */ sat so"],
    "ocaml": ["the (* cat *) sat"],
    "nim": ["the #[ cat ]# sat so"],
}


@pytest.mark.parametrize("language", CODE)
def test_comments_and_docstrings_are_the_prose_of_a_program_text(language: str) -> None:
    syntax = syntax_of(language)
    assert syntax is not None
    for code, expected in zip(CODE[language], PROSE[language], strict=True):
        prose, _, _ = prose_of(code, syntax)
        assert len(prose) == len(code)
        assert " ".join(prose.split()) == expected
        kept = [(a, b) for a, b in zip(code, prose, strict=True) if not b.isspace()]
        assert all(a == b for a, b in kept)


@pytest.mark.parametrize("language", CODE)
def test_what_was_looked_at_before_changes_nothing(language: str) -> None:
    syntax = syntax_of(language)
    assert syntax is not None
    for code in CODE[language]:
        seen = None
        for end in range(len(code) + 1):
            prose, in_prose, seen = prose_of(code[:end], syntax, seen)
            assert (prose, in_prose) == prose_of(code[:end], syntax)[:2]


def test_only_what_is_new_is_looked_at_anew() -> None:
    syntax = syntax_of("python")
    assert syntax is not None
    text = "x = 1  # the cat\n" * 5_000
    _, _, seen = prose_of(text, syntax)
    assert len(text) - len(seen.text) < 100
    prose, in_prose, _ = prose_of(f"{text}# sat", syntax, seen)
    assert in_prose
    assert prose.endswith("the cat\u2029  sat")


@pytest.mark.parametrize(
    ("code", "in_prose"),
    [
        ("# the ", True),
        ("# the\n", False),
        ('"""the\n', True),
        ('"""the"""', False),
        ('x = """the', False),
        ('x = "http://# ', False),
        ("x = 'it # ", False),
        ("", False),
    ],
)
def test_whether_prose_is_typed_shows_in_what_stands_before(code: str, in_prose: bool) -> None:
    syntax = syntax_of("python")
    assert syntax is not None
    assert prose_of(code, syntax)[1] is in_prose


def test_a_comments_parts_are_set_apart_and_its_lines_go_on() -> None:
    text = (
        "Do it\nat once.\n\nArgs:\n    x: the number\n        of cats\n    y (int): others\n"
        "- one\n  goes on\n@param z so\n:raises X: where\nit fails\n>>> f(1)\nlast"
    )
    seen, _ = as_units(text, COMMENT)
    units = [" ".join(unit.split()) for unit in seen.split("\n") if unit.strip()]
    assert units == [
        *("Do it at once.", "Args:", "x: the number of cats", "y (int): others", "one goes on"),
        *("@param z so", ":raises X: where it fails", ">>> f(1)", "last"),
    ]


@pytest.mark.parametrize(
    ("name", "other"),
    [("typescriptreact", "typescript"), ("sh", "shellscript"), ("emacs-lisp", "lisp"), ("C", "c")],
)
def test_languages_have_the_names_that_editors_give_them(name: str, other: str) -> None:
    assert syntax_of(name) is syntax_of(other) is not None


@pytest.mark.parametrize(
    ("code", "units"),
    [
        ("int x;  // how are\n        // you\nint y;  // fine", ["how are you", "fine"]),
        ("int x;  // how\nint yy;  // are\n// you", ["how", "are", "you"]),
        ("// how are\n// you\n\n// fine", ["how are you", "fine"]),
    ],
)
def test_a_comment_after_code_goes_on_beneath_itself(code: str, units: list[str]) -> None:
    syntax = syntax_of("c")
    assert syntax is not None
    prose, _, _ = prose_of(code, syntax)
    seen, _ = as_units(prose, COMMENT)
    assert [" ".join(unit.split()) for unit in seen.split("\n") if unit.strip()] == units


def test_prose_has_no_syntax() -> None:
    assert [syntax_of(name) for name in ("markdown", "plaintext", "latex", "")] == [None] * 4
