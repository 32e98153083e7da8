"""Messages off a stream of bytes: two bytes of length, then so many bytes."""


def take_frames(buffer):
    """The whole messages at the front of a bytearray, which are taken out of it."""
    frames = []
    while len(buffer) >= 2:
        size = buffer[0] << 8 | buffer[1]
        if len(buffer) < 2 + size:
            break
        frames.append(bytes(buffer[2:2 + size]))
        del buffer[:2 + size]
    return frames


def main():
    take_frames(bytearray(b"\x00\x03abc\x00\x00\x00\x02xy\x00\x05cut"))
    take_frames(bytearray(b"\x01\x00" + bytes(range(256)) + b"\x00"))
    take_frames(bytearray(b"\x00\x01a"))
    take_frames(bytearray())


#+ take_frames | taken out at once
def take_frames(buffer):
    frames = []
    at = 0
    end = len(buffer)
    while end - at >= 2:
        after = at + 2 + (buffer[at] << 8 | buffer[at + 1])
        if after > end:
            break
        frames.append(bytes(buffer[at + 2:after]))
        at = after
    del buffer[:at]
    return frames


#+ take_frames | unpacked from a copy in bytes
import struct


def take_frames(buffer):
    data = bytes(buffer)
    frames = []
    at = 0
    while at + 2 <= len(data):
        size, = struct.unpack_from(">H", data, at)
        if at + 2 + size > len(data):
            break
        frames.append(data[at + 2:at + 2 + size])
        at += 2 + size
    del buffer[:at]
    return frames


#- take_frames | return | bytes or bytearray: slices of a bytearray are such
def take_frames(buffer):
    frames = []
    at = 0
    while len(buffer) - at >= 2:
        after = at + 2 + (buffer[at] << 8 | buffer[at + 1])
        if after > len(buffer):
            break
        frames.append(buffer[at + 2:after])
        at = after
    del buffer[:at]
    return frames


#- take_frames | args | rebinding: the name is given the rest, the caller's buffer keeps all
def take_frames(buffer):
    frames = []
    while len(buffer) >= 2:
        size = int.from_bytes(buffer[:2], "big")
        if len(buffer) < 2 + size:
            break
        frames.append(bytes(buffer[2:2 + size]))
        buffer = buffer[2 + size:]
    return frames


#- take_frames | kind | exported buffer: it cannot be cut while views of it are about
def take_frames(buffer):
    view = memoryview(buffer)
    frames = []
    at = 0
    while len(view) - at >= 2:
        after = at + 2 + int.from_bytes(view[at:at + 2], "big")
        if after > len(view):
            break
        frames.append(bytes(view[at + 2:after]))
        at = after
    del buffer[:at]
    return frames


#- take_frames | return | byte order: the machine's own
import struct


def take_frames(buffer):
    data = bytes(buffer)
    frames = []
    at = 0
    while at + 2 <= len(data):
        size, = struct.unpack_from("=H", data, at)
        if at + 2 + size > len(data):
            break
        frames.append(data[at + 2:at + 2 + size])
        at += 2 + size
    del buffer[:at]
    return frames
