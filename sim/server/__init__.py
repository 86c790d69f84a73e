"""The simulated venues as servers on loopback: real sockets, their rules, faults on demand."""
