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
    retrieved, users = lift["retrieved"], lift["users"]
    yield (
        "targets retrieved",
        f"{retrieved:,} of {users:,} users ({retrieved / users:.1%}); only those can be ranked",
    )
    for key, whom in (("on_retrieved", "of these"), ("on_all", "of all")):
        for comparison in lift[key]:
            if comparison["metric"].startswith("ndcg"):
                yield (
                    f"{comparison['a']} against {comparison['b']}, {whom}",
                    _difference(comparison),
                )


def _difference(comparison: Mapping[str, Any]) -> str:
    says = f"{comparison['better']} is better" if comparison["better"] else "no difference shown"
    share = "" if comparison["lift"] is None else f" ({comparison['lift']:+.1%})"
    return (
        f"{comparison['metric']} {comparison['mean_a']:.4f} against {comparison['mean_b']:.4f}: "
        f"{comparison['difference']:+.4f} "
        f"[{comparison['low']:+.4f}, {comparison['high']:+.4f}]{share}, adjusted p "
        f"{comparison['adjusted_p']:.4f}: {says}"
    )


def _words(words: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    for name, report in (words or {}).items():
        if report.get("texts"):
            drafted = report["claims"] + report["refused"]
            yield (
                name,
                f"{report['texts']:,} texts: {report['by_model']:.0%} the model's own "
                f"({report['repaired']:.0%} at a later attempt), {report.get('quoted', 0.0):.0%} "
                f"quoted, {report['from_fields']:.0%} made from fields; of {drafted:,} claims made "
                f"{report['claims_that_hold']:.0%} held, the others were refused; "
                f"distinct-1 {report['distinct_1']:.2f}, "
                f"distinct-2 {report['distinct_2']:.2f}",
            )
