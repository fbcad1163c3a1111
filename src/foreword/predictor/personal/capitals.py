"""Recognise capitals within words, as in names: McDonald, iPhone, PhD. Knows only letters."""

import re

_PATTERN = re.compile(
    r"(?:Mc|Mac|Fitz|De|Di|Da|Du|Des|La|Le|Lo|Van|Von|Ver|Vander|Ter|Ten|St|San|Al|El|Ibn|Ben|Bar"
    r"|Abu|Jo|Mary|Anna?|Lee|Ray|Sue)[A-Z][a-zß-öø-ÿ]+"
    r"|[a-z][A-Z][a-z]{2,}"  # iPhone, eBay
    r"|[A-Z]{2,5}(?:s|er|en|ed|ing)"  # PCs, DJing
    r"|[A-Za-z]{2,3}"  # PhD, BSc
)
_KNOWN = """
youtube youtuber whatsapp linkedin paypal github gitlab playstation airpods airdrop facetime
powerpoint onedrive onenote onlyfans sharepoint wordpress tiktok chatgpt openai deepmind deepl
javascript typescript coffeescript postgresql mysql sqlite mongodb mariadb nosql graphql openssl
openssh openbsd freebsd netbsd opengl opencv vmware virtualbox autocad indesign imessage icloud
macos watchos ipados fedex mastercard doordash grubhub soundcloud snapchat deviantart livejournal
duckduckgo openstreetmap bitcoin geforce intellij pycharm stackoverflow hackernews producthunt
gofundme bytedance wechat kakaotalk cashapp applepay googlepay cloudflare tensorflow pytorch numpy
scipy huggingface researchgate lexisnexis pubmed medline biontech astrazeneca glaxosmithkline
pricewaterhousecoopers jpmorgan blackrock hellofresh blablacar easyjet flixbus spacex oneplus
gopro protonmail ebook ebooks ereader bigquery devops mlops arxiv latex bibtex dvds cds tvs
"""
_NAMES = frozenset(_KNOWN.split())


def are_known(word: str) -> bool:
    """Whether a word has capitals inside as a name has.

    >>> are_known("McDonald"), are_known("eBay"), are_known("YouTube"), are_known("qZxWvK")
    (True, True, True, False)
    """
    return word.lower() in _NAMES or bool(_PATTERN.fullmatch(word))


def is_name(word: str) -> bool:
    """Whether a word is one of the known names, in any case."""
    return word.lower() in _NAMES
