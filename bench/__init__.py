"""Benchmarks with a fixed interface."""
