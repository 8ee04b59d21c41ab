"""Evaluations with a folder to show for it: resumed, replayed, compared."""
