"""The tests that need a Docker engine; `make test-containers` runs them."""
