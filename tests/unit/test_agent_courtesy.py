"""Courtesy is answered and not looked for; product names that hold such words are looked for."""

import pytest

from llmrec.agent.commands import read_command
from llmrec.agent.constraints import Context, Vocabulary
from llmrec.agent.courtesy import courtesy_of, without_courtesy


@pytest.mark.parametrize(
    ("kind", "messages"),
    [
        ("greeting", "hi|Hello there!|good afternoon|Guten Tag|hallo zusammen|你好|早上好"),
        (
            "wellbeing",
            "hi there, how are you?|Hallo, wie geht es dir?|wie geht's?|你好，最近怎么样？",
        ),
        (
            "thanks",
            "thank you for your help|ok great, thanks a lot!|no, thanks :)|thanks, you too"
            "|thank you so much for your time|vielen Dank für die Hilfe|nein danke|danke sehr"
            "|alles klar, danke|谢谢你的帮助|好的，谢谢",
        ),
        ("goodbye", "bye :)|have a nice day|that's all|das war's|schönen Tag noch|再见|没有别的了"),
        (
            "assent",
            "sure|ok great|that sounds good|yes please|looks interesting!|oh! perfect|I see"
            "|that's totally fine|no problem|that's a very kind offer|das klingt gut|ja, gerne"
            "|sehr schön|passt|听起来不错|好的|太好了|没问题",
        ),
    ],
)
def test_a_message_of_nothing_else_is_courtesy(kind, messages):
    for message in messages.split("|"):
        assert courtesy_of(message) == kind, message
        assert read_command(message, Context(Vocabulary())).kind == kind, message


@pytest.mark.parametrize(
    "message",
    [
        *("Thank you card", "thank you cards for my boss", "Hello Kitty mug", "good knife"),
        *("a nice teapot", "cool box", "fine liner pens", "perfect fit socks", "great tent"),
        *("gute Pfanne", "schöne Teekanne", "Danke-Karten", "好的锅", "感谢卡"),
        *("ok, under 40", "yes, the second", "no", ""),
    ],
)
def test_what_holds_more_is_none(message):
    assert courtesy_of(message) is None


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("Hi there! Ok, a tent", "a tent"),
        ("hello i am looking for a book", "i am looking for a book"),
        ("Thanks! Can you show me cheaper ones?", "Can you show me cheaper ones?"),
        ("Hallo, ein Zelt", "ein Zelt"),
        ("你好，我想买茶壶", "我想买茶壶"),
        ("Hello Kitty mug", "Hello Kitty mug"),
        ("thank you card", "thank you card"),
    ],
)
def test_courtesy_in_front_is_left_out_where_something_parts_it(message, left):
    assert without_courtesy(message) == left


def test_a_long_message_of_courtesy_is_read_to_its_end():
    assert courtesy_of("ok great " * 200) == "assent"
    assert courtesy_of("that's so very " * 130) is None
