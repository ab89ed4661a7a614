"""The sentences for people: a file for each language, `CODE.toml` in this folder, and how a sentence is put together of its parts."""

from __future__ import annotations

from mappings.locales.book import ENGLISH, LANGUAGES, Book, Books, book, built_in, chosen_of
from mappings.locales.saying import Saying, Since, Subject, Voice
from mappings.locales.writing import filled, pieces_of

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "Book",
    "Books",
    "Saying",
    "Since",
    "Subject",
    "Voice",
    "book",
    "built_in",
    "chosen_of",
    "filled",
    "pieces_of",
]
