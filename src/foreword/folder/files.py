"""Atomic writing of files, and tensor files with a checksum of their own. Knows no models."""

import contextlib
import errno
import json
import math
import mmap
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as encode

from foreword.errors import FolderError
from foreword.folder.digest import sha256

CHECKSUM = "sha256"
LARGEST_FILE = 64 << 30
LONGEST_NAME = 255
"""Bytes of a file's name, on about every file system."""
TEMPORARY = re.compile(r"\.(?P<target>.+)\.[0-9a-f]{8}\.foreword", re.DOTALL)
"""The pattern of temporary names, which a killed process leaves behind."""
ALIGNMENT = 64
"""The data of a tensor file begins at a multiple of this many bytes."""
BLOCK = 1 << 20
"""Bytes compared at a time."""
RESTORE = "Restore it from where it came from, or train the model anew."

_KINDS = {
    "BOOL": "bool",
    **{
        f"{kind}{bits}": f"{name}{bits}"
        for kind, name in (("I", "int"), ("U", "uint"))
        for bits in (8, 16, 32, 64)
    },
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
    "BF16": "bfloat16",
}


class TensorHeader(NamedTuple):
    """The dtype, by numpy's name where it has one, and the shape of a tensor in a file."""

    dtype: str
    shape: tuple[int, ...]


