"""The languages: one record for each, which every table of the program asks.

A new language is one record in ``table.py``, and where it has a grammar one file of queries in resources/queries.
Nothing here loads a grammar, so the window may ask, too.
"""

from assistant.languages.record import Blocks, Comments, Language, Quoted, first_word
from assistant.languages.registry import find_language, language_called, language_named, language_of, parsed_languages

__all__ = [
    "Blocks",
    "Comments",
    "Language",
    "Quoted",
    "find_language",
    "first_word",
    "language_called",
    "language_named",
    "language_of",
    "parsed_languages",
]
