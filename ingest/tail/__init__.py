"""Which files, which file is this, how far it has been read, and what has come since."""
