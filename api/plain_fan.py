"""The plain twin of api.fan."""

import os
import queue
import socket
from array import array

_Job = list[tuple[bytes, tuple[int, ...]]]


class PlainFan:
    """Twin of `Fan`."""

    def __init__(self) -> None:
        self.done = os.eventfd(0, os.EFD_CLOEXEC)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._left: list[tuple[int, int, int]] = []
        self._busy = self._closing = False

    def __del__(self) -> None:
        """Close the file descriptor."""
        os.close(self.done)

    def send(self, parcels: list[tuple[bytes, bytes]]) -> None:
        """Have each parcel's bytes sent to its sockets."""
        if self._busy or self._closing:
            raise RuntimeError("one job at a time, and none after the end")
        job = []
        for data, numbers in parcels:
            for one in (data, numbers):
                if type(one) is not bytes:
                    raise TypeError(f"Expected bytes, got {type(one).__name__}")
            if len(numbers) % array("i").itemsize:
                raise ValueError("a parcel is bytes, and the numbers of its sockets as bytes")
            job.append((data, tuple(array("i", numbers))))
        self._busy = True
        self._jobs.put(job)

    def take(self) -> list[tuple[int, int, int]]:
        """Return (parcel, place, bytes sent) where not all was taken."""
        if not self._busy:
            raise RuntimeError("there is no job")
        os.eventfd_read(self.done)
        self._busy = False
        return self._left

    def run(self) -> None:
        """Do the jobs until `close`."""
        while (job := self._jobs.get()) is not None:
            self._left = [
                (parcel, place, sent)
                for parcel, (data, sockets) in enumerate(job)
                for place, fd in enumerate(sockets)
                if (sent := _send(fd, data)) < len(data)
            ]
            os.eventfd_write(self.done, 1)

    def close(self) -> None:
        """End `run` once the job that is under way is done."""
        if self._busy:
            self.take()
        if not self._closing:
            self._closing = True
            self._jobs.put(None)


def _send(fd: int, data: bytes) -> int:
    try:
        end = socket.socket(fileno=fd)
    except OSError:
        return -1
    try:
        return end.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    except BlockingIOError:
        return 0
    except OSError:
        return -1
    finally:
        end.detach()
