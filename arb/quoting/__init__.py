"""Two-sided quotes: signals, models that are pure functions, and the care of what rests."""
