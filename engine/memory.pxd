# Memory for the tables, and early asking for it.

cdef extern from *:
    """
    #include <stdlib.h>
    #include <string.h>
    #include <sys/mman.h>
    #define XQ_HUGE ((size_t)1 << 21)
    /* An order fills one cache line and should not straddle two. A large table is mapped on its
       own, in large pages as far as they fit: most of what a far order costs is finding its page,
       and memory from malloc may have its small pages already. NULL without memory. */
    static void* xq_table(size_t size) {
        void* memory = NULL;
        char *start, *begin;
        size_t used = (size + 4095) & ~(size_t)4095;
        if (size < 2 * XQ_HUGE)
            return posix_memalign(&memory, 64, size) ? NULL : memory;
        start = (char*)mmap(NULL, used + XQ_HUGE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (start == (char*)MAP_FAILED)
            return NULL;
        begin = (char*)(((size_t)start + XQ_HUGE - 1) & ~(XQ_HUGE - 1));
        if (begin != start)
            munmap(start, (size_t)(begin - start));
        if (begin + used != start + used + XQ_HUGE)
            munmap(begin + used, (size_t)(start + XQ_HUGE - begin));
        madvise(begin, used & ~(XQ_HUGE - 1), MADV_HUGEPAGE);
        return begin;
    }
    static void xq_table_free(void* memory, size_t size) {
        if (size < 2 * XQ_HUGE)
            free(memory);
        else
            munmap(memory, (size + 4095) & ~(size_t)4095);
    }
    /* It decides nothing: an address may be anything. */
    #define xq_prefetch(address) __builtin_prefetch((address), 1)
    """
    void* table_take "xq_table"(size_t size) noexcept nogil
    void table_give "xq_table_free"(void* memory, size_t size) noexcept nogil
    void prefetch "xq_prefetch"(const void* address) noexcept nogil