def atomic_write(path: Path, *parts: bytes | memoryview) -> None:
    """Write a new file beside `path`, sync it to the disk, and rename it to `path`.

    Whatever happens meanwhile, `path` has either all of the old content or all of the new.

    Raises:
        FolderError: the disk is full or the folder cannot be written to.
    """
    temporary = temporary_beside(path)
    with writing(path):
        try:
            with temporary.open("xb") as file:  # by the umask, like any file that the user makes
                for part in parts:
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's errors into errors that name the file or folder.

    Raises:
        FolderError: the disk is full, or writing is not permitted.
    """
    try:
        yield
    except OSError as error:
        raise FolderError(f"{path}: cannot be written: {error}") from error


def holds(path: Path, *parts: bytes | memoryview) -> bool:
    """Whether a file has exactly this content; stops reading at the first difference."""
    try:
        with path.open("rb") as file:
            for part in parts:
                for begin in range(0, len(part), BLOCK):
                    block = part[begin : begin + BLOCK]
                    if file.read(len(block)) != block:
                        return False
            return not file.read(1)
    except OSError:
        return False


def temporary_beside(path: Path) -> Path:
    """An unused hidden name in the same folder: `.NAME.RANDOM.foreword`.

    A checksum takes the place of a NAME that is too long.
    """
    name = f".{path.name}{_ending()}"
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = f".{_short(path.name)}{_ending()}"
    return path.with_name(name)


def is_temporary(name: str, target: str | None = None) -> bool:
    """Whether `temporary_beside` made this name, and made it for `target` if that is given.

    >>> is_temporary(".config.json.00c0ffee.foreword", "config.json")
    True
    >>> is_temporary(".config.json.00c0ffee.foreword", "json")
    False
    """
    match = TEMPORARY.fullmatch(name)
    return match is not None and (target is None or match["target"] in (target, _short(target)))


def _ending() -> str:
    return f".{os.urandom(4).hex()}.foreword"


def _short(name: str) -> str:
    return sha256(os.fsencode(name)).hexdigest()[:16]


def sync_folder(folder: Path) -> None:
    """Sync a rename in the folder to the disk, where the system supports it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_bytes(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """The content of a file of at most `largest` bytes.

    Raises:
        FolderError: it is missing, no regular file, larger, or cannot be read.
    """
    _check_file(path, largest)
    try:
        return path.read_bytes()
    except OSError as error:
        raise FolderError(f"{path}: cannot be read: {error}") from error


def _check_file(path: Path, largest: int) -> None:
    try:
        if not path.is_file():
            missing = "is not a file" if path.exists() else "is missing"
            raise FolderError(f"{path} {missing}. {RESTORE}")
        size = path.stat().st_size
    except OSError as error:
        raise FolderError(f"{path}: cannot be read: {error}") from error
    if size > largest:
        raise FolderError(
            f"{path} has {size:,} bytes, but no file of its kind has more than {largest:,}. "
            f"{RESTORE}"
        )


def write_tensors(
    path: Path, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> None:
    """Write a safetensors file atomically, with a checksum of its whole content."""
    atomic_write(path, *tensor_bytes(arrays, metadata))


def tensor_bytes(
    arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> tuple[bytes, memoryview]:
    """The header and the data of a safetensors file, with a checksum of its whole content.

    The same arrays and metadata always give the same bytes; the library by itself would write the
    metadata in an order that changes from call to call.
    """
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    checked = {**metadata, CHECKSUM: checksum(contiguous, metadata)}
    encoded = encode(contiguous, metadata=checked)
    end = 8 + int.from_bytes(encoded[:8], "little")
    header = json.loads(encoded[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    # The data begins a line of a cache, so that rows of matrices can be used where they are mapped.
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text, memoryview(encoded)[end:]


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read the arrays and the metadata that `write_tensors` wrote.

    The arrays are the file itself, mapped into memory read-only: processes share it, and unused
    parts take no memory. They do not change if a new file is renamed to this path.

    Raises:
        FolderError: the file is missing, cut short, changed, or not a safetensors file.
    """
    headers, metadata = read_header(path)
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        arrays = {name: _array(mapped, *parts) for name, parts in _offsets(mapped, headers).items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, error) from error
    if metadata.pop(CHECKSUM, None) != checksum(arrays, metadata):
        raise FolderError(f"{path} has been changed or damaged: its checksum differs. {RESTORE}")
    return arrays, metadata


def read_header(path: Path) -> tuple[dict[str, TensorHeader], dict[str, str]]:
    """Read the header of a safetensors file: dtypes and shapes by name, and the metadata.

    The data is not read, and the checksum is not compared.

    Raises:
        FolderError: the file is missing, cut short, or not a safetensors file.
    """
    _check_file(path, LARGEST_FILE)
    try:
        with safe_open(path, framework="np") as file:
            parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            headers = {
                name: TensorHeader(
                    _KINDS.get(part.get_dtype(), part.get_dtype()), tuple(part.get_shape())
                )
                for name, part in parts.items()
            }
            return headers, dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> FolderError:
    if isinstance(error, OSError):  # it may be intact, without permission or memory to read it
        if error.errno == errno.ENOMEM:
            raise MemoryError(f"there is not enough memory to read {path}: {error}") from error
        return FolderError(f"{path}: cannot be read: {error}")
    return FolderError(f"{path} is damaged or cut short ({error}). {RESTORE}")


def _offsets(
    mapped: mmap.mmap, headers: Mapping[str, TensorHeader]
) -> dict[str, tuple[TensorHeader, int]]:
    """The offset of each tensor in the file. The library has checked them."""
    length = int.from_bytes(mapped[:8], "little")
    document = json.loads(mapped[8 : 8 + length])
    return {
        name: (header, 8 + length + document[name]["data_offsets"][0])
        for name, header in headers.items()
    }


def _array(mapped: mmap.mmap, header: TensorHeader, begin: int) -> np.ndarray:
    count = math.prod(header.shape)
    if count == 0:
        return np.empty(header.shape, header.dtype)
    return np.frombuffer(mapped, header.dtype, count, begin).reshape(header.shape)


def bytes_behind(array: np.ndarray) -> int:
    """The bytes of the mapped file behind an array of `read_tensors`; 0 for other arrays."""
    mapped = _mapped(array)
    if mapped is None or not array.flags.c_contiguous:
        return 0
    file = np.frombuffer(mapped, np.uint8)
    begin, own_begin = (part.__array_interface__["data"][0] for part in (file, array))
    return int(begin + file.nbytes - own_begin - array.nbytes)


def give_back_memory(arrays: Mapping[str, np.ndarray]) -> None:
    """Give the system the memory of the mapped files behind arrays.

    It maps again what is used again. A system that cannot do this keeps the memory.
    """
    files = {id(mapped): mapped for array in arrays.values() if (mapped := _mapped(array))}
    if hasattr(mmap, "MADV_DONTNEED"):
        for mapped in files.values():
            with contextlib.suppress(OSError):  # all memory of the process may be locked
                mapped.madvise(mmap.MADV_DONTNEED)


def _mapped(array: np.ndarray) -> mmap.mmap | None:
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    mapped = base.obj if isinstance(base, memoryview) else None
    return mapped if isinstance(mapped, mmap.mmap) else None


def checksum(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """The SHA-256, in hexadecimal digits, that a tensor file has of its tensors and metadata."""
    digest = sha256(json.dumps(dict(metadata), sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(json.dumps([name, str(array.dtype), list(array.shape)]).encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
