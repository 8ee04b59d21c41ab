"""What a source wrote, set apart: lists from sentences, numbers and names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrec.catalog.values import split_values

LISTS = {
    "S, M, L": ("S", "M", "L"),
    "S,M,L": ("S", "M", "L"),
    "S; M": ("S", "M"),
    "S | M": ("S", "M"),
    "S|M": ("S", "M"),
    "S / M": ("S", "M"),
    "XL / 2XL": ("XL", "2XL"),
    "S, M and L": ("S", "M", "L"),
    "S, M, und L": ("S", "M", "L"),
    "S、M、L": ("S", "M", "L"),
    "S,, M,": ("S", "M"),
    "S, M, S": ("S", "M"),
    "36, 38, 40": ("36", "38", "40"),
    "36,38,40": ("36", "38", "40"),
    "红色，蓝色": ("红色", "蓝色"),
    "rot, dunkelblau": ("rot", "dunkelblau"),
    "Cotton 60 %, Polyester 40 %": ("Cotton 60 %", "Polyester 40 %"),
    "Navy Blue, Light Heather Grey": ("Navy Blue", "Light Heather Grey"),
    "iPhone 13, iPhone 13 Pro Max": ("iPhone 13", "iPhone 13 Pro Max"),
    "0,5 l, 1,5 l": ("0,5 l", "1,5 l"),
    "1,5 l; 2 l": ("1,5 l", "2 l"),
    "9 in, 12 in": ("9 in", "12 in"),
    "12 cm / 14 cm": ("12 cm", "14 cm"),
    "L (chest 70, 95 cm), XL": ("L (chest 70, 95 cm)", "XL"),
    "Black with dots; White with stripes": ("Black with dots", "White with stripes"),
    "For him and her|For the whole family": ("For him and her", "For the whole family"),
    "Red, white; Blue": ("Red, white", "Blue"),
    "Cocoa, Vanilla, and Brandy": ("Cocoa", "Vanilla", "Brandy"),
    "Salt & Pepper, Ketchup": ("Salt & Pepper", "Ketchup"),
    "Men&#39;s; Women&#39;s": ("Men&#39;s", "Women&#39;s"),
}
WHOLE = [
    "",
    " ",
    "M",
    ", ,",
    "1,5 l",
    "1,5",
    "1.234,56 €",
    "10,000 mAh",
    "10,000,000",
    "80 x 20 x 18 cm",
    "80, 20, 18 cm",
    "12/24 V",
    "1 / 2",
    "5 / 6 years",
    "S/M",
    "and/or",
    "w/ lid",
    "24/7",
    "03/04/2025",
    "2025-03-04",
    "March 3, 2025",
    "Mon, 3 Nov 2025",
    "10:30, 11:30",
    "52.5,13.4",
    "https://shop.example/a,b;c|d",
    "www.shop.example/a, b",
    "red, white and blue",
    "black and white",
    "wash cold, do not bleach, hang to dry",
    "Hand wash; do not bleach",
    "Yes, with lid",
    "nicht waschen, nur lüften",
    "冷水洗，不可漂白，悬挂晾干",
    "Soft, warm. Made in Norway",
    "Acme, Inc.",
    "Keeps the rain out for many hours, weighs little",
    "rgb(1, 2, 3)",
    "1 l, makes 250 l",
    "blue, green, yellow & red",
    "28.5 oz / 250m",
    "250 mL / 8.45 Fl Oz",
    "M&amp;M",
    "Men&#39;s Running Shorts",
    "Soft wool, warm. Norwegian pattern",
    "2 kg, about 40 loads",
    "alle, auch Induktion",
    "所有炉灶，包括电磁炉",
    "128, 256 GB",
]


@pytest.mark.parametrize(("text", "values"), LISTS.items(), ids=LISTS)
def test_lists_are_set_apart(text: str, values: tuple[str, ...]) -> None:
    assert split_values(text) == values


@pytest.mark.parametrize("text", WHOLE)
def test_what_is_no_list_stays_as_it_is(text: str) -> None:
    assert split_values(text) == (text,)


def test_ingredients_and_tags_are_lists_by_their_name() -> None:
    text = "Wheat flour (wheat, iron), sugar, may contain traces of nuts."
    parts = ("Wheat flour (wheat, iron)", "sugar", "may contain traces of nuts")
    assert split_values(text, "Ingredients") == split_values(text, "Allergens") == parts
    assert split_values(text, "care") == (text,)
    assert split_values("for the garden, gift", "Tags") == ("for the garden", "gift")


@given(st.text(alphabet="SML36 ,;|/().-、und12nota", max_size=40), st.sampled_from(["", "tags"]))
def test_values_are_parts_of_the_text_each_once(text: str, name: str) -> None:
    values = split_values(text, name)
    assert values and len(set(values)) == len(values)
    assert all(value in text for value in values)
    if len(values) > 1:  # nothing but marks, spaces, repetitions and "and" is lost
        assert set(text) - set("".join(values)) <= set(" ,;|/、.and&urod")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("S/M/L", ("S", "M", "L")),
        ("XXS/XS/2XL", ("XXS", "XS", "2XL")),
        ("S/M", ("S/M",)),
        ("A/B/C", ("A/B/C",)),
        ("12/24/48", ("12/24/48",)),
        ("3/4/2024", ("3/4/2024",)),
    ],
)
def test_three_sizes_between_slashes_are_a_list(text, values):
    assert split_values(text, "size") == values
