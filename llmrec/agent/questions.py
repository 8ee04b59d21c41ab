"""What the assistant does with a command: one function for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from llmrec.agent.commands import Command, CommandKind
from llmrec.agent.comparison import comparison_sentence
from llmrec.agent.constraints import Reference, Shown
from llmrec.agent.events import Card, ConstraintsChanged, Products, Table
from llmrec.agent.explaining import why
from llmrec.agent.naming import asks_for_one_of
from llmrec.agent.pointing import (
    is_of_all,
    named_earlier,
    product_meant,
    product_named,
    shown_before,
)
from llmrec.agent.profile import profile_of
from llmrec.agent.recognised import asks_for_reviews
from llmrec.agent.reducer import Note, meant
from llmrec.agent.replies import listed
from llmrec.agent.state import Ask
from llmrec.agent.tools.asked_fields import Statement
from llmrec.agent.tools.compare import MOST_COMPARED, CompareResult
from llmrec.agent.tools.describe import DescribeResult
from llmrec.agent.tools.product_question import ProductQuestionResult
from llmrec.agent.tools.products import product_fields
from llmrec.agent.tools.reviews import ReviewsResult
from llmrec.agent.tools.shop_question import ShopQuestionResult
from llmrec.agent.turn import Steps, TurnInProgress, held_now
from llmrec.documents import Quotation
from llmrec.documents.sentences import asks, clauses_in, questions_in
from llmrec.types import EventKind, Item

__all__ = ["HANDLERS"]

_MOST_FIELDS = 6
_MOST_QUESTIONS = 6
"""Of one message that are looked up: each of a product costs a search; the others are named."""

Handler: TypeAlias = Callable[[TurnInProgress, Command], Steps]


def _saying(key: str) -> Handler:
    return lambda turn, _: turn.say(key)


def _undo(turn: TurnInProgress, _: Command) -> Steps:
    before = turn.conversation.undone()
    if before is None:
        yield from turn.say("nothing_to_undo")
        return
    turn.now = before.now
    turn.undoing = True
    yield from turn.settle_marks()
    yield from turn.constraints_changed()
    yield from turn.say("undone")
    if turn.now.shown:
        items = turn.agent.shop.store.items(product.id for product in turn.now.shown)
        cards = [
            Card(number=product.number, product=product_fields(items[product.id]))
            for product in turn.now.shown
            if product.id in items
        ]
        yield Products(cards=tuple(cards))


def _more(turn: TurnInProgress, _: Command) -> Steps:
    """Leave out what was shown; the answer is asked for afterwards."""
    shown = tuple(product.id for product in turn.now.shown)
    turn.not_again = (*turn.now.passed, *shown)
    turn.changed(passed=turn.not_again)
    yield from ()


def _filters(turn: TurnInProgress, _: Command) -> Steps:
    constraints = turn.now.constraints.held
    yield ConstraintsChanged(held=held_now(turn.now.constraints, turn.language, turn.currency))
    if constraints:
        yield from turn.say("now", filters=listed(constraints, turn.language, turn.currency))
    else:
        yield from turn.say("no_filters")


def _profile(turn: TurnInProgress, _: Command) -> Steps:
    user, language = turn.conversation.user, turn.language
    shop = turn.agent.shop
    scale = shop.settings.ingest.rating_scale
    lines = profile_of(shop.store, turn.agent.edits, user, language, scale)
    for line in lines:
        yield from turn.speak(f"- {line}")
    if not lines:
        yield from turn.say("profile_none")


def _compare(turn: TurnInProgress, command: Command) -> Steps:
    if not turn.now.shown:
        yield from turn.refuse(Note("nothing_shown"))
        return
    references = command.references or tuple(
        Reference(product.number) for product in turn.now.shown
    )
    # A question of the whole screen names every place on it, and a screen may have more.
    products = [meant(turn.now, reference) for reference in references[:MOST_COMPARED]]
    for product in products:
        if isinstance(product, Note):
            yield from turn.refuse(product)
            return
    ids = list(dict.fromkeys(product.id for product in products if isinstance(product, Shown)))
    if len(ids) < 2:
        yield from turn.say("two_to_compare")
        return
    result = yield from turn.call("compare", {"products": ids})
    assert isinstance(result, CompareResult)
    differing = [field for field in result.fields if field.differs]
    yield from turn.say("compared" if differing else "compared_same")
    titles = tuple(item.title for item in result.items)
    rows = ((field.name.removeprefix("attributes."), field.values) for field in differing)
    yield Table(titles=titles, rows=tuple(rows))
    if better := comparison_sentence(result, turn.language):
        yield from turn.speak(better)
    if turn.now.query and len(command.references) in (0, len(turn.now.shown)):
        # They stand on the screen in the order in which they fit.
        best = next(product for product in turn.now.shown if product.id in ids)
        yield from turn.say("would_take", title=best.title)


def _describe(turn: TurnInProgress, command: Command) -> Steps:
    product = product_meant(turn, command.references)
    if isinstance(product, Note):
        yield from turn.refuse(product)
        return
    result = yield from turn.call("describe", {"product": product.id})
    assert isinstance(result, DescribeResult)
    yield from turn.speak(result.description.text)


def _together(turn: TurnInProgress, command: Command) -> Steps:
    """Ask for what goes with a product; the answer is asked for afterwards."""
    product = product_meant(turn, command.references)
    if isinstance(product, Note):
        yield from turn.refuse(product)
        turn.finished = True
        return
    ask = Ask(tool="bought_together", product=product.id, title=product.title)
    turn.changed(ask=ask, passed=(), words=())


def _marking(kind: EventKind, key: str) -> Handler:
    def handler(turn: TurnInProgress, command: Command) -> Steps:
        for reference in command.references or (Reference(),):
            product = product_meant(turn, (reference,))
            if isinstance(product, Note):
                yield from turn.refuse(product)
                turn.finished = True
                return
            yield from turn.mark(product.id, product.title, kind)
            yield from turn.say(key, title=product.title)
        if kind is EventKind.CART:
            for item in named_earlier(turn, command.text):
                yield from turn.mark(item.id, item.title, kind)
                yield from turn.say(key, title=item.title)

    return handler


def _product_question(turn: TurnInProgress, command: Command) -> Steps:
    """Of the product that was spoken of last, of the one that is named, or of all on the screen."""
    shown = turn.now.shown
    earlier = shown_before(turn, command.text)
    if earlier is not None:
        yield from _answered(turn, earlier.id)
        return
    if len(command.references) == len(shown) and is_of_all(turn):
        for item in shown[:MOST_COMPARED]:
            yield from _answered(turn, item.id)
        return
    alone = len(command.references) < len(shown) or len(shown) == 1
    product = product_meant(turn, command.references if alone else ())
    if isinstance(product, Note):
        yield from turn.refuse(product)
        return
    yield from _answered(turn, product.id)


def _answered(turn: TurnInProgress, id: str) -> Steps:
    """What the catalogue says of one product to each question, and once what it does not."""
    statements: dict[str, Statement] = {}
    unanswered: list[str] = []
    questions = _of_products(turn)
    for question in questions[:_MOST_QUESTIONS]:
        if asks_for_reviews(question):
            yield from _reviewed(turn, id, question)
            turn.answered.add(question)
            continue
        result = yield from turn.call("product_question", {"product": id, "question": question})
        assert isinstance(result, ProductQuestionResult)
        statement = result.statement
        # A sentence of the description answers one of two questions, the first.
        is_again = statement is not None and statement.field == "description"
        if statement is None or (is_again and statement.text in statements):
            unanswered.append(question)
        else:
            turn.answered.add(question)
            statements[statement.text] = statement
    item = turn.agent.shop.store.item(id)
    if item is None:  # deleted in between
        return
    for statement in statements.values():
        yield from _stated(turn, item, statement)
    if statements:
        turn.unanswered += unanswered
    elif unanswered:
        fields = _attributes(item)
        yield from turn.say(
            "not_said" if fields else "nothing_said", title=item.title, fields=fields
        )
    turn.unanswered += questions[_MOST_QUESTIONS:]


def _of_products(turn: TurnInProgress) -> list[str]:
    """The questions of a message but for those that are its wish: "do you have a tea caddy?"."""
    questions = questions_in(turn.text)
    pieces = [piece for piece in clauses_in(turn.text) if asks(piece)]
    for texts in (questions, pieces):
        if rest := [text for text in texts if not asks_for_one_of(text, turn.things)]:
            return rest
    return questions


def _stated(turn: TurnInProgress, item: Item, statement: Statement) -> Steps:
    if statement.field == "stock":
        yield from turn.say("sold_out" if item.stock == 0 else "in_stock", title=item.title)
    else:
        yield from turn.say("why", title=item.title, reason=statement.text)


def _attributes(item: Item) -> str:
    """What the catalogue holds of a product beside its price, for who asked what it does not."""
    fields = list(item.attributes.items())[:_MOST_FIELDS]
    return "; ".join(f"{name}: {', '.join(values)}" for name, values in fields)


def _reviews(turn: TurnInProgress, command: Command) -> Steps:
    """Of the product that is named, of the one spoken of last, or of all on the screen."""
    shown, references = turn.now.shown, command.references
    pointed = references if len(references) < len(shown) else ()
    item = yield from product_named(turn, command.text, needed=False, pointed=len(pointed) == 1)
    if item is None and turn.finished:
        return
    if item is None and not pointed and is_of_all(turn):
        for each in shown[:MOST_COMPARED]:
            yield from _reviewed(turn, each.id, command.text)
        return
    if item is None:
        product = product_meant(turn, pointed)
        if isinstance(product, Note):
            yield from turn.refuse(product)
            return
        item = product.id
    yield from _reviewed(turn, item, command.text)


def _reviewed(turn: TurnInProgress, item: str, question: str) -> Steps:
    result = yield from turn.call("reviews", {"product": item, "question": question})
    assert isinstance(result, ReviewsResult)
    for line in result.lines:
        yield from turn.speak(line)


def _offer_cart(turn: TurnInProgress, command: Command) -> Steps:
    """Something like an order, without a word of one: nothing is done before it is said."""
    product = product_meant(turn, command.references)
    if isinstance(product, Note):
        yield from turn.refuse(product)
        return
    yield from turn.say("offer_cart", title=product.title, number=product.number)


def _contact(turn: TurnInProgress, command: Command) -> Steps:
    """Orders and people are not the assistant's: say so, and how the shop is reached."""
    yield from turn.say("cannot_order")
    if quotation := turn.agent.shop.documents.contact():
        yield from _quoted(turn, quotation)


