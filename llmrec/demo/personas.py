"""Who shops at the demo store: tastes that a reader can check against the log.

A persona likes categories (any prefix of a path, ``>``-joined, with a weight), prefers brands,
leans to cheap or dear within a category, reads some languages, and starts some of the
:data:`llmrec.demo.journeys.JOURNEYS`. :mod:`llmrec.demo.shopper` turns that into events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["PERSONAS", "Persona"]

_ENGLISH: Mapping[str, float] = MappingProxyType({"en": 1.0, "de": 0.06, "zh": 0.01})
_GERMAN: Mapping[str, float] = MappingProxyType({"de": 1.0, "en": 0.25, "zh": 0.01})
_CHINESE: Mapping[str, float] = MappingProxyType({"zh": 1.0, "en": 0.2, "de": 0.02})


@dataclass(frozen=True)
class Persona:
    """One kind of shopper.

    Attributes:
        key: short name.
        words: the taste in a sentence; shown beside the shopper's recommendations.
        likes: category prefix -> weight (relative, above 0).
        journeys: names of purchase sequences this persona starts.
        brands: brand -> factor on an item's chance (1 is neutral).
        price: lean within a category, from -1 (cheapest) to 1 (dearest).
        languages: language tag -> factor on an item's chance.
    """

    key: str
    words: str
    likes: Mapping[str, float]
    journeys: tuple[str, ...] = ()
    brands: Mapping[str, float] = field(default_factory=dict)
    price: float = 0.0
    languages: Mapping[str, float] = field(default_factory=lambda: _ENGLISH)


PERSONAS: tuple[Persona, ...] = (
    Persona(
        "new parent",
        "Expecting or just had a first baby: sleep, feeding, changing, and little time to compare.",
        {"Baby & Kids > Baby": 10, "Wellness > Bath & body": 1, "Home > Cleaning": 1},
        ("first weeks with a baby", "weaning"),
        {"Puddlewren": 1.5},
    ),
    Persona(
        "family with small children",
        "Two children under seven: wooden toys, crayons, games that end before bedtime.",
        {"Baby & Kids > Toys": 9, "Home > Storage": 1.5, "Kitchen > Storage": 1},
        ("nursery floor", "rainy afternoon"),
        {"Tumblefig": 1.4},
    ),
    Persona(
        "trail runner",
        "Runs forest paths all year and an ultra in autumn; pays for shoes, light and salt.",
        {"Outdoor > Running": 9, "Wellness > Fitness": 1.5, "Pantry": 1},
        ("first trail race", "running in the dark", "recovery"),
        {"Quillstep": 1.5},
        0.4,
    ),
    Persona(
        "weekend camper",
        "A couple with a small car and a tent; comfort before grams, cooks well outdoors.",
        {"Outdoor > Camping": 9, "Outdoor > Water": 1.5},
        ("first camping weekend", "camp kitchen"),
        {"Kestrelwick": 1.3, "Emberhythe": 1.4},
    ),
    Persona(
        "long-distance walker",
        "Carries everything for two weeks; weighs spoons, trusts merino and down.",
        {"Outdoor > Hiking": 7, "Outdoor > Camping > Sleeping": 3, "Outdoor > Camping": 2},
        ("two weeks on foot", "layers for the hills"),
        {"Varsko": 1.5, "Pelloway": 1.4},
        0.6,
    ),
    Persona(
        "bike commuter",
        "Cycles to work in all weathers; wants light, locks and dry trousers.",
        {"Outdoor > Cycling": 9, "Outdoor > Hiking > Clothing": 2, "Office > Tech": 1},
        ("commute by bike", "bike care"),
        {"Velderoy": 1.3},
    ),
    Persona(
        "open-water swimmer",
        "Swims in lakes from May to October and warms up afterwards with tea.",
        {"Outdoor > Water": 9, "Travel": 1.5, "Wellness > Bath & body": 1.5},
        ("cold water season",),
        {"Wadelow": 1.3},
    ),
    Persona(
        "home barista",
        "Weighs every shot; owns or wants an espresso machine, then every tool around it.",
        {"Kitchen > Coffee": 10, "Kitchen > Tableware": 0.7},
        ("espresso corner", "milk and latte art", "coffee upkeep"),
        {"Tamperley": 1.3, "Rookhollow": 1.3},
        0.5,
    ),
    Persona(
        "filter coffee drinker",
        "Light roasts, brewed by hand, at home and at the office.",
        {"Kitchen > Coffee > Beans": 5, "Kitchen > Coffee > Brewers": 3, "Kitchen > Coffee": 2},
        ("pour-over", "coffee on the road"),
        {"Rookhollow": 1.4},
    ),
    Persona(
        "balcony gardener",
        "Four square metres, south-facing: tomatoes, herbs, a chair.",
        {"Garden > Balcony": 6, "Garden > Grow": 5, "Garden > Tools > Watering": 2, "Garden": 1},
        ("balcony spring", "holiday watering", "balcony evenings"),
        {"Rillbeck": 1.4, "Loamling": 1.2},
    ),
    Persona(
        "wildlife gardener",
        "A real garden with hedges; digs, prunes, and feeds whatever flies.",
        {"Garden > Tools": 5, "Garden > Living outside": 4, "Garden > Grow > Seeds": 3},
        ("garden for bees and birds", "digging season"),
        {"Peabarrow": 1.5},
        0.3,
    ),
    Persona(
        "German-speaking tea lover",
        "Liest Deutsch, trinkt Ostfriesentee und First Flush; sammelt Kannen und Dosen.",
        {"Kitchen > Tea": 9, "Pantry": 1.5, "Home > Living": 1},
        ("Teestunde", "Winterabend"),
        {"Lindenkranz": 1.6},
        0.2,
        _GERMAN,
    ),
    Persona(
        "German-speaking baker",
        "Backt jeden Samstag Brot und im Advent Plätzchen; deutsche Rezepte, schwere Formen.",
        {"Kitchen > Baking": 8, "Pantry": 3, "Kitchen > Cookware": 1},
        ("Brot backen", "Weihnachtsbäckerei"),
        {"Halmgold": 1.4},
        0.1,
        _GERMAN,
    ),
    Persona(
        "German-speaking hiker",
        "Am Wochenende im Mittelgebirge, mit Vesper und Isolierkanne; mag Wolle und Holz.",
        {"Outdoor > Hiking": 6, "Outdoor > Camping > Camp cooking": 3, "Home > Living": 1.5},
        ("Tageswanderung", "Winterabend"),
        {"Waldkauzer": 1.8, "Stubenfink": 1.4},
        0.2,
        _GERMAN,
    ),
    Persona(
        "Chinese-speaking student cook",
        "中文购物：住学生公寓，自己炒菜煮面，锅要小，调料要齐。",
        {"Kitchen > Cookware": 6, "Pantry": 6, "Kitchen > Tableware": 2, "Kitchen > Cooking": 2},
        ("留学生第一口锅", "火锅之夜"),
        {"禾灶": 1.4, "竹溪铺": 1.4},
        -0.5,
        _CHINESE,
    ),
    Persona(
        "Chinese-speaking tea and stationery lover",
        "中文购物：爱喝乌龙和龙井，写手帐，喜欢安静的小物件。",
        {"Kitchen > Tea": 6, "Office > Paper": 3, "Office > Writing": 3, "Home > Lighting": 1},
        ("工夫茶", "自习桌"),
        {"南窗茶事": 1.5, "小满文具社": 1.4},
        0.1,
        _CHINESE,
    ),
    Persona(
        "budget office",
        "Orders for a small club or a first job: plain, cheap, by the box.",
        {"Office > Paper": 5, "Office > Writing": 4, "Office > Desk > Desk order": 5},
        ("stocking a small office",),
        {"Plainfolk": 1.8},
        -0.8,
    ),
    Persona(
        "home office worker",
        "Works at home five days a week; backs, screens and cables.",
        {"Office > Desk > Ergonomics": 7, "Office > Tech": 5, "Home > Lighting": 1.5},
        ("standing desk", "laptop desk", "video calls"),
        {"Sitwright": 1.4, "Plugmoss": 1.2},
        0.4,
    ),
    Persona(
        "sketcher and letter writer",
        "Fountain pens, good paper, a tin of watercolours in the bag.",
        {"Office > Writing": 6, "Office > Art": 6, "Office > Paper": 5},
        ("fountain pen", "watercolour start"),
        {"Inkerby": 1.4, "Quireham": 1.3},
        0.3,
    ),
    Persona(
        "dog owner",
        "One medium dog, muddy; long walks, training, a car that smells of it.",
        {"Pets > Dogs": 10, "Outdoor > Hiking > Clothing": 1, "Home > Cleaning": 0.7},
        ("new puppy", "walks in bad weather"),
        {"Wagthorpe": 1.2},
    ),
    Persona(
        "cat owner",
        "Two indoor cats with opinions about furniture.",
        {"Pets > Cats": 10, "Home > Storage": 1, "Home > Living > Decor": 0.7},
        ("new cat", "bored cat"),
    ),
    Persona(
        "slow cook",
        "Cast iron, one good knife, stews on Sunday; buys once.",
        {"Kitchen > Cookware": 6, "Kitchen > Cooking": 5, "Kitchen > Tableware": 2, "Pantry": 1},
        ("sharp knives", "Sunday stew", "laid table"),
        {"Bramblehob": 1.5, "Saltmarsh Forge": 1.4},
        0.5,
    ),
    Persona(
        "sourdough baker",
        "Feeds a starter; flour by the kilogram, tools by the gram.",
        {"Kitchen > Baking": 9, "Pantry": 2.5, "Kitchen > Storage": 1},
        ("first sourdough", "cake weekend"),
        {"Krumelund": 1.3},
    ),
    Persona(
        "yoga and quiet",
        "Practises at home every morning; candles, cushions, no noise.",
        {"Wellness > Yoga": 8, "Home > Living > Candles": 2.5, "Wellness > Bath & body": 2},
        ("yoga at home", "evening bath"),
        {"Wickmallow": 1.2},
        0.3,
    ),
    Persona(
        "home gym",
        "Trains in the hall, three kettlebells and a door; tracks protein and sleep.",
        {"Wellness > Fitness": 9, "Outdoor > Running": 1.5, "Pantry": 1},
        ("kettlebell progress", "recovery"),
    ),
    Persona(
        "first flat",
        "Just moved in with two boxes: shelves, drill, lamps, pans, in that order.",
        {"Home > Furniture": 5, "DIY": 5, "Home > Storage": 3, "Home > Lighting": 3, "Home": 1},
        ("moving in", "hanging shelves", "first bed"),
        {"Gimletworth": 1.2},
        -0.3,
    ),
    Persona(
        "plastic-free household",
        "Refills, bars and brushes; reads what a thing is made of.",
        {"Home > Cleaning": 6, "Wellness > Bath & body": 5, "Kitchen > Storage": 4},
        ("plastic-free bathroom", "plastic-free kitchen"),
        {"Sweepwell": 1.3, "Lathermoss": 1.3},
        -0.1,
    ),
    Persona(
        "frequent traveller",
        "Hand luggage only, two trains a week; every gram has a pocket.",
        {"Travel": 9, "Office > Tech": 3.5, "Kitchen > Coffee > Brewers": 0.7},
        ("hand luggage only", "charging anywhere"),
        {"Hobbaway": 1.3},
        0.4,
    ),
)
