"""English words by which the form of a piece of a description is told."""

from __future__ import annotations

__all__ = [
    "ADJECTIVES",
    "DETERMINERS",
    "FINITE",
    "NOUNS_TOO",
    "NUMERALS",
    "PREPOSITIONS",
    "VERBS",
]

_VERBS = """
absorbs accepts accommodates adds adheres adjusts allows arrives attaches bends bites blends
blocks boils breathes brews bridges brings burns carries catches charges circles clamps cleans
clips closes comes connects contains cooks cools covers creates cuts darkens delivers dissolves
does drains dries ensures expands extends fades fastens features feeds feels fills fits floats
foams folds frees freezes gathers gives glides glows goes grinds grips grows handles hangs has
heats helps hides holds hooks improves includes inflates insulates is keeps lasts lays leaves lets
lies lifts lights locks looks loosens lowers makes measures melts mixes mounts moves offers opens
organises organizes packs peels plays pops pours prevents produces protects provides pulls raises
reaches reads reduces reflects releases removes replaces resists retracts rinses rolls runs saves
screws seals seats serves sets sews sheds shows shrinks sits sleeps slides slips smells smooths
snaps softens spares spends spins spreads stacks stands starts stays steams sticks stops stores
straps stretches suits supplies supports swings swivels takes tastes teaches tells ties tilts
tucks turns unfolds unrolls unscrews wakes warms washes waters weathers weighs wipes works wraps
writes yields
"""

_NOUNS_TOO = """
bites blends blocks boils brews bridges burns circles clamps cleans clips covers cuts drains
features feeds folds frees freezes handles hangs heats hooks lets lights locks looks mounts moves
offers packs plays pops pours puts reads rolls saves screws seals seats sets shows slides slips
snaps spins spreads stacks starts sticks stops stores straps supports swings ties tucks turns
waters wraps yields
"""

_FINITE = """
are becomes begins belongs can close come costs could decides depends did do drips ends fails
falls fit fold follows give go had have hold keep knows leave let lie likes loves makes matters
may means meets might must need needs open proves put remains run says seems should shows sit
stand stay steals take tends threatens touches understands use uses want wants was wash wears were
will wins wobbles work would
"""

_ADJECTIVES = """
adjustable airy aromatic balanced big bitter black bold breathable bright brisk brown calm clean
clear comfortable compact complete cool creamy crisp crunchy cushioned dark deep dense dry durable
earthy easy elastic fast fine firm flat flexible floral forgiving fragrant fresh fruity full
generous gentle glossy good grippy handy hard heavy hollow invisible large light lightweight long
low malty matt matte mellow mild modular narrow neutral nutty odourless pale plain pleasant
portable precise pure quick quiet ready refillable reusable rich rigid robust rough round salty
sharp shiny short silent silky simple slim small smoky smooth snug soft solid sour spicy springy
stable stackable steady stiff stretchy strong sturdy supple sweet tall tart thick thin tight tiny
tough transparent vegan vegetarian warm washable waterproof wide windproof
"""

_NUMERALS = """
eight eleven five four nine seven six sixteen ten three twelve twenty two
"""

_PREPOSITIONS = """
for from in with without
"""

_DETERMINERS = """
a all an any both down easily evenly every flat into it its itself less like more most off onto
out quietly solid straight the themselves to under up when you your
"""

VERBS = frozenset(_VERBS.split())
"""Third person singular, as a description speaks of its product."""

NOUNS_TOO = frozenset(_NOUNS_TOO.split())
"""Verbs that may as well be nouns in the plural at the beginning of a sentence."""

FINITE = frozenset(_FINITE.split())
"""Other finite verbs: a piece with one is a sentence, whatever it begins with."""

ADJECTIVES = frozenset(_ADJECTIVES.split())

NUMERALS = frozenset(_NUMERALS.split())

PREPOSITIONS = frozenset(_PREPOSITIONS.split())

DETERMINERS = frozenset(_DETERMINERS.split())
"""Words that follow a verb more often than a noun in the plural."""
