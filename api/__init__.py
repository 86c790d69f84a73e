"""The control door of a running daemon, and its client."""
