"""A base model with a fresh adapter on it, and the adapter's weights by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmrec.engines.local.loading import load_network
from llmrec.engines.local.quantization import quiet_bitsandbytes
from llmrec.engines.tokenizing import ChatTokenizer
from llmrec.errors import MissingExtra, ModelError
from llmrec.finetune.pieces import in_pieces, whole
from llmrec.finetune.ranker.place import Place
from llmrec.finetune.settings import LoraSettings

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Adapted", "require_peft"]


class Adapted:
    """A base whose adapter learns; the base's own weights stay as they are.

    With ``quantization`` the base is quantized and the adapter is not: QLoRA (Dettmers et al.
    2023, https://arxiv.org/abs/2305.14314).

    Args:
        base: name of the weights.
        folder: where they lie.
        settings: of the run.
        place: where it runs.

    Raises:
        ModelError: the base cannot be loaded.
        MissingExtra: the quantization wants bitsandbytes.
        OutOfMemory: it does not fit.
    """

    def __init__(self, base: str, folder: Path, settings: LoraSettings, place: Place) -> None:
        self.base, self.folder, self._settings = base, folder, settings
        self.network, tokenizer = load_network(base, folder, place.engine, training=True)
        chat = ChatTokenizer(tokenizer, base)
        self.token_ids, self.end_id = chat.ids, chat.end_id
        self.context: int = self.network.config.max_position_embeddings
        self.model: Any = None

    def wrap(self) -> None:
        """Put the adapter on; its first values come from torch's generator.

        Raises:
            ModelError: the model has no such modules.
        """
        from peft import LoraConfig, get_peft_model

        chosen = self._settings
        modules = chosen.target_modules
        config = LoraConfig(
            r=chosen.r,
            lora_alpha=chosen.alpha,
            lora_dropout=chosen.dropout,
            target_modules=modules if isinstance(modules, str) else list(modules),
            task_type="CAUSAL_LM",
        )
        if chosen.gradient_checkpointing:
            # The reentrant kind wants inputs with gradients, which a frozen base has not.
            self.network.gradient_checkpointing_enable({"use_reentrant": False})
        try:
            self.model = get_peft_model(self.network, config)
        except ValueError as error:
            raise ModelError(
                f"'{self.base}' takes no adapter on {modules!r}: {error}",
                hint="Use target_modules='all-linear', or names of the model's linear layers.",
            ) from error

    @property
    def parameters(self) -> list[Any]:
        """What is trained."""
        return [parameter for parameter in self.model.parameters() if parameter.requires_grad]

    def state(self) -> dict[str, Tensor]:
        """The adapter's weights as the model names them, put together by all processes."""
        parameters = self.model.state_dict().items()
        return {name: whole(tensor) for name, tensor in parameters if "lora_" in name}

    def tensors(self) -> dict[str, Tensor]:
        """A copy of the adapter's weights, on the CPU, as PEFT names them."""
        state = self._named(self.state())
        return {name: tensor.detach().cpu().clone() for name, tensor in state.items()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """The inverse of :meth:`tensors`."""
        for name, parameter in self._named(self.model.state_dict()).items():
            # The model's own memory: detached, not copied.
            parameter.copy_(in_pieces(tensors[name], parameter))

    def save(self, folder: Path, state: Mapping[str, Tensor]) -> None:
        """Write the adapter as PEFT does; ``state`` is :meth:`state`."""
        # The folder of the base is this machine's business; its name is not.
        self.model.peft_config["default"].base_model_name_or_path = self.base
        self.model.save_pretrained(str(folder), state_dict=dict(state), save_embedding_layers=False)

    def _named(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        from peft import get_peft_model_state_dict

        # Without "save_embedding_layers", peft asks a hub whether the vocabulary has grown.
        named: dict[str, Tensor] = get_peft_model_state_dict(
            self.model, state_dict=dict(state), save_embedding_layers=False
        )
        return named


def require_peft() -> None:
    """Refuse to begin without the package.

    Raises:
        MissingExtra: peft is not installed.
    """
    quiet_bitsandbytes()
    try:
        import peft  # noqa: F401
    except ImportError as error:
        raise MissingExtra("peft", extra="train") from error
