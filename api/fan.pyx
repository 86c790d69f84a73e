"""Sends to many sockets in a thread that never has the interpreter's lock: nobody waits for it.

The plain twin is api.plain_fan.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc

import os

cdef extern from "sys/socket.h" nogil:
    Py_ssize_t send(int fd, const void *data, size_t size, int flags)
    int MSG_DONTWAIT
    int MSG_NOSIGNAL

cdef extern from "unistd.h" nogil:
    int close(int fd)

cdef extern from "sys/eventfd.h" nogil:
    int eventfd_read(int fd, uint64_t *value)
    int eventfd_write(int fd, uint64_t value)

ctypedef struct job_t:
    int fd
    int parcel
    int place
    const char *data
    Py_ssize_t size
    Py_ssize_t sent


cdef class Fan:
    """One job at a time; see the `.pyi`."""

    cdef readonly int done
    cdef int _go
    cdef bint _busy
    cdef bint _closing      # written before `_go` is, which orders it for the thread
    cdef job_t *_jobs
    cdef Py_ssize_t _count
    cdef list _held         # what the jobs point into

    def __cinit__(self):
        self._go = self.done = -1
        self._go = os.eventfd(0, os.EFD_CLOEXEC)
        self.done = os.eventfd(0, os.EFD_CLOEXEC)

    def __dealloc__(self):
        # The thread holds a reference while it runs, so it is not sending any more.
        free(self._jobs)
        if self._go >= 0:
            close(self._go)
        if self.done >= 0:
            close(self.done)

    def send(self, list parcels not None):
        """Have each parcel sent to its sockets."""
        cdef list held = []
        cdef Py_ssize_t count = 0, at = 0
        cdef int parcel, place
        cdef job_t *jobs
        if self._busy or self._closing:
            raise RuntimeError("one job at a time, and none after the end")
        for data, sockets in parcels:
            if type(data) is not bytes:
                raise TypeError(f"bytes are sent, not {type(data).__name__}")
            held.append((data, tuple(sockets)))
        for data, sockets in held:
            count += len(sockets)
        jobs = <job_t *>malloc((count + 1) * sizeof(job_t))
        if jobs == NULL:
            raise MemoryError
        try:
            for parcel, (data, sockets) in enumerate(held):
                for place, fd in enumerate(sockets):
                    jobs[at].fd = fd
                    jobs[at].parcel, jobs[at].place = parcel, place
                    jobs[at].data = PyBytes_AS_STRING(data)
                    jobs[at].size = PyBytes_GET_SIZE(data)
                    at += 1
        except BaseException:
            free(jobs)
            raise
        free(self._jobs)
        self._jobs, self._count, self._held, self._busy = jobs, count, held, True
        self._signal(self._go)

    def take(self):
        """Return (parcel, place, sent) of each socket that did not take all."""
        cdef uint64_t value
        cdef Py_ssize_t i
        if not self._busy:
            raise RuntimeError("there is no job")
        with nogil:
            while eventfd_read(self.done, &value) < 0 and errno == EINTR:
                pass
        self._busy = False
        self._held = None
        return [
            (self._jobs[i].parcel, self._jobs[i].place, self._jobs[i].sent)
            for i in range(self._count)
            if self._jobs[i].sent < self._jobs[i].size
        ]

    def run(self):
        """Do the jobs, in a thread of its own, until `close`."""
        cdef uint64_t value
        cdef Py_ssize_t i
        with nogil:
            while True:
                while eventfd_read(self._go, &value) < 0 and errno == EINTR:
                    pass
                if self._closing:
                    break
                for i in range(self._count):
                    _send(&self._jobs[i])
                eventfd_write(self.done, 1)

    def close(self):
        """End `run` once the job that is under way is done."""
        if self._busy:
            self.take()
        if not self._closing:
            self._closing = True
            self._signal(self._go)

    cdef int _signal(self, int fd) except -1:
        if eventfd_write(fd, 1) < 0:
            raise OSError(errno, "cannot wake the sending thread")
        return 0


cdef void _send(job_t *job) noexcept nogil:
    """Send as far as there is room; -1 for a connection that is over."""
    while True:
        job.sent = send(job.fd, job.data, job.size, MSG_DONTWAIT | MSG_NOSIGNAL)
        if job.sent >= 0 or errno != EINTR:
            break
    if job.sent < 0:
        job.sent = 0 if errno == EAGAIN else -1
