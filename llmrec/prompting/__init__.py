"""Render prompts to a token budget: pure, so that training, evaluation and serving see the same."""

from llmrec.prompting.lines import (
    DETAILS,
    Detail,
    HistoryPair,
    history_line,
    item_line,
    price_label,
    price_text,
)
from llmrec.prompting.rank import (
    LINE_TOKENS,
    RankPrompt,
    fit_rank_prompt,
    rank_prompt,
    rank_prompt_version,
    yes_and_no,
)
from llmrec.prompting.shop_text import one_line, shorten
from llmrec.prompting.templates import (
    ChatMessage,
    Prompt,
    Render,
    render_template,
    template_version,
)
from llmrec.prompting.words import describe_prompt, reason_prompt

__all__ = [
    "DETAILS",
    "LINE_TOKENS",
    "ChatMessage",
    "Detail",
    "HistoryPair",
    "Prompt",
    "RankPrompt",
    "Render",
    "describe_prompt",
    "fit_rank_prompt",
    "history_line",
    "item_line",
    "one_line",
    "price_label",
    "price_text",
    "rank_prompt",
    "rank_prompt_version",
    "reason_prompt",
    "render_template",
    "shorten",
    "template_version",
    "yes_and_no",
]
