"""Where the frames of one epoch pass, until it is over. The plain twin is plain_gate."""

cdef extern from "string.h" nogil:
    # In every C library that we build for, though not in the standard.
    void *memmem(const void *data, size_t size, const void *part, size_t length)

# A frame longer than this is data; the venues' announcements are far shorter.
cdef enum:
    ANNOUNCEMENT_BYTES_MAX = 256


cdef class FrameGate:
    """Counts frames and hands them on while it is open; see the `.pyi`."""

    cdef readonly object source
    cdef readonly long frames
    cdef public long heard
    cdef public bint over
    cdef object sink
    cdef bytes mark
    cdef object late
    cdef object announced

    def __init__(self, str source not None, sink, bytes mark not None, late, announced):
        self.source = source
        self.sink = sink
        self.mark = mark
        self.late = late
        self.announced = announced

    def on_frame(self, bytes data not None, recv_ns):
        """Hand a frame on, unless the epoch is over."""
        if self.over:
            self.late()
            return
        self.frames += 1
        self.heard += 1
        self.sink(self.source, data, recv_ns)
        if self.mark and len(data) <= ANNOUNCEMENT_BYTES_MAX and memmem(
            <const char *>data, len(data), <const char *>self.mark, len(self.mark)
        ) != NULL:
            self.announced()
