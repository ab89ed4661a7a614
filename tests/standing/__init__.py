"""How the reading of sources stands, and what each place says of it."""
