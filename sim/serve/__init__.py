"""Recordings served back in the venue's own format, over real sockets and at any speed."""
