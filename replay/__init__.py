"""Recordings: readers that turn recorded bytes back into inputs."""
