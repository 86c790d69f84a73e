"""Scoring a fault: what a venue published against what a client of the daemon could read."""
