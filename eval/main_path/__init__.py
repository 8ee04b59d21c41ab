"""How the main path is evaluated: a shop of its own, caches, what the model did."""
