"""Integration tests: the real daemon over real sockets on loopback."""
