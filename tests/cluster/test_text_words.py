"""Texts are cut into words here as the server cuts them, or the same question would mean something else there."""

from __future__ import annotations

from random import Random

import pytest
from servers.server import ask

from cluster.cluster_samples import told
from mappings.patterns import words_of

_LETTERS = "ab1 2._,;:'-@<>()=/üÉ’é9Z\n·"


@pytest.mark.elasticsearch
def test_a_server_cuts_generated_texts_the_same(es_url: str) -> None:
    """The standard analyzer's tokens are our words, for texts that are full of what may stand inside a word."""
    chance = Random(7)
    for _ in range(400):
        text = "".join(chance.choice(_LETTERS) for _ in range(chance.randint(1, 14)))
        tokens = told(ask(f"{es_url}/_analyze", "POST", body={"analyzer": "standard", "text": text}))["tokens"]
        assert words_of(text) == [token["token"] for token in tokens], text
