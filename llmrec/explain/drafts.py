"""One attempt at a text: what the model is asked, what it says with it, and whether that holds.

The writer serves with it and the words adapter is trained with it, so that both see the same
prompts and the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from llmrec.explain.anchors import Anchor
from llmrec.explain.check import check, grounding
from llmrec.explain.facts import Facts, fold, short_title
from llmrec.explain.from_fields import lead_from_fields
from llmrec.explain.lexicon import SAFE_WORDS
from llmrec.explain.phrases import PHRASES
from llmrec.explain.requests import WordsRequest
from llmrec.explain.shape import shape_problems, whole_sentences
from llmrec.prompting import Prompt, describe_prompt, reason_prompt

__all__ = ["Draft", "make_draft"]


@dataclass(frozen=True)
class Draft:
    """One attempt at a text.

    ``lead`` is our sentence about the anchor, which the model never sees: small models go on about
    the thing named there. ``opening`` begins the model's sentence; it may differ from what the
    prompt ends with.
    """

    facts: Facts
    describes: bool
    prompt: Prompt
    lead: str
    lead_evidence: tuple[str, ...]
    opening: str

    def sentence(self, generated: str, *, finished: bool) -> str:
        """The model's whole sentences with their opening; ``finished``: it stopped by itself."""
        joint = "" if generated[:1] in " ,.;:!?'" else " "
        limit = 2 if self.describes else 1
        return whole_sentences(self.opening + joint + generated, limit, finished=finished)

    def text(self, sentence: str) -> str:
        """As it is shown. A lead ends with a colon: what follows goes on in the same sentence."""
        return " ".join(part for part in (self.lead, sentence) if part)

    def problems(self, sentence: str, generated: str, known_brands: Collection[str]) -> list[str]:
        """Why it may not be shown, empty if it may."""
        rest = sentence[len(self.opening) :].lstrip()
        addition = rest.strip(" .,;:-")
        if addition and rest.startswith("."):
            return ["shape: a title is no sentence"]
        if not addition or not generated.strip():
            return ["shape: says nothing" if generated.strip(" .,") == "" else "shape: breaks off"]
        shown = f"{self.facts.speakable} {self.facts.item.title}"
        shape = shape_problems(sentence, self.prompt.examples, shown)
        # What we wrote before it cannot vouch for what the model says.
        claims = [
            *check(self.text(sentence), self.facts, known_brands),
            *grounding(addition, self.facts),
        ]
        return [f"shape: {problem}" for problem in shape] + [str(problem) for problem in claims]

    def evidence(self, sentence: str) -> tuple[str, ...]:
        """What the lead stands on, and the fields whose words or numbers the sentence uses."""
        text = fold(sentence)
        words = {word[:5] for word in re.findall(r"[^\W\d_]{4,}", text) if word not in SAFE_WORDS}
        words |= set(re.findall(r"\d+", text))
        used = [
            name
            for name, value in self.facts.fields.items()
            if words & {word[:5] for word in re.findall(r"[^\W\d_]{4,}|\d+", fold(value))}
        ]
        return tuple(dict.fromkeys((*self.lead_evidence, *used)))


def make_draft(
    request: WordsRequest, facts: Facts, anchor: Anchor, *, describes: bool, attempt: int
) -> Draft:
    """The first attempt is free; the second begins with the title, so that less can go wrong."""
    item = request.item
    title = short_title(item.title)
    if describes:
        opening = f"The {title}" if attempt == 1 else f"The {title} is"
        return Draft(facts, True, describe_prompt(item, opening), "", (), opening)
    lead, evidence = lead_from_fields(request, anchor, PHRASES["en"])
    begin = "This is" if attempt == 1 else f"This is {title},"
    opening = begin.removeprefix("This is").strip() if lead else begin
    lead = lead.rstrip(".") + ":" if lead else ""
    return Draft(facts, False, reason_prompt(item, begin), lead, evidence, opening)
