"""The journal as a source."""
