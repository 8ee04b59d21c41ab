"""``python -m llmrec.cli``: the same as ``llmrec``."""

from llmrec.cli.main import main

main()
