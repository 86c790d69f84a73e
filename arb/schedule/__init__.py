"""Execution schedules: one large order worked in small ones over time."""
