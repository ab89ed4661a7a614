"""Long runs against the real program, whose figures add up from run to run: `make soak`."""
