"""Turn a state into bytes and back, checking every byte. Knows shapes and checksums; no words.

Layout, little-endian: `FWST`, version (u8), the first 16 bytes of the model's SHA-256, the last
word's id (u32), the bytes of the parts (float32 or int64), and the first 8 bytes of the SHA-256 of
all that. The checksum detects damage but is no signature: anyone who can compute it can make a
state.
"""

import struct

import numpy as np

from foreword.errors import SettingsError
from foreword.folder.architecture import AnyConfig, NgramConfig
from foreword.folder.digest import sha256
from foreword.predictor.state import State

MAGIC, VERSION = b"FWST", 1
_HEAD = struct.Struct("<4sB16sI")
_CHECK = 8
SLACK = 1e-5
"""How far rounding may take |h| beyond 1."""


def encode(state: State, checksum: str) -> bytes:
    """Return the bytes of a state; the checksum is the SHA-256 of the weights, in hexadecimal."""
    head = _HEAD.pack(MAGIC, VERSION, bytes.fromhex(checksum)[:16], state.last)
    little = (part.astype(part.dtype.newbyteorder("<"), copy=False) for part in state.parts)
    body = head + b"".join(part.tobytes() for part in little)
    return body + _check_of(body)


def decode(data: bytes, start: State, config: AnyConfig, checksum: str) -> State:
    """Return the state that `encode` wrote for this model.

    Args:
        data: bytes from anywhere.
        start: a state of the model, for its shapes.
        config: the model's configuration.
        checksum: the checksum of its weights.

    Raises:
        SettingsError: the bytes are no state, damaged, of another model, or out of range.
    """
    shapes = [(part.shape, part.dtype.newbyteorder("<")) for part in start.parts]
    size = _HEAD.size + sum(part.nbytes for part in start.parts) + _CHECK
    if len(data) < _HEAD.size or data[:4] != MAGIC:
        raise _refused("they are not the bytes of a state")
    _, version, model, last = _HEAD.unpack_from(data)
    if version != VERSION:
        raise _refused(f"it has version {version}; this Foreword reads version {VERSION}")
    if model != bytes.fromhex(checksum)[:16]:
        raise _refused("it is of another model, or of this one before it was trained further")
    if len(data) != size:
        raise _refused(f"it has {len(data):,} bytes where this model's states have {size:,}")
    if data[-_CHECK:] != _check_of(data[:-_CHECK]):
        raise _refused("it has been damaged or changed: its checksum differs")
    parts, offset = [], _HEAD.size
    for shape, kind in shapes:
        count = int(np.prod(shape))
        part = np.frombuffer(data, dtype=kind, count=count, offset=offset).reshape(shape)
        parts.append(part.astype(kind.newbyteorder("=")))
        offset += part.nbytes
    _check_ranges(parts, last, config)
    return State(tuple(parts), last)


def _check_ranges(parts: list[np.ndarray], last: int, config: AnyConfig) -> None:
    if last >= config.vocab_size:
        raise _refused(f"its last word has the id {last}, but there are {config.vocab_size:,}")
    for words in (part for part in parts if part.dtype.kind == "i"):
        if len(words) and (words.min() < 0 or words.max() >= config.vocab_size):
            raise _refused(f"it holds ids of words out of range, 0 to {config.vocab_size - 1:,}")
    if isinstance(config, NgramConfig) or not config.is_recurrent:
        return
    if not all(np.isfinite(part).all() for part in parts):
        raise _refused("it holds NaN or infinity")
    if config.cell.is_bounded and np.abs(parts[0]).max() > 1 + SLACK:
        raise _refused(f"its |h| reaches {np.abs(parts[0]).max():g}, but it is at most 1")


def _check_of(body: bytes) -> bytes:
    return bytes.fromhex(sha256(body).hexdigest())[:_CHECK]


def _refused(why: str) -> SettingsError:
    return SettingsError(f"the state is refused: {why}. Begin with predictor.start() or read()")
