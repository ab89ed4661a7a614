"""Following: a real program reads on while real files grow, are rotated and cut."""
