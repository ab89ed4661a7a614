"""The query language: a line of text becomes a tree of what must fit (`mappings.criteria` has what can be asked).

It is the language of Kibana's query bar (KQL) over our words: `sender: example.org and not disposition: delivered`. `docs/query.md`
tells it, and where it differs.
"""

from search.language.reading import parse

__all__ = ["parse"]
