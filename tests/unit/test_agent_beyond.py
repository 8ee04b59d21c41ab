"""What no shop has is neither searched for nor passed over."""

from __future__ import annotations

import pytest

from llmrec.agent.recognised import asks_beyond_the_shop


@pytest.mark.parametrize(
    "message",
    [
        "Write me a poem about tea",
        "tell me a funny joke",
        "could you write a short story for my son",
        "who are you?",
        "Are you a real person?",
        "what's the weather like tomorrow",
        "schreib mir mal ein Gedicht über Katzen",
        "Erzähl uns bitte einen Witz",
        "wer bist du?",
        "bist du ein Bot?",
        "wie wird das Wetter",
        "给我讲个笑话",
        "写一首诗",
        "你是谁？",
        "你是机器人吗",
    ],
)
def test_what_no_shop_has_is_known(message: str) -> None:
    assert asks_beyond_the_shop(message)


@pytest.mark.parametrize(
    "message",
    [
        "a story book for my son",
        "tell me a good story book to buy",
        "tell me about the second",
        "write a card? no, I want cards to write on",
        "what are your opening hours",
        "who are you shipping with?",
        "are you open on Sunday?",
        "ein Gedicht von einem Sofa",
        "wie wird das geliefert?",
        "bist du sicher?",
        "讲故事的玩具",
        "你们店在哪",
        "适合雨天天气的鞋",
    ],
)
def test_a_wish_or_a_question_to_the_shop_is_not_beyond_it(message: str) -> None:
    assert not asks_beyond_the_shop(message)
