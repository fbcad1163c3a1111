"""Read WhatsApp's exports of chats, from Android and iPhones, with dates in any language."""

import re
from collections.abc import Iterator

from foreword.text.forms.form import Form, Head, Opened, Passage
from foreword.text.segments import is_unspaced

_INVISIBLE = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Direction marks, which WhatsApp puts around names, numbers and its own notes."""
_NOTE_MARK = "\u200e"
"""The character with which an iPhone begins each of its own notes."""
_DATE = (
    r"(?:\d{1,4}(?:[/.\-]\d{1,2}[/.\-]|\.\s\d{1,2}\.\s)\d{1,4}\.?(?:\sг\.)?"
    r"|\d{4}[년年]\s?\d{1,2}[월月]\s?\d{1,2}[일日])"
)
_WORD = r"[^\W\d]{1,5}"  # 12-hour clocks: AM, p.m., 오후, 下午, μ.μ.
_HALF = rf"(?:{_WORD}\.?(?:[\s\u00a0\u202f]?{_WORD}\.?)?)"
_TIME = rf"(?:{_HALF}\s?)?\d{{1,2}}[:.]\d{{2}}(?:[:.]\d{{2}})?(?:[\s\u00a0\u202f]?{_HALF})?"
_STAMP = re.compile(
    rf"(?:\[\s?{_DATE}[,،]?\s+(?:{_WORD}\s)?{_TIME}\]|{_DATE}[,،]?\s+(?:{_WORD}\s)?{_TIME}\s[-–])"
    r"\s?(?P<rest>.*)",
    re.DOTALL,
)
_MESSAGE = re.compile(r"(?P<name>[^:]{1,80}?):(?:\s(?P<text>.*)|$)", re.DOTALL)
_ATTACHED = re.compile(r"\S.{0,120}\.\w{2,5} \([^()]{4,60}\)")
_BRACKETED = re.compile(r"<[^<>\n]{3,120}>$")
"""`<Media omitted>`, `<attached: 1.jpg>`, `<This message was edited>`, in any language."""
_MENTION = re.compile("@\u2068[^\u2069]*\u2069|@\\+?\\d{7,15}")
_LOCATION = re.compile(
    r"[^:\n]{2,40}: https://(?:maps\.google\.com|foursquare\.com|maps\.app\.goo)\S*$"
)
_OPTION = re.compile(r"OPTION: (?P<text>.*?) \(\d+ [^()]*\)$")

_NOTES = frozenset(
    note.casefold()
    for note in (
        *("null", "image omitted", "video omitted", "audio omitted", "sticker omitted"),
        *("GIF omitted", "document omitted", "Contact card omitted", "video note omitted"),
        *("This message was deleted", "You deleted this message", "Missed voice call"),
        *("Missed video call", "Waiting for this message", "View once voice message omitted"),
        *("Diese Nachricht wurde gelöscht", "Du hast diese Nachricht gelöscht"),
        *("Verpasster Sprachanruf", "Verpasster Videoanruf", "Bild weggelassen"),
        *("Video weggelassen", "Audio weggelassen", "Sticker weggelassen", "GIF weggelassen"),
        *("Dokument weggelassen", "Medien ausgeschlossen", "Medien weggelassen"),
        *("Eliminaste este mensaje", "Se eliminó este mensaje", "Este mensaje fue eliminado"),
        *("imagen omitida", "video omitido", "audio omitido", "sticker omitido", "GIF omitido"),
        *("documento omitido", "Multimedia omitido", "Llamada perdida", "Videollamada perdida"),
        *("Llamada de voz perdida", "Vous avez supprimé ce message", "Ce message a été supprimé"),
        *("image absente", "vidéo absente", "audio omis", "sticker omis", "GIF retiré"),
        *("document manquant", "Médias omis", "Appel vocal manqué", "Appel vidéo manqué"),
        *("Hai eliminato questo messaggio", "Questo messaggio è stato eliminato"),
        *("immagine omessa", "video omesso", "audio omesso", "sticker omesso", "GIF esclusa"),
        *("documento omesso", "Media omessi", "Chiamata vocale persa", "Videochiamata persa"),
        *("Você apagou esta mensagem", "Mensagem apagada", "Esta mensagem foi apagada"),
        *("Apagou esta mensagem", "Esta mensagem foi eliminada", "imagem ocultada"),
        *("vídeo omitido", "áudio ocultado", "figurinha omitida", "Mídia oculta", "Mídia omitida"),
        *("Chamada de voz perdida", "Chamada de vídeo perdida", "Ficheiro não revelado"),
        *("Je hebt dit bericht verwijderd", "Dit bericht is verwijderd"),
        *("afbeelding weggelaten", "video weggelaten", "audio weggelaten", "Media weggelaten"),
        *("sticker weggelaten", "Gemiste spraakoproep", "Gemiste video-oproep"),
        *("Вы удалили данное сообщение", "Данное сообщение удалено", "Вы удалили это сообщение"),
        *("Это сообщение удалено", "Без медиафайлов", "изображение отсутствует"),
        *("видео отсутствует", "аудиофайл отсутствует", "стикер отсутствует"),
        *("Пропущенный аудиозвонок", "Пропущенный видеозвонок", "Usunięto tę wiadomość"),
        *("Ta wiadomość została usunięta", "Pominięto multimedia", "Bu mesajı sildiniz"),
        *("Bu mesaj silindi", "Medya dahil edilmedi", "görüntü dahil edilmedi"),
        *("Ви видалили це повідомлення", "Це повідомлення видалено", "Poistit tämän viestin"),
        *("Tämä viesti poistettiin", "Du slettede denne besked", "Denne besked blev slettet"),
        *("Du slettet denne meldingen", "Denne meldingen ble slettet", "Törölted ezt az üzenetet"),
        *("Ezt az üzenetet törölték", "Ai șters acest mesaj", "Acest mesaj a fost șters"),
        *("Διαγράψατε αυτό το μήνυμα", "Αυτό το μήνυμα διαγράφηκε", "מחקת הודעה זו"),
        *("הודעה זו נמחקה", "Bạn đã xóa tin nhắn này", "Tin nhắn này đã bị xóa"),
        *("Anda menghapus pesan ini", "Pesan ini dihapus", "Media tidak disertakan"),
        *("Du raderade det här meddelandet", "Det här meddelandet raderades"),
        "Media har utelämnats",
        *("このメッセージは削除されました", "メッセージを削除しました", "메시지가 삭제되었습니다"),
        *("您已删除这条消息", "此消息已删除", "你刪除了此訊息", "此訊息已刪除"),
        "이 메시지는 삭제되었습니다",
        *("आपने यह मैसेज मिटाया है", "यह मैसेज मिटाया गया है"),
        *("لقد حذفت هذه الرسالة", "تم حذف هذه الرسالة"),
    )
)


def _stamped(line: str) -> str | None:
    """Return the text after the date and time of a message's first line; None without them."""
    bare = line.lstrip("\u200e\u200f\u202a\u202b\ufeff")
    match = _STAMP.match(bare)
    if match is None and bare[:1].isdigit() and _INVISIBLE.search(bare[:60]):
        match = _STAMP.match(_INVISIBLE.sub("", bare[:60]) + bare[60:])
    return None if match is None else match["rest"]


