"""Send arrays and JSON data through a pipe between two processes. Does not know their meaning.

A message is a line of JSON, which also has the arrays' types and shapes, and then their bytes.
"""

import json
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np


def send(
    stream: BinaryIO, document: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None
) -> None:
    """Write a message, and flush the pipe.

    Raises:
        OSError: the pipe is no longer read.
    """
    arrays = arrays or {}
    shapes = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
    stream.write(json.dumps([document, shapes]).encode() + b"\n")
    stream.writelines(np.ascontiguousarray(array).tobytes() for array in arrays.values())
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the next message. Its arrays cannot be written to.

    Raises:
        EOFError: the other process has ended.
    """
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    document, shapes = json.loads(line)
    arrays = {}
    for name, kind, shape in shapes:
        dtype = np.dtype(kind)
        size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        content = stream.read(size)
        if len(content) < size:
            raise EOFError
        arrays[name] = np.frombuffer(content, dtype).reshape(shape)
    return document, arrays
