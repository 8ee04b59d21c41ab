"""``llmrec recommend``: one answer, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmrec.answer_events import AnswerComplete, AnswerEvent, AnswerRanked, WordsWritten
from llmrec.cli import filter_options as flags
from llmrec.cli.cards import answer_table, print_words, score_table, trace_line
from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.types import Filters, Recommendations

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["recommend"]


_User = Annotated[
    str | None, typer.Option("--user", "-u", help="Whose history to take from the event log.")
]
_History = Annotated[
    list[str] | None,
    typer.Option("--history", "-h", help="An item id or free text, oldest first; repeatable."),
]
_Query = Annotated[
    str | None, typer.Option("--query", "-q", help="What the shopper is looking for.")
]
_Count = Annotated[int, typer.Option("-k", help="How many recommendations.")]
_Describe = Annotated[
    int, typer.Option("--describe", "-d", help="Descriptions for the first N of them.")
]
_AllowSeen = Annotated[
    bool, typer.Option("--allow-seen", help="Items of the history may come back.")
]
_Explain = Annotated[
    bool | None,
    typer.Option("--explain/--no-explain", help="Write a reason for each.", show_default="explain"),
]
_Reasons = Annotated[
    bool | None, typer.Option("--reasons/--no-reasons", help="The older name.", hidden=True)
]
_Scores = Annotated[bool, typer.Option("--scores", help="Show every candidate's scores by source.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Seed = Annotated[int | None, typer.Option(help="Of shuffle and writing.")]
_Words = Annotated[
    str | None,
    typer.Option(
        "--words", help="Language of the texts: en, de or zh; by default each product's own."
    ),
]


def recommend(
    user: _User = None,
    history: _History = None,
    query: _Query = None,
    k: _Count = 5,
    describe: _Describe = 0,
    category: flags.Categories = None,
    brand: flags.Brands = None,
    not_brand: flags.NotBrands = None,
    not_word: flags.NotWords = None,
    min_price: flags.MinPrice = None,
    max_price: flags.MaxPrice = None,
    in_stock: flags.InStock = False,
    language: flags.Languages = None,
    attribute: flags.Attributes = None,
    not_attribute: flags.NotAttributes = None,
    allow_seen: _AllowSeen = False,
    explain: _Explain = None,
    reasons: _Reasons = None,
    scores: _Scores = False,
    as_json: _AsJson = False,
    seed: _Seed = None,
    words: _Words = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Recommend for a shopper, a history, or a query.

    Example: [bold]llmrec recommend --user S042 --query "for a rainy hike" --max-price 80 -k 3[/]
    """
    from llmrec.recommender import Recommender

    filters = flags.build_filters(
        categories=category,
        brands=brand,
        not_brands=not_brand,
        not_words=not_word,
        min_price=min_price,
        max_price=max_price,
        in_stock=in_stock,
        languages=language,
        attributes=attribute,
        not_attributes=not_attribute,
        allow_seen=allow_seen,
    )
    if explain and not scores:
        _say_what_explain_means()
    options = {
        "history": history or None,
        "k": k,
        "user": user,
        "describe": describe,
        "explain": explain is not False and reasons is not False,
        "seed": seed,
        "language": words,
    }
    with Recommender.open(workspace) as shop:
        _answer(shop, query, filters, options, scores=scores or bool(explain), as_json=as_json)


def _answer(
    shop: Recommender,
    query: str | None,
    filters: Filters,
    options: Mapping[str, Any],
    *,
    scores: bool,
    as_json: bool,
) -> None:
    """Read the query's limits, recommend, and print the answer."""
    from llmrec.agent.constraints.query import read_query

    with notes.status("Recommending …"):
        read = read_query(query, filters, shop.store.currencies() if query else ())
    request: dict[str, Any] = {**options, "query": read.query, "filters": read.filters}
    if as_json:
        with notes.status("Recommending …"):
            answer = read.noted(shop.recommend(**request))
        console.print_json(data=_as_data(answer, scores))
        return
    answer = read.noted(_shown(shop.recommend_stream(**request)))
    if scores:
        console.print(score_table(answer))
    notes.print(trace_line(answer), style="dim", highlight=False)


def _say_what_explain_means() -> None:
    """Warn that ``--explain``, which once showed the scores, writes reasons now."""
    notes.print(
        "--explain writes reasons, as in Python and over HTTP; for the scores say --scores. "
        "A later version will not show them for --explain.",
        style="yellow",
    )


def _shown(events: Iterator[AnswerEvent]) -> Recommendations:
    """Print the table at once, and the words that a model writes behind it, line by line."""
    ranked = _awaited(events, "Recommending …")
    assert isinstance(ranked, AnswerRanked)
    answer = ranked.answer
    if answer.trace.unlike:
        notes.print(answer.trace.unlike, style="yellow", highlight=False, markup=False)
    title = f"For {answer.user}" if answer.user else None
    console.print(answer_table(answer, title=title, awaited=bool(ranked.pending)))
    while (event := _awaited(events, "Writing …")) is not None:
        if isinstance(event, AnswerComplete):
            answer = event.answer
        elif isinstance(event, WordsWritten) and ranked.pending:
            print_words(console, event.recommendation)
    return answer


def _awaited(events: Iterator[AnswerEvent], doing: str) -> AnswerEvent | None:
    """The next event, if there is one.

    Nothing may be printed before it ends: the spinner on standard error captures what is written to
    standard output, and a file would miss it.
    """
    with notes.status(doing):
        return next(events, None)


def _as_data(answer: Recommendations, scores: bool) -> dict[str, Any]:
    data = answer.to_dict()
    if scores:
        data["considered"] = [
            {"id": item.id, "rank": item.rank, "score": item.score, "scores": dict(item.scores)}
            for item in answer.considered
        ]
    return data
