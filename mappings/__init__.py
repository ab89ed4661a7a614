"""The contract between writing and asking: what a trace is. Imports nothing of the project."""
