"""Stores as earlier commits left them, and what must still be answered of them; `python -m earlier.keep NAME` keeps one more."""
