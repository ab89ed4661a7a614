"""Framing: the header of a log line taken apart, before any program's format is read."""
