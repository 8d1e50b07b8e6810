"""Benchmarks against other systems, outside the test suite: ``python -m tests.benchmarks``."""
