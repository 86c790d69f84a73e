class Fan:
    """Sends parcels to many sockets from a thread that needs no lock; one job at a time.

    `run` is for that thread. `done` is a file descriptor, readable when a job is over: then, and
    before the next job, `take` says what came of it. The sockets must stay open until then.
    """

    done: int
    def send(self, parcels: list[tuple[bytes, bytes]]) -> None:
        """Have each parcel's bytes sent to its sockets as far as there is room; returns at once.

        A parcel is what is sent and the sockets' file descriptors, each an `int` of C. Raises
        TypeError for anything but bytes, ValueError for half a number, RuntimeError while a job is
        under way or after `close`; nothing is sent then.
        """

    def take(self) -> list[tuple[int, int, int]]:
        """Return (parcel, place among its sockets, bytes sent) where not all was taken.

        -1 bytes means that the connection is over. Waits for the job; RuntimeError without one.
        """

    def run(self) -> None:
        """Do the jobs until `close`; blocks, and lets all other threads run."""

    def close(self) -> None:
        """Wait for the job that is under way, and have `run` return; again: nothing."""
