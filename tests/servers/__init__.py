"""A real Elasticsearch for tests and measurements, whichever way this machine can get one.

The ways, in their order (`ways.py`): a server that somebody runs, a container, a process of our own from the distribution that
Elasticsearch publishes for integration tests. By hand: `python -m tests.servers --help`; in tests: the fixtures in `fixtures.py`.
"""

from .server import NoServerError, Server, Wanted
from .ways import WAYS, get

__all__ = ["WAYS", "NoServerError", "Server", "Wanted", "get"]
