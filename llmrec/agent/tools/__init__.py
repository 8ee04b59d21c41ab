"""What an assistant can do in a shop: typed tools over one workspace."""

from llmrec.agent.tools.base import Arguments, Tool, ToolResult
from llmrec.agent.tools.registry import TOOLS

__all__ = ["TOOLS", "Arguments", "Tool", "ToolResult"]
