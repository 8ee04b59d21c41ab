"""Words that say nothing of what is looked for: "show me", "bitte", "有没有"."""

from __future__ import annotations

from llmrec.agent.constraints.reader import pattern

__all__ = ["without_fillers"]

_OPENING = pattern(
    r"(?:(?:no|nein|不)\s*[,.!]+\s*|(?:ok(?:ay)?|well|so|and|but|now|then|yes|yeah|hm+|oh|great"
    r"|thanks|please|also|just|or|maybe"
    r"|und|aber|dann|jetzt|ja|also|bitte|danke|gut|auch|oder|doch|mal|vielleicht)\b[\s,.!]*"
    r"|(?:can|could|would)\s+you\s+(?:please\s+)?(?:show|find|give|recommend"
    r"|suggest)(?:\s+me)?\b\s*"
    r"|(?:do\s+you\s+have|have\s+you\s+got|is\s+there|are\s+there|i(?:'m|\s+am"
    r"|\s+was)\s+(?:also\s+|now\s+)*looking\s+for"
    r"|i\s+(?:(?:also|now|just|really|still|only)\s+)*(?:want|need|would\s+like)"
    r"|i'd\s+(?:like|prefer)|looking\s+for|searching\s+for|show(?:\s+me)?|find(?:\s+me)?"
    r"|give\s+me|search\s+for|get\s+me"
    r"|what\s+(?:do|would|can|could)\s+you\s+(?:recommend|suggest|have)"
    r"|(?:any|some)\s+(?:ideas?|suggestions?|tips?)"
    r"|let's\s+see|what\s+about|how\s+about|recommend(?:\s+me)?|suggest)\b\s*"
    r"|(?:(?:sehr|so)\s+)?gerne?\b\s*"
    r"|(?:ich\s+(?:suche|brauche|möchte|will|mag|hätte\s+gerne?|wünsche\s+mir)(?:\s+(?:auch|noch"
    r"|jetzt|nur|mal))*|(?:kannst"
    r"|könntest)\s+du\s+mir|können\s+sie\s+mir"
    r"|zeig(?:e|en\s+sie)?(?:\s+mir)?|such(?:e|st\s+du)?(?:\s+mir)?|gib\s+mir|habt\s+ihr"
    r"|haben\s+sie|hast\s+du|gibt\s+es"
    r"|empfiehl(?:\s+mir)?|wie\s+wäre\s+es\s+mit|was\s+ist\s+mit)\b\s*"
    r"|(?:我(?:还|也|现在|另外)?(?:想(?:要|买|看看?|找)?|要|需要)|我在找|请(?:问)?|给我(?:看看?|找|推荐)?|帮我(?:找|选"
    r"|推荐)?(?:一?[个下])?|有没有|有什么"
    r"|推荐(?:一?[个下些])?"
    r"|来(?:一?[个点些])|看看|找|那|还有|还要|要|和|但是?|不过)\s*"
    r"|(?:i|ich|price|preis|want|nothing|nichts|lieber)(?![^\W_])\s*|它"
    r"|(?:it|they|that|which|this|these)(?:'s|'re|\s+(?:is|are|should\s+be|must\s+be|has\s+to\s+be"
    r"|needs\s+to\s+be|would\s+be))\b\s*"
    r"|(?:he|she|they)\s+(?:also\s+|really\s+)*(?:likes?|loves?|enjoys?|is\s+into|are\s+into)\b\s*"
    r"|(?:something|anything)\s+(?:nice|good|special|beautiful|pretty|great)\b\s*"
    r"|(?:et)?was\s+(?:schönes|gutes|besonderes|nettes)\b\s*"
    r"|(?:this|these|those|them|the\s+same|das|die|den)(?=\s+in\s)\s*"
    r"|who\s+(?:(?:also|really|just)\s+)*(?:likes?|loves?|enjoys?|needs?|wants?"
    r"|is\s+(?:into|fond\s+of|keen\s+on|crazy\s+about))\b\s*"
    r"|(?:er|sie)\s+(?:mag|liebt)\b\s*|es\s+(?:soll(?:te)?|muss)\b\s*"
    r"|(?:preferr?e?r?ably|ideally|if\s+possible|am\s+liebsten|möglichst|vorzugsweise"
    r"|bevorzugt)\b\s*"
    r"|最好是?|希望是?|[他她]喜欢"
    r"|(?:to\s+(?:buy|see|have|get)|some|any|a|an|the|ein(?:e[nrms]?)?|etwas|was|something"
    r"|anything|things?|stuff|one|ones"
    r"|der|die|das|den|dem)(?![^\W_])\s*|[一几][个些款件把双只本张条]|东西|的|有|或者?"
    r"|[,.;:!?、。,\s-]+)"
)
_CLOSING = pattern(
    r"(?:[\s,]*\b(?:please|thanks|thank\s+you|too|instead|then|now|again|there|bitte|danke|auch"
    r"|dann|stattdessen|wieder|haben|zeigen"
    r"|kaufen|sehen|suchen|mag|liebt|trinkt|isst|liest|spielt|kocht|backt"
    r"|and|or|but|und|oder|aber|for|für|from|von|in|with|mit|the|a|an|one"
    r"|ones|ein|eine|einen|something|etwas|to\s+be"
    r"|should\s+be|must\s+be|is|it|this|these|those|es|sein|price|preis|costing|lieber|similar"
    r"|that|which|thing|things|products?|produkte?)\b"
    r"|[\s,]*(?:或者?|吗|呢|吧|啊|呀|谢谢|的|了|一?点|东西|商品|产品|就行|好了)"
    r"|[\s,.;:!?、。-]+)$"
)
_LOOSE = pattern(r"\s+([,.;:!?])")
_LOOK_BACK = 32
"""No filler at the end is longer; of a longer row of marks the next look takes the rest."""


def without_fillers(words: str) -> str:
    """What is left when the frame of a sentence is taken away.

    >>> without_fillers("I am looking for a teapot, please"), without_fillers("我想买一个茶壶")
    ('teapot', '茶壶')
    >>> without_fillers("show me something"), without_fillers("Ich suche ein Zelt")
    ('', 'Zelt')
    """
    start, end = 0, len(words)
    before = None
    while before != (start, end):
        before = start, end
        if opening := _OPENING.match(words, start, end):
            start = opening.end()
        end = _closed(words, start, end)
        while start < end and words[start].isspace():
            start += 1
        while start < end and words[end - 1].isspace():
            end -= 1
    return _LOOSE.sub(r"\1", words[start:end])


def _closed(words: str, start: int, end: int) -> int:
    """Where the words end without the last filler; only the end is looked at, not all of them."""
    first = max(start, end - _LOOK_BACK)
    # One character before, so that no word seems to begin in the middle of another.
    context = min(first - start, 1)
    found = _CLOSING.search(words[first - context : end], context)
    return end if found is None else first - context + found.start()
