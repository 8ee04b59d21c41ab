"""The counts of ``scripts/house.py`` on a checkout small enough to count by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parents[2] / "scripts" / "house.py"
FILES = {
    "shop/__init__.py": "from shop.price import price\n",
    "shop/price.py": (
        "from . import store\n\n\n"
        "def price(one):  # in cents\n    return _tax(one) + _fee() + _fee()\n\n\n"
        "def _tax(one):\n    return one\n\n\n"
        "def _fee():  # noqa: D103\n    return store.Row\n"
    ),
    "shop/store.py": "class Row:\n    pass\n",
    "shop/rows/__init__.py": "",
    "shop/rows/store.py": "import shop.store\n\n\nclass Row:\n    pass\n",
    "tests/test_price.py": "import shop.store\n",
    "README.md": "Three plain words\n",
    "docs/more.md": "And two\n",
}


def house(checkout: Path, *options: str) -> dict:
    command = [sys.executable, str(HOUSE), str(checkout), "--json", *options]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_a_small_checkout_is_counted(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    # The same files by another path are not counted again.
    (tmp_path / "shop" / "linked").symlink_to(tmp_path / "shop" / "rows")
    values = house(tmp_path, "--names")
    assert values["files"] == 5
    assert values["lines"] == 1 + 13 + 2 + 0 + 5
    assert values["single_importers"] == ["shop/price.py"]  # two import store, none rows/store
    assert values["private_used_once"] == 1  # _tax; _fee is called twice
    assert values["repeated_modules"] == {"store": 2}
    assert values["repeated_classes"] == {"Row": 2}
    assert values["vague_identifiers"]["one"] == 4
    assert values["comments_per_100_lines"] == round(100 / 21, 2)  # one of the two is for ruff
    assert values["doc_words"] == 5
    assert house(tmp_path)["single_importers"] == 1
