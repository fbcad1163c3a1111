"""States that clients hold, signed: one that comes back was made here, or by a replica.

A token is `fw1.` and base64url of the state's bytes and their HMAC-SHA256 (RFC 2104). The bytes
name the model's weights, so that a state of another model is refused by its own content; see
`foreword.predictor.state_bytes`. Knows nothing of requests.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from foreword.errors import SettingsError
from foreword.predictor.predictor import Predictor
from foreword.predictor.state import State
from foreword.server.refusal import RequestError

PREFIX = "fw1."
_PURPOSE = b"foreword state 1"
_SIGNATURE = 32


class Signer:
    """Signs states and reads them. The same keys on every replica let each read all."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        """Takes keys: the first signs, all are accepted; none: one is drawn."""
        given = keys or [secrets.token_bytes(32)]
        # What signs states signs nothing else, whatever the key is used for elsewhere.
        self._keys = [hmac.digest(key, _PURPOSE, hashlib.sha256) for key in given]

    def sign(self, state: State) -> str:
        """The state as a token: letters, digits, `-`, `_` and a dot."""
        data = state.to_bytes()
        signature = hmac.digest(self._keys[0], data, hashlib.sha256)
        return PREFIX + base64.urlsafe_b64encode(data + signature).decode().rstrip("=")

    def read(self, token: str, predictor: Predictor) -> State:
        """The state in a token.

        Raises:
            RequestError: no key of ours signed it, it was changed, or it is of another model.
        """
        data, signature = _parts(token)
        if not any(
            hmac.compare_digest(hmac.digest(key, data, hashlib.sha256), signature)
            for key in self._keys
        ):
            raise _bad("it was changed, or signed with another key")
        try:
            return predictor.state_from_bytes(data)
        except SettingsError as error:
            raise RequestError(400, "bad_state", str(error), param="state") from None


def _parts(token: str) -> tuple[bytes, bytes]:
    if not token.startswith(PREFIX):
        raise _bad(f"it does not begin with {PREFIX}")
    text = token[len(PREFIX) :]
    try:
        both = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _bad("it is not base64url") from None
    # One state has one token: no spare bits at the end to vary.
    if base64.urlsafe_b64encode(both).decode().rstrip("=") != text:
        raise _bad("it is not base64url")
    return both[:-_SIGNATURE], both[-_SIGNATURE:]


def _bad(why: str) -> RequestError:
    return RequestError(
        400,
        "bad_state",
        f"the state is refused: {why}. Begin without one, and read the text anew",
        param="state",
    )
