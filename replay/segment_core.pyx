"""The hot core of segments: records into a mapping, and out of a segment's bytes.

`segment_plain` does the same in plain Python and is what this file is tested against.
"""

from cpython.buffer cimport (
    PyBUF_SIMPLE,
    PyBUF_WRITABLE,
    Py_buffer,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.bytes cimport (
    PyBytes_AS_STRING,
    PyBytes_CheckExact,
    PyBytes_FromStringAndSize,
    PyBytes_GET_SIZE,
)
from libc.stdint cimport int64_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcpy

from replay.crc32c cimport crc32c_update

from .segment_format import Record

cdef extern from *:
    """
    #include <stdint.h>
    static inline void store_release(unsigned char *at, uint64_t word) {
        __atomic_store_n((uint64_t *)at, word, __ATOMIC_RELEASE);
    }
    """
    void store_release(unsigned char *at, uint64_t word) noexcept nogil

cdef struct RecordHeader:
    uint64_t commit
    uint64_t number
    int64_t ts_ns
    uint32_t kind
    uint32_t checksum

cdef enum:
    HEADER_BYTES = 32
    MARK_LEAST = 40
    PAGE = 4096
    MAX_PAYLOAD = 67108864

cdef uint32_t KIND_RESERVED = 0xFFFFFF00U
cdef uint32_t KIND_END = 0xFFFFFFFEU
cdef uint32_t KIND_MARK = 0xFFFFFFFFU
cdef object new_tuple = tuple.__new__


cdef inline uint64_t commit_word(uint64_t length) noexcept nogil:
    return length | ((~length & 0xFFFFFFFFU) << 32)


cdef inline Py_ssize_t padded(Py_ssize_t length) noexcept nogil:
    return (length + 7) & ~<Py_ssize_t>7


cdef class RecordLog:
    """Appends records to one mapped segment after another.

    `attach` gives it a zeroed, writable buffer; the last page of it stays free for the end mark.
    When a record does not fit, `on_full(payload_length)` is called: it attaches a new buffer in
    which the record fits, or raises, and then nothing was appended.
    """

    def __cinit__(self):
        self.base = NULL
        self.position = self.limit = self.size = 0
        self.next_number = 0
        self.last_ts_ns = 0
        self.on_full = None

    def __dealloc__(self):
        if self.base != NULL:
            PyBuffer_Release(&self.view)

    @property
    def offset(self):
        """Where the next record starts, bytes into the segment."""
        return self.position

    @property
    def number(self):
        """The number of the next record, which is how many the log has had."""
        return self.next_number

    def attach(self, buffer, Py_ssize_t offset, uint64_t number, uint32_t seed):
        """Go on in `buffer` at `offset` with record `number`; ValueError when it cannot hold one.

        The buffer is whole pages, aligned to eight bytes, zero from `offset` on.
        """
        self.detach()
        PyObject_GetBuffer(buffer, &self.view, PyBUF_SIMPLE | PyBUF_WRITABLE)
        if (
            self.view.len % PAGE != 0
            or offset < 0
            or offset % 8 != 0
            or offset > self.view.len - 2 * PAGE
            or <uintptr_t>self.view.buf % 8 != 0
        ):
            PyBuffer_Release(&self.view)
            raise ValueError("a segment is whole pages, with two of them free")
        self.base = <unsigned char *>self.view.buf
        self.position = offset
        self.size = self.view.len
        self.limit = self.size - PAGE
        self.next_number = number
        self.seed = seed

    def detach(self):
        """Let go of the buffer; the next append asks `on_full` for another."""
        if self.base != NULL:
            self.base = NULL
            PyBuffer_Release(&self.view)
        self.position = self.limit = self.size = 0

    def block(self):
        """Send every further append to `on_full` without giving up the buffer."""
        self.limit = 0

    def append(self, uint32_t kind, int64_t ts_ns, payload not None):
        """Append one record and return its number; it is whole when this returns.

        Raises ValueError for a reserved kind, OverflowError for a number out of range, TypeError
        for a payload without contiguous bytes, and what `on_full` raises.
        """
        cdef Py_buffer source
        if kind >= KIND_RESERVED:
            raise ValueError(f"kind {kind} is reserved")
        if PyBytes_CheckExact(payload):
            self.make_room(PyBytes_GET_SIZE(payload))
            self.put(
                kind, ts_ns, <unsigned char *>PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload)
            )
        else:
            PyObject_GetBuffer(payload, &source, PyBUF_SIMPLE)
            try:
                self.make_room(source.len)
                self.put(kind, ts_ns, <unsigned char *>source.buf, source.len)
            finally:
                PyBuffer_Release(&source)
        self.last_ts_ns = ts_ns
        self.next_number += 1
        return self.next_number - 1

    def mark(self, Py_ssize_t durable):
        """Close a group: fill up to a page boundary with a mark that names `durable`.

        `durable` is the offset up to which the segment was on disk before. Returns where the mark
        ends. Raises ValueError when there is no room, which cannot happen after an append.
        """
        cdef Py_ssize_t end = (self.position + MARK_LEAST + PAGE - 1) & ~<Py_ssize_t>(PAGE - 1)
        cdef uint64_t word = <uint64_t>durable
        if end > self.size - PAGE:
            raise ValueError("no room for a flush mark")
        memcpy(self.base + self.position + HEADER_BYTES, &word, 8)
        self.put(KIND_MARK, self.last_ts_ns, NULL, end - self.position - HEADER_BYTES)
        return end

    def end(self):
        """Seal the segment with its end mark; ValueError when nothing is attached."""
        if self.size - self.position < HEADER_BYTES:
            raise ValueError("no room for the end mark")
        self.put(KIND_END, self.last_ts_ns, NULL, 0)

    cdef unsigned char *payload(self) noexcept:
        """Return where the payload of the next record goes, once `make_room` gave room for it."""
        return self.base + self.position + HEADER_BYTES

    cdef void commit(self, uint32_t kind, int64_t ts_ns, Py_ssize_t length) noexcept:
        """Make a record of what stands at `payload`.

        The kind is not reserved, the length is a multiple of eight: no padding is written.
        """
        self.put(kind, ts_ns, NULL, length)
        self.last_ts_ns = ts_ns
        self.next_number += 1

    cdef int make_room(self, Py_ssize_t length) except -1:
        """Make sure that a record fits which is no longer; raises what `append` raises."""
        if length <= MAX_PAYLOAD and self.fits(length):
            return 0
        if self.on_full is None:
            raise ValueError("no room, and nothing to make it")
        self.on_full(length)
        if length > MAX_PAYLOAD or not self.fits(length):
            raise ValueError("no room was made")
        return 0

    cdef bint fits(self, Py_ssize_t length) noexcept:
        # Room for a flush mark is kept behind each record, and the last page for the end mark.
        return HEADER_BYTES + padded(length) + MARK_LEAST <= self.limit - self.position

    cdef void put(
        self, uint32_t kind, int64_t ts_ns, const unsigned char *source, Py_ssize_t length
    ) noexcept:
        """Write one record at the position; `source` NULL means the payload stands there."""
        cdef unsigned char *at = self.base + self.position
        cdef RecordHeader header
        cdef uint32_t checksum
        if source != NULL and length > 0:
            memcpy(at + HEADER_BYTES, source, length)
        header.commit = commit_word(<uint64_t>length)
        header.number = self.next_number
        header.ts_ns = ts_ns
        header.kind = kind
        header.checksum = 0
        checksum = crc32c_update(self.seed, <unsigned char *>&header, HEADER_BYTES)
        header.checksum = crc32c_update(checksum, at + HEADER_BYTES, padded(length))
        memcpy(at + 8, <unsigned char *>&header + 8, HEADER_BYTES - 8)
        # The commit word last: until it is there, a reader sees no record at this place.
        store_release(at, header.commit)
        self.position += HEADER_BYTES + padded(length)


