"""What we own, what it cost, and where profit and loss came from: exact to the last unit."""
