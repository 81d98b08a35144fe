"""A part as bytes to be kept, and read back without copying. Pure.

Format 1, all numbers little endian:

| bytes | what |
|---|---|
| 8 | `DPDPART` and the format's number, one byte |
| 32 | the stamp: SHA-256 of whatever the arrays hang on beside the filters (grammar, analyser, salt) |
| 32 | SHA-256 of everything behind it |
| 8 | the length of the directory |
| n | the directory: JSON, a list of [name, dtype, shape, first byte counted from the beginning of the arrays] |
| | zeros up to a multiple of 64 |
| | the arrays of `Part.arrays`, in C order, each at a multiple of 64, zeros between |

Another format or stamp, a wrong sum or a wrong length: it is not read at all. Nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import json
import struct
from mmap import mmap

import numpy as np
from numpy.typing import NDArray

from digest.matching.part import Part

MAGIC = b"DPDPART\x01"
ALIGNED = 64  # bytes: numpy and the processor like whole cache lines
HEAD = struct.Struct("<8s32s32sQ")
SUMMED_FROM = 72  # what the sum covers begins here


class UnreadablePart(ValueError):
    """These bytes are no part that can be used now."""


def packed(part: Part, stamp: bytes) -> bytes:
    """The part as bytes; `stamp` has 32."""
    directory, arrays, place = [], [], 0
    for name, array in part.arrays().items():
        plain = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
        directory.append([name, plain.dtype.str, list(plain.shape), place])
        arrays.append(plain.tobytes() + bytes(-plain.nbytes % ALIGNED))
        place += len(arrays[-1])
    listed = json.dumps(directory).encode()
    listed += bytes(-(HEAD.size + len(listed)) % ALIGNED)
    behind = struct.pack("<Q", len(listed)) + listed + b"".join(arrays)
    return MAGIC + stamp + hashlib.sha256(behind).digest() + behind


def unpacked(data: bytes | mmap, stamp: bytes) -> Part:
    """The part whose arrays lie in `data` (which must stay): UnreadablePart unless all is as it was written."""
    view = memoryview(data)
    if len(view) < HEAD.size:
        raise UnreadablePart("too short")
    magic, stamped, total, length = HEAD.unpack_from(view)
    if magic != MAGIC or stamped != stamp:
        raise UnreadablePart("of another version")
    if hashlib.sha256(view[SUMMED_FROM:]).digest() != total:
        raise UnreadablePart("damaged")
    directory = json.loads(bytes(view[HEAD.size : HEAD.size + length]).rstrip(b"\0"))
    first = HEAD.size + length
    return Part.from_arrays(
        {name: _array(view, dtype, shape, first + place) for name, dtype, shape, place in directory}
    )


def _array(view: memoryview, dtype: str, shape: list[int], first: int) -> NDArray[np.generic]:
    count = int(np.prod(shape))
    return np.frombuffer(view, dtype=np.dtype(dtype), count=count, offset=first).reshape(shape)
