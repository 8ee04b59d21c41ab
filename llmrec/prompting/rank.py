"""The ranking prompt: one head for all candidates, and behind it each candidate apart.

The head holds the instruction, the shopper's history and what is asked for. A candidate's branch is
its own line and a closing question, which is answered yes or no. No candidate sees another one, so
neither their order nor their number can matter, and nothing in a branch depends on the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llmrec.errors import ContextOverflow, EngineError
from llmrec.labels import label_token
from llmrec.prompting.lines import DETAILS, Detail, HistoryPair, history_line, item_line
from llmrec.prompting.shop_text import one_line, shorten
from llmrec.prompting.templates import Prompt, Render, render_template, template_version
from llmrec.types import Item

__all__ = [
    "LINE_TOKENS",
    "RANK_TEMPLATE",
    "RankPrompt",
    "fit_rank_prompt",
    "rank_prompt",
    "rank_prompt_version",
    "yes_and_no",
]

RANK_TEMPLATE = "rank.v2"

LINE_TOKENS = 64
"""Of the budget, what is kept for a candidate's branch: a title of 20 words with brand, category
and price has some 45 tokens."""

QUERY_WORDS = 60

# Behind "Wanted:"; vocabularies differ in whether the space belongs to the word.
_ANSWERS = ((" yes", " no"), ("yes", "no"), (" Yes", " No"), ("Yes", "No"), ("Y", "N"))


@dataclass(frozen=True, slots=True)
class RankPrompt:
    """The prompts of one list, ready for the engine.

    ``head`` is rendered with the model's chat template; ``branches`` stand in the order of the
    candidates, and head and branch together are a candidate's prompt. ``tokens`` counts the head
    once and every branch; ``kept`` the history entries that are in. ``later`` is where in the head
    the history behind its first entry stands, as first and last character (exclusive).
    """

    head: str
    branches: tuple[str, ...]
    tokens: int
    version: str
    kept: int
    later: tuple[int, int]

    @property
    def texts(self) -> list[str]:
        """Each candidate's prompt."""
        return [self.head + branch for branch in self.branches]


def rank_prompt(
    history: Sequence[HistoryPair],
    query: str | None,
    candidate: Item,
    detail: Detail = DETAILS[0],
) -> Prompt:
    """The messages of one candidate, its branch as the beginning of the answer."""
    return _rendered(_history_lines(history, detail), query, item_line(candidate, detail))


def fit_rank_prompt(
    history: Sequence[HistoryPair],
    query: str | None,
    candidates: Sequence[Item],
    *,
    render: Render,
    count_tokens: Callable[[str], int],
    budget: int,
) -> RankPrompt:
    """Render the richest prompts of at most ``budget`` tokens each.

    Every candidate stays, and its line has room of its own (:data:`LINE_TOKENS`), within which its
    text is shortened. In the head texts are shortened first (:data:`DETAILS`), then history entries
    are dropped, oldest first.

    Args:
        history: oldest first.
        query: what the shopper asks for.
        candidates: in any order.
        render: the engine's chat template.
        count_tokens: the engine's tokenizer.
        budget: the most tokens that head and branch may have together.

    Raises:
        ContextOverflow: even the head without a history is too long.
    """
    head, kept, later = _fit_head(history, query, render, count_tokens, budget - LINE_TOKENS)
    branches = tuple(_fit_branch(item, count_tokens) for item in candidates)
    tokens = count_tokens(head) + sum(map(count_tokens, branches))
    return RankPrompt(head, branches, tokens, rank_prompt_version(), kept, later)


def yes_and_no(token_ids: Callable[[str], list[int]], prompt: str) -> tuple[str, str]:
    """The two answers behind a ranking prompt, each one token there.

    Args:
        token_ids: the engine's tokenizer, adding no special tokens.
        prompt: a ranking prompt, or its end.

    Raises:
        EngineError: the tokenizer has no such words.
    """
    for yes, no in _ANSWERS:
        tokens = {label_token(token_ids, prompt, label) for label in (yes, no)}
        if len(tokens) == 2 and None not in tokens:
            return yes, no
    raise EngineError(
        "The model's tokenizer has no single tokens for yes and no behind a ranking prompt.",
        hint="Use another model.",
    )


def rank_prompt_version() -> str:
    """Version of the ranking template."""
    return template_version(RANK_TEMPLATE)


def _rendered(history: Sequence[str], query: str | None, product: str) -> Prompt:
    words = shorten(one_line(query), QUERY_WORDS) if query else None
    values = {"history": history, "query": words, "product": product}
    return render_template(RANK_TEMPLATE, values)


def _history_lines(history: Sequence[HistoryPair], detail: Detail) -> list[str]:
    return [line for pair in history if (line := history_line(pair, detail))]


def _fit_head(
    history: Sequence[HistoryPair],
    query: str | None,
    render: Render,
    count_tokens: Callable[[str], int],
    budget: int,
) -> tuple[str, int, tuple[int, int]]:
    """The richest head within the budget, how much of the history is in, and where."""
    plans = [(detail, len(history)) for detail in DETAILS]
    plans += [(DETAILS[-1], kept) for kept in range(len(history) - 1, -1, -1)]

    def attempt(place: int) -> tuple[str, list[str]]:
        detail, kept = plans[place]
        lines = _history_lines(history[len(history) - kept :], detail)
        return render(_rendered(lines, query, "").messages), lines

    # Bisect: the plans run from rich to bare, each no longer than the one before.
    low, high = 0, len(plans) - 1
    if count_tokens(attempt(0)[0]) <= budget:
        high = 0
    while low < high:
        middle = (low + high) // 2
        if count_tokens(attempt(middle)[0]) <= budget:
            high = middle
        else:
            low = middle + 1
    head, lines = attempt(high)
    if (tokens := count_tokens(head)) > budget:
        raise ContextOverflow(
            f"A ranking prompt needs at least {tokens + LINE_TOKENS} tokens; the budget is "
            f"{budget + LINE_TOKENS}.",
            hint="Raise ranking.token_budget, up to the model's context.",
        )
    return head, plans[high][1], _behind_first(head, lines)


def _behind_first(head: str, lines: Sequence[str]) -> tuple[int, int]:
    """Where all lines of the history but the first stand in the head; empty where none do."""
    if len(lines) < 2:
        return 0, 0
    block = "".join(f"\n- {line}" for line in lines)
    start = head.find(block)
    # A chat template that changes its content leaves nothing to point at.
    return (0, 0) if start < 0 else (start + len(f"\n- {lines[0]}"), start + len(block))


def _fit_branch(item: Item, count_tokens: Callable[[str], int]) -> str:
    """The richest branch of a candidate that has room; three words of 48 letters are cut."""
    lines = [item_line(item, detail) for detail in DETAILS]
    while len(lines[-1]) > 2:
        lines.append(lines[-1][: len(lines[-1]) // 2])
    branches = (_rendered((), None, line).answer_prefix for line in dict.fromkeys(lines))
    return next(branch for branch in branches if count_tokens(branch) <= LINE_TOKENS)