def _shop_question(turn: TurnInProgress, command: Command) -> Steps:
    """The passage that answers each question; the contact where none is found for any."""
    passages: dict[str, Quotation] = {}
    # What is told before a question ("if it's too low for him, can I send it back?") blurs it.
    clauses = clauses_in(turn.text)
    clauses = [*filter(asks, clauses)] or clauses
    asked: set[str] = set()
    for questions in (questions_in(turn.text), clauses):
        done = asked | turn.answered
        open_questions = [question for question in questions if question not in done]
        asked.update(open_questions)
        for question in open_questions[:_MOST_QUESTIONS]:
            result = yield from turn.call("shop_question", {"question": question})
            assert isinstance(result, ShopQuestionResult)
            quotation = result.quotation
            if quotation is not None:
                turn.answered.add(question)
            if quotation is not None and quotation.text not in passages:
                passages[quotation.text] = quotation
                yield from _quoted(turn, quotation)
        if passages:
            # Beside products that are shown a question may be the wish that brought them.
            turn.unanswered += [] if turn.shown else [*filter(_is_marked, questions)]
            break
    # Beside a product question that is answered, praise or a story may be read as one to the shop.
    marked = [question for question in questions_in(turn.text) if _is_marked(question)]
    is_other = turn.answered.issuperset(marked)
    if not passages and not (turn.answered and is_other):
        yield from turn.say("shop_silent")
        if contact := turn.agent.shop.documents.contact():
            yield from _quoted(turn, contact)


def _is_marked(question: str) -> bool:
    return question.endswith(("?", "？"))


def _quoted(turn: TurnInProgress, quotation: Quotation) -> Steps:
    """The document's words, and where they stand."""
    yield from turn.speak(quotation.text)
    source = " › ".join((quotation.file, *quotation.headings))
    yield from turn.say("source", source=source)


_ALL: dict[CommandKind, Handler] = {
    "hostile": _saying("hostile"),
    "smalltalk": _saying("smalltalk"),
    "beyond": _saying("beyond"),
    "help": _saying("help"),
    "undo": _undo,
    "more": _more,
    "others": _more,
    "filters": _filters,
    "profile": _profile,
    "why": why,
    "compare": _compare,
    "describe": _describe,
    "product": _describe,
    "together": _together,
    "cart": _marking(EventKind.CART, "carted"),
    "like": _marking(EventKind.LIKE, "liked"),
    "product_question": _product_question,
    "reviews": _reviews,
    "shop_question": _shop_question,
    "contact": _contact,
    "offer_cart": _offer_cart,
}
HANDLERS: Mapping[CommandKind, Handler] = MappingProxyType(_ALL)
