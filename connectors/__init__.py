"""Venue protocols without I/O, one folder a venue with the same small files."""
