"""Strategies: what is quoted, taken and hedged. Each stands on the parts that all share."""
