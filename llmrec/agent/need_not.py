"""What a message says that a thing need not be: "it doesn't have to be wood". Pure.

A small model reads it as a wish or as a refusal. It is neither: where wood was asked for it no
longer is, and nothing made of wood is kept away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from llmrec.agent.constraints import Constraint
from llmrec.agent.constraints.synonyms import same_words
from llmrec.catalog.matching import fold
from llmrec.linear import bounded
from llmrec.reading import Reading

__all__ = ["is_about", "need_not_be", "spared", "words_without"]

_NEED_NOT = bounded(
    r"""
    \b(?:needn['’]?t|need\s+not|(?:do|does)(?:n['’]?t|\s+not)\s+(?:\w+ly\s+)?(?:have|need)\s+to)
        \s+(?:\w+ly\s+)?be\s+(?:(?:made|of|from|in|an?|the)\s+)*(?P<en>[^\W\d_]+(?:\s+or\s+[^\W\d_]+|[\s-][^\W\d_]+)?)
    |\bnot\s+necessarily\s+(?:(?:made|of|from|in|an?|the)\s+)*(?P<en2>[^\W\d_]+)
    |\b(?:muss|müssen|brauch\w*)\s+(?:\w+\s+){0,2}?(?:nicht|kein\w*)\s+(?:(?:unbedingt|zwingend)\s+)?
        (?:(?:aus|in|von|ein\w*)\s+)*(?P<de>[^\W\d_]+(?:\s+oder\s+[^\W\d_]+|\s(?!sein\b|zu\b)[^\W\d_]+)?)\s+(?:zu\s+)?sein\b
    |\b(?:nicht|kein\w*)\s+(?:unbedingt|zwingend)\s+(?:(?:aus|in|von|ein\w*)\s+)*(?P<de2>[^\W\d_]+)
    |(?:不一定(?:非?要|非?得)?是?|(?:不必|不用|不需要|无需|没必要|不非得|不非要)(?:非得|非要)?是)
        (?P<zh>[\u3400-\u9fff]{1,6}?)(?:做的|的)?(?=[，,。;；!！]|$|也|就|但)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_OR = bounded(r"\s+(?:or|oder)\s+|或者?|和", re.IGNORECASE)
_NO_WORD = frozenset(("it", "that", "this", "sein", "but", "and", "aber", "und", "too", "so"))


def need_not_be(message: str) -> tuple[str, ...]:
    """What a thing need not be, in the message's words.

    >>> need_not_be("it doesn't have to be made of wood, but under 40")
    ('wood',)
    >>> need_not_be("muss nicht unbedingt rot sein"), need_not_be("不一定要红色的")
    (('rot',), ('红色',))
    >>> need_not_be("needn't be blue or green")
    ('blue', 'green')
    >>> need_not_be("it must not be red")
    ()
    """
    phrases = (
        phrase
        for match in _NEED_NOT.finditer(message)
        for phrase in _OR.split(next(text for text in match.groupdict().values() if text))
    )
    words = (
        " ".join(word for word in phrase.split() if fold(word) not in _NO_WORD)
        for phrase in phrases
    )
    return tuple(dict.fromkeys(word for word in words if word))


def spared(reading: Reading, phrases: Iterable[str]) -> Reading:
    """The reading without refusals and wishes of what need not be."""
    phrases = tuple(phrases)
    if not phrases:
        return reading
    attributes: dict[str, str | tuple[str, ...]] = {}
    for name, value in reading.attributes.items():
        texts = (value,) if isinstance(value, str) else value
        if kept := tuple(text for text in texts if not _is_any(text, phrases)):
            attributes[name] = kept if len(kept) > 1 else kept[0]
    refused = tuple(text for text in reading.not_ if not _is_any(text, phrases))
    return reading.model_copy(update={"attributes": attributes, "not_": refused})


def is_about(constraint: Constraint, phrase: str) -> bool:
    """Whether a wish or a field's limit is of what need not be: "wooden" of wood."""
    # The catalogue's values say more than was asked for: of "glass" also "glass and steel".
    texts = constraint.said.split(", ") if constraint.said else constraint.values
    return any(_is_any(text, (phrase,)) for text in texts)


def words_without(words: Sequence[str], phrase: str) -> tuple[str, ...]:
    """What is looked for without what need not be; the last word of a thing stays.

    >>> words_without(("red blanket", "for two"), "red"), words_without(("wood",), "wood")
    (('blanket', 'for two'), ('wood',))
    """
    if not words:
        return ()
    *before, head = words[0].split()
    kept = [word for word in before if not _is_any(word, (phrase,))]
    return (" ".join([*kept, head]), *words[1:])


def _is_any(text: str, phrases: Sequence[str]) -> bool:
    forms = {form for word in (text, *text.split()) for form in same_words(fold(word))}
    return any(not forms.isdisjoint(_forms(phrase)) for phrase in phrases)


def _forms(phrase: str) -> set[str]:
    """The words for the same in all languages; of several words the first names what is meant."""
    return {form for word in (phrase, phrase.split()[0]) for form in same_words(fold(word))}
