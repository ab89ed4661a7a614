"""What takes too long for every test run: `PYTHONPATH=tests python -m soak.NAME` from the root of the project."""