def _recognises(head: Head) -> bool:
    lines = head.lines[:200]
    rests = [rest for line in lines if (rest := _stamped(line)) is not None]
    messages = sum(_MESSAGE.match(_INVISIBLE.sub("", rest)) is not None for rest in rests)
    return bool(lines) and _stamped(lines[0]) is not None and messages >= max(1, 0.1 * len(lines))


def _read(text: Opened) -> Iterator[Passage]:
    lines: list[str] = []
    for line in text.lines():
        rest = _stamped(line)
        if rest is None:
            if lines:
                lines.append(line)
            continue
        if lines:
            yield from _passage(lines, text)
        lines = [rest]
    if lines:
        yield from _passage(lines, text)


def _passage(lines: list[str], text: Opened) -> Iterator[Passage]:
    left_out = text.account.left_out
    head = _MESSAGE.match(lines[0].lstrip(_NOTE_MARK + "\u200f\u202a\u202b\u2068"))
    if head is None or any(mark in head["name"] for mark in '“”"«»'):
        left_out["system messages"] += 1
        return
    speaker = _INVISIBLE.sub("", head["name"]).strip().removeprefix("~").strip(" \u00a0\u202f")
    body = [head["text"] or "", *lines[1:]]
    if body[0].startswith(_NOTE_MARK):
        # An iPhone's own note; the lines below it may be a person's text about a picture.
        left_out["notes"] += 1
        body = body[1:]
    content = _without_notes(body)
    if content:
        yield Passage(content, speaker)
    elif not head["text"] or not head["text"].startswith(_NOTE_MARK):
        left_out["notes"] += 1


def _without_notes(body: list[str]) -> str:
    """Return the text without notes on media, edits, deletions, locations and polls."""
    kept = []
    for number, line in enumerate(body):
        line = line.split(_NOTE_MARK + "<")[0].rstrip()
        note = _BRACKETED.search(line[-122:]) if line.endswith(">") else None
        if note is not None and (set(" :") & set(note.group()) or is_unspaced(note.group())):
            line = line[: -len(note.group())]
        line = _INVISIBLE.sub("", _MENTION.sub("", line)).strip()
        if option := _OPTION.match(line):
            line = option["text"]
        is_note = line.rstrip(".。").casefold() in _NOTES or line in ("POLL:", "UMFRAGE:")
        if number == 0 and (_ATTACHED.fullmatch(line) or _LOCATION.match(line)):
            is_note = True
        if line and not is_note:
            kept.append(line)
    return "\n".join(kept)


WHATSAPP = Form(
    name="whatsapp",
    label="WhatsApp export",
    unit="messages",
    left_out="time stamps, names and media notes",
    recognises=_recognises,
    read=_read,
)
