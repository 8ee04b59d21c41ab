"""Make messages about what a thing may cost: the least that it may as often as the most.

    python scripts/made_limits.py

writes ``finetune/reader/messages/limits-{en,de,zh}.jsonl``, which the reader learns from beside the
written messages. Writers seldom name the least: a reader that had only their messages took "a
keyboard above 200 pesos" for the most. Things are those that the written messages look for.
"""

from __future__ import annotations

import json
import random
from typing import Any

from llmrec.finetune.reader.messages import FOLDER, read_messages, written_sets

MESSAGES = 3_600
LANGUAGES = {"en": 0.62, "de": 0.2, "zh": 0.18}
KINDS = {"min": 0.5, "max": 0.28, "around": 0.1, "both": 0.12}
SMALL = (10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90)
MIDDLE = (100, 120, 150, 180, 200, 250, 300, 350, 400, 450, 500, 600, 750, 800, 900, 999)
LARGE = (1000, 1200, 1500, 1800, 2000, 2500, 3000, 5000, 10000, 15000)

CURRENCIES = {
    "en": [
        "pesos",
        "pesos",
        "dollars",
        "euros",
        "rupees",
        "pounds",
        "bucks",
        "PHP",
        "USD",
        "php",
        "rs",
        "ringgit",
        "baht",
        "",
        "",
    ],
    "de": ["Euro", "Euro", "€", "Franken", "EUR", ""],
    "zh": ["元", "块", "块钱", "人民币", "欧", "元钱"],
}
SIGNS = {"en": ["$", "€", "£", "₹", "₱", "Rs. ", "USD ", "PHP "], "de": ["€ "], "zh": ["￥", "¥"]}
LEAST = {
    "en": [
        "over",
        "above",
        "more than",
        "greater than",
        "higher than",
        "at least",
        "from",
        "upwards of",
        "no less than",
        "not less than",
        "not below",
        "not under",
        "exceeding",
        "beyond",
        "minimum",
        "min",
        "starting at",
        "north of",
        "pricier than",
        "costing more than",
        "that costs more than",
        "with a price above",
        "with price greater than",
        "with a price higher than",
        "priced over",
        "priced above",
        "that is more than",
        "worth more than",
        "price above",
        "price over",
        "price more than",
        "with a budget above",
        "no cheaper than",
    ],
    "de": [
        "über",
        "ab",
        "mehr als",
        "mindestens",
        "nicht unter",
        "von mindestens",
        "teurer als",
        "oberhalb von",
        "für über",
        "für mehr als",
        "min.",
        "mit einem Preis über",
        "nicht weniger als",
    ],
    "zh": [
        "超过",
        "高于",
        "不低于",
        "至少",
        "大于",
        "不少于",
        "最低",
        "贵过",
        "起码",
        "价格高于",
        "价格超过",
        "多于",
    ],
}
MOST = {
    "en": [
        "under",
        "below",
        "less than",
        "lower than",
        "at most",
        "up to",
        "no more than",
        "not more than",
        "not over",
        "not above",
        "within",
        "maximum",
        "max",
        "cheaper than",
        "for less than",
        "that costs less than",
        "with a price below",
        "with price lower than",
        "priced under",
        "priced below",
        "price under",
        "price below",
        "not exceeding",
        "no higher than",
        "no pricier than",
        "tops at",
    ],
    "de": [
        "unter",
        "bis",
        "weniger als",
        "höchstens",
        "nicht über",
        "nicht mehr als",
        "maximal",
        "billiger als",
        "bis zu",
        "für unter",
        "max.",
        "günstiger als",
        "mit einem Preis unter",
    ],
    "zh": [
        "低于",
        "不超过",
        "少于",
        "最多",
        "小于",
        "不高于",
        "不要超过",
        "顶多",
        "价格低于",
        "别超过",
    ],
}
LEAST_BEHIND = {
    "en": [
        "{n} and up",
        "{n} or more",
        "{n} or above",
        "{n} plus",
        "{n} upwards",
        "{n} minimum",
        "{n} at the least",
    ],
    "de": ["{n} aufwärts", "{n} oder mehr", "{n} und mehr", "{n} mindestens"],
    "zh": ["{n}以上", "{n}往上", "{n}起", "{n}以上的"],
}
MOST_BEHIND = {
    "en": ["{n} or less", "{n} or below", "{n} max", "{n} tops", "{n} at most", "{n} and below"],
    "de": ["{n} oder weniger", "{n} maximal", "{n} höchstens"],
    "zh": ["{n}以下", "{n}以内", "{n}之内", "{n}封顶"],
}
ABOUT = {
    "en": ["around {n}", "about {n}", "roughly {n}", "{n} or so", "approximately {n}", "a {n} one"],
    "de": ["um die {n}", "etwa {n}", "ungefähr {n}", "circa {n}", "so {n}"],
    "zh": ["{n}左右", "大概{n}", "{n}上下", "差不多{n}"],
}
BEGINNINGS = {
    "en": [
        "{t} {l}",
        "a {t} {l}",
        "i'm looking for a {t} {l}",
        "find me {t} {l}",
        "show me a {t} {l}, please",
        "Looking for {t}, {l}.",
        "I want a {t} {l}",
        "can you show {t} {l}?",
        "{l} {t}",
        "i need {t} {l} thanks",
        "Hi, do you have a {t} {l}?",
        "please find a {t} {l}",
        "search {t} {l}",
        "I'd like {t}. {l}.",
        "hello i want to buy {t} {l}",
        "Could you help me find a {t}? Preferably {l}.",
    ],
    "de": [
        "{t} {l}",
        "ich suche {t} {l}",
        "Suche {t}, {l}",
        "haben Sie {t} {l}?",
        "zeig mir {t} {l}",
        "{t} gesucht, {l}",
        "Ich hätte gern {t} {l}.",
        "{t}, {l} bitte",
        "brauche {t} {l}",
    ],
    "zh": [
        "{t}{l}",
        "想买{t}，{l}",
        "找{t} {l}",
        "有没有{l}的{t}",
        "要{t}，{l}",
        "{l}的{t}",
        "帮我找一下{t}，{l}",
        "给我看看{t} {l}",
    ],
}
CHANGES = {
    "en": [
        "{l}",
        "{l} please",
        "make it {l}",
        "something {l}",
        "only {l}",
        "show me ones {l}",
        "no, {l}",
        "actually {l}",
        "I meant {l}, sorry",
    ],
    "de": ["{l}", "{l} bitte", "lieber {l}", "nur {l}", "nein, {l}"],
    "zh": ["{l}", "要{l}的", "只看{l}的", "改成{l}", "不对，{l}"],
}
BETWEEN = {
    "en": (
        "between {low} and {high}",
        "{low} to {high}",
        "over {low} but under {high}",
        "more than {low}, less than {high}",
        "at least {low}, at most {high}",
    ),
    "de": (
        "zwischen {low} und {high}",
        "{low} bis {high}",
        "über {low}, aber unter {high}",
        "mindestens {low}, höchstens {high}",
    ),
    "zh": ("{low}到{high}之间", "高于{low}低于{high}", "{low}以上{high}以下"),
}


