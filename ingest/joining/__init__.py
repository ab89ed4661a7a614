"""Joining: which facts belong to one message. It does no input or output, and is given the time; it knows facts, not programs."""
