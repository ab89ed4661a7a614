"""Long runs: what the tests do in small, as often as one likes."""
