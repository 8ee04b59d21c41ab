"""``llmrec recommend``: one answer, as a table or as JSON."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from llmrec.cli import filter_options as flags
from llmrec.cli.cards import answer_table, score_table, trace_line
from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.types import Recommendations

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
_Reasons = Annotated[bool, typer.Option(help="Write a reason for each.")]
_Explain = Annotated[
    bool, typer.Option("--explain", help="Show every candidate's scores by source.")
]
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
    reasons: _Reasons = True,
    explain: _Explain = False,
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
    with Recommender.open(workspace) as shop, notes.status("Recommending …"):
        answer = shop.recommend(
            history or None,
            k,
            query,
            filters,
            user,
            describe=describe,
            explain=reasons,
            seed=seed,
            language=words,
        )
    if as_json:
        console.print_json(data=_as_data(answer, explain))
    else:
        _show(answer, explain)


def _show(answer: Recommendations, explain: bool) -> None:
    console.print(answer_table(answer, title=f"For {answer.user}" if answer.user else None))
    if explain:
        console.print(score_table(answer))
    notes.print(trace_line(answer), style="dim", highlight=False)


def _as_data(answer: Recommendations, explain: bool) -> dict[str, Any]:
    data = answer.to_dict()
    if explain:
        data["considered"] = [
            {"id": one.id, "rank": one.rank, "score": one.score, "scores": dict(one.scores)}
            for one in answer.considered
        ]
    return data
