"""Whole plain frames out of a server's bytes; the plain twin is plain_splitter.

The frame layout is that of RFC 6455, section 5.2.
"""

from libc.stdint cimport uint64_t

cdef enum:
    TEXT_WHOLE = 0x81
    BINARY_WHOLE = 0x82
    FIN = 0x80
    OPCODE = 0x0F
    CONTROL = 0x08
    MASKED = 0x80

# A length beyond this is a fault that the library finds in the header.
cdef uint64_t LENGTH_MAX = <uint64_t>1 << 62


cdef class FrameSplitter:
    """Delivers whole plain messages itself and hands all other bytes to a parser; see the `.pyi`."""

    cdef object deliver
    cdef object parse
    cdef uint64_t message_bytes_max
    cdef bytes held
    cdef uint64_t owed
    cdef bint fragments

    def __init__(self, deliver, parse, uint64_t message_bytes_max):
        self.deliver = deliver
        self.parse = parse
        self.message_bytes_max = message_bytes_max
        self.held = b""

    def follow(self, bytes data not None):
        """Note where frames end in bytes that the parser has already; False when it cannot."""
        cdef const unsigned char *p = data
        cdef uint64_t at = 0, size = len(data), length = 0
        cdef int header
        while at < size:
            if self.owed == 0:
                header = _header(p + at, size - at, &length)
                if header == 0:
                    return False
                self._begin(p[at], header + length)
            at += self._pass(size - at)
        return True

    def split(self, bytes data not None, recv_ns):
        """Take what left the socket."""
        cdef bytes chunk = self.held + data if self.held else data
        cdef const unsigned char *p = chunk
        cdef uint64_t at = 0, start = 0, size = len(chunk), length = 0
        cdef int header
        self.held = b""
        while at < size:
            if self.owed:
                at += self._pass(size - at)
                continue
            header = _header(p + at, size - at, &length)
            if header == 0:
                break
            if (
                self.fragments
                or (p[at] != TEXT_WHOLE and p[at] != BINARY_WHOLE)
                or p[at + 1] & MASKED
                or length > self.message_bytes_max
                or length > size - at - header
            ):
                self._begin(p[at], header + length)
                continue
            if start < at and not self.parse(chunk[start:at]):
                self.parse(chunk[at:])
                return
            self.deliver(chunk[at + header:at + header + length], recv_ns)
            at += header + length
            start = at
        if start < at and not self.parse(chunk[start:at]):
            if at < size:
                self.parse(chunk[at:])
            return
        self.held = chunk[at:]

    def release(self):
        """Return the bytes that were held back: whoever splits no more gives them to the parser."""
        held, self.held = self.held, b""
        return held

    cdef void _begin(self, unsigned char first, uint64_t size) noexcept:
        """A frame begins that the parser gets, of so many bytes."""
        if not first & CONTROL:
            self.fragments = not first & FIN
        self.owed = size

    cdef uint64_t _pass(self, uint64_t size) noexcept:
        """Return how many of the next bytes belong to the parser's frame, and write them off."""
        cdef uint64_t step = min(self.owed, size)
        self.owed -= step
        return step


cdef int _header(const unsigned char *p, uint64_t size, uint64_t *length) noexcept nogil:
    """Read a frame's header; returns its bytes, 0 when it is not whole."""
    cdef int bytes_ = 2, i
    cdef int short
    if size < 2:
        return 0
    short = p[1] & 0x7F
    if short == 126:
        bytes_ = 4
    elif short == 127:
        bytes_ = 10
    if size < <uint64_t>bytes_:
        return 0
    length[0] = short
    if bytes_ > 2:
        length[0] = 0
        for i in range(2, bytes_):
            length[0] = length[0] << 8 | p[i]
    length[0] = min(length[0], LENGTH_MAX)
    return bytes_ + 4 if p[1] & MASKED else bytes_
