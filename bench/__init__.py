"""Benchmarks: what reading, storing, following and searching cost. They print and assert nothing."""
