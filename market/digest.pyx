"""A rolling 64-bit hash over everything the node decided; equal runs have equal digests.

The plain twin is market.plain_digest.PlainDigest.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy


cdef class Digest:
    """Rolling hash over 64-bit words and byte strings. Not for security: for equality."""

    def add(self, int64_t word):
        """Mix in one signed 64-bit word."""
        self.word(word)

    def add_bytes(self, bytes data not None):
        """Mix in a byte string: its length, then eight bytes at a time, zero-padded."""
        cdef const char *p = data
        cdef Py_ssize_t size = len(data), at = 0
        cdef int64_t word
        self.word(size)
        while at < size:
            word = 0
            memcpy(&word, p + at, min(8, size - at))
            self.word(word)
            at += 8

    @property
    def hex(self):
        """The digest as 16 hexadecimal digits."""
        return f"{self.value:016x}"

    def __int__(self):
        return self.value

    def load(self, uint64_t value):
        """Go on from a value that `int` gave; OverflowError beyond 64 bits."""
        self.value = value
