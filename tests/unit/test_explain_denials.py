"""A denial is told from the signs and words that only look like it, in three languages."""

from __future__ import annotations

import pytest

from llmrec.explain import Quoter, quotable_sentences
from llmrec.explain.denials import denies, has_denial
from llmrec.explain.requests import WordsRequest
from llmrec.types import EventKind, HistoryEntry, Item

NO_DENIAL = [
    "无线充电，随放随充。",
    "采用304不锈钢，耐用。",
    "手感特别舒服。",
    "三种茶分别装在袋子里。",
    "不分性别都能用。",
    "适合无人机拍摄。",
    "无论冬夏都舒服。",
    "别墅区的院子也用得上。",
    "不一样的体验，停不下来。",
    "了不起的工艺。",
    "Passt gut zu dunklem Fleisch.",
    "Gehört zu jedem Frühstück.",
    "Works on gas and on induction too and in the oven.",
]
DENIAL = [
    "不能用于电磁炉。",
    "请勿用微波炉加热。",
    "别放进洗碗机。",
    "冬天请别放在户外。",
    "没有盖子。",
    "不防水。",
    "Zu warm für den Sommer.",
    "Nachts zu laut.",
    "Incompatible with gas.",
    "Inkompatibel mit Gas.",
    "Too wide for a small room.",
]


@pytest.mark.parametrize(
    ("text", "denying"), [*((one, False) for one in NO_DENIAL), *((one, True) for one in DENIAL)]
)
def test_a_denial_is_one_and_a_word_that_has_its_signs_is_none(text, denying):
    assert has_denial(text) is denying


@pytest.mark.parametrize(
    ("text", "word", "denying"),
    [
        ("Passt gut zu dunklem Fleisch.", "fleisch", False),
        ("Zu schwer für Kinder.", "kinder", True),
        ("无线耳机。", "耳机", False),
        ("不锈钢锅身。", "钢锅", False),
        ("不适合电磁炉。", "电磁", True),
    ],
)
def test_only_a_denial_denies_a_word(text, word, denying):
    assert denies(text, {word}) is denying


PRAISE = [
    ("zh", "采用不锈钢内胆，结实耐用。"),
    ("zh", "手感特别舒服，适合长时间写字。"),
    ("zh", "容易清洗，放进水里冲一下就好。"),
    ("zh", "不会漏水，放包里很安心。"),
    ("zh", "不伤手，也不掉色。"),
    ("zh", "不怕摔，掉在地上也没事。"),
    ("zh", "适合邀请朋友一起喝茶。"),
    ("zh", "支持无线充电，随放随充。"),
]
CAUTIONS = [
    ("zh", "不能放进微波炉加热。"),
    ("zh", "请勿放进洗碗机里清洗。"),
    ("zh", "别放在太阳下面晒。"),
    ("zh", "容易变形，要平放晾干。"),
    ("en", "Incompatible with round handles."),
    ("en", "The lid is unsuitable for the oven."),
    ("en", "It is not compatible with older handles."),
    ("en", "Not intended for outdoor use."),
    ("de", "Der Deckel ist mit dem Ofen inkompatibel und wird heiß."),
    ("de", "Die Farbe ist für das Bad untauglich und das ist schade."),
]


@pytest.mark.parametrize(
    ("language", "text", "cautions"),
    [*((*one, False) for one in PRAISE), *((*one, True) for one in CAUTIONS)],
)
def test_what_cautions_is_told_from_praise(language, text, cautions):
    item = Item("x", "东西" if language == "zh" else "Thing", description=text, language=language)
    assert [fact.cautions for fact in quotable_sentences(item, language)] == [cautions]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("无线耳机 通勤", "无线连接，通勤路上没有线的烦恼。"),
        ("不锈钢 保温杯", "不锈钢内胆，保温一整天。"),
        ("女生 背包 特别轻", "特别轻，适合女生每天背。"),
        ("红酒 配 肉", "和红肉特别配。"),
    ],
)
def test_praise_is_not_introduced_as_a_caution(query, text):
    item = Item("x", "东西", description=text, language="zh")
    ((reason, _),) = Quoter().write_many([WordsRequest(item, (), query, False, 1)])
    assert reason.text == text


WARMER = Item("w", "Tea warmer in cast iron", category=("Kitchen", "Tea"), language="en")


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("Stands on our warmer.", True),
        ("Incompatible with our warmer.", False),
        ("Made of porcelain, but unsuitable for the warmer.", False),
        ("Made of porcelain, and it does not fit on our warmer.", False),
        ("Made of thin porcelain, which must not stand on a warmer.", False),
    ],
)
def test_no_entry_of_the_history_leads_to_what_does_not_go_with_it(text, leads):
    pot = Item("p", "Porcelain pot", description=text, language="en")
    history = ((HistoryEntry(item="w", kind=EventKind.PURCHASE), WARMER),)
    ((reason, _),) = Quoter().write_many([WordsRequest(pot, history, None, False, 1, (0,))])
    assert (reason is not None and "Because you bought" in reason.text) is leads
