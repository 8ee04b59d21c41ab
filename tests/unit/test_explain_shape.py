"""Degenerate output is told from sentences; texts are cut to whole sentences."""

import pytest

from llmrec.explain import shape_problems, whole_sentences

EXAMPLE = "This is a glass teapot with a lid that stays on while you pour."


@pytest.mark.parametrize(
    "text",
    [
        "You bought a tent; this stove burns twigs and weighs 460 g.",
        'You bought "Kettle (red)", and this is a mug of the same brand.',
        "Diese Kanne hält acht Stunden warm und wiegt 500 g.",
        "这口锅是熟铁做的，重一点七千克。",
    ],
)
def test_sentences_pass(text):
    assert shape_problems(text, [EXAMPLE], foreign="锅") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("A fine tent.", "too short"),
        ("它很好。", "too short"),
        ("a small hole in the tip and a small hole in the cap", "repeats itself"),
        ("it is very very good for everyone here", "repeats itself"),
        ("a tent<|im_end|> for two people who walk", "special token"),
        ("the answer is (B) because it suits you", "label or bracket"),
        ("B. this one suits the shopper who walks", "label or bracket"),
        ("Product: a tent. Facts: it has two doors.", "echoes the prompt"),
        ("As an AI I recommend the tent to you.", "echoes the prompt"),
        ("a tent for two, and weight: 460 grams of it", "lists fields"),
        ("это хорошая палатка для двоих в горах", "wrong script"),
        ("a good tent 帐篷 for two walkers", "wrong script"),
        ("a pot with a lid that stays on while you pour", "copies an example"),
    ],
)
def test_degenerate_text_is_found(text, problem):
    assert problem in shape_problems(text, [EXAMPLE])


@pytest.mark.parametrize(
    ("text", "limit", "finished", "expected"),
    [
        ("One whole. And a half", 1, False, "One whole."),
        ("One whole. And a second", 2, True, "One whole. And a second."),
        ("One whole. And a half", 2, False, "One whole."),
        ("Nothing whole here", 1, False, ""),
        ("Nothing whole, but done,", 1, True, "Nothing whole, but done."),
        (
            "It holds 1.7 l and weighs approx. 2 kg. More",
            1,
            False,
            "It holds 1.7 l and weighs approx. 2 kg.",
        ),
        ('You saw "A. Lange. Big." and this. Rest', 1, False, 'You saw "A. Lange. Big." and this.'),
        ("第一句。第二句。第三", 2, False, "第一句。第二句。"),
        ("Spread\nover   lines! Yes", 1, False, "Spread over lines!"),
        ("", 1, True, ""),
    ],
)
def test_whole_sentences(text, limit, finished, expected):
    assert whole_sentences(text, limit, finished=finished) == expected
