"""Sign the states that clients hold, so that a server accepts only its own and its replicas'.

A token is `fw1.` followed by the base64url of the state's bytes and their HMAC-SHA256 (RFC 2104).
The bytes contain the checksum of the model's weights, so that a state of another model is refused;
see `foreword.predictor.state_bytes`. Knows nothing of requests.
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
    """Sign states and check their signatures. Replicas with the same keys accept each other's."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        """Set the keys: the first one signs, all are accepted. Without any, one is drawn."""
        keys = keys or [secrets.token_bytes(32)]
        # The derived keys sign nothing but states, even if the keys have other uses.
        self._keys = [hmac.digest(key, _PURPOSE, hashlib.sha256) for key in keys]

    def sign(self, state: State) -> str:
        """Return the state as a token of letters, digits, `-`, `_` and a dot."""
        data = state.to_bytes()
        signature = hmac.digest(self._keys[0], data, hashlib.sha256)
        return PREFIX + base64.urlsafe_b64encode(data + signature).decode().rstrip("=")

    def read(self, token: str, predictor: Predictor) -> State:
        """Return the state in a token.

        Raises:
            RequestError: it was changed, signed with another key, or belongs to another model.
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
    # Spare bits at the end must be zero, so that a state has only one token.
    if base64.urlsafe_b64encode(both).decode().rstrip("=") != text:
        raise _bad("it is not base64url")
    return both[:-_SIGNATURE], both[-_SIGNATURE:]


def _bad(why: str) -> RequestError:
    return RequestError(
        400,
        "bad_state",
        f"the state is refused: {why}. Start without one, and read the text again",
        param="state",
    )
