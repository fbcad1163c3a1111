"""Write German sentences with their English translations from a grammar: the carried pairs.

They say who does what, where and when. German says the verb's meaning at the end of the clause
("Anna hat am Montag in Wien drei Briefe geschrieben"), or half of it ("holt ... ab"); English says
it at the beginning. So a translator must remember the clause. No files, no models.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from foreword.text.pairs.pairs import Unit

NAME = "carried"
"""The name of the training pairs in place of files; a file of that name is `./carried`."""
CARRIED = {f"{NAME}:test": 500, f"{NAME}:valid": 500, NAME: 4_400}
"""The number of pairs of each part, by its name. No sentence is in two parts."""
LANGUAGES = "de", "en"
_CLAUSES = (1, 1, 1, 2, 2, 3)
"""Numbers of clauses of a sentence, from which one is drawn."""


class Verb(NamedTuple):
    """A verb: German forms for he or she, without the part that is separated in a main clause."""

    infinitive: str
    present: str
    participle: str
    english: tuple[str, str, str]
    things: str
    prefix: str = ""


def _words(text: str) -> list[str]:
    return text.split()


def _rows(text: str) -> list[list[str]]:
    """Return the fields of each line; a bar stands between two."""
    return [line.removeprefix("        ").split("|") for line in text.splitlines()]


_THINGS = {
    row[0]: row[1:]
    for row in _rows(
        """letter|einen Brief|Briefe|a letter|letters
        report|einen Bericht|Berichte|a report|reports
        poem|ein Gedicht|Gedichte|a poem|poems
        book|ein Buch|Bücher|a book|books
        ticket|eine Fahrkarte|Fahrkarten|a ticket|tickets
        apple|einen Apfel|Äpfel|an apple|apples
        cake|einen Kuchen|Kuchen|a cake|cakes
        key|einen Schlüssel|Schlüssel|a key|keys
        bird|einen Vogel|Vögel|a bird|birds
        house|ein Haus|Häuser|a house|houses
        bicycle|ein Fahrrad|Fahrräder|a bicycle|bicycles
        clock|eine Uhr|Uhren|a clock|clocks
        picture|ein Bild|Bilder|a picture|pictures
        parcel|ein Paket|Pakete|a parcel|parcels"""
    )
}
_VERBS = [
    Verb(row[0], row[1], row[2], (row[3], row[4], row[5]), row[6], *row[7:])
    for row in _rows(
        """schreiben|schreibt|geschrieben|write|writes|wrote|letter report poem
        abschreiben|schreibt|abgeschrieben|copy|copies|copied|letter report poem|ab
        lesen|liest|gelesen|read|reads|read|letter report book poem
        vorlesen|liest|vorgelesen|read out|reads out|read out|letter report poem|vor
        kaufen|kauft|gekauft|buy|buys|bought|book ticket apple key bicycle clock house
        verkaufen|verkauft|verkauft|sell|sells|sold|book ticket apple bicycle clock house picture
        suchen|sucht|gesucht|look for|looks for|looked for|key book ticket bird bicycle
        finden|findet|gefunden|find|finds|found|key letter ticket bird clock
        bringen|bringt|gebracht|bring|brings|brought|cake parcel letter key
        mitbringen|bringt|mitgebracht|bring along|brings along|brought along|cake book picture|mit
        abholen|holt|abgeholt|pick up|picks up|picked up|parcel letter ticket bicycle|ab
        essen|isst|gegessen|eat|eats|ate|apple cake
        malen|malt|gemalt|paint|paints|painted|picture house bird
        sehen|sieht|gesehen|see|sees|saw|bird house picture bicycle
        ansehen|sieht|angesehen|look at|looks at|looked at|house picture clock|an
        reparieren|repariert|repariert|repair|repairs|repaired|bicycle clock
        wegwerfen|wirft|weggeworfen|throw away|throws away|threw away|letter apple clock key|weg"""
    )
]
_MODALS = _rows("kann|can\nmuss|must\nwill|wants to\nsoll|should\nwird|will\ndarf|may")
_SUBJECTS = [
    *([name] * 2 for name in _words("Anna Ben Clara David Emma Felix Greta Ida Jonas Lena")),
    *_rows(
        """mein Bruder|my brother
        deine Schwester|your sister
        unser Nachbar|our neighbour
        der Arzt|the doctor
        die Lehrerin|the teacher
        ihre Tante|her aunt"""
    ),
]
_WHERE = _rows(
    "in Berlin|in Berlin\nin Wien|in Vienna\nin Köln|in Cologne\nin München|in Munich\n"
    "am Bahnhof|at the station\nauf dem Markt|at the market\nim Park|in the park\n"
    "im Büro|at the office\nin der Schule|at school\nzu Hause|at home"
)
_THOUGHTS = _rows("weiß|knows\nglaubt|believes\nsagt|says\nhofft|hopes")
_MAIN_JOINS = _rows(" und| and\n, aber|, but")
_FINAL_JOINS = _rows(", weil| because\n, obwohl| although\n, während| while")
_DAYS = _rows(
    "Montag|Monday\nDienstag|Tuesday\nMittwoch|Wednesday\nDonnerstag|Thursday\n"
    "Freitag|Friday\nSamstag|Saturday\nSonntag|Sunday"
)
_MONTHS = _rows(
    "Januar|January\nFebruar|February\nMärz|March\nApril|April\nMai|May\nJuni|June\nJuli|July\n"
    "August|August\nSeptember|September\nOktober|October\nNovember|November\nDezember|December"
)
_GERMAN = _words(
    "ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn "
    "sechzehn siebzehn achtzehn neunzehn"
)
_GERMAN_TENS = _words("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
_ENGLISH = _words(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_ENGLISH_TENS = _words("twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = _rows(
    "ersten|first\nzweiten|second\ndritten|third\nvierten|fourth\nfünften|fifth\nsechsten|sixth\n"
    "siebten|seventh\nachten|eighth\nneunten|ninth\nzehnten|tenth\nelften|eleventh\nzwölften|twelfth"
)


def number(value: int) -> tuple[str, str]:
    """Write 1 to 99 in German and in English words.

    >>> number(17), number(40), number(23)
    (('siebzehn', 'seventeen'), ('vierzig', 'forty'), ('dreiundzwanzig', 'twenty-three'))
    """
    if value < 20:
        return _GERMAN[value - 1], _ENGLISH[value - 1]
    tens, units = divmod(value, 10)
    german, english = _GERMAN_TENS[tens - 2], _ENGLISH_TENS[tens - 2]
    if units:
        return f"{_GERMAN[units - 1]}und{german}", f"{english}-{_ENGLISH[units - 1]}"
    return german, english


class Clause(NamedTuple):
    """Who does what, where and when: each in German and English.

    Attributes:
        subject: who.
        verb: what is done.
        modal: the modal verb; None without one.
        is_past: whether it was done; then there is no modal verb.
        when: the time.
        where: the position.
        thing: what it is done to.
        begins: whether the German main clause begins with the time.
    """

    subject: Sequence[str]
    verb: Verb
    modal: Sequence[str] | None
    is_past: bool
    when: tuple[str, str]
    where: Sequence[str]
    thing: tuple[str, str]
    begins: bool

    @property
    def _forms(self) -> tuple[str, str]:
        """The German finite verb, and the words at the end of the clause."""
        if self.modal is not None:
            return self.modal[0], self.verb.infinitive
        if self.is_past:
            return "hat", self.verb.participle
        return self.verb.present, self.verb.prefix

    def main(self) -> str:
        """Return a German main clause, whose finite verb comes second."""
        finite, closing = self._forms
        ends = self.when[0], self.subject[0]
        first, second = ends if self.begins else ends[::-1]
        return f"{first} {finite} {second} {self.where[0]} {self.thing[0]} {closing}".strip()

    def final(self) -> str:
        """Return a German subordinate clause, whose finite verb comes last."""
        finite, closing = self._forms
        is_one = self.modal is None and not self.is_past
        verbs = f"{closing}{finite}" if is_one else f"{closing} {finite}"
        return f"{self.subject[0]} {self.when[0]} {self.where[0]} {self.thing[0]} {verbs}"

    def english(self) -> str:
        """Return the translation of both."""
        base, present, past = self.verb.english
        verb = past if self.is_past else present
        if self.modal is not None:
            verb = f"{self.modal[1]} {base}"
        return f"{self.subject[1]} {verb} {self.thing[1]} {self.where[1]} {self.when[1]}"


def _when(draw: random.Random) -> tuple[str, str]:
    kind = draw.randrange(3)
    if kind == 0:
        day = draw.choice(_DAYS)
        german, english = f"am {day[0]}", f"on {day[1]}"
    elif kind == 1:
        ordinal, month = draw.choice(_ORDINALS), draw.choice(_MONTHS)
        german, english = f"am {ordinal[0]} {month[0]}", f"on the {ordinal[1]} of {month[1]}"
    else:
        german, english = "heute", "today"
    if draw.random() < 0.5:
        return german, english
    hour = draw.randrange(2, 12)
    (this, english_hour), (following, _) = number(hour), number(hour + 1)
    clock = draw.choice(
        (
            (f"um {this} Uhr", f"at {english_hour} o'clock"),
            (f"um halb {following}", f"at half past {english_hour}"),
            (f"um Viertel nach {this}", f"at a quarter past {english_hour}"),
            (f"um Viertel vor {this}", f"at a quarter to {english_hour}"),
        )
    )
    return f"{german} {clock[0]}", f"{english} {clock[1]}"


def _clause(draw: random.Random) -> Clause:
    verb = draw.choice(_VERBS)
    thing = _THINGS[draw.choice(verb.things.split())]
    count = number(draw.randrange(2, 100))
    is_one = draw.random() < 0.5
    tense = draw.randrange(3)
    return Clause(
        subject=draw.choice(_SUBJECTS),
        verb=verb,
        modal=draw.choice(_MODALS) if tense == 2 else None,
        is_past=tense == 1,
        when=_when(draw),
        where=draw.choice(_WHERE),
        thing=(thing[0], thing[2])
        if is_one
        else (f"{count[0]} {thing[1]}", f"{count[1]} {thing[3]}"),
        begins=draw.random() < 0.4,
    )


def _sentence(draw: random.Random) -> tuple[str, str]:
    clause = _clause(draw)
    german, english = clause.main(), clause.english()
    if draw.random() < 0.3:
        thinker, thought = draw.choice(_SUBJECTS), draw.choice(_THOUGHTS)
        german = f"{thinker[0]} {thought[0]}, dass {clause.final()}"
        english = f"{thinker[1]} {thought[1]} that {english}"
    for _ in range(draw.choice(_CLAUSES) - 1):
        more = _clause(draw)
        is_final = draw.random() < 0.5
        join = draw.choice(_FINAL_JOINS if is_final else _MAIN_JOINS)
        german += f"{join[0]} {more.final() if is_final else more.main()}"
        english += f"{join[1]} {more.english()}"
    return f"{german[0].upper()}{german[1:]}.", f"{english[0].upper()}{english[1:]}."


def sentences() -> Iterator[tuple[str, str]]:
    """Yield sentences with their translations without end, always the same ones, none twice."""
    draw = random.Random(1)
    known = set()
    while True:
        pair = _sentence(draw)
        if pair[0] not in known:
            known.add(pair[0])
            yield pair


def carried_units(part: str) -> Iterator[Unit]:
    """Yield the pairs of a part by its name in `CARRIED`.

    >>> list(carried_units("carried:valid"))[5].texts  # doctest: +ELLIPSIS
    ('Am Montag bringt der Arzt in Wien ein Buch mit.', 'The doctor brings along ... Monday.')
    """
    before = 0
    for name, count in CARRIED.items():
        if name == part:
            break
        before += count
    for line, pair in enumerate(islice(sentences(), before, before + CARRIED[part]), 1):
        yield Unit(line, LANGUAGES, pair)
