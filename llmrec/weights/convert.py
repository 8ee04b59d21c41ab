"""Turn a GGUF file into a folder that transformers loads directly.

transformers reads GGUF (dequantising on the way) but takes long and refuses to save the result,
because its config still says "quantized". So the tensors are copied once into a fresh model.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from llmrec.config import disk_errors
from llmrec.errors import WeightsCorrupt

__all__ = ["convert_gguf"]


def convert_gguf(gguf: Path, target: Path) -> None:
    """Write ``gguf`` into ``target`` as float32 safetensors with tokenizer and chat template.

    Args:
        gguf: a decoder's GGUF file, any quantisation that transformers can read.
        target: an existing folder; it gets the config, the generation config, the weights, the
            tokenizer and its chat template.

    Raises:
        WeightsCorrupt: transformers cannot read the file.
        DiskFull: no space left.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with _quiet():
        try:
            tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
            loaded = AutoModelForCausalLM.from_pretrained(
                gguf.parent, gguf_file=gguf.name, dtype=torch.float32
            )
        except (ValueError, OSError, KeyError, RuntimeError) as error:
            raise WeightsCorrupt(
                f"{gguf} cannot be read as a language model: {error}",
                hint="Remove it and pull again.",
            ) from error
        config = loaded.config
        if hasattr(config, "quantization_config"):
            del config.quantization_config
        fresh = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        fresh.load_state_dict(loaded.state_dict())
        fresh.generation_config = loaded.generation_config
        with disk_errors(target):
            fresh.save_pretrained(target)
            tokenizer.save_pretrained(target)
            # safetensors makes files that only their owner may read; a cache may be shared.
            for path in target.glob("*.safetensors"):
                path.chmod(0o644)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    from transformers import modeling_gguf_pytorch_utils as gguf_utils
    from transformers.utils import logging

    before = logging.get_verbosity()
    bars = logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    # The GGUF reader draws a bar of its own, whatever the setting above.
    bar, gguf_utils.tqdm = gguf_utils.tqdm, partial(gguf_utils.tqdm, disable=True)
    try:
        yield
    finally:
        gguf_utils.tqdm = bar
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()
