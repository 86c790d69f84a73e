"""Mirrored order books: the compiled ladder, the synchronisation state machine, grades."""
