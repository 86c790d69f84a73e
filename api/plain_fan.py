"""The plain twin of api.fan."""

import socket


def send_each(sockets: list[int], datas: list[bytes]) -> list[int]:
    """Send each socket its data as far as there is room; see api.fan."""
    if len(sockets) != len(datas):
        raise ValueError("one data a socket")
    wrong = next((one for one in datas if type(one) is not bytes), None)
    if wrong is not None:
        raise TypeError(f"bytes are sent, not {type(wrong).__name__}")
    return [_send(fd, data) for fd, data in zip(sockets, datas, strict=True)]


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
