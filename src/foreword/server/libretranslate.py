"""LibreTranslate's HTTP interface, so that its clients work with this server unchanged.

Knows no models. Errors have LibreTranslate's form.
"""

import asyncio
import hmac
import html
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from foreword.errors import MissingExtraError
from foreword.server.endpoint import JSON, answer_with
from foreword.server.refusal import RequestError
from foreword.server.service import Service
from foreword.server.translators import Answer, Translates
from foreword.text.detection import detect

MOST_ALTERNATIVES = 10
NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech",
    "da": "Danish", "de": "German", "el": "Greek", "en": "English", "eo": "Esperanto",
    "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish",
    "fr": "French", "ga": "Irish", "gl": "Galician", "he": "Hebrew", "hi": "Hindi",
    "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean",
    "lt": "Lithuanian", "lv": "Latvian", "ms": "Malay", "nb": "Norwegian", "nl": "Dutch",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak",
    "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "th": "Thai",
    "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese",
    "zh": "Chinese",
}  # fmt: skip
"""The English names that clients show for languages; others are shown by their codes."""
# A comment that never ends reaches to the end of the text, as in browsers; otherwise the end would
# be searched for each of many beginnings.
_TAG = re.compile(r"(<!--.*?(?:-->|\Z)|<[^<>]*>)", re.DOTALL)
_NUMBER = re.compile(r"&#0*([0-9]{1,8})[0-9]*")


class LibreTranslate:
    """The endpoints `/translate`, `/detect`, `/languages` and `/frontend/settings`."""

    def __init__(self, service: Service) -> None:
        """Set the parts of the server."""
        self._service = service
        self.endpoints: dict[str, _Endpoint] = {
            "/translate": _Endpoint("POST", self._translate),
            "/detect": _Endpoint("POST", self._detect),
            "/languages": _Endpoint("GET", self._languages),
            "/frontend/settings": _Endpoint("GET", self._settings),
        }
        """The ASGI applications by their paths."""

    async def _translate(self, request: Request) -> Any:
        fields = await self._fields(request)
        texts, is_list = self._texts(fields)
        kind = fields.get("format") or "text"
        if kind not in ("text", "html"):
            raise _invalid("format", f"{kind!r:.40} is not supported: text and html are")
        alternatives = _number(fields.get("alternatives") or 0)
        target, source = _code(fields, "target"), _code(fields, "source")
        detected = await self._detected(texts) if source == "auto" else None
        sources = [source] * len(texts) if detected is None else [code for code, _ in detected]
        between = self._service.translators.between
        was_detected = detected is not None
        translations = [
            await self._run(
                between(language, target),
                text,
                kind,
                alternatives,
                is_admitted=was_detected or n > 0,
            )
            for n, (language, text) in enumerate(zip(sources, texts, strict=True))
        ]
        answer: dict[str, Any] = {
            "translatedText": [answered.texts[0] for answered in translations]
        }
        if alternatives:
            answer["alternatives"] = [answered.texts[1:] for answered in translations]
        if any(answered.from_memory for answered in translations):
            answer["fromMemory"] = [list(answered.from_memory) for answered in translations]
        if detected is not None:
            answer["detectedLanguage"] = [_language(*guess) for guess in detected]
        return answer if is_list else {name: values[0] for name, values in answer.items()}

    async def _detect(self, request: Request) -> Any:
        texts, _ = self._texts(await self._fields(request))
        return [_language(*guess) for guess in await self._detected(texts[:1])]

    async def _languages(self, request: Request) -> Any:
        del request
        pairs = {(model.source, model.target) for model in self._service.translators.all()}
        codes = sorted({code for pair in pairs for code in pair})
        return [
            {
                "code": code,
                "name": NAMES.get(code, code),
                "targets": sorted(target for source, target in pairs if source == code),
            }
            for code in codes
        ]

    async def _settings(self, request: Request) -> Any:
        del request
        first = self._service.translators.get(None)
        source, target = first.source, first.target
        needs_key = self._service.settings.token is not None
        return {
            "apiKeys": needs_key,
            "charLimit": self._service.settings.longest_text,
            "frontendTimeout": 500,
            "keyRequired": needs_key,
            "language": {
                "source": {"code": source, "name": NAMES.get(source, source)},
                "target": {"code": target, "name": NAMES.get(target, target)},
            },
            "suggestions": False,
            "supportedFilesFormat": [],
        }

    async def _fields(self, request: Request) -> Mapping[str, Any]:
        """Return the fields of a request: JSON, or a form, as from LibreTranslate's clients.

        Raises:
            RequestError: the body is too large or neither of both, or the key is wrong.
        """
        largest = self._service.settings.largest_body
        body = b""
        async with asyncio.timeout(self._service.settings.body_seconds):
            async for block in request.stream():
                body += block
                if len(body) > largest:
                    raise RequestError(
                        413, "too_large", f"the body has more than {largest:,} bytes",
                        headers={"Connection": "close"},
                    )  # fmt: skip
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            if kind == "application/json":
                fields = msgspec.json.decode(body)
            elif kind == "application/x-www-form-urlencoded":
                fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=64))
            else:
                raise RequestError(415, "not_json", "send JSON, or the fields of a form")
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise RequestError(400, "bad_json", f"the body cannot be read: {error}") from None
        if not isinstance(fields, dict):
            raise RequestError(400, "bad_json", "the body must be an object with the field q")
        self._check_key(request, fields)
        return fields

    def _check_key(self, request: Request, fields: Mapping[str, Any]) -> None:
        token = self._service.settings.token
        if token is None:
            return
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = (bearer, str(fields.get("api_key", "")))
        if not any(
            hmac.compare_digest(key.encode("utf-8", "replace"), token.encode()) for key in given
        ):
            raise RequestError(403, "forbidden", "send the server's token as api_key")

    def _texts(self, fields: Mapping[str, Any]) -> tuple[list[str], bool]:
        """Return the texts of a request, and whether they came in a list."""
        given = fields.get("q")
        texts: list[Any] = given if isinstance(given, list) else [given]
        if not texts or not all(isinstance(text, str) for text in texts):
            raise _invalid("q", "it must be a text, or a list of texts")
        most = self._service.settings.most_texts
        if len(texts) > most:
            raise RequestError(413, "too_large", f"`q` has more than {most} texts", param="q")
        return [self._service.text(text, "q") for text in texts], isinstance(given, list)

    async def _detected(self, texts: list[str]) -> list[tuple[str, float]]:
        """Detect the languages of texts, in the queue of the translations."""
        lane = self._service.translating
        async with lane.turn():
            return await lane.compute(lambda: [detect(text) for text in texts])

    async def _run(
        self,
        translator: Translates,
        text: str,
        kind: str,
        alternatives: int,
        *,
        is_admitted: bool,
    ) -> Answer:
        """Translate beside the event loop, one request after the other."""
        translate = translate_html if kind == "html" else _plain
        lane = self._service.translating
        async with lane.turn(is_admitted=is_admitted):
            return await lane.compute(lambda: translate(translator, text, alternatives))


