"""What a server serves: the model under its name there, its context, its version, its adapters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from llmrec.engines.calls import Deadline
from llmrec.engines.remote.client import ServerClient
from llmrec.engines.remote.failures import no_completion
from llmrec.engines.tokenizing import ChatTokenizer
from llmrec.errors import EngineError, ModelError

__all__ = ["ServedModel", "check_tokens", "look_at", "version_of"]


_SAMPLE = "Grüße! (A) steel kettle, 1.7 l: 39.90 EUR\n绿茶 250 g, it's new"


@dataclass(frozen=True)
class ServedModel:
    """A server as it answers now.

    ``model`` is what it calls the model, ``context`` the most tokens of prompt and answer together
    if it says so; ``adapters`` maps the names of the adapters it serves to their folders as it
    knows them.
    """

    model: str
    context: int | None
    adapters: dict[str, str] = field(default_factory=dict)


async def look_at(
    client: ServerClient,
    model: str,
    served_model: str | None,
    deadline: Deadline,
    *,
    patient: bool = False,
) -> ServedModel:
    """Ask a server what it serves, and find our model among it.

    Args:
        client: the way to it.
        model: what we call the model.
        served_model: what the server calls it, if that is configured.
        deadline: of the whole call.
        patient: ask again if it cannot be reached.

    Raises:
        EngineUnavailable: it cannot be reached.
        EngineError: it is no OpenAI-compatible server, or refuses the key.
        ModelError: it does not serve the model; the message says what it does serve.
    """
    cards = _cards(await client.get("models", deadline, patient=patient), client.where)
    bases = {name: card for name, card in cards.items() if not card.get("parent")}
    name = _choose(bases, model, served_model, client.where)
    length = bases[name].get("max_model_len")
    return ServedModel(
        model=name,
        context=int(length) if length else None,
        adapters={
            other: str(card.get("root") or "")
            for other, card in cards.items()
            if card.get("parent")
        },
    )


async def version_of(client: ServerClient, deadline: Deadline) -> str | None:
    """The version of vLLM; ``None`` for another server."""
    # Beside the API, not below it; other servers do not have it.
    try:
        answer = await client.get("/version", deadline)
    except EngineError:
        return None
    return str(answer["version"]) if isinstance(answer, dict) and "version" in answer else None


async def check_tokens(
    client: ServerClient, served: ServedModel, model: str, chat: ChatTokenizer, deadline: Deadline
) -> None:
    """Compare the server's tokens of a text with ours, if it shows them, as vLLM does.

    A server of one model may call it anything. Token ids of another tokenizer would be answered
    without any error, and mean nothing.

    Raises:
        ModelError: they differ.
    """
    body = {"model": served.model, "prompt": _SAMPLE, "add_special_tokens": False}
    try:
        answer = await client.post("/tokenize", body, deadline, read=_tokens, final_500=True)
    except EngineError:
        return
    if answer is not None and answer != chat.ids(_SAMPLE):
        raise ModelError(
            f"The model '{served.model}' at {client.where} has another tokenizer than '{model}'.",
            hint="Set models.llm to the model that the server runs.",
        )


def _tokens(answer: Any) -> list[int] | None:
    tokens = answer.get("tokens") if isinstance(answer, dict) else None
    return tokens if isinstance(tokens, list) else None


def _choose(
    bases: dict[str, dict[str, Any]], model: str, served_model: str | None, where: str
) -> str:
    if served_model is not None:
        wanted = [served_model] if served_model in bases else []
    else:
        wanted = [name for name in bases if name == model]
        # A server of one model leaves no doubt, whatever it calls it.
        wanted = wanted or (list(bases) if len(bases) == 1 else [])
    if not wanted:
        serves = ", ".join(f"'{name}'" for name in bases) or "no model"
        raise ModelError(
            f"The server at {where} does not serve '{served_model or model}'; it serves {serves}.",
            hint="Set engine.served_model to one of these, or start the server with "
            "--served-model-name.",
        )
    return wanted[0]


def _cards(answer: Any, where: str) -> dict[str, dict[str, Any]]:
    try:
        return {str(card["id"]): dict(card) for card in answer["data"]}
    except (TypeError, KeyError, ValueError) as error:
        raise no_completion(where, answer) from error
