"""Joining events to journeys, and journeys to traces. No I/O; the time is the log's.

`table` keeps what is open, `session` gives a process' own lines to the journeys they belong to, `life` tells the uses of a
queue id apart, `links` finds the hops of one message, `rows` follows each recipient over them, `fate` decides what became of
it, `draft` writes it down as a trace.
"""
