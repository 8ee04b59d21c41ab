"""The smaller fields of items and events: kinds, numbers, stock, attributes, links."""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from llmrec.catalog.values import split_values
from llmrec.errors import DataError
from llmrec.ingest.cleaning import clean_text, is_missing
from llmrec.ingest.currencies import DecimalSign
from llmrec.ingest.literals import printed_value
from llmrec.ingest.paths import PathStyle, main_path, parse_paths
from llmrec.ingest.prices import clean_number
from llmrec.types import MAX_REVIEW_CHARS, EventKind

__all__ = [
    "join_texts",
    "parse_attributes",
    "parse_availability",
    "parse_category",
    "parse_kind",
    "parse_language",
    "parse_link",
    "parse_number",
    "parse_review",
    "parse_stock",
    "parse_values",
    "says_cancelled",
    "says_return",
    "says_yes",
]

_KIND_WORDS = {
    EventKind.VIEW: "view views viewed click clicks clicked pageview pv detail detailview "
    "impression productview viewitem browse visit",
    EventKind.CART: "cart addtocart carted addcart basket addtobasket",
    EventKind.PURCHASE: "purchase purchases purchased buy buys bought order ordered orders "
    "transaction transactions sale sold checkout conversion",
    EventKind.RATING: "rating ratings rate rated review reviews reviewed stars",
    EventKind.LIKE: "like likes liked favorite favourite fav wishlist addtowishlist thumbsup "
    "upvote save saved bookmark",
    EventKind.DISLIKE: "dislike dislikes disliked thumbsdown downvote hide hidden",
}
_KINDS = {word: kind for kind, words in _KIND_WORDS.items() for word in words.split()}

_RETURN_WORDS = (
    "return returns returned refund refunds refunded chargeback reversal reversed creditnote "
    "creditmemo cancel cancels cancelled canceled cancellation cancelation purchasereturned "
    "purchaserefunded orderreturned orderrefunded ordercancelled ordercanceled returnpurchase "
    "retoure retour storno storniert"
)
_CANCELLED_WORDS = (
    "failed voided void declined rejected denied expired abandoned trash checkoutdraft "
    "paymentfailed chargedback erstattet retourniert annulliert annule annulee rembourse "
    "remboursee zuruckgegeben zuruckgesendet zuruckgeschickt annullato rimborsato cancelado "
    "reembolsado geannuleerd anulowane"
)
_RETURNS = frozenset(_RETURN_WORDS.split())
_CANCELLED = _RETURNS | frozenset(_CANCELLED_WORDS.split())
"""What a shop system calls an order of which nothing is left. One that is refunded in part is a
purchase; one that waits for its money is, too."""

