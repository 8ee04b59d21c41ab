"""Things bought one after another: a tent, then mats, then a stove.

Each journey is a sequence of steps; a step is a tuple of alternative item ids, of which a shopper
takes one. Steps follow each other over days or weeks, and a journey may break off at any step.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["JOURNEYS", "Journey"]

Journey = tuple[tuple[str, ...], ...]


def _steps(text: str) -> Journey:
    """``"A B|C"`` -> ``(("A",), ("B", "C"))``."""
    return tuple(tuple(step.split("|")) for step in text.split())


JOURNEYS: Mapping[str, Journey] = MappingProxyType(
    {
        # Baby and children
        "first weeks with a baby": _steps(
            "KID-003 KID-001 KID-004|KID-006 KID-015 KID-019|KID-018 KID-020 KID-021 KID-001-2"
        ),
        "weaning": _steps("KID-011 KID-007 KID-008 KID-012|KID-013 KID-014"),
        "nursery floor": _steps("KID-026 KID-029|KID-032 KID-027 KID-030 KID-031|KID-028"),
        "rainy afternoon": _steps("KID-041|KID-040 KID-043 KID-033 KID-034 KID-035"),
        # Running, camping, walking, cycling, water
        "first trail race": _steps("OUT-040|OUT-041|OUT-042 OUT-044 OUT-045 OUT-048 PAN-008"),
        "running in the dark": _steps("OUT-023 OUT-050|OUT-026 OUT-047 OUT-038"),
        "recovery": _steps("WEL-009 WEL-012 WEL-017"),
        "first camping weekend": _steps(
            "OUT-001|OUT-001-2 OUT-005 OUT-009|OUT-011 OUT-008|OUT-007 OUT-014 OUT-017 OUT-024"
        ),
        "camp kitchen": _steps("OUT-014|OUT-015 OUT-017 OUT-019 PAN-009|PAN-010 OUT-018|OUT-018-2"),
        "two weeks on foot": _steps(
            "OUT-027|OUT-027-2 OUT-002 OUT-010 OUT-007|OUT-007-2 OUT-015 OUT-019 PAN-009 OUT-031"
        ),
        "layers for the hills": _steps("OUT-034 OUT-035 OUT-036|OUT-037 OUT-032|OUT-033 OUT-039"),
        "commute by bike": _steps("OUT-051|OUT-051-2 OUT-054 OUT-053 OUT-052 OUT-038"),
        "bike care": _steps("OUT-055 OUT-056 OUT-057"),
        "cold water season": _steps("OUT-058 OUT-061 OUT-060 TRV-008|TRV-008-2 OUT-039"),
        # Coffee, tea, cooking, baking
        "espresso corner": _steps("KIT-003 KIT-010|KIT-008 KIT-012 KIT-018 KIT-020 KIT-022"),
        "milk and latte art": _steps("KIT-019|KIT-019-2 KIT-025 KIT-012-2"),
        "coffee upkeep": _steps("KIT-024 KIT-011"),
        "pour-over": _steps("KIT-001 KIT-023 KIT-002 KIT-021 KIT-013 KIT-020"),
        "coffee on the road": _steps("KIT-006 KIT-009 KIT-017|KIT-015"),
        "Teestunde": _steps("KIT-511 KIT-510 KIT-501 PAN-505 KIT-513 KIT-501-2|KIT-508"),
        "Winterabend": _steps("HOM-506 HOM-507|HOM-501 HOM-504|HOM-503 KIT-506|KIT-504"),
        "Tageswanderung": _steps("OUT-503 OUT-505 OUT-504 OUT-506 OUT-501|OUT-502 OFF-501"),
        "Brot backen": _steps("KIT-050 PAN-503|PAN-004 KIT-519 KIT-520 KIT-051 KIT-060"),
        "Weihnachtsbäckerei": _steps("KIT-518 KIT-056 KIT-517 HOM-503|HOM-505"),
        "留学生第一口锅": _steps("KIT-706 KIT-701-2|KIT-701 KIT-707 PAN-703 PAN-701 PAN-704"),
        "火锅之夜": _steps("PAN-707|PAN-708 KIT-709 KIT-712 KIT-711 PAN-706"),
        "工夫茶": _steps("KIT-719 KIT-714|KIT-713 KIT-720 KIT-718 KIT-715|KIT-717"),
        "自习桌": _steps("HOM-701 OFF-703 OFF-701 OFF-702 HOM-703"),
        "sharp knives": _steps("KIT-042 KIT-046 KIT-045 KIT-043|KIT-044"),
        "Sunday stew": _steps("KIT-035|KIT-035-2 KIT-034 KIT-037 PAN-005 PAN-002"),
        "laid table": _steps("KIT-063|KIT-063-2 KIT-064 KIT-065 KIT-066"),
        "first sourdough": _steps("KIT-057 PAN-003 KIT-050 KIT-051 KIT-052 KIT-053"),
        "cake weekend": _steps("KIT-049 KIT-054 KIT-055 KIT-048"),
        # Garden
        "balcony spring": _steps(
            "GAR-001|GAR-006 GAR-011 GAR-015|GAR-015-2 GAR-016 GAR-010 GAR-012"
        ),
        "holiday watering": _steps("GAR-030 GAR-031 GAR-032"),
        "balcony evenings": _steps("GAR-034 GAR-035 GAR-036 HOM-015|HOM-015-2"),
        "garden for bees and birds": _steps("GAR-008 GAR-039 GAR-038 GAR-037 GAR-508"),
        "digging season": _steps("GAR-025 GAR-026 GAR-027 GAR-020 GAR-022|GAR-023 WEL-016"),
        # Office and paper
        "stocking a small office": _steps("OFF-014 OFF-007 OFF-018 OFF-019 OFF-020 OFF-021"),
        "standing desk": _steps("OFF-024 OFF-025 OFF-030 OFF-022 OFF-039"),
        "laptop desk": _steps("OFF-026 OFF-035 OFF-028 OFF-034 OFF-016"),
        "video calls": _steps("OFF-037 OFF-036|OFF-036-2 HOM-013"),
        "fountain pen": _steps("OFF-008|OFF-008-2 OFF-009 OFF-001|OFF-001-2 OFF-017"),
        "watercolour start": _steps("OFF-040 OFF-042 OFF-006 OFF-041"),
        # Animals
        "new puppy": _steps("PET-001 PET-002|PET-003 PET-005 PET-009 PET-007 PET-014 PET-011"),
        "walks in bad weather": _steps("PET-006 PET-012 OUT-026"),
        "new cat": _steps("PET-020 PET-019 PET-016 PET-023 PET-024"),
        "bored cat": _steps("PET-018 PET-018-2 PET-021 PET-017|PET-025"),
        # Body, home, travel
        "yoga at home": _steps("WEL-001|WEL-001-2|WEL-002 WEL-003 WEL-004 WEL-005|WEL-006"),
        "evening bath": _steps("WEL-017 HOM-032|HOM-033 HOM-008 WEL-015"),
        "kettlebell progress": _steps("WEL-007 WEL-007-2 WEL-007-3 WEL-011 WEL-008"),
        "moving in": _steps("DIY-001 DIY-002 DIY-006 HOM-042 HOM-028|HOM-030 HOM-016"),
        "hanging shelves": _steps("DIY-003 DIY-004 DIY-007 DIY-005 HOM-047"),
        "first bed": _steps("HOM-004 HOM-002 HOM-003 HOM-005 HOM-013"),
        "plastic-free bathroom": _steps("WEL-013 WEL-014 WEL-018 WEL-019 WEL-020"),
        "plastic-free kitchen": _steps("HOM-037 HOM-038 KIT-061 HOM-039 KIT-058"),
        "hand luggage only": _steps("TRV-001|TRV-001-2 TRV-003 TRV-006 TRV-007 TRV-004"),
        "charging anywhere": _steps("OFF-031 OFF-032 OFF-033 TRV-005"),
    }
)
