"""Four ways in which words about a product become false, on the demo store's own texts.

Lost negations, moved conditions and swapped subjects: what would be false without its neighbour is
quoted with it. Invented words: a model's sentence that says what no field says is refused.
"""

import pytest
from quote_shop import demo_products

from llmrec.explain import check, facts_of, quotable_sentences
from llmrec.explain.from_fields import item_language
from llmrec.types import Item

NEGATIONS = [
    ("KIT-707", "切片、拍蒜、铲菜一把搞定。", "不要用来砍骨头。"),
    ("KIT-711", "不上漆、不打蜡，越用越亮。", "不建议进洗碗机。"),
    ("HOM-703", "追剧和自习都暖和。", "不带电。"),
    ("KID-015", "Raised edges.", "Never leave a baby alone on it."),
    ("PET-001", "Check the seams if your dog chews.", "Not a car restraint."),
    ("PET-004", "Brass fittings that do not rust.", "Not for swimmers"),
    ("PET-010", "Keeps for weeks.", "Not for dogs who swallow splinters whole."),
    ("PET-020", "Scoop and low entry included.", "Not for cats over 7 kg."),
    ("GAR-030", "go away for a week.", "Not two weeks."),
    ("GAR-040", "Rusts handsomely.", "Never on wooden decks, never indoors."),
    ("KIT-512", "Dicht gegen Licht und Luft.", "Nicht in die Spülmaschine."),
    ("PAN-503", "Dunkel und würzig.", "Nicht für Kinder unter einem Jahr."),
    ("HOM-505", "Tropfen wenig, duften leise.", "Nie unbeaufsichtigt"),
    ("OUT-504", "Das Messer steckt im Brett.", "Nicht ins Handgepäck."),
    ("HOM-022", "Can be stacked on a second one.", "Not for boots taller than 17 cm."),
    ("HOM-024", "Half the volume for duvets and jumpers.", "Not for down that you love."),
    ("HOM-039", "One capful a bucket.", "Not for untreated marble."),
    ("KIT-024", "Citric-acid based.", "Not for aluminium moka pots."),
    ("KIT-045", "ten minutes of calm.", "Not for serrated blades."),
    ("KIT-060", "Keeps a loaf three days.", "Not airtight, and should not be."),
    ("OFF-044", "Self-healing, within reason.", "Not for children."),
    ("OUT-021", "Swallows a weekend's food for two.", "Not a bear box, not a seat."),
    ("OUT-031", "rubber covers for asphalt.", "Not for people over 1.85 m."),
    ("OUT-058", "keeps your keys dry.", "Not a life-saving device."),
    ("DIY-002", "Slotted, cross and star.", "Not insulated: not for live wires."),
    ("DIY-009", "Clamp for half an hour.", "Not for outdoors."),
]
"""What is quoted, and the denial that takes a part of it back and always comes with it."""

CONDITIONS = [
    ("KID-024", "With a drawstring that babies cannot defeat.", "Mostly."),
    ("KIT-003", "never both at once.", "Ready in six minutes."),
    ("KIT-003", "it will punish a bad grind", "For people who want to learn."),
    ("KIT-008", "so the colour varies.", "Never wash the burrs with water."),
    ("KIT-030", "Three to four minutes, a splash of milk.", "Strong enough for milk"),
    ("KIT-034", "It is heavy, wants drying by hand", "Comes oiled"),
    ("KIT-035", "It goes into the oven up to 250 °C", "The lid has small points"),
    ("KIT-501", "Ohne beides schmeckt er streng", "für Kluntje und Sahne gemacht."),
    ("HOM-001", "does not need an iron unless you insist.", "Linen sheds a little"),
    ("HOM-020", "They hold their shape, even empty.", "Not for damp cellars."),
    ("HOM-021", "less in plasterboard.", "Screws and plugs included."),
    ("HOM-026", "hollow walls need special plugs", "The board folds down"),
    ("HOM-048", "It smells of straw for the first week.", "A felt underlay"),
    ("OFF-024", "softly placed cats should not rely on it.", "The frame needs two people"),
    ("OUT-002", "only when pegged", "There is room for you"),
    ("OUT-003", "two people to put it up.", "Two dark bedrooms"),
    ("OUT-010", "with the pump sack included.", "Packs to the size of a water bottle"),
    ("OUT-018", "Chips if you drop it on stone", "Not for the microwave."),
    ("WEL-012", "Two minutes a foot", "Not after a fresh injury."),
    ("WEL-017", "For after the long run.", "Not in marble tubs."),
    ("DIY-006", "Both sides printed", "Stays out 1.8 m without bending."),
]
"""What holds under a condition, or of what stands before it, and is quoted with that."""