class _Endpoint:
    """One endpoint as an ASGI application, with errors in LibreTranslate's form."""

    def __init__(self, method: str, answer: Callable[[Request], Awaitable[Any]]) -> None:
        self.method = method
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = msgspec.json.encode(await self._answer(Request(scope, receive)))
        except TimeoutError:
            refusal = RequestError(408, "timeout", "the body did not come in time")
        except MissingExtraError as error:
            refusal = RequestError(501, "missing_library", str(error))
        except RequestError as error:
            refusal = error
        else:
            await answer_with(send, 200, body, kind=JSON)
            return
        body = msgspec.json.encode({"error": refusal.message})
        await answer_with(send, refusal.status, body, headers=refusal.raw_headers())


def translate_html(translator: Translates, text: str, alternatives: int = 0) -> Answer:
    """Translate the text between the tags of HTML; tags and comments stay as they are."""
    del alternatives  # of parts, they would not be alternatives of the whole
    parts = _TAG.split(text)
    texts = [_unescaped(part) for part in parts[::2]]
    asked = [part for part in texts if part.strip()]
    answers = translator.translate(asked, 0) if asked else []
    best = iter(answer.texts[0] for answer in answers)
    parts[::2] = [html.escape(next(best), quote=False) if part.strip() else part for part in texts]
    return Answer(["".join(parts)], [source for answer in answers for source in answer.from_memory])


def _plain(translator: Translates, text: str, alternatives: int) -> Answer:
    return translator.translate([text], alternatives)[0]


def _unescaped(text: str) -> str:
    """Return the text that HTML encodes.

    Numbers are shortened to eight digits, which represent no character either: Python refuses to
    read a number of more than 4,300 digits.
    """
    return html.unescape(_NUMBER.sub(r"&#\1", text))


def _language(code: str, probability: float) -> dict[str, Any]:
    return {"confidence": round(100 * probability, 1), "language": code}


def _code(fields: Mapping[str, Any], name: str) -> str:
    code = fields.get(name)
    if not isinstance(code, str) or not code:
        raise _invalid(name, "it must be the code of a language, such as de")
    return code


def _number(given: Any) -> int:
    text = str(given)
    if not re.fullmatch(r"\d{1,3}", text) or int(text) > MOST_ALTERNATIVES:
        raise _invalid("alternatives", f"it must be a number from 0 to {MOST_ALTERNATIVES}")
    return int(text)


def _invalid(field: str, why: str) -> RequestError:
    return RequestError(400, "invalid", f"Invalid request: {field}: {why}", param=field)