_SOME_WORDS = (
    "instock instoreonly onlineonly available availablefororder yes y ja oui si true t preorder "
    "presale backorder backordered onbackorder limitedavailability lowstock unlimited infinite "
    "continue auflager lagernd lieferbar verfügbar vorrätig sofortlieferbar vorbestellbar enstock "
    "disponible disponibile opvoorraad dostępny ilager ∞ 有货 在庫あり"
)
_NONE_WORDS = (
    "outofstock nostock soldout unavailable notavailable discontinued no n nein non false f none "
    "nichtauflager nichtlieferbar nichtverfügbar ausverkauft vergriffen épuisé rupture "
    "rupturedestock enrupturedestock agotado esaurito nondisponible nondisponibile uitverkocht "
    "temporarilyunavailable 无货 缺货 在庫なし"
)
_STOCK_WORDS = {word: None for word in _SOME_WORDS.split()} | dict.fromkeys(_NONE_WORDS.split(), 0)
_STOCK_NOISE = re.compile(
    r"\b(?:only|just|noch|nur|left|in stock|on hand|available|auf lager|verfügbar|qty:?|stock:?)"
    r"(?!\w)"
)
# 10+, >100, 100 or more, "mehr als 5": a count that is not told.
_SOME = re.compile(
    r"[<>≥≤≧~] ?=? ?\d[\d.,' ]*\+?|\d[\d.,' ]*(?:\+| or more| oder mehr| et plus)"
    r"|(?:over|more than|mehr als|über|plus de|at least|mindestens|less than|weniger als) "
    r"\d[\d.,' ]*|∞"
)
_TWO_WAYS = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}", re.ASCII)
_LANGUAGES = {
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "spanish": "es",
    "italian": "it", "dutch": "nl", "portuguese": "pt", "chinese": "zh", "japanese": "ja",
    "korean": "ko", "polish": "pl", "russian": "ru", "arabic": "ar", "turkish": "tr",
}  # fmt: skip
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
# 4,5 and 4.7/5 and "4.5 out of 5 stars" and "12 pcs".
_AMOUNT = re.compile(
    r"([+-]?\d+(?:[.,]\d+)?)(?: ?(?:/|out of|von|sur|of) ?\d+(?:[.,]\d+)?)?"
    r"(?: ?(?:stars?|sterne|★+|pcs\.?|pc\.?|pieces?|stk\.?|stück|stuks|units?|ea\.?|qty|x|×))?",
    re.IGNORECASE,
)
# 1,000 and 1.000.000 and 1 000; one point before three digits may start decimals.
_GROUPED = re.compile(
    r"[+-]?(?:[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|[1-9]\d{0,2}(?:\.\d{3}){2,}(?:,\d+)?"
    r"|[1-9]\d{0,2}(?:[ ']\d{3})+(?:[.,]\d+)?)"
)
# A comma or a bar or white space before a further link; links may hold commas themselves. Tried
# only where a run of them begins, or a cell of commas would take the square of its size.
_BETWEEN_LINKS = re.compile(r"(?<![,;|\s])[,;|\s]+(?=https?://|//)", re.IGNORECASE)
_PATH = re.compile(r"/|\.\w{2,5}$")
# Amazon's images first, best first; then what feeds of JSON call it.
_LINK_NAMES = ("hi_res", "large", "thumb", "url", "src", "href", "link", "image", "original",
               "full", "medium", "small", "image_url", "imageUrl")  # fmt: skip
_PAIR_NAMES = ("name", "key", "label", "attribute", "property", "title", "code", "attribute_code",
               "option", "trait", "Name", "Key")  # fmt: skip
_TEXT_NAMES = ("name", "title", "label", "value", "text", "rendered", "content", "html",
               "plain", "Name", "Title", "Label", "Value", "@value", "#text")  # fmt: skip
"""Where an object has its text: ``{"id": 3, "name": "Acme"}``, WordPress's ``{"rendered": …}``."""
_LANGUAGE_KEY = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")
_PAIR_VALUES = ("value", "values", "val", "options", "text", "Value", "Values")
# size=XS,color=Black,climate=All-weather|Cool: commas before a name and an equals sign.
_COMMA_PAIRS = re.compile(r"[^=,;:|\n]+=[^=;:\n]*(?:,[^=,;:|\n]+=[^=;:\n]*)+")
_MAX_STOCK = 2**53
_MAX_STOCK_CHARS = 64
_PLAIN_DIGITS = 15
_MAX_ATTRIBUTES = 1000


def parse_kind(value: Any) -> EventKind:
    """An event kind, from our own word or a log's.

    Raises:
        DataError: a word we do not know.

    >>> parse_kind("addtocart"), parse_kind("transaction")
    (<EventKind.CART: 'cart'>, <EventKind.PURCHASE: 'purchase'>)
    """
    kind = _KINDS.get(_letters(str(value)))
    if kind is None:
        raise DataError("an unknown kind of event")
    return kind


def says_return(value: Any) -> bool:
    """Whether a kind of event says that something came back.

    >>> says_return("Refund"), says_return("purchase")
    (True, False)
    """
    return isinstance(value, str) and _letters(value) in _RETURNS


