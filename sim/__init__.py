"""Venues that speak the real wire formats, without a venue."""
