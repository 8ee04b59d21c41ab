"""The smaller fields of items and events: kinds, stock, categories, attributes, links."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from llmrec.catalog.values import split_values
from llmrec.errors import DataError
from llmrec.ingest.cleaning import clean_text, is_missing
from llmrec.types import MAX_REVIEW_CHARS, EventKind

__all__ = [
    "join_texts",
    "parse_attributes",
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
    "paymentfailed chargedback erstattet retourniert annulliert annule rembourse"
)
_RETURNS = frozenset(_RETURN_WORDS.split())
_CANCELLED = _RETURNS | frozenset(_CANCELLED_WORDS.split())
"""What a shop system calls an order of which nothing is left. One that is refunded in part is a
purchase; one that waits for its money is, too."""

_STEPS = re.compile(r"\s*[>|›»]\s*")
_STOCK_WORDS = {
    "instock": None, "available": None, "yes": None, "true": None, "preorder": None,
    "backorder": None, "limitedavailability": None, "unlimited": None,
    "outofstock": 0, "soldout": 0, "unavailable": 0, "discontinued": 0, "no": 0, "false": 0,
}  # fmt: skip
_LANGUAGES = {
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "spanish": "es",
    "italian": "it", "dutch": "nl", "portuguese": "pt", "chinese": "zh", "japanese": "ja",
    "korean": "ko", "polish": "pl", "russian": "ru", "arabic": "ar", "turkish": "tr",
}  # fmt: skip
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_RATIO = re.compile(r"([+-]?\d+(?:[.,]\d+)?)(?: ?/ ?\d+(?:[.,]\d+)?)?")
_MAX_STOCK = 2**53
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
    return re.sub(r"[^a-z]", "", text[:64].lower())


def parse_number(value: Any) -> float | None:
    """A rating or quantity: a number, ``4,5`` or ``4.7/5``; ``None`` for a cell that says nothing.

    Raises:
        DataError: not a number, or not a finite one.
    """
    if is_missing(value):
        return None
    if isinstance(value, str):
        found = _RATIO.fullmatch(value.strip()) if len(value) < 64 else None
        if not found:
            raise DataError("not a number")
        return float(found[1].replace(",", "."))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DataError("not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise DataError("not a number")
    return number


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


def parse_stock(value: Any) -> int | None:
    """A stock count; ``None`` where the shop does not say, or says only that there is some.

    Negative counts (oversold) are none left.

    Raises:
        DataError: neither a whole number nor words such as "in stock".
    """
    if is_missing(value):
        return None
    if isinstance(value, bool):
        return None if value else 0
    if isinstance(value, str):
        word = re.sub(r"[^a-z]", "", value[:64].lower().rsplit("/", 1)[-1])
        if word in _STOCK_WORDS:
            return _STOCK_WORDS[word]
    number = parse_number(value)
    if number is None or number != int(number) or abs(number) > _MAX_STOCK:
        raise DataError("not a stock count")
    return max(0, int(number))


def parse_category(value: Any, max_chars: int, comma: bool = False) -> tuple[str, ...]:
    """The steps of a category path, general to specific.

    Args:
        value: a list, a JSON list, or text with steps between ``>`` or ``|``.
        max_chars: bound of the text.
        comma: whether commas part steps too.

    >>> parse_category("Home &gt; Kitchen", 100), parse_category('["Home", "Kitchen"]', 100)
    (('Home', 'Kitchen'), ('Home', 'Kitchen'))
    """
    if is_missing(value):
        return ()
    if isinstance(value, str):
        listed = _json_of(value, list)
        if listed is None:
            text = clean_text(value, max_chars)
            steps = re.split(r"\s*,\s*", text) if comma else _STEPS.split(text)
            return tuple(step for step in steps if not is_missing(step))
        value = listed
    if not isinstance(value, (list, tuple)):
        raise DataError("not a category")
    steps = [clean_text(str(step), max_chars) for step in value if not is_missing(step)]
    return tuple(step for step in steps if step)


def parse_attributes(
    value: Any, max_chars: int, skip: frozenset[str] = frozenset()
) -> dict[str, tuple[str, ...]]:
    """Names and values, from a mapping, a JSON object, or ``name: value; name: value``.

    Each value is read as by :func:`parse_values`; those that are mappings are left out.

    Args:
        value: the cell.
        max_chars: bound of each text.
        skip: names to leave out, in lower case.

    Raises:
        DataError: none of these, or absurdly many.
    """
    if is_missing(value):
        return {}
    if isinstance(value, str):
        listed = _json_of(value, dict)
        value = dict(_pairs(value)) if listed is None else listed
    if isinstance(value, (list, tuple)):
        value = dict(_listed_pairs(value))
    if not isinstance(value, Mapping) or len(value) > _MAX_ATTRIBUTES:
        raise DataError("not attributes")
    found: dict[str, tuple[str, ...]] = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping) or str(name).lower() in skip:
            continue
        key = clean_text(str(name), max_chars)
        if key and (values := parse_values(inner, max_chars, key)):
            found[key] = tuple(dict.fromkeys((*found.get(key, ()), *values)))
    return found


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
        listed = _json_of(value, list) if value.lstrip()[:1] == "[" else None
        if listed is None:
            text = clean_text(value, max_chars)
            return split_values(text, name) if text else ()
        value = listed
    inner = value if isinstance(value, (list, tuple)) else [value]
    said = (one for one in inner if not is_missing(one) and not isinstance(one, Mapping))
    texts = (clean_text(_plain(one), max_chars) for one in said)
    return tuple(dict.fromkeys(text for text in texts if text))


def parse_link(value: Any, max_chars: int) -> str | None:
    """A web address (or a path of the shop's own site); of a list of images the first one.

    Raises:
        DataError: another scheme than http, which a page would run or read from the disk.
    """
    if isinstance(value, Mapping):  # Amazon's images, as columns or one by one
        value = next((value[k] for k in ("hi_res", "large", "thumb") if value.get(k)), None)
    if isinstance(value, (list, tuple)):
        links = (parse_link(one, max_chars) for one in value)
        return next((link for link in links if link), None)
    if is_missing(value):
        return None
    if not isinstance(value, str):
        raise DataError("not a web address")
    text = clean_text(value, max_chars).strip("\"'")
    if text.startswith("["):
        return parse_link(_json_of(text, list) or None, max_chars)
    if text.startswith("//"):
        text = f"https:{text}"
    if _SCHEME.match(text) and not text.lower().startswith(("http://", "https://")):
        raise DataError("not a web address")
    return text or None


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
    """Clean text from text, or from a list of paragraphs (also as JSON)."""
    if is_missing(value):
        return ""
    if isinstance(value, str) and value.startswith("["):
        listed = _json_of(value, list)
        value = value if listed is None else listed
    if isinstance(value, (list, tuple)):
        value = " ".join(str(part) for part in value if not is_missing(part))
    return clean_text(_plain(value), max_chars)


def _json_of(text: str, kind: type[Any]) -> Any:
    """What ``text`` holds if it is JSON of that kind, else ``None``."""
    opening = "[" if kind is list else "{"
    if not text.lstrip().startswith(opening):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, kind) else None


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    for part in re.split(r"\s*[;|\n]\s*", text):
        name, colon, value = part.partition(":") if ":" in part else part.partition("=")
        if part and not colon:
            raise DataError("not attributes")
        if part:
            yield name.strip(), value.strip()


def _listed_pairs(values: Iterable[Any]) -> Iterable[tuple[str, Any]]:
    """Pairs of an Arrow map, or objects with a name and a value."""
    for value in values:
        if isinstance(value, Mapping) and {"name", "value"} <= set(value):
            yield str(value["name"]), value["value"]
        elif isinstance(value, (list, tuple)) and len(value) == 2:
            yield str(value[0]), value[1]
        else:
            raise DataError("not attributes")


def _plain(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
