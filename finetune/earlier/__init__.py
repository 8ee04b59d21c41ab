"""The shop as it was before what is asked for: a log cut, and a retriever that knows no more.

Who learns beside a retriever that remembers the answers learns to trust it, and is wrong when it
serves. So the sources are counted, and the behaviour encoder is trained, on the log without what is
asked for (cross-fitting; stacking asks for the same of its inputs, Wolpert 1992). Items keep their
text vectors: no events went into those.
"""

from __future__ import annotations

from llmrec.finetune.earlier.cut import HeldBack, held_back, hold_back, hold_back_users
from llmrec.finetune.earlier.encoder import Wanted, encoder_wanted
from llmrec.finetune.earlier.workspace import close_earlier, open_earlier

__all__ = [
    "HeldBack",
    "Wanted",
    "close_earlier",
    "encoder_wanted",
    "held_back",
    "hold_back",
    "hold_back_users",
    "open_earlier",
]
