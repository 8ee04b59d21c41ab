"""An experiment: products as one soft token each, made of what shoppers did with them.

Nothing that serves imports it; ``scripts/gpu/60_item_tokens.py`` runs it.
"""

from __future__ import annotations

from llmrec.finetune.item_tokens.network import ItemVectors
from llmrec.finetune.item_tokens.prompts import KINDS, Kind
from llmrec.finetune.item_tokens.train import ItemTokenReport, train_item_tokens

__all__ = ["KINDS", "ItemTokenReport", "ItemVectors", "Kind", "train_item_tokens"]
