"""Telling: what became of a message, for each of its recipients, written down as traces. A function of the message's events alone."""