SUBJECTS = [
    ("GAR-026", "Thorns can too.", "You can feel a seed through them."),
    ("GAR-019", "Two of the four castors lock.", "Follows the sun"),
    ("HOM-021", "Each holds 5 kg in brick", "Screws and plugs included."),
    ("HOM-026", "It is not made for sitting on", "The board folds down"),
    ("HOM-027", "Also a good plant stand.", "For top shelves and short people."),
    ("HOM-028", "Each board carries 8 kg.", "Untreated pine"),
    ("HOM-048", "It smells of straw", "A felt underlay"),
    ("HOM-051", "It ticks: faintly at a metre", "Two bells"),
    ("KIT-003", "It brews or steams", "Ready in six minutes."),
    ("KIT-025", "They break like any thin glass.", "Mouth-blown"),
    ("KIT-035", "It goes into the oven", "The lid has small points"),
    ("KIT-044", "Also for melons and cakes.", "Deep waves, offset handle"),
    ("KIT-052", "Both dishwasher-safe.", "One for the table, one for the bowl."),
    ("KIT-064", "Same glaze as the plates", "Deep enough for soup"),
    ("KIT-508", "Auch ein gutes Geschenk", "Einmal durch unser Regal"),
    ("OFF-024", "It stops when it meets something", "The frame needs two people"),
    ("OFF-037", "Its microphone is for emergencies.", "Clips to screens"),
    ("OUT-002", "It stands on its own", "There is room for you"),
    ("OUT-003", "It needs a pitch of 6 by 4 metres", "Two dark bedrooms"),
    ("OUT-010", "It crackles a little", "Packs to the size of a water bottle"),
    ("TRV-003", "They order, they do not compress.", "One side is mesh"),
]
"""What is said of another thing than it seems when it stands alone, and what it leans on."""

INVENTED = [
    ("OUT-030", "It is waterproof to 20 metres."),
    ("GAR-015", "It is a self-watering balcony box, 90 x 20 x 18 cm."),
    ("HOM-032", "It burns for 99 hours."),
    ("HOM-013", "It is made of solid brass and marble."),
    ("HOM-015", "It comes with a lifetime guarantee."),
    ("GAR-016", "They are made of bamboo."),
    ("KIT-024", "It is organic and award-winning."),
    ("TRV-002", "It is made of vegan leather."),
    ("KIT-003", "It brews at 15 bar."),
    ("KIT-035", "It holds 6.2 litres."),
    ("KIT-054", "It has a power of 1400 W."),
    ("KIT-063", "They are made of bone china."),
    ("OFF-036", "The battery lasts 60 hours."),
    ("OFF-008", "It has a gold nib made of 18 carat gold."),
    ("OUT-002", "It weighs 0.9 kg."),
    ("OUT-015", "It is made of titanium."),
    ("OUT-037", "It comes in emerald green."),
    ("WEL-007", "It weighs 12 kg and comes in pink."),
    ("WEL-018", "It is from Gillette."),
    ("PET-020", "It is made of bamboo and costs 9.99 EUR."),
    ("DIY-001", "Its handle is made of carbon fibre."),
    ("KID-027", "They are made of plastic."),
]
"""A product of the store, and a sentence with a number, a material or a virtue of nobody's."""

