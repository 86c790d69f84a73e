"""What can go wrong at the control door.

DoorError
├── DoorPathError        the path cannot be that of a socket, or something else stands there
├── DoorTakenError       another daemon answers there
├── NoDaemonError        nobody answers there
├── DoorPermissionError  this user may not open it
├── DoorTimeoutError     it did not answer in time
├── DoorRefusedError     it answered with an error
└── DoorReplyError       what it answered makes no sense
"""


class DoorError(Exception):
    """Family of all errors at the door; the message is for a person and names the path."""


class DoorPathError(DoorError):
    """The path is too long, or what stands there is not a socket, or its folder is no help."""


class DoorTakenError(DoorError):
    """A daemon already answers at the path."""


class NoDaemonError(DoorError):
    """No daemon answers at the path."""


class DoorPermissionError(DoorError):
    """The socket or its folder belongs to somebody else."""


class DoorTimeoutError(DoorError):
    """The daemon did not answer in time."""


class DoorReplyError(DoorError):
    """The answer is not what a daemon of this version says."""


class DoorRefusedError(DoorError):
    """The daemon refused the request; `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
