"""The ranking prompt, fitted to a token budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llmrec.errors import ContextOverflow
from llmrec.prompting.lines import DETAILS, Detail, HistoryPair, history_line, item_line
from llmrec.prompting.shop_text import one_line, shorten
from llmrec.prompting.templates import Prompt, Render, render_template, template_version
from llmrec.types import Item

__all__ = [
    "NEUTRAL_ITEM",
    "RANK_TEMPLATE",
    "RankPrompt",
    "fit_rank_prompt",
    "rank_prompt",
    "rank_prompt_tail",
    "rank_prompt_version",
]

RANK_TEMPLATE = "rank.v1"
NEUTRAL_ITEM = Item(id="", title="a product")
"""Stands for every candidate when a model's liking for label letters is measured."""

QUERY_WORDS = 60


@dataclass(frozen=True, slots=True)
class RankPrompt:
    """A ranking prompt ready for the engine.

    ``text`` is rendered with the model's chat template and ``tokens`` long; ``labels`` stand in the
    order of the candidates; ``history`` counts the entries that are in, ``detail`` how much of each
    item's text is.
    """

    text: str
    tokens: int
    version: str
    labels: tuple[str, ...]
    history: int
    detail: Detail


def rank_prompt(
    history: Sequence[HistoryPair],
    query: str | None,
    candidates: Sequence[Item],
    labels: Sequence[str],
    detail: Detail = DETAILS[0],
) -> Prompt:
    """The messages of one ranking: history oldest first, candidates in the given order."""
    return render_template(
        RANK_TEMPLATE,
        {
            "history": [line for pair in history if (line := history_line(pair, detail))],
            "query": shorten(one_line(query), QUERY_WORDS) if query else None,
            "candidates": [
                {"label": label.strip(), "text": item_line(item, detail)}
                for label, item in zip(labels, candidates, strict=True)
            ],
        },
    )


def fit_rank_prompt(
    history: Sequence[HistoryPair],
    query: str | None,
    candidates: Sequence[Item],
    labels: Sequence[str],
    *,
    render: Render,
    count_tokens: Callable[[str], int],
    budget: int,
) -> RankPrompt:
    """Render the richest prompt of at most ``budget`` tokens.

    Every candidate stays. Texts are shortened first (:data:`DETAILS`), then history entries are
    dropped, oldest first.

    Args:
        history: oldest first.
        query: what the shopper asks for.
        candidates: in the order in which they are shown.
        labels: one for each candidate, each one token after the prompt.
        render: the engine's chat template.
        count_tokens: the engine's tokenizer.
        budget: the most tokens the prompt may have.

    Raises:
        ContextOverflow: even three words a title and no history are too long.
    """

    def attempt(plan: tuple[Detail, int]) -> RankPrompt:
        detail, kept = plan
        recent = history[len(history) - kept :]
        prompt = rank_prompt(recent, query, candidates, labels, detail)
        text = render(prompt.messages, answer_prefix=prompt.answer_prefix)
        return RankPrompt(text, count_tokens(text), prompt.version, tuple(labels), kept, detail)

    plans = [(detail, len(history)) for detail in DETAILS]
    plans += [(DETAILS[-1], kept) for kept in range(len(history) - 1, -1, -1)]
    return _first_that_fits(plans, attempt, budget, len(candidates))


def rank_prompt_tail(render: Render) -> str:
    """The end of every ranking prompt, for choosing labels that are one token behind it."""
    prompt = rank_prompt((), None, (), ())
    return render(prompt.messages, answer_prefix=prompt.answer_prefix)[-64:]


def rank_prompt_version() -> str:
    """Version of the ranking template."""
    return template_version(RANK_TEMPLATE)


def _first_that_fits(
    plans: Sequence[tuple[Detail, int]],
    attempt: Callable[[tuple[Detail, int]], RankPrompt],
    budget: int,
    candidates: int,
) -> RankPrompt:
    """Bisect ``plans``, which run from rich to bare: each is no longer than the one before."""
    first = attempt(plans[0])
    if first.tokens <= budget:
        return first
    last = attempt(plans[-1])
    if last.tokens > budget:
        raise ContextOverflow(
            f"{candidates} candidates need at least {last.tokens} prompt tokens; "
            f"the budget is {budget}.",
            hint="Rank fewer candidates (retrieval.candidates), or raise ranking.token_budget "
            "up to the model's context.",
        )
    low, high, best = 0, len(plans) - 1, last
    while high - low > 1:
        middle = (low + high) // 2
        tried = attempt(plans[middle])
        if tried.tokens <= budget:
            high, best = middle, tried
        else:
            low = middle
    return best
