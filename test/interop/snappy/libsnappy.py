"""Google's libsnappy at work for snapshot-compression.test.ts: reads records from standard input, writes as many to standard
output. A record is a big-endian length and so many bytes. `compress` answers each with its block, `uncompress` with what the
block holds, or with a length of -1 when the library refuses it."""

import ctypes
import struct
import sys

library = ctypes.CDLL("libsnappy.so.1")
library.snappy_max_compressed_length.restype = ctypes.c_size_t


def compress(content):
    length = ctypes.c_size_t(library.snappy_max_compressed_length(ctypes.c_size_t(len(content))))
    out = ctypes.create_string_buffer(length.value)
    status = library.snappy_compress(content, ctypes.c_size_t(len(content)), out, ctypes.byref(length))
    return out.raw[: length.value] if status == 0 else None


def uncompress(block):
    length = ctypes.c_size_t(0)
    if library.snappy_uncompressed_length(block, ctypes.c_size_t(len(block)), ctypes.byref(length)) != 0:
        return None
    if length.value > 1 << 20:
        return None
    out = ctypes.create_string_buffer(max(length.value, 1))
    status = library.snappy_uncompress(block, ctypes.c_size_t(len(block)), out, ctypes.byref(length))
    return out.raw[: length.value] if status == 0 else None


work = {"compress": compress, "uncompress": uncompress}[sys.argv[1]]
while True:
    head = sys.stdin.buffer.read(4)
    if len(head) < 4:
        break
    answer = work(sys.stdin.buffer.read(struct.unpack(">i", head)[0]))
    sys.stdout.buffer.write(struct.pack(">i", -1) if answer is None else struct.pack(">i", len(answer)) + answer)
