def send_each(sockets: list[int], datas: list[bytes]) -> list[int]:
    """Send each socket (a file descriptor) its data, as far as there is room.

    Never waits. Returns the bytes that went, 0 where there is no room, -1 where the connection is
    over. Raises ValueError for lists of different lengths, TypeError for what is not bytes.
    """
