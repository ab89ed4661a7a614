"""How the project is built, with its hot modules compiled or without."""
