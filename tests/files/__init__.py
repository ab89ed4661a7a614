"""Log files under everything that is done to them, held against a model of what could be read."""
