"""What a run says of its language model, as labelled sentences for every form of the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["model_rows"]


def model_rows(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and sentence, from the ``llm`` part of a run; nothing where no model took part."""
    llm = record.get("llm")
    if not llm:
        return []
    return [*_what(llm), *_lift(llm.get("lift")), *_words(llm.get("words"))]


def _what(llm: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "model" in llm:
        yield (
            "model",
            f"{llm['model']}, prompt {llm['prompt']}, ranks {llm['candidates']} candidates; "
            f"its share in the score is {llm['llm_weight']:g}",
        )
        memory = llm.get("gpu_memory_mb") or llm.get("peak_memory_mb")
        where = "of the card" if llm.get("gpu_memory_mb") else "of the process"
        peak = f", peak memory {where} {memory:,.0f} MB" if memory else ""
        yield "cost", f"{llm['prompt_tokens']:,.0f} prompt tokens per recommendation{peak}"
        yield "answers without it", f"{llm['degraded']:.1%}"


def _lift(lift: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if not lift:
        return
    found, users = lift["retrieved"], lift["users"]
    yield (
        "targets retrieved",
        f"{found:,} of {users:,} users ({found / users:.1%}); only those can be ranked",
    )
    for key, whom in (("on_retrieved", "of these"), ("on_all", "of all")):
        for one in lift[key]:
            if one["metric"].startswith("ndcg"):
                yield f"{one['a']} against {one['b']}, {whom}", _difference(one)


def _difference(one: Mapping[str, Any]) -> str:
    says = f"{one['better']} is better" if one["better"] else "no difference shown"
    share = "" if one["lift"] is None else f" ({one['lift']:+.1%})"
    return (
        f"{one['metric']} {one['mean_a']:.4f} against {one['mean_b']:.4f}: "
        f"{one['difference']:+.4f} [{one['low']:+.4f}, {one['high']:+.4f}]{share}, adjusted p "
        f"{one['adjusted_p']:.4f}: {says}"
    )


def _words(words: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    for name, found in (words or {}).items():
        if found.get("texts"):
            drafted = found["claims"] + found["refused"]
            yield (
                name,
                f"{found['texts']:,} texts: {found['by_model']:.0%} the model's own "
                f"({found['repaired']:.0%} at a later attempt), {found.get('quoted', 0.0):.0%} "
                f"quoted, {found['from_fields']:.0%} made from fields; of {drafted:,} claims made "
                f"{found['claims_that_hold']:.0%} held, the others were refused; "
                f"distinct-1 {found['distinct_1']:.2f}, "
                f"distinct-2 {found['distinct_2']:.2f}",
            )