def main() -> None:
    """Write the three files."""
    things: dict[str, set[str]] = {language: set() for language in LANGUAGES}
    for path in written_sets():
        if not path.name.startswith("limits"):
            for message in read_messages(path):
                wanted = message.want.get("looking_for") or ""
                if message.want["intent"] == "find" and 0 < len(wanted) < 28 and wanted != "gift":
                    things[message.language].add(wanted)
    rng = random.Random(12)
    made: dict[str, dict[str, Any]] = {}
    while len(made) < MESSAGES:
        (language,) = rng.choices([*LANGUAGES], [*LANGUAGES.values()])
        line = message_of(language, sorted(things[language]), rng)
        made.setdefault(f"{language} {line['message'].lower()}", line)
    for language in LANGUAGES:
        lines = [line for key, line in made.items() if key.startswith(f"{language} ")]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (FOLDER / f"limits-{language}.jsonl").write_text(text, encoding="utf-8")


def message_of(language: str, things: list[str], rng: random.Random) -> dict[str, Any]:
    """One message with what it means, as the files hold it."""
    words, limits = limit_of(language, rng)
    wanted = rng.choice(things)
    currency = "PHP" if "peso" in words or "php" in words.lower() else "EUR"
    if rng.random() < 0.2:
        in_force: dict[str, Any] = rng.choice([{}, {"max": rng.choice([30, 80, 200])}, {"min": 20}])
        titles = [f"{wanted.title()} {name}" for name in ("Classic", "Pro", "Mini")]
        context = {
            "looking_for": wanted,
            "held": in_force,
            "on_screen": titles[: rng.randint(1, 3)],
        }
        text, want = rng.choice(CHANGES[language]).format(l=words), {"intent": "refine"}
    else:
        context = {}
        text = rng.choice(BEGINNINGS[language]).format(t=wanted, l=words)
        want = {"intent": "find", "looking_for": wanted}
    return {
        "message": text,
        "context": context or None,
        "shop_currency": currency,
        "want": want | limits,
    }


def limit_of(language: str, rng: random.Random) -> tuple[str, dict[str, int]]:
    """Words for one limit, or two, and what they mean."""
    (kind,) = rng.choices([*KINDS], [*KINDS.values()])
    value = rng.choice(rng.choice((SMALL, MIDDLE, LARGE)))
    number = f"{value:,}" if value > 999 and rng.random() < 0.5 else str(value)
    if language == "de":
        number = number.replace(",", ".")
    if kind == "both":
        high = int(value * rng.choice((1.5, 2, 3)))
        words = rng.choice(BETWEEN[language])
        return words.format(low=value, high=money(str(high), language, rng)), {
            "min": value,
            "max": high,
        }
    sum_text = money(number, language, rng)
    if kind == "around":
        return rng.choice(ABOUT[language]).format(n=sum_text), {"around": value}
    before, behind = (LEAST, LEAST_BEHIND) if kind == "min" else (MOST, MOST_BEHIND)
    if rng.random() < 0.25:
        return rng.choice(behind[language]).format(n=sum_text), {kind: value}
    space = "" if language == "zh" else " "
    return f"{rng.choice(before[language])}{space}{sum_text}", {kind: value}


def money(number: str, language: str, rng: random.Random) -> str:
    """A number with a sign or a currency, or bare."""
    if rng.random() < 0.22:
        return rng.choice(SIGNS[language]) + number
    space = "" if language == "zh" else " "
    return f"{number}{space}{rng.choice(CURRENCIES[language])}".strip()


if __name__ == "__main__":
    main()
