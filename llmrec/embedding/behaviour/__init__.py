"""The behaviour encoder: a sequence model over item ids; histories in, vectors of users out."""

from llmrec.embedding.behaviour.config import BehaviourConfig
from llmrec.embedding.behaviour.encoder import BehaviourEncoder
from llmrec.embedding.behaviour.histories import History
from llmrec.embedding.behaviour.storage import load_behaviour, save_behaviour

__all__ = [
    "BehaviourConfig",
    "BehaviourEncoder",
    "History",
    "load_behaviour",
    "save_behaviour",
]
