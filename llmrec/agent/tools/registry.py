"""Every tool by its name: what a conversation, a server and the MCP server offer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from llmrec.agent.tools.base import Tool
from llmrec.agent.tools.compare import COMPARE
from llmrec.agent.tools.describe import DESCRIBE
from llmrec.agent.tools.explain import EXPLAIN
from llmrec.agent.tools.feedback import FEEDBACK
from llmrec.agent.tools.product_question import PRODUCT_QUESTION
from llmrec.agent.tools.recommend import RECOMMEND
from llmrec.agent.tools.related import BOUGHT_TOGETHER, SIMILAR
from llmrec.agent.tools.reviews import REVIEWS
from llmrec.agent.tools.search import SEARCH
from llmrec.agent.tools.shop_question import SHOP_QUESTION

__all__ = ["TOOLS"]

_ALL: tuple[Tool[Any], ...] = (
    SEARCH,
    RECOMMEND,
    SIMILAR,
    BOUGHT_TOGETHER,
    COMPARE,
    EXPLAIN,
    DESCRIBE,
    PRODUCT_QUESTION,
    REVIEWS,
    SHOP_QUESTION,
    FEEDBACK,
)

TOOLS: Mapping[str, Tool[Any]] = MappingProxyType({tool.name: tool for tool in _ALL})
