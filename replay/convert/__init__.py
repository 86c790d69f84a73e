"""Conversion of recordings: raw inputs between containers, market events between data formats."""
