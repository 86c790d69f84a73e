from libc.stdint cimport int64_t, uint64_t

cdef class Digest:
    cdef uint64_t value
    cdef inline void word(self, int64_t word) noexcept nogil:
        """Mix one word in: the finaliser of splitmix64 over the state and the word."""
        cdef uint64_t z = (self.value + <uint64_t>0x9E3779B97F4A7C15) ^ <uint64_t>word
        z = (z ^ (z >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
        z = (z ^ (z >> 27)) * <uint64_t>0x94D049BB133111EB
        self.value = z ^ (z >> 31)
