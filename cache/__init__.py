"""Best-quote cache."""
