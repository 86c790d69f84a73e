# A fast checksum of drained events: it finds damage, it is no signature.

from libc.stdint cimport uint64_t

cdef extern from *:
    """
    #include <string.h>
    static inline uint64_t xq_word(const char* data) {
        uint64_t word;
        memcpy(&word, data, 8);
        return word;
    }
    /* The two halves of a 128-bit product: sixteen bytes for one multiplication. */
    static inline uint64_t xq_fold(uint64_t a, uint64_t b) {
        unsigned __int128 product = (unsigned __int128)a * b;
        return (uint64_t)product ^ (uint64_t)(product >> 64);
    }
    /* Four lanes, so that a multiplication need not wait for the one before. */
    static uint64_t xq_checksum(const char* data, size_t size) {
        const uint64_t key = UINT64_C(0x9E3779B97F4A7C15);
        uint64_t lane[4] = {1, 2, 3, 4}, sum = size;
        size_t at = 0;
        for (; at + 64 <= size; at += 64)
            for (int i = 0; i < 4; i++)
                lane[i] = xq_fold(xq_word(data + at + 16 * i) ^ key ^ lane[i],
                                  xq_word(data + at + 16 * i + 8) ^ ~key) + lane[i];
        for (; at + 8 <= size; at += 8)
            sum = xq_fold(sum ^ xq_word(data + at), key) + sum;
        for (int i = 0; i < 4; i++)
            sum = xq_fold(sum ^ lane[i], key) + sum;
        return sum;
    }
    """
    uint64_t checksum_of "xq_checksum"(const char* data, size_t size) noexcept nogil
