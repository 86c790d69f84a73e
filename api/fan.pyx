"""Sends to many sockets in one call without the interpreter's lock: nobody else waits for it.

The plain twin is api.plain_fan.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdlib cimport free, malloc

cdef extern from "sys/socket.h" nogil:
    Py_ssize_t send(int fd, const void *data, size_t size, int flags)
    int MSG_DONTWAIT
    int MSG_NOSIGNAL

ctypedef struct job_t:
    int fd
    const char *data
    size_t size
    Py_ssize_t sent


def send_each(list sockets not None, list datas not None):
    """Send each socket its data as far as there is room; see the `.pyi`."""
    # While the lock is not held the lists may change; these do not, and hold what is sent.
    cdef tuple numbers = tuple(sockets)
    cdef tuple held = tuple(datas)
    cdef Py_ssize_t count = len(numbers)
    cdef Py_ssize_t i
    cdef job_t *jobs
    if len(held) != count:
        raise ValueError("one data a socket")
    jobs = <job_t*>malloc((count + 1) * sizeof(job_t))
    if jobs == NULL:
        raise MemoryError
    try:
        for i in range(count):
            data = held[i]
            if type(data) is not bytes:
                raise TypeError(f"bytes are sent, not {type(data).__name__}")
            jobs[i].fd = numbers[i]
            jobs[i].data = PyBytes_AS_STRING(data)
            jobs[i].size = PyBytes_GET_SIZE(data)
        with nogil:
            for i in range(count):
                _send(&jobs[i])
        return [jobs[i].sent for i in range(count)]
    finally:
        free(jobs)


cdef void _send(job_t *job) noexcept nogil:
    cdef Py_ssize_t sent
    while True:
        sent = send(job.fd, job.data, job.size, MSG_DONTWAIT | MSG_NOSIGNAL)
        if sent >= 0 or errno != EINTR:
            break
    if sent < 0:
        sent = 0 if errno == EAGAIN else -1
    job.sent = sent
