"""The codecs of chromasnap's repository format, version 1: stored forms to plaintext. See the page of that name."""
import ctypes
import ctypes.util
import struct

BLOCK = 512
RAW, ZSTD, PLANES, EXPONENTS, PATCH = range(5)


class Damaged(Exception):
    """Bytes that are not what the format says they should be."""


def need(condition, message):
    if not condition:
        raise Damaged(message)


class Fields:
    """Takes little-endian fields off the front of bytes."""

    def __init__(self, data, what):
        self.data, self.what, self.at = data, what, 0

    def take(self, layout):
        layout = "<" + layout
        size = struct.calcsize(layout)
        need(self.at + size <= len(self.data), f"{self.what} ends too soon")
        values = struct.unpack_from(layout, self.data, self.at)
        self.at += size
        return values if len(values) > 1 else values[0]

    def bytes(self, count):
        return self.take(f"{count}s") if count else b""

    @property
    def left(self):
        return len(self.data) - self.at


def load_zstd():
    lib = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    for name, result, arguments in [
        ("ZSTD_createDCtx", pointer, []),
        ("ZSTD_isError", ctypes.c_uint, [size]),
        ("ZSTD_findFrameCompressedSize", size, [ctypes.c_char_p, size]),
        ("ZSTD_DCtx_reset", size, [pointer, ctypes.c_int]),
        ("ZSTD_DCtx_refPrefix", size, [pointer, ctypes.c_char_p, size]),
        ("ZSTD_decompressDCtx", size, [pointer, ctypes.c_char_p, size, ctypes.c_char_p, size]),
    ]:
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


zstd = load_zstd()
context = zstd.ZSTD_createDCtx()


def decompress(frame, length, prefix=b""):
    """The plaintext of exactly one frame; it must be `length` bytes long."""
    need(zstd.ZSTD_findFrameCompressedSize(frame, len(frame)) == len(frame), "this is not one zstd frame")
    zstd.ZSTD_DCtx_reset(context, 3)  # session and parameters
    if prefix:
        zstd.ZSTD_DCtx_refPrefix(context, prefix, len(prefix))
    output = ctypes.create_string_buffer(max(length, 1))
    written = zstd.ZSTD_decompressDCtx(context, output, length, frame, len(frame))
    need(not zstd.ZSTD_isError(written) and written == length, "a zstd frame does not hold what it should")
    return output.raw[:length]


def split_lengths(length, phase):
    need(phase <= 3 and phase <= length, "an impossible phase")
    words = (length - phase) // 4
    return words, length - phase - 4 * words


def open_planes(stored, length, phase):
    words, _ = split_lengths(length, phase)
    data = decompress(stored, length)
    joined = bytearray(4 * words)
    for plane in range(4):
        joined[plane::4] = data[plane * words:(plane + 1) * words]
    rest = data[4 * words:]
    return rest[:phase] + bytes(joined) + rest[phase:]


def open_exponents(stored, length, phase):
    words, tail = split_lengths(length, phase)
    need(len(stored) >= 4, "an exponent plane ends too soon")
    (frame,) = struct.unpack_from("<I", stored)
    need(4 + frame + 3 * words + phase + tail == len(stored), "the lengths of an exponent plane contradict each other")
    rotated = bytearray(4 * words)
    rotated[3::4] = decompress(stored[4:4 + frame], words)
    rest = stored[4 + frame:]
    for byte in range(3):
        rotated[byte::4] = rest[byte:3 * words:3]
    # All words at once, as one long integer: each is rotated right by one bit.
    number = int.from_bytes(rotated, "little")
    low = int.from_bytes(b"\1\0\0\0" * words, "little")
    number = (number & low) << 31 | (number & ~low) >> 1
    rest = rest[3 * words:]
    return rest[:phase] + number.to_bytes(4 * words, "little") + rest[phase:]


def dirty_blocks(form, is_bitmap, blocks):
    """The numbers of the dirty blocks, ascending."""
    if is_bitmap:
        need(len(form) == (blocks + 7) // 8, "a bitmap of the wrong length")
        dirty = [i for i in range(8 * len(form)) if form[i // 8] >> i % 8 & 1]
        need(not dirty or dirty[-1] < blocks, "a bitmap with too many bits")
        return dirty
    numbers, at = [], 0
    while at < len(form):
        value = 0
        for shift in (0, 7, 14):
            need(at < len(form), "a number ends too soon")
            value |= (form[at] & 127) << shift
            at += 1
            if form[at - 1] < 128:
                break
        else:
            raise Damaged("a number is too long")
        numbers.append(value)
    need(len(numbers) % 2 == 0, "a run without its length")
    dirty, at = [], 0
    for clean, count in zip(numbers[::2], numbers[1::2]):
        at += clean
        need(count > 0 and at + count <= blocks, "a run of blocks past the chunk's end")
        dirty += range(at, at + count)
        at += count
    return dirty


def apply_patch(stored, length, base):
    fields = Fields(stored, "a patch")
    flags, size = fields.take("BH")
    need(flags <= 3, "a patch of an unknown kind")
    blocks = -(-length // BLOCK)
    dirty = dirty_blocks(fields.bytes(size), flags & 2, blocks)
    if length > len(base):
        first_new = len(base) // BLOCK
        need(set(range(first_new, blocks)) <= set(dirty), "a patch leaves bytes past its base's end undefined")
    old = b"".join(base[i * BLOCK:(i + 1) * BLOCK] for i in dirty)
    total = sum(min(length, (i + 1) * BLOCK) - i * BLOCK for i in dirty)
    new = decompress(stored[fields.at:], total, old if flags & 1 else b"")
    result = bytearray(base[:length].ljust(length, b"\0"))
    at = 0
    for i in dirty:
        end = min(length, (i + 1) * BLOCK)
        result[i * BLOCK:end] = new[at:at + end - i * BLOCK]
        at += end - i * BLOCK
    return bytes(result)


def open_whole(codec, stored, length, phase):
    """The plaintext of a chunk that is stored whole."""
    if codec == RAW:
        return stored
    if codec == ZSTD:
        return decompress(stored, length)
    return open_planes(stored, length, phase) if codec == PLANES else open_exponents(stored, length, phase)
