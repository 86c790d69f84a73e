"""Sends to many sockets in a thread that never has the interpreter's lock: nobody waits for it.

The plain twin is api.plain_fan.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

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

# What one parcel's sockets are sent.
ctypedef struct job_t:
    const char *data
    Py_ssize_t size
    const char *sockets     # numbers of `int`, perhaps not aligned
    Py_ssize_t count
    Py_ssize_t first        # of its sockets among all, where `sent` says what went


cdef class Fan:
    """One job at a time; see the `.pyi`."""

    cdef readonly int done
    cdef int _go
    cdef bint _busy
    cdef bint _closing      # written before `_go` is, which orders it for the thread
    cdef job_t *_jobs
    cdef Py_ssize_t _count
    cdef Py_ssize_t *_sent
    cdef list _held         # what the jobs point into

    def __cinit__(self):
        self._go = self.done = -1
        self._go = os.eventfd(0, os.EFD_CLOEXEC)
        self.done = os.eventfd(0, os.EFD_CLOEXEC)

    def __dealloc__(self):
        # The thread holds a reference while it runs, so it is not sending any more.
        free(self._jobs)
        free(self._sent)
        if self._go >= 0:
            close(self._go)
        if self.done >= 0:
            close(self.done)

    def send(self, list parcels not None):
        """Have each parcel sent to its sockets."""
        cdef list held = []
        cdef Py_ssize_t sockets = 0, at = 0
        cdef bytes data, numbers
        cdef job_t *jobs
        cdef Py_ssize_t *sent
        if self._busy or self._closing:
            raise RuntimeError("one job at a time, and none after the end")
        for data, numbers in parcels:
            if data is None or numbers is None or PyBytes_GET_SIZE(numbers) % sizeof(int):
                raise ValueError("a parcel is bytes, and the numbers of its sockets as bytes")
            held.append((data, numbers))
            sockets += PyBytes_GET_SIZE(numbers) // sizeof(int)
        jobs = <job_t *>malloc((len(held) + 1) * sizeof(job_t))
        sent = <Py_ssize_t *>malloc((sockets + 1) * sizeof(Py_ssize_t))
        if jobs == NULL or sent == NULL:
            free(jobs)
            free(sent)
            raise MemoryError
        sockets = 0
        for data, numbers in held:
            jobs[at].data, jobs[at].size = PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data)
            jobs[at].sockets = PyBytes_AS_STRING(numbers)
            jobs[at].count = PyBytes_GET_SIZE(numbers) // sizeof(int)
            jobs[at].first = sockets
            sockets += jobs[at].count
            at += 1
        free(self._jobs)
        free(self._sent)
        self._jobs, self._sent, self._count, self._held = jobs, sent, at, held
        self._busy = True
        self._signal(self._go)

    def take(self):
        """Return (parcel, place, sent) of each socket that did not take all."""
        cdef uint64_t value
        cdef Py_ssize_t i, place, sent
        cdef list found = []
        if not self._busy:
            raise RuntimeError("there is no job")
        with nogil:
            while eventfd_read(self.done, &value) < 0 and errno == EINTR:
                pass
        self._busy = False
        self._held = None
        for i in range(self._count):
            for place in range(self._jobs[i].count):
                sent = self._sent[self._jobs[i].first + place]
                if sent < self._jobs[i].size:
                    found.append((i, place, sent))
        return found

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
                    _send_all(&self._jobs[i], &self._sent[self._jobs[i].first])
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


cdef void _send_all(const job_t *job, Py_ssize_t *sent) noexcept nogil:
    cdef int fd
    cdef Py_ssize_t at
    for at in range(job.count):
        memcpy(&fd, job.sockets + at * sizeof(int), sizeof(int))
        sent[at] = _send(fd, job.data, job.size)


cdef Py_ssize_t _send(int fd, const char *data, Py_ssize_t size) noexcept nogil:
    """Send as far as there is room; -1 for a connection that is over."""
    cdef Py_ssize_t sent
    while True:
        sent = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL)
        if sent >= 0 or errno != EINTR:
            break
    if sent < 0:
        return 0 if errno == EAGAIN else -1
    return sent
