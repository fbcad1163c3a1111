"""Files that are whole or not there, and tensor files that know their own checksum. No models."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as decode
from safetensors.numpy import save as encode

from foreword.errors import FolderError

CHECKSUM = "sha256"
LARGEST_FILE = 64 << 30
RESTORE = "Restore it from where it came from, or train the model anew."


def atomic_write(path: Path, data: bytes) -> None:
    """Writes a new file beside `path`, makes sure that it is on the disk, and renames it.

    Whatever happens on the way, `path` holds all of the old content or all of the new.

    Raises:
        FolderError: the disk is full or the folder cannot be written to.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise FolderError(f"{path}: cannot be written: {error}") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()


def sync_folder(folder: Path) -> None:
    """Makes sure that a rename in the folder is on the disk, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def read_bytes(path: Path) -> bytes:
    """The content of a file of a sane size.

    Raises:
        FolderError: it is missing, no regular file, huge, or cannot be read.
    """
    try:
        if not path.is_file():
            missing = "is not a file" if path.exists() else "is missing"
            raise FolderError(f"{path} {missing}. {RESTORE}")
        if path.stat().st_size > LARGEST_FILE:
            raise FolderError(f"{path} is larger than any model. {RESTORE}")
        return path.read_bytes()
    except OSError as error:
        raise FolderError(f"{path}: cannot be read: {error}") from error


def write_tensors(
    path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> None:
    """Writes a safetensors file, atomically, with a checksum over all that it holds."""
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    checked = {**metadata, CHECKSUM: _checksum(contiguous, metadata)}
    atomic_write(path, encode(contiguous, metadata=checked))


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """What `write_tensors` wrote, without the checksum.

    Raises:
        FolderError: the file is missing, cut short, changed, or no such file.
    """
    data = read_bytes(path)
    try:
        arrays = decode(data)
        metadata = _metadata(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise FolderError(f"{path} is damaged or cut short ({error}). {RESTORE}") from error
    if metadata.pop(CHECKSUM, None) != _checksum(arrays, metadata):
        raise FolderError(f"{path} has been changed or damaged: its checksum differs. {RESTORE}")
    return arrays, metadata


def _metadata(data: bytes) -> dict[str, str]:
    length = int.from_bytes(data[:8], "little")
    document = json.loads(data[8 : 8 + length])
    return {str(k): str(v) for k, v in document.get("__metadata__", {}).items()}


def _checksum(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(dict(metadata), sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(json.dumps([name, str(array.dtype), list(array.shape)]).encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
