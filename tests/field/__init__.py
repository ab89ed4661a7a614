"""Small logs as people have them, each with what its lines tell."""
