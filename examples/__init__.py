"""Examples: programs that use the project from outside, and a venue added to it."""
