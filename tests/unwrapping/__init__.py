"""Lines as people have them."""
