"""Keys that many share, and logs that never end anything."""