AFFIRMED = [
    ("HOM-013", "Its LED can be replaced."),
    ("OUT-030", "It is good for diving."),
    ("KID-015", "You can leave a baby alone on it."),
    ("KID-024", "Babies can defeat the drawstring."),
    ("PET-004", "It suits swimmers well."),
    ("PET-008", "It is a feed with wheat."),
    ("PET-009", "They are small and sticky."),
    ("PET-010", "It is for dogs who swallow splinters."),
    ("PET-023", "It has sugar and grain in it."),
    ("GAR-001", "It needs a stake."),
    ("GAR-021", "It is for stones."),
    ("GAR-032", "It runs on a battery."),
    ("GAR-040", "It looks good on wooden decks."),
    ("HOM-016", "It is quiet, warm and dimmable."),
    ("HOM-020", "They are made for damp cellars."),
    ("HOM-022", "It takes tall boots."),
    ("HOM-034", "It has a perfume."),
    ("HOM-039", "It is safe on untreated marble."),
    ("HOM-007", "It is a good weight for children."),
    ("HOM-046", "It keeps ticking."),
    ("HOM-049", "The cushion is included."),
    ("KIT-004", "It works on induction."),
]
"""A product, and what its text denies or says of no part of it, said without the denial."""

OTHER_THINGS = [
    ("Rechargeable table lamp", "Dinner table, balcony.", "It is a dinner table with a dimmer."),
    ("Descaler 500 ml", "For a coffee machine.", "It is a coffee machine with 500 ml."),
    ("Tea light holder", "Made for the garden table.", "It is a garden table for lights."),
    ("Bike light", "Fits a leather saddle.", "This is a leather saddle, seen from afar."),
]
OWN_THINGS = [
    ("Rechargeable table lamp", "A warm lamp for dinner.", "It is a table lamp for dinner."),
    ("Descaler 500 ml", "For a coffee machine.", "It is a descaler for a coffee machine."),
    ("Scree trail shoes", "A light trail shoe.", "It is a light trail shoe."),
]


@pytest.mark.parametrize(
    ("id", "part", "needed"), [*NEGATIONS, *CONDITIONS, *SUBJECTS], ids=lambda value: value[:24]
)
def test_what_would_be_false_alone_is_quoted_with_its_neighbour(id, part, needed):
    item = demo_products()[id]
    assert part in item.description and needed in item.description
    quotations = [fact.text for fact in quotable_sentences(item, item_language(item))]
    assert all(needed in text for text in quotations if part in text)


@pytest.mark.parametrize(("id", "sentence"), INVENTED, ids=lambda value: value[:24])
def test_a_sentence_with_invented_words_is_refused(id, sentence):
    assert check(sentence, facts_of(demo_products()[id]), language="en")


@pytest.mark.parametrize(("id", "sentence"), AFFIRMED, ids=lambda value: value[:24])
def test_a_sentence_that_has_lost_its_negation_is_refused(id, sentence):
    assert check(sentence, facts_of(demo_products()[id]), language="en")


def test_each_kind_has_twenty_cases_of_different_products():
    for cases in (NEGATIONS, CONDITIONS, SUBJECTS, INVENTED, AFFIRMED):
        assert len(cases) >= 20 and len({case[0] for case in cases}) >= 18


@pytest.mark.parametrize(("title", "text", "sentence"), OTHER_THINGS)
def test_a_product_is_not_called_a_thing_that_its_text_only_mentions(title, text, sentence):
    facts = facts_of(Item("x", title, description=text, language="en"))
    assert any(problem.kind == "product" for problem in check(sentence, facts, language="en"))


@pytest.mark.parametrize(("title", "text", "sentence"), OWN_THINGS)
def test_a_product_may_be_called_what_it_is(title, text, sentence):
    facts = facts_of(Item("x", title, description=text, language="en"))
    assert not check(sentence, facts, language="en")
