"""What a language model makes of a message that no pattern understands."""

from llmrec.agent.constraints import Vocabulary
from llmrec.agent.intents import ByLabels
from llmrec.agent.state import Situation
from llmrec.engines.scripted import ScriptedEngine
from llmrec.errors import EngineUnavailable


def decide(intents, message, situation=None):
    return intents.decide(message, situation or Situation(), Vocabulary())


def test_labels_decide_only_what_they_are_sure_of():
    def score(prompt, labels):
        return [0.0, 0.0, 0.0, 0.0, 5.0] if "N/A" not in prompt else [0.0] * 5

    engine, message = ScriptedEngine(score=score, temperature=1.0), "the meaning of life"
    assert decide(ByLabels(engine, margin=3.0), message).command.kind == "off_topic"
    assert decide(ByLabels(engine, margin=6.0), message) is None
    engine.fail_with = EngineUnavailable("gone")
    assert decide(ByLabels(engine, margin=0.0), message) is None
