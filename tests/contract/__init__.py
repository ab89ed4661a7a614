"""The contract of every store, run against each."""
