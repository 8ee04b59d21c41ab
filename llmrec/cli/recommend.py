"""``llmrec recommend``: one answer, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmrec.answer_events import AnswerComplete, AnswerEvent, AnswerRanked, WordsWritten
from llmrec.cli.cards import answer_table, print_words, score_table, trace_line
from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.errors import HistoryError
from llmrec.requests import as_filters
from llmrec.types import Filters, Recommendations

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = [
    "recommend",
]

_PANEL = "Filters (hard: nothing that violates one comes back)"


def _option(*names: str, text: str) -> object:
    return typer.Option(*names, help=text, rich_help_panel=_PANEL, show_default=False)


Categories = Annotated[list[str] | None, _option("--category", text="Any step of the path.")]
Brands = Annotated[list[str] | None, _option("--brand", text="Only these brands; repeatable.")]
NotBrands = Annotated[list[str] | None, _option("--not-brand", text="None of these brands.")]
NotWords = Annotated[
    list[str] | None, _option("--not-word", text="No title with this word or phrase; repeatable.")
]
MinPrice = Annotated[str | None, _option("--min-price", text="At least, e.g. 10.")]
MaxPrice = Annotated[str | None, _option("--max-price", text="At most, e.g. 39.90.")]
InStock = Annotated[bool, _option("--in-stock", text="Only what can be delivered.")]
Languages = Annotated[list[str] | None, _option("--language", text="Of the product's text: de.")]
Attributes = Annotated[list[str] | None, _option("--attribute", text="name=value; repeatable.")]
NotAttributes = Annotated[
    list[str] | None,
    _option("--not-attribute", text="name=value: of sizes, what comes in no other; repeatable."),
]


def build_filters(
    *,
    categories: list[str] | None = None,
    brands: list[str] | None = None,
    not_brands: list[str] | None = None,
    not_words: list[str] | None = None,
    min_price: str | None = None,
    max_price: str | None = None,
    in_stock: bool = False,
    languages: list[str] | None = None,
    attributes: list[str] | None = None,
    not_attributes: list[str] | None = None,
    allow_seen: bool = False,
) -> Filters:
    """Put the flags together.

    Raises:
        HistoryError: a value cannot be understood; names the flag.
    """
    given = {
        "categories": categories,
        "brands": brands,
        "not_brands": not_brands,
        "not_words": not_words,
        "min_price": min_price,
        "max_price": max_price,
        "in_stock": in_stock,
        "languages": languages,
        "attributes": _pairs("--attribute", attributes),
        "not_attributes": _pairs("--not-attribute", not_attributes),
        "allow_seen": allow_seen,
    }
    return as_filters({name: value for name, value in given.items() if value})


def _pairs(flag: str, flags: list[str] | None) -> dict[str, tuple[str, ...]]:
    pairs: dict[str, tuple[str, ...]] = {}
    for pair in flags or []:
        name, equals, value = pair.partition("=")
        if not (equals and name and value):
            raise HistoryError(
                f"'{pair}' is not of the form name=value.",
                field=flag,
                hint=f"Write {flag} colour=blue.",
            )
        pairs[name] = (*pairs.get(name, ()), value)
    return pairs


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
    category: Categories = None,
    brand: Brands = None,
    not_brand: NotBrands = None,
    not_word: NotWords = None,
    min_price: MinPrice = None,
    max_price: MaxPrice = None,
    in_stock: InStock = False,
    language: Languages = None,
    attribute: Attributes = None,
    not_attribute: NotAttributes = None,
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

    filters = build_filters(
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
    cut = shop.settings.retrieval.cut
    limited = {"query": read.query, "filters": read.filters, "cut": cut}
    request: dict[str, Any] = {**options, **limited}
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
    """Print the table at once, then each line of words when the model has written it."""
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
