"""What several test files share: a tiny model made on the spot, and the real weights."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The research data sets beside the project; mark tests that use it ``shared_data``."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no data sets in {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random Llama of two layers and a small BPE tokenizer with a chat template.

    It is a real decoder in everything but sense: 1,024 tokens of context, float32.
    """
    folder = tmp_path_factory.mktemp("tiny-llama")
    vocabulary = _tiny_tokenizer(folder)
    _tiny_llama(folder, vocabulary)
    return folder


@pytest.fixture(scope="session")
def tiny_adapters(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two random LoRA adapters for :func:`tiny_model`, as PEFT saves them."""
    return _two_adapters(tiny_model, tmp_path_factory)


@pytest.fixture(scope="session")
def smollm2_adapters(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two random LoRA adapters for the default language model."""
    return _two_adapters(smollm2, tmp_path_factory)


@pytest.fixture(scope="session")
def foreign_adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter for a model of other shapes."""
    base = tmp_path_factory.mktemp("foreign-llama")
    _tiny_llama(base, vocabulary=64, hidden_size=64)
    return save_adapter(base, tmp_path_factory.mktemp("foreign-adapter"), seed=1)


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The default language model, pulled if it is not on this machine."""
    from llmrec.weights import pull

    return pull("smollm2-135m-instruct")


@pytest.fixture(scope="session")
def minilm() -> Path:
    """The default encoder, pulled if it is not on this machine."""
    from llmrec.weights import pull

    return pull("minilm-l6-v2")


def save_adapter(base: Path, out: Path, *, seed: int, rank: int = 4) -> Path:
    """Write a random LoRA adapter for the model in ``base`` that changes its answers visibly."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    network.name_or_path = network.config._name_or_path = str(base)
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"
    )
    adapted = get_peft_model(network, config)
    draw = torch.Generator().manual_seed(seed)
    for name, weight in adapted.named_parameters():
        if "lora_" in name:
            width = weight.shape[-1] ** 0.5
            weight.data = torch.randn(weight.shape, generator=draw) / width
    adapted.save_pretrained(out)
    return out


def _two_adapters(base: Path, made: pytest.TempPathFactory) -> tuple[Path, Path]:
    one, two = (save_adapter(base, made.mktemp("adapter"), seed=seed) for seed in (1, 2))
    return one, two


def _tiny_tokenizer(folder: Path) -> int:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    text = "The shopper bought a kettle, green tea and a steel bottle. Answer with its letter. "
    pairs = "\n".join(first + second for first in "ABCDEFGH" for second in "ABCDEFGH")
    bpe.train_from_iterator(
        [text * 4, pairs * 4, "Products on offer: history, oldest first"], trainer
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def _tiny_llama(folder: Path, vocabulary: int, hidden_size: int = 128) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden_size,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        # Larger than usual: a model of tiny weights would find every token equally likely.
        initializer_range=0.15,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(7)
        LlamaForCausalLM(config).save_pretrained(folder)
