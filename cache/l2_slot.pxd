"""The sequence lock and the word offsets, for the compiled writer and reader.

The offsets repeat `l2_layout`; the tests hold compiled and plain twins to the same bytes.
"""

from libc.stdint cimport int64_t, uint64_t

cdef extern from *:
    """
    #include <stddef.h>
    #include <stdint.h>

    #if defined(__x86_64__) || defined(__i386__)
    #define CQ_PAUSE() __builtin_ia32_pause()
    #else
    #define CQ_PAUSE() ((void)0)
    #endif

    static inline uint64_t cq_load(const uint64_t *word) {
        return __atomic_load_n(word, __ATOMIC_ACQUIRE);
    }

    static inline void cq_store(uint64_t *word, uint64_t value) {
        __atomic_store_n(word, value, __ATOMIC_RELEASE);
    }

    /* One writer only. The words after the sequence change between odd and even. */
    static inline void cq_slot_begin(uint64_t *slot) {
        uint64_t even = __atomic_load_n(slot, __ATOMIC_RELAXED);
        __atomic_store_n(slot, even + 1, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_RELEASE);
    }

    static inline void cq_slot_end(uint64_t *slot) {
        uint64_t odd = __atomic_load_n(slot, __ATOMIC_RELAXED);
        __atomic_store_n(slot, odd + 1, __ATOMIC_RELEASE);
    }

    static inline void cq_put(uint64_t *word, int64_t value) {
        __atomic_store_n(word, (uint64_t)value, __ATOMIC_RELAXED);
    }

    /* Copies the `count` words after the sequence: 1 = a whole value, 0 = never written,
       -1 = still being written after `tries`. */
    static inline int cq_slot_read(const uint64_t *slot, int64_t *out, size_t count, int tries) {
        for (int attempt = 0; attempt < tries; attempt++) {
            uint64_t before = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
            if (before == 0) return 0;
            if ((before & 1) == 0) {
                for (size_t i = 0; i < count; i++)
                    out[i] = (int64_t)__atomic_load_n(slot + 1 + i, __ATOMIC_RELAXED);
                __atomic_thread_fence(__ATOMIC_ACQUIRE);
                if (__atomic_load_n(slot, __ATOMIC_RELAXED) == before) return 1;
            }
            CQ_PAUSE();
        }
        return -1;
    }

    /* a - b, held at the ends of the range: both may come from outside. */
    static inline int64_t cq_minus(int64_t a, int64_t b) {
        int64_t difference;
        if (!__builtin_sub_overflow(a, b, &difference)) return difference;
        return a < 0 ? INT64_MIN : INT64_MAX;
    }
    """
    uint64_t cq_load(const uint64_t *word) noexcept nogil
    void cq_store(uint64_t *word, uint64_t value) noexcept nogil
    void cq_slot_begin(uint64_t *slot) noexcept nogil
    void cq_slot_end(uint64_t *slot) noexcept nogil
    void cq_put(uint64_t *word, int64_t value) noexcept nogil
    int cq_slot_read(const uint64_t *slot, int64_t *out, size_t count, int tries) noexcept nogil
    int64_t cq_minus(int64_t a, int64_t b) noexcept nogil


cdef enum:
    HEADER_HEARTBEAT_NS = 16
    HEADER_STATE = 17
    HEADER_NAME_COUNT = 18

    STATE_OPEN = 1

    QUOTE_STRIDE = 16
    QUOTE_BID_TICKS = 1
    QUOTE_BID_LOTS = 2
    QUOTE_ASK_TICKS = 3
    QUOTE_ASK_LOTS = 4
    QUOTE_VERSION = 5
    QUOTE_TS_EVENT = 6
    QUOTE_TS_RECV = 7
    QUOTE_TS_VOUCHED = 8
    QUOTE_GRADE = 9
    QUOTE_SOURCE = 10
    QUOTE_GRID = 11
    QUOTE_PAYLOAD = 14

    DEPTH_VERSION = 1
    DEPTH_TS_EVENT = 2
    DEPTH_TS_RECV = 3
    DEPTH_TS_VOUCHED = 4
    DEPTH_GRADE = 5
    DEPTH_GRID = 6
    DEPTH_BID_COUNT = 10
    DEPTH_ASK_COUNT = 11
    DEPTH_LEVELS = 12

    GRID_WORDS = 4
    READ_TRIES = 64
