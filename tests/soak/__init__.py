"""Checks that run long: `make soak`."""
