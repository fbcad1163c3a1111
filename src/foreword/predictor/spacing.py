"""Where spaces stand between words and marks in print. Knows nothing of models."""

from foreword.text.lines import LINE_ENDS

NO_SPACE_BEFORE = frozenset(".,!?;:)]}%'’”…") | {"...", "!!", "??"}
NO_SPACE_AFTER = frozenset("([{“‘$#@")


def attaches_left(word: str) -> bool:
    """Whether no space stands before a word: a mark that ends something, or a run of it.

    >>> attaches_left("!!!!"), attaches_left("("), attaches_left("it's")
    (True, False, False)
    """
    return set(word) <= NO_SPACE_BEFORE


class Line:
    """The line that is being written: whether a space is due, and whether a quotation is open."""

    def __init__(self, text: str, *, in_print: bool) -> None:
        self.in_print = in_print
        self.quoting = text.count('"') % 2 == 1
        last = text[-1:]
        opens = last in NO_SPACE_AFTER or (last == '"' and self.quoting)
        self.space_due = bool(last) and not last.isspace() and not (in_print and opens)

    def append(self, word: str) -> str:
        """The word, after a space where one belongs."""
        if not self.in_print:
            glued, opens = False, False
        elif word == '"':
            glued, opens = self.quoting, not self.quoting
            self.quoting = opens
        else:
            # A word is one mark, or a run of the same.
            glued, opens = attaches_left(word), set(word) <= NO_SPACE_AFTER
        space = " " if self.space_due and not glued else ""
        self.space_due = not opens
        return space + word

    def end(self) -> str:
        """The line's end; another begins."""
        self.quoting = self.space_due = False
        return "\n"


def join(before: str, word: str, *, quoting: bool, in_print: bool) -> tuple[int, str]:
    """How a whole word follows a text: characters to take away, and what then to append.

    A mark that attaches to the left takes the one space away that came with the word before it.

    >>> join("I would", "like", quoting=False, in_print=True)
    (0, ' like')
    >>> join("I would ", ".", quoting=False, in_print=True)
    (1, '.')

    Args:
        before: the end of the text, two characters or more.
        word: a word or a mark.
        quoting: whether the line has an open quotation in straight marks.
        in_print: whether marks attach to words; else all are set apart.
    """
    last = before[-1:]
    if not last or last in LINE_ENDS:
        return 0, word
    closes = in_print and (attaches_left(word) or (word == '"' and quoting))
    if last.isspace():
        automatic = closes and last == " " and len(before) > 1 and not before[-2].isspace()
        return (1 if automatic else 0), word
    opens = in_print and (last in NO_SPACE_AFTER or (last == '"' and quoting))
    return 0, word if closes or opens else " " + word
