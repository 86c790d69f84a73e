"""Short turns on the processor: how a thread that must answer soon asks the scheduler for them.

Since Linux 6.12 a thread may state how long its turns are. Its share of the processor stays the
same; but whoever asks for less at a time gets it sooner after waking up, where others want the
processor too. Older kernels take the wish and do nothing with it.
"""

import ctypes
import errno
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: The shortest turn that the kernel gives.
SLICE_NS = 100_000

#: sched_setattr and sched_getattr, for which not every C library has a function.
_CALLS = {"x86_64": (314, 315), "aarch64": (274, 275)}


class _Attributes(ctypes.Structure):
    """`struct sched_attr` of sched_setattr(2)."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
        ("util_min", ctypes.c_uint32),
        ("util_max", ctypes.c_uint32),
    )


def slice_ns() -> int:
    """Return the length of this thread's turns, 0 where it is the kernel's; raises OSError."""
    return int(_read().runtime)


@contextmanager
def short_slices(length_ns: int = SLICE_NS) -> Iterator[str]:
    """Ask for short turns of this thread while the block runs, then for those that it had.

    Gives why it was not granted, '' when it was. Only ordinary scheduling is changed: a thread
    that someone gave another policy keeps it.
    """
    try:
        before = _read()
        if before.policy != os.SCHED_OTHER:
            raise OSError(errno.EBUSY, "the thread has a policy of its own")
        _write(before, length_ns)
    except OSError as error:
        yield str(error)
        return
    try:
        yield ""
    finally:
        _write(before, before.runtime)


def _read() -> _Attributes:
    found = _Attributes()
    _call(1, found, ctypes.sizeof(found), 0)
    return found


def _write(attributes: _Attributes, length_ns: int) -> None:
    wanted = _Attributes.from_buffer_copy(attributes)
    wanted.size = ctypes.sizeof(wanted)
    wanted.runtime = length_ns
    _call(0, wanted, 0)


def _call(which: int, attributes: _Attributes, *more: int) -> None:
    """Call one of _CALLS for this thread; raises OSError."""
    numbers = _CALLS.get(platform.machine())
    if sys.platform != "linux" or numbers is None:
        raise OSError(errno.ENOSYS, f"not known for {platform.system()} on {platform.machine()}")
    library = ctypes.CDLL(None, use_errno=True)
    if library.syscall(numbers[which], 0, ctypes.byref(attributes), *more) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
