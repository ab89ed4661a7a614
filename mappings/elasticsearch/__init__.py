"""The Elasticsearch store: how a trace lies in it, the index template, and the connection that both sides use.

The writing side is `ingest.sinks.elasticsearch`, the reading side `search.engines.elasticsearch`; what both must agree on is here.
"""
