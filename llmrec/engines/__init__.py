"""Language model engines behind one small protocol."""

from llmrec.engines.protocol import Engine, Message
from llmrec.engines.registry import engine_names, load_engine, register_engine
from llmrec.engines.scripted import ScriptedEngine, word_overlap

__all__ = [
    "Engine",
    "Message",
    "ScriptedEngine",
    "engine_names",
    "load_engine",
    "register_engine",
    "word_overlap",
]
