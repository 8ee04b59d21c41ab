"""``llmrec recommend``: one answer, as a table or as JSON."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from llmrec.cli import filter_options as flags
from llmrec.cli.cards import answer_table, score_table, trace_line
from llmrec.cli.common import WorkspaceOption, console, notes
from llmrec.types import Recommendations

__all__ = ["recommend"]


def recommend(
    user: Annotated[
        str | None, typer.Option("--user", "-u", help="Whose history to take from the event log.")
    ] = None,
    history: Annotated[
        list[str] | None,
        typer.Option("--history", "-h", help="An item id or free text, oldest first; repeatable."),
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", "-q", help="What the shopper is looking for.")
    ] = None,
    k: Annotated[int, typer.Option("-k", help="How many recommendations.")] = 5,
    describe: Annotated[
        int, typer.Option("--describe", "-d", help="Descriptions for the first N of them.")
    ] = 0,
    category: flags.Categories = None,
    brand: flags.Brands = None,
    not_brand: flags.NotBrands = None,
    not_word: flags.NotWords = None,
    min_price: flags.MinPrice = None,
    max_price: flags.MaxPrice = None,
    in_stock: flags.InStock = False,
    language: flags.Languages = None,
    attribute: flags.Attributes = None,
    allow_seen: Annotated[
        bool, typer.Option("--allow-seen", help="Items of the history may come back.")
    ] = False,
    reasons: Annotated[bool, typer.Option(help="Write a reason for each.")] = True,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show every candidate's scores by source.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    seed: Annotated[int | None, typer.Option(help="Of shuffle and writing.")] = None,
    words: Annotated[
        str | None,
        typer.Option(
            "--words", help="Language of the texts: en, de or zh; by default each product's own."
        ),
    ] = None,
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
        return
    console.print(answer_table(answer, title=f"For {user}" if user else None))
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
