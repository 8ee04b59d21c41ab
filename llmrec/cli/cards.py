"""How answers look in a terminal: a ranked table, product cards, every candidate's scores."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from llmrec.prompting import price_label
from llmrec.types import Item, Recommendation, Recommendations, Words

__all__ = ["answer_table", "card", "price_of", "print_words", "score_table", "trace_line"]


def price_of(item: Item) -> str:
    """``12.90 EUR``, or nothing where the catalogue has no price."""
    return "" if item.price is None else price_label(item.price, item.currency)


def answer_table(
    answer: Recommendations, *, title: str | None = None, awaited: bool = False
) -> RenderableType:
    """The recommendations as a ranked table with title, price and reason.

    With ``awaited`` without any words: they come behind it (:func:`print_words`).
    """
    if not answer:
        return Panel("Nothing to recommend: no unseen item passes the filters.", title=title)
    table = Table(title=title, title_justify="left", show_lines=True, expand=True)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("Product", ratio=3)
    table.add_column("Price", justify="right", no_wrap=True)
    if not awaited:
        table.add_column("Why", ratio=4)
    for recommendation in answer:
        table.add_row(
            str(recommendation.rank),
            _product(recommendation.item),
            price_of(recommendation.item),
            *(() if awaited else (_words(recommendation.reason),)),
        )
    described = [
        recommendation for recommendation in answer if recommendation.description and not awaited
    ]
    return (
        Group(table, *(card(recommendation) for recommendation in described))
        if described
        else table
    )


def print_words(console: Console, recommendation: Recommendation) -> None:
    """The words of a product that stands in a table above: its reason, and its card if described.

    A pipe or a file gets lines as long as they are.
    """
    if recommendation.reason:
        line = f"{recommendation.rank}. {_words(recommendation.reason)}"
        console.print(line, highlight=False, soft_wrap=not console.is_terminal)
    if recommendation.description:
        console.print(card(recommendation))


def card(recommendation: Recommendation) -> Panel:
    """One product as a card: facts, reason and, if it was written, the description."""
    item = recommendation.item
    facts = [f"{name}: {', '.join(values)}" for name, values in list(item.attributes.items())[:4]]
    facts += [" › ".join(item.category)] if item.category else []
    lines = [f"[dim]{escape(' · '.join(facts))}[/]"] if facts else []
    lines += [_words(recommendation.description)] if recommendation.description else []
    lines += (
        [f"[italic]{_words(recommendation.reason)}[/]"]
        if recommendation.reason and not recommendation.description
        else []
    )
    heading = f"[bold]{recommendation.rank}. {escape(item.title)}[/]  {price_of(item)}"
    return Panel("\n".join(lines) or escape(item.id), title=heading, title_align="left")


def score_table(answer: Recommendations) -> Table:
    """Every ranked candidate with its scores: the model's, the retriever's, each source's rank."""
    table = Table(title="Every candidate; behind each source its rank there", expand=True)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("Product", ratio=3)
    for heading in ("score", "llm", "retrieval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("sources", ratio=2)
    for recommendation in answer.considered:
        table.add_row(
            str(recommendation.rank),
            f"{escape(recommendation.item.title)} [dim]{escape(recommendation.id)}[/]",
            f"{recommendation.score:.3f}",
            _number(recommendation.scores.get("llm")),
            _number(recommendation.scores.get("retrieval")),
            _sources(recommendation),
        )
    return table


def trace_line(answer: Recommendations) -> str:
    """The trace in one or two lines."""
    trace = answer.trace
    stages = ", ".join(
        f"{name} {spent:,.0f} ms" for name, spent in trace.milliseconds.items() if name != "total"
    )
    sources = ", ".join(
        f"{name} {count}" for name, count in trace.candidates_by_source.items() if count
    )
    lines = [
        f"{trace.model} on {trace.engine}, {trace.prompt_tokens} prompt tokens, "
        f"{trace.forward_passes} forward pass(es); {trace.candidates} of {trace.matching} "
        f"matching items ranked ({sources})",
        f"{trace.milliseconds.get('total', 0):,.0f} ms: {stages}; texts written {trace.generated} "
        f"times, {trace.repairs} repaired, {trace.quoted} quoted, "
        f"{trace.from_fields} made from fields",
        *([f"The language model did not rank: {trace.unranked}"] if trace.unranked else []),
        *trace.notes,
    ]
    if trace.degraded:
        lines.append(f"DEGRADED: {trace.degraded}")
    return "\n".join(lines)


def _product(item: Item) -> str:
    below = " · ".join(part for part in (item.brand or "", " › ".join(item.category)) if part)
    return f"[bold]{escape(item.title)}[/]" + (f"\n[dim]{escape(below)}[/]" if below else "")


def _words(words: Words | None) -> str:
    if words is None:
        return ""
    mark = " [dim](from the product's fields)[/]" if words.origin == "fields" else ""
    return escape(words.text) + mark


def _sources(recommendation: Recommendation) -> str:
    ranks = {
        name.removeprefix("source:"): int(rank)
        for name, rank in recommendation.scores.items()
        if name.startswith("source:")
    }
    ordered = sorted(ranks.items(), key=lambda pair: (pair[1], pair[0]))
    return " · ".join(f"{name} {rank}" for name, rank in ordered)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