def says_cancelled(value: Any) -> bool:
    """Whether the status of an order says that nothing of it is left.

    >>> [says_cancelled(one) for one in ("wc-refunded", "Cancelled", "paid", "1", None)]
    [True, True, False, False, False]
    """
    if not isinstance(value, str):
        return False
    return _letters(value.strip().lower().removeprefix("wc-")) in _CANCELLED


def says_yes(value: Any) -> bool:
    """Whether a mark such as ``is_returned`` is set.

    >>> [says_yes(one) for one in (True, 1, "Yes", "1.0", "0", "", False)]
    [True, True, True, True, False, False, False]
    """
    if isinstance(value, str):
        return value.strip().lower() in ("true", "yes", "y", "t", "1", "1.0")
    return value is True or value == 1


def _letters(text: str) -> str:
    if not text.isascii():  # "annulé" and "annule" are one word
        text = unicodedata.normalize("NFD", text[:64])
    return re.sub(r"[^a-z]", "", text[:64].lower())


def parse_number(value: Any) -> float | None:
    """A rating or quantity; ``None`` for a cell that says nothing.

    It may be written ``4,5``, ``4.7/5``, ``4.5 out of 5 stars``, ``1,000`` or ``12 pcs``.

    Raises:
        DataError: not a number, or not a finite one.

    >>> parse_number("4,5"), parse_number("4.5 out of 5 stars"), parse_number("1,000")
    (4.5, 4.5, 1000.0)
    """
    if is_missing(value):
        return None
    if isinstance(value, str):
        return _number_in(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DataError("not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise DataError("not a number")
    return number


def _number_in(text: str) -> float:
    if len(text) < 64:
        text = clean_number(text)
        if "," in text or "." in text or " " in text or "'" in text:
            text = _GROUPED.sub(_ungrouped, text)
        if match := _AMOUNT.fullmatch(text):
            return float(match[1].replace(",", "."))
    raise DataError("not a number")


def _ungrouped(match: re.Match[str]) -> str:
    text = match[0].replace(" ", "").replace("'", "")
    sign = max(text.rfind("."), text.rfind(","))
    if sign < 0 or text.count(text[sign]) > 1 or len(text) - sign == 4:
        return text.replace(".", "").replace(",", "")
    return f"{text[:sign].replace('.', '').replace(',', '')}.{text[sign + 1 :]}"


def parse_review(value: Any, max_chars: int) -> str:
    """What a shopper wrote, on one line; ``""`` where nothing is written.

    What is longer than a review is kept (10,000 characters) ends at a word before.

    Raises:
        DataError: not text, or more than ``max_chars``.

    >>> parse_review("Warm,<br>but it <b>itches</b>.", 100)
    'Warm, but it itches.'
    """
    if is_missing(value):
        return ""
    if not isinstance(value, str):
        raise DataError("a review that is not text")
    text = clean_text(value, max_chars)
    if len(text) <= MAX_REVIEW_CHARS:
        return text
    cut = text[: MAX_REVIEW_CHARS - 1]
    return f"{cut.rsplit(' ', 1)[0]}…"


def parse_stock(value: Any, decimal: DecimalSign | None = None) -> int | None:
    """A stock count; ``None`` where the shop does not say, or says only that there is some.

    Negative counts (oversold) are none left. ``10+`` and ``>100`` say that there is some.

    Args:
        value: the cell.
        decimal: the decimal sign of the column, where it is proven to have decimals; else one sign
            before three digits groups thousands, for nobody stocks 1.5 of a thing.

    Raises:
        DataError: neither a whole number nor words such as "in stock".

    >>> parse_stock("1,250"), parse_stock("12.000", "."), parse_stock("10+"), parse_stock("-5")
    (1250, 12, None, 0)
    """
    if is_missing(value):
        return None
    if isinstance(value, bool):
        return None if value else 0
    if isinstance(value, str):
        if value.isdecimal() and len(value) <= _PLAIN_DIGITS:
            return int(value)
        text = " ".join(value.split()).casefold()
        if len(text) > _MAX_STOCK_CHARS:
            raise DataError("not a stock count")
        word = re.sub(r"[\W\d_]", "", text.rsplit("/", 1)[-1])
        if word in _STOCK_WORDS and (not any(map(str.isdigit, text)) or "/" in text):
            return _STOCK_WORDS[word]
        value = clean_number(_STOCK_NOISE.sub("", text))
        if _SOME.fullmatch(value):
            return None
        if match := _TWO_WAYS.fullmatch(value):
            value = value.replace(match[1], "." if match[1] == decimal else "")
    try:
        number = parse_number(value)
    except DataError:
        number = None
    if number is None or number != int(number) or abs(number) > _MAX_STOCK:
        raise DataError("not a stock count")
    return max(0, int(number))


def parse_availability(value: Any) -> int | None:
    """What a column such as "in stock?" says: 0 for no, a count above 1, else ``None`` for yes.

    Raises:
        DataError: see :func:`parse_stock`.

    >>> [parse_availability(value) for value in ("1", "0", "backorder", 25)]
    [None, 0, None, 25]
    """
    count = parse_stock(value)
    return None if count == 1 else count


def parse_category(value: Any, max_chars: int, comma: bool = False) -> tuple[str, ...]:
    """The steps of a cell's category path, general to specific: of several paths the longest.

    Args:
        value: see :func:`~llmrec.ingest.paths.parse_paths`.
        max_chars: bound of the text.
        comma: whether commas part steps too.

    >>> parse_category("Home &gt; Kitchen", 100), parse_category('["Home", "Kitchen"]', 100)
    (('Home', 'Kitchen'), ('Home', 'Kitchen'))
    >>> parse_category("Sale; Home > Kitchen", 100)
    ('Home', 'Kitchen')
    """
    return main_path(parse_paths(value, max_chars, PathStyle(comma_steps=comma)))


def parse_attributes(
    value: Any, max_chars: int, skip: frozenset[str] = frozenset()
) -> dict[str, tuple[str, ...]]:
    """Names and values, from a mapping, its text, or ``name: value; name: value``.

    The text may be JSON, Python's or Ruby's. Each value is read as by :func:`parse_values`; lists
    of objects with a name and a value count as their pairs; other mappings within are left out.

    Args:
        value: the cell.
        max_chars: bound of each text.
        skip: names to leave out, in lower case.

    Raises:
        DataError: none of these, or absurdly many.

    >>> parse_attributes('{"specs"=>[{"key"=>"Type", "value"=>"Analog"}]}', 100)
    {'Type': ('Analog',)}
    """
    if is_missing(value):
        return {}
    if isinstance(value, str):
        printed = printed_value(value)
        value = dict(_pairs(value)) if printed is None else printed
    if isinstance(value, (list, tuple)):
        value = dict(_listed_pairs(value))
    if not isinstance(value, Mapping):
        raise DataError("not attributes")
    if skip:
        value = {n: inner for n, inner in value.items() if str(n).lower() not in skip}
    pairs = dict(_unwrapped(value))
    if len(pairs) > _MAX_ATTRIBUTES:
        raise DataError("not attributes")
    attributes: dict[str, tuple[str, ...]] = {}
    for name, inner in pairs.items():
        if isinstance(inner, Mapping) or str(name).lower() in skip:
            continue
        key = clean_text(str(name), max_chars)
        if key and (values := parse_values(inner, max_chars, key)):
            attributes[key] = tuple(dict.fromkeys((*attributes.get(key, ()), *values)))
    return attributes


def _unwrapped(value: Mapping[Any, Any]) -> Iterable[tuple[Any, Any]]:
    """Pairs, and in the place of a list of objects with a name and a value those objects' own."""
    if len(value) == 1 and isinstance(inner := next(iter(value.values())), Mapping):
        value = inner  # {"specifications": {…}}
    for name, inner in value.items():
        pairs = None
        if (
            isinstance(inner, (list, tuple))
            and inner
            and all(isinstance(part, Mapping) for part in inner)
        ):
            pairs = _pairs_of_objects(inner)
        if pairs is None:
            yield name, inner
        else:
            yield from pairs


def parse_values(value: Any, max_chars: int, name: str = "") -> tuple[str, ...]:
    """An attribute's values: those of a list, also as JSON; of a text what it lists.

    Args:
        value: the cell.
        max_chars: bound of each text.
        name: the attribute's, see :func:`llmrec.catalog.values.split_values`.

    Raises:
        DataError: a text that is too long.

    >>> parse_values("S, M, L", 100), parse_values('["S, M", "L"]', 100), parse_values(4.0, 100)
    (('S', 'M', 'L'), ('S, M', 'L'), ('4',))
    """
    if is_missing(value):
        return ()
    if isinstance(value, str):
        printed = printed_value(value, "[") if value.lstrip()[:1] == "[" else None
        if printed is None:
            text = clean_text(value, max_chars)
            return split_values(text, name) if text else ()
        value = printed
    inner = value if isinstance(value, (list, tuple)) else [value]
    given = (value for value in inner if not is_missing(value) and not isinstance(value, Mapping))
    texts = (clean_text(_plain(value), max_chars) for value in given)
    return tuple(dict.fromkeys(text for text in texts if text))


def parse_link(value: Any, max_chars: int) -> str | None:
    """A web address (or a path of the shop's own site); of several images the first one.

    Args:
        value: text, or a list or an object that holds links, or their text; links between commas.
        max_chars: bound of the text.

    Raises:
        DataError: no link, or another scheme than http, which a page would run or read from the
            disk.

    >>> parse_link('{"https://x.example/a.jpg": [355, 355]}', 100)
    'https://x.example/a.jpg'
    """
    if isinstance(value, Mapping):
        return _link_in(value, max_chars)
    if isinstance(value, (list, tuple)):
        return _first_link(value, max_chars)
    if is_missing(value):
        return None
    if not isinstance(value, str):
        raise DataError("not a web address")
    text = value.strip()
    if text[:1] in ("[", "{"):
        printed = printed_value(text)
        if printed is None:
            raise DataError("not a web address")
        return parse_link(printed, max_chars) if printed else None
    if _BETWEEN_LINKS.search(text):
        return _first_link(_BETWEEN_LINKS.split(text), max_chars)
    return _link(clean_text(text, max_chars).strip("\"'"))


def _link(text: str) -> str | None:
    if not text:
        return None
    if text.startswith("//"):
        text = f"https:{text}"
    if text.lower().startswith(("http://", "https://")):
        return text.replace(" ", "%20")
    if _SCHEME.match(text) or " " in text or not _PATH.search(text):
        raise DataError("not a web address")
    return f"https://{text}" if text.lower().startswith("www.") else text


def _first_link(values: Iterable[Any], max_chars: int) -> str | None:
    problem: DataError | None = None
    for value in values:
        try:
            if link := parse_link(value, max_chars):
                return link
        except DataError as error:
            problem = problem or error
    if problem:
        raise problem
    return None


def _link_in(value: Mapping[Any, Any], max_chars: int) -> str | None:
    """The link of an object: under a name such as ``url``, or the names are the links."""
    links = [value[name] for name in _LINK_NAMES if not is_missing(value.get(name))]
    names = [name for name in value if isinstance(name, str) and "/" in name]
    rest = [inner for inner in value.values() if isinstance(inner, (list, tuple, Mapping))]
    return _first_link([*links, *names] if links or names else rest, max_chars)


def parse_language(value: Any) -> str | None:
    """A BCP 47 tag such as ``de-AT``, from the tag or the language's English name.

    Raises:
        DataError: neither.
    """
    if is_missing(value):
        return None
    text = str(value).strip()
    text = _LANGUAGES.get(text.lower(), text)
    if len(text) > 35 or not _TAG.fullmatch(text):
        raise DataError("not a language")
    first, *rest = re.split("[-_]", text)
    return "-".join(
        [first.lower(), *(part.upper() if len(part) == 2 else part.title() for part in rest)]
    )


def join_texts(value: Any, max_chars: int) -> str:
    """Clean text from text, a list of paragraphs, or an object, also as a program prints it.

    Of an object its name counts: ``{"id": 3, "name": "Acme"}``; of one text in several languages
    the first.

    Raises:
        DataError: an object that has no name, or see :func:`~llmrec.ingest.cleaning.clean_text`.

    >>> join_texts({"id": 3, "name": "Acme"}, 99), join_texts("[{'en': 'Lamp', 'de': 'Lampe'}]", 99)
    ('Acme', 'Lamp')
    """
    if is_missing(value):
        return ""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        printed = printed_value(value)
        with suppress(DataError):  # a text may begin with a bracket
            value = value if printed is None else _named_text(printed)
    elif not isinstance(value, str):
        value = _named_text(value)
    return clean_text(_plain(value), max_chars)


def _named_text(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        parts = [_named_text(part) for part in value if not is_missing(part)]
        return " ".join(str(part) for part in parts if not is_missing(part))
    if not isinstance(value, Mapping):
        return value
    texts = [value[name] for name in _TEXT_NAMES if not is_missing(value.get(name))]
    if not texts and all(map(_LANGUAGE_KEY.fullmatch, map(str, value))) and set(value) != {"id"}:
        texts = [text for text in value.values() if not is_missing(text)][:1]
    if not texts or isinstance(texts[0], (Mapping, list, tuple)):
        raise DataError("an object without a name")
    return texts[0]


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    """``name: value`` or ``name=value`` between semicolons, bars, lines, or Magento's commas."""
    # An entity's semicolon parts nothing; long runs of spaces would take the square of their size.
    if "&" in text:
        text = html.unescape(text)
    if "  " in text or not text.isprintable():
        text = re.sub(r"[^\S\n]+", " ", text)
    if ":" not in text and _COMMA_PAIRS.fullmatch(text):
        for part in re.split(r",(?=[^=,;|]+=)", text):
            name, _, value = part.partition("=")
            yield name.strip(), value.strip()
        return
    name = value = mark = ""
    for part in re.split(r"\s*([;|\n])\s*", text):
        if part in (";", "|", "\n", ""):
            mark = part or mark
            continue
        first, sign, rest = part.partition(":") if ":" in part else part.partition("=")
        if not sign and mark == "|" and name:
            value = f"{value}|{part}"  # Size: S|M|L
            continue
        if not sign:
            raise DataError("not attributes")
        if name:
            yield name, value
        name, value = first.strip(), rest.strip()
    if name:
        yield name, value


def _listed_pairs(values: Sequence[Any]) -> Iterable[tuple[str, Any]]:
    """Pairs of an Arrow map, objects with a name and a value, or texts with a colon."""
    pairs = _pairs_of_objects(values) if all(isinstance(v, Mapping) for v in values) else None
    if pairs is not None:
        yield from pairs
        return
    for value in values:
        if isinstance(value, str):
            yield from _pairs(value)
        elif isinstance(value, Mapping) and len(value) == 1:
            yield next((str(name), inner) for name, inner in value.items())
        elif isinstance(value, (list, tuple)) and len(value) == 2:
            yield str(value[0]), value[1]
        else:
            raise DataError("not attributes")


def _pairs_of_objects(values: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any]] | None:
    """The pairs of objects with a name and a value; ``None`` where one is not such an object."""
    pairs: dict[str, Any] = {}
    for value in values:
        name = next((n for n in _PAIR_NAMES if isinstance(value.get(n), str)), None)
        inner = next((v for v in _PAIR_VALUES if v in value), None)
        if name is None or inner is None:
            return None
        key = str(value[name])
        pairs[key] = (
            [*_as_list(pairs[key]), *_as_list(value[inner])] if key in pairs else value[inner]
        )
    return list(pairs.items())


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _plain(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
