"""Memory: what is known of a log domain and not yet let go of. `memory.py` is its door."""
