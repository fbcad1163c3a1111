"""The table of all forms. A new form is added here and in a file of its own."""

from foreword.text.forms.archives import DOCX, EPUB, FB2, ODT
from foreword.text.forms.chat_json import CHAT_FORMS
from foreword.text.forms.content_lines import ICALENDAR, VCARD
from foreword.text.forms.documents import PDF, RTF, TEX
from foreword.text.forms.form import Form, Head
from foreword.text.forms.hangouts import HANGOUTS
from foreword.text.forms.html_page import HTML
from foreword.text.forms.imessage import IMESSAGE
from foreword.text.forms.irc import IRC
from foreword.text.forms.kakaotalk import KAKAOTALK
from foreword.text.forms.light_markup import ASCIIDOC, ORG
from foreword.text.forms.line_chat import LINE
from foreword.text.forms.mail import MAIL, MBOX
from foreword.text.forms.markdown import MARKDOWN
from foreword.text.forms.mediawiki import DUMP, MEDIAWIKI
from foreword.text.forms.notebooks import KEEP, NOTEBOOK
from foreword.text.forms.restructured import RESTRUCTURED
from foreword.text.forms.signal import SIGNAL
from foreword.text.forms.sms import SMS
from foreword.text.forms.stamped import STAMPED
from foreword.text.forms.subtitles import SUBTITLES
from foreword.text.forms.tables import CSV, JSON, JSONL
from foreword.text.forms.telegram_page import TELEGRAM_PAGE
from foreword.text.forms.viber import VIBER
from foreword.text.forms.whatsapp import WHATSAPP
from foreword.text.forms.xml_texts import XML_FORMS

FORMS: tuple[Form, ...] = (
    *(PDF, RTF, EPUB, DOCX, ODT, FB2, SMS, SUBTITLES),
    *(SIGNAL, KAKAOTALK, LINE, IMESSAGE, IRC, VIBER, WHATSAPP, MBOX, MAIL),
    *CHAT_FORMS,
    *XML_FORMS,
    *(DUMP, ICALENDAR, VCARD),
    *(HANGOUTS, NOTEBOOK, KEEP, TELEGRAM_PAGE, JSONL, JSON, HTML, MARKDOWN, TEX),
    *(ORG, ASCIIDOC, RESTRUCTURED, MEDIAWIKI, CSV, STAMPED),
)
"""All forms in the order in which they are tried: those known by content before those by name."""
PLAIN = "text"
"""The name for `--as` of a file that is read unchanged."""
FORM_NAMES = (PLAIN, *(form.name for form in FORMS))


def form_named(name: str) -> Form:
    """Return the form with this name."""
    return next(form for form in FORMS if form.name == name)


def recognise(head: Head) -> Form | None:
    """Return the form that a file's beginning shows; None for plain text and binary files."""
    return next((form for form in FORMS if form.recognises(head)), None)
