"""Counterparts that tests and benchmarks share."""
