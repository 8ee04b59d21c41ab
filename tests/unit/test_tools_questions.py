"""The tools that answer questions: from a product's fields, and from the shop's documents."""

import json
from decimal import Decimal

import numpy as np
import pytest
from tool_shop import make_demo_store, open_shop

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools import TOOLS
from llmrec.agent.tools.asked_fields import find_statement
from llmrec.embedding import HashingEncoder
from llmrec.errors import ToolError, UnknownItem
from llmrec.types import Item

LAMP = Item(
    "l1",
    "Lamp",
    brand="Acme",
    price=Decimal("24.90"),
    currency="EUR",
    stock=0,
    description="Dim it with a touch. 请勿放入洗碗机。",
    attributes={"weight": "420 g", "burn time": "6 h"},
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with open_shop(make_demo_store(tmp_path_factory.mktemp("demo") / "shop")) as recommender:
        yield recommender


def call(shop, name, **arguments):
    return TOOLS[name].call(shop, Shopper(), arguments)


def field_of(question, item=LAMP):
    found = find_statement(item, question, HashingEncoder().encode)
    return found and found.field


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ("Wie schwer ist das und warum?", "attributes.weight"),
        ("Was ist der Preis?", "price"),
        ("Ist der Artikel auf Lager und lieferbar?", "stock"),
        ("多少钱？", "price"),
        ("多重？", "attributes.weight"),
        ("什么品牌？", "brand"),
        ("洗碗机可以吗？", "description"),
        ("什么颜色？", None),
        ("Welche Farbe ist das und warum?", None),
    ],
)
def test_questions_in_german_and_chinese_go_by_the_names_of_fields(question, field):
    assert field_of(question) == field


def test_a_question_that_names_a_missing_field_needs_more_to_be_answered():
    def encode(texts):
        """Everything is 0.4 like the question."""
        vectors = np.zeros((len(texts), 2), np.float32)
        vectors[0], vectors[1:] = (1, 0), (0.4, np.sqrt(1 - 0.4**2))
        return vectors

    assert find_statement(LAMP, "does it float", encode) is not None
    assert find_statement(LAMP, "does it have a colour", encode) is None


def test_an_item_without_fields_does_not_say():
    assert field_of("is it red", Item("x", "Thing")) is None
    assert field_of("多少钱", Item("x", "Thing")) is None


def test_a_products_answer_is_what_its_field_says(shop):
    result = call(shop, "product_question", product="OUT-010", question="weight")
    assert result.to_dict() == {
        "product": {"id": "OUT-010", "title": "Feather ultralight air mat"},
        "question": "weight",
        "answer": "420 g",
        "found": True,
        "field": "attributes.weight",
    }
    silent = call(shop, "product_question", product="OUT-010", question="zebra xylophone?")
    assert silent.to_dict()["answer"] == "The catalogue does not say." and not silent.statement
    with pytest.raises(UnknownItem):
        call(shop, "product_question", product="nothing", question="weight")


def test_the_shops_answer_is_a_quotation_with_its_source(shop):
    question = "which gift cards are sold and for how long are gift cards valid"
    plain = call(shop, "shop_question", question=question).to_dict()
    assert plain["found"] and plain["source"] == {
        "file": "payment.md",
        "headings": ["Payment", "Gift cards"],
    }
    assert "valid for three years" in plain["answer"] and plain["answer"] in plain["passage"]
    assert json.loads(json.dumps(plain)) == plain
    silent = call(shop, "shop_question", question="zebra xylophone quartz").to_dict()
    assert silent["answer"] == "The shop's documents do not say." and "source" not in silent


@pytest.mark.parametrize("name", ["shop_question", "product_question"])
def test_an_empty_question_is_refused_and_a_blank_one_has_no_answer(shop, name):
    product = {"product": "OUT-010"} if name == "product_question" else {}
    with pytest.raises(ToolError, match="at least 1 character"):
        call(shop, name, question="", **product)
    assert call(shop, name, question=" \n", **product).to_dict()["found"] is False
