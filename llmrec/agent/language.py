"""The language a message is in, of the three that the conversation speaks.

Chinese is told by its script. Between English and German a few words that only one of them has
decide, then py3langid's model (Lui and Baldwin 2012, doi 10.18653/v1/P12-3005). A message too short
for any of these keeps the language that the conversation had: "ok", "40" and a brand are in none.
"""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, get_args

from llmrec.types import Language

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

__all__ = ["LANGUAGES", "Language", "language_of"]

LANGUAGES: tuple[Language, ...] = get_args(Language)

# Probability, of the three languages, from which the model's word counts. On one or two words it
# is often wrong at .7 ("under 40" is German to it) and hardly ever above this.
_SURE = 0.85

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_WORD = re.compile(r"[^\W\d_]+")
_lock = threading.Lock()

# Only words that do not stand in product names of the other language.
_GERMAN_WORDS = """
aber auch auf aus bitte billiger billigere danke dazu den der dieses dieser doch ein eine einen egal
etwas euro für gibt größe günstiger günstigere hallo ich ja jetzt kein keine keinen kaufen lager
marke mehr mein meine mir mit mutter nein nicht nur oder preis sondern suche tschüss teurer über und
unter vergleiche von warum was weg wie zeig zu zurück zwischen
"""
_ENGLISH_WORDS = """
a about all and any anything as both brand bye but can cheaper compare do does for from gift hello
help hey hi i is it less like me more my need no not of one or other over please price rather show
something start stock thank thanks that the these this those under undo want what which why with yes
you
"""
_GERMAN = frozenset(_GERMAN_WORDS.split())
_ENGLISH = frozenset(_ENGLISH_WORDS.split())


def language_of(message: str, current: Language = "en") -> Language:
    """The language of ``message``; ``current`` where the message does not say.

    >>> language_of("Unter 40 Euro bitte"), language_of("便宜一点"), language_of("ok", "de")
    ('de', 'zh', 'de')
    """
    letters = _WORD.findall(message)
    han = len(_HAN.findall(message))
    # One Chinese character says as much as a word; a Chinese brand in an English sentence does not.
    if han and han >= len([word for word in letters if not _HAN.search(word)]):
        return "zh"
    words = {word.casefold() for word in letters}
    german, english = len(words & _GERMAN), len(words & _ENGLISH)
    if german != english:
        return "de" if german > english else "en"
    return _by_model(message, current) if words else current


def _by_model(message: str, current: Language) -> Language:
    with _lock:  # the identifier keeps its state while it reads a text
        language, probability = _identifier().classify(message)
    known = {name: name for name in LANGUAGES}
    return known[language] if probability >= _SURE else current


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier
