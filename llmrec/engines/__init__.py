"""Language model engines behind one small protocol."""

from llmrec.engines.constraints import Choices, Constraint, Grammar, JsonSchema
from llmrec.engines.protocol import Engine, Message
from llmrec.engines.registry import engine_names, load_engine, register_engine
from llmrec.engines.scripted import ScriptedEngine, word_overlap

__all__ = [
    "Choices",
    "Constraint",
    "Engine",
    "Grammar",
    "JsonSchema",
    "Message",
    "ScriptedEngine",
    "engine_names",
    "load_engine",
    "register_engine",
    "word_overlap",
]