cdef Py_ssize_t record_end(
    const unsigned char *base, Py_ssize_t size, Py_ssize_t at, uint32_t seed, RecordHeader *header
) noexcept nogil:
    """Read and check the record at `at`; return where it ends, or -1 when it is not whole."""
    cdef uint64_t length
    cdef uint32_t checksum, stored
    if at < 0 or size - at < HEADER_BYTES:
        return -1
    memcpy(header, base + at, HEADER_BYTES)
    length = header.commit & 0xFFFFFFFFU
    if header.commit != commit_word(length) or length > MAX_PAYLOAD:
        return -1
    if padded(<Py_ssize_t>length) > size - at - HEADER_BYTES:
        return -1
    stored = header.checksum
    header.checksum = 0
    checksum = crc32c_update(seed, <unsigned char *>header, HEADER_BYTES)
    checksum = crc32c_update(checksum, base + at + HEADER_BYTES, padded(<Py_ssize_t>length))
    if checksum != stored:
        return -1
    return at + HEADER_BYTES + padded(<Py_ssize_t>length)


cdef class RecordCursor:
    """Iterates the whole records of a segment's bytes and stops at the first that is not.

    After the last record, `sealed` says whether the end mark was reached, `offset` is where the
    next record would stand and `number` which it would be.
    """

    cdef bytes data
    cdef Py_ssize_t position
    cdef uint64_t next_number
    cdef uint32_t seed
    cdef bint ended

    def __cinit__(self, bytes data not None, Py_ssize_t offset, uint64_t number, uint32_t seed):
        if offset < 0:
            raise ValueError("an offset is not negative")
        self.data = data
        self.position = offset
        self.next_number = number
        self.seed = seed
        self.ended = False

    @property
    def offset(self):
        """Where the next record starts or would start, bytes into the segment."""
        return self.position

    @property
    def number(self):
        """The number of the next record."""
        return self.next_number

    @property
    def sealed(self):
        """Whether the end mark was reached."""
        return self.ended

    def __iter__(self):
        return self

    def __next__(self):
        cdef const unsigned char *base = <const unsigned char *>PyBytes_AS_STRING(self.data)
        cdef RecordHeader header
        cdef Py_ssize_t at, end
        while not self.ended:
            at = self.position
            end = record_end(base, PyBytes_GET_SIZE(self.data), at, self.seed, &header)
            if end < 0 or header.number != self.next_number:
                break
            if header.kind < KIND_RESERVED:
                self.position = end
                self.next_number += 1
                return new_tuple(Record, (
                    header.number,
                    header.kind,
                    header.ts_ns,
                    PyBytes_FromStringAndSize(
                        <const char *>base + at + HEADER_BYTES,
                        <Py_ssize_t>(header.commit & 0xFFFFFFFFU),
                    ),
                ))
            if header.kind == KIND_END:
                self.ended = True
            elif header.kind != KIND_MARK:
                break
            self.position = end
        raise StopIteration


def find_record(bytes data not None, Py_ssize_t offset, uint64_t number, uint32_t seed):
    """Look for a whole record at or after `offset` whose number is `number` or later.

    Returns (offset, end, kind, number) or None. The work is bounded: look-alikes whose checksum
    fails may cost sixteen times the length of `data` in all, then the search gives up.
    """
    cdef const unsigned char *base = <const unsigned char *>PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef Py_ssize_t budget = 16 * size
    cdef Py_ssize_t at = padded(offset)
    cdef Py_ssize_t end
    cdef uint64_t numbers = size // HEADER_BYTES
    cdef RecordHeader header
    if offset < 0:
        raise ValueError("an offset is not negative")
    while size - at >= HEADER_BYTES and budget > 0:
        memcpy(&header, base + at, HEADER_BYTES)
        # Subtraction wraps for an earlier number, which makes it too far ahead.
        if (
            header.commit == commit_word(header.commit & 0xFFFFFFFFU)
            and header.number - number <= numbers
        ):
            end = record_end(base, size, at, seed, &header)
            if end >= 0:
                return at, end, header.kind, header.number
            budget -= HEADER_BYTES + <Py_ssize_t>(header.commit & 0xFFFFFFFFU)
        at += 8
    return None
