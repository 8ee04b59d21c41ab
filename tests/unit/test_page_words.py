"""The page's words: the same keys and places in every language, all used, none left in the code."""

import json
import re
from html.parser import HTMLParser

import pytest
from test_server_page import TEXTS

LANGUAGES = ("en", "de", "zh")
PLURALS = {"en": {"one", "other"}, "de": {"one", "other"}, "zh": {"other"}}
MODULES = {
    name: text
    for name, text in TEXTS.items()
    if name.endswith(".js") and not re.match(r"words\.\w+\.js", name)
}
# A comment, or a text in quotes; one ends the other, so that they are read together.
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`', re.DOTALL)
# Names of headers, keys, errors, classes and links; languages as their own readers call them.
NO_WORDS = {
    *(
        "Content-Type",
        "If-None-Match",
        "Authorization",
        "Bearer ",
        "Escape",
        "AbortError",
        "noopener noreferrer",
    ),
    *("turn past", "reason awaited", "English", "Deutsch", "中文", "zh-Hans"),
}


def _once(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"twice: {keys}"
    return dict(pairs)


def words(language):
    """The texts of a language by their keys; those with plural forms as mappings."""
    body = TEXTS[f"words.{language}.js"].partition("export default ")[2].strip().rstrip(";")
    return json.loads(body, object_pairs_hook=_once)


def literals(module):
    """What stands in quotes in a module, without what templates fill in."""
    found = (match[1] or match[2] or "" for match in TOKEN.finditer(module))
    return [re.sub(r"\$\{.*?\}", "", one) for one in found]


def is_said(literal):
    """Whether it reads like words for people; a single word in small letters could be anything."""
    if literal in NO_WORDS or re.search(r"^[.#]|[\[\]=/]", literal):
        return False
    return bool(re.search(r"\b[A-Z][a-z]+|[a-z]+[.,]? [a-z]+|[^\W\d_a-zA-Z]", literal))


class Page(HTMLParser):
    """Every text of a page with the key that it is marked with, those in attributes too."""

    def __init__(self, html):
        super().__init__()
        self.found, self._open = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        for name in ("aria-label", "placeholder", "title", "alt"):
            if name in given:
                self.found.append((given[name], given.get(f"data-word-{name}")))
        if given.get("name") == "description":
            self.found.append((given["content"], given.get("data-word-content")))
        if tag not in ("meta", "link", "input"):
            self._open.append(given | {"tag": tag})

    def handle_endtag(self, tag):
        assert self._open.pop()["tag"] == tag

    def handle_data(self, data):
        exempt = any(one.get("translate") == "no" or one["tag"] == "noscript" for one in self._open)
        if re.search(r"\w", data) and not exempt:
            self.found.append((data, self._open[-1].get("data-word")))


PAGES = {name: Page(text).found for name, text in TEXTS.items() if name.endswith(".html")}


def places(text):
    return sorted(re.findall(r"\{(\w+)\}", text))


def test_every_language_has_the_same_keys_and_places():
    english = words("en")
    for language in LANGUAGES:
        found = words(language)
        assert list(found) == list(english), language
        for key, text in found.items():
            forms = text if isinstance(text, dict) else {"": text}
            assert isinstance(english[key], dict) == isinstance(text, dict), key
            assert set(forms) == ({""} if isinstance(text, str) else PLURALS[language]), key
            wanted = english[key] if isinstance(text, str) else english[key]["other"]
            assert all(places(one) == places(wanted) and one.strip() for one in forms.values()), key
            assert "n" in places(wanted) or isinstance(text, str), key


def test_every_key_is_used_and_every_used_key_is_there():
    in_code = {one for text in MODULES.values() for one in re.findall(r'"([a-z]+\.[a-z-]+)"', text)}
    in_code -= {"llmrec.key", "llmrec.user", "llmrec.session", "llmrec.language"}
    in_pages = {key for found in PAGES.values() for _, key in found}
    assert in_code | in_pages == set(words("en"))


@pytest.mark.parametrize("name", PAGES)
def test_the_html_has_the_english_words_and_marks_each(name):
    english = words("en")
    assert PAGES[name]
    for text, key in PAGES[name]:
        assert key is not None and english[key] == text, text


@pytest.mark.parametrize("name", MODULES)
def test_no_words_for_people_are_left_in_a_module(name):
    assert [one for one in literals(MODULES[name]) if is_said(one)] == []


def test_words_that_were_left_would_be_found():
    code = 'make("p", { class: "turn past" }, "Not in stock", `${n} of them`, "Küche"); // "A word"'
    assert [one for one in literals(code) if is_said(one)] == ["Not in stock", " of them", "Küche"]
    assert Page('<p data-word="a.b">One<i>Two</i></p>').found == [("One", "a.b"), ("Two", None)]


def test_german_and_chinese_speak_as_the_assistant_does():
    for language, formal in (("de", r"\b(?:Sie|Ihnen|Ihre?[nmrs]?)\b"), ("zh", "您")):
        said = json.dumps(words(language), ensure_ascii=False)
        assert re.findall(formal, said) == []
