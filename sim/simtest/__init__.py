"""Simulation testing: the whole node, its real transports and simulated venues in virtual time."""
