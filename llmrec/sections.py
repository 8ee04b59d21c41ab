"""The sections of a workspace's settings, but the server's; :mod:`llmrec.config` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from llmrec.retired import without_retired

__all__ = [
    "MAX_CANDIDATES",
    "ChromaSettings",
    "DocumentSettings",
    "EngineSettings",
    "ExperimentSettings",
    "ExplainSettings",
    "IngestSettings",
    "ModelSettings",
    "Precision",
    "RankingSettings",
    "ReaderSettings",
    "RetrievalSettings",
]

MAX_CANDIDATES = 200
"""Most candidates of one request that the language model ranks: each costs it time."""

_PERMUTATIONS = "candidates are judged apart, and their order cannot matter"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSettings(_Section):
    """Which weights: names of ``llmrec models list``, hub ids, or folders."""

    llm: str = "smollm2-135m-instruct"
    encoder: str = "minilm-l6-v2"
    engine: Literal["auto", "transformers", "openvino", "vllm", "openai", "scripted"] = Field(
        "auto",
        description="what runs the language model; openai is any such server, auto what suits "
        "this machine best, as llmrec doctor says",
    )


class ReaderSettings(_Section):
    """What reads shoppers' messages: a small model, whatever the shop's language model is."""

    base: str = Field("smollm2-135m-instruct", description="the weights that the adapter fits")
    adapter: str | None = Field(
        None,
        description="a version (reader/0001), a folder in models, or none for the adapter that "
        "ships with llmrec; unset, the version that was promoted, else the one that ships",
    )
    engine: Literal["auto", "transformers", "openvino", "vllm", "openai", "scripted"] = Field(
        "auto", description="what runs it; auto is models.engine where models.llm is the base"
    )
    witness: bool = Field(True, description="ask for the sign of each sum and name a second time")


Precision: TypeAlias = Literal["auto", "fp32", "bf16", "fp16", "fp8", "int8", "nf4", "awq", "gptq"]


class EngineSettings(_Section):
    """How the language model runs. What ``auto`` becomes here and why: ``llmrec doctor``."""

    device: str = Field("auto", description="cpu, cuda, cuda:1, or auto")
    precision: Precision = Field("auto", description="of the weights")
    context: int | None = Field(None, ge=256, description="tokens of prompt and answer together")
    batch: int | None = Field(None, ge=1, description="most sequences that run at a time")
    timeout_s: float | None = Field(300.0, gt=0, description="most seconds of one call")
    memory_share: float = Field(0.9, gt=0, le=1, description="of a card, that vLLM may take")
    tensor_parallel: int = Field(1, ge=1, description="cards over which each layer is split")
    pipeline_parallel: int = Field(1, ge=1, description="stages over which the layers are split")
    max_adapters: int = Field(4, ge=0, description="LoRA adapters that may run in one batch")
    max_adapter_rank: int = Field(16, ge=1, le=512, description="largest rank of an adapter")
    url: str | None = Field(
        None, description="an OpenAI-compatible server, e.g. http://localhost:8000/v1"
    )
    api_key: SecretStr | None = Field(None, description="of that server; better a variable")
    served_model: str | None = Field(None, description="what that server calls models.llm")
    connections: int = Field(64, ge=1, description="requests to that server at a time")
    retry_s: float = Field(60.0, ge=0, description="seconds for which a failed request is retried")
    breaker_failures: int = Field(5, ge=1, description="failures in a row that end the trying")
    breaker_reset_s: float = Field(10.0, gt=0, description="seconds until it is tried once more")


class ChromaSettings(_Section):
    """Where vectors live, and how the graph over them is built (HNSW, Malkov & Yashunin 2018)."""

    url: str | None = Field(None, description="a Chroma server, e.g. http://localhost:8000")
    hnsw_m: int = Field(32, ge=2, le=256)
    ef_construction: int = Field(200, ge=8)
    ef_search: int = Field(500, ge=8)


class RetrievalSettings(_Section):
    """How candidates are found and fused.

    ``weights`` are the sources' weights in reciprocal rank fusion; a source with weight 0, or not
    named, is not asked. Set here, they go over what ``llmrec train fusion`` has learned.
    ``behaviour`` is not asked before ``llmrec train behaviour``. Half-lives are in days, except
    ``history_half_life`` and ``next_half_life``, which count history entries.
    """

    candidates: int = Field(20, ge=1, le=MAX_CANDIDATES)
    weights: Mapping[str, float] = Field(
        default_factory=lambda: {
            "text": 1.0,
            "query": 2.0,
            "lexical": 1.0,
            "titled": 2.0,
            "named": 2.0,
            "together": 1.5,
            "next": 1.5,
            "popular": 0.3,
            "new": 0.1,
            "behaviour": 2.0,
        }
    )
    beside_query: float = Field(
        0.33,
        ge=0,
        description="what the weights of text, together, next and behaviour, which speak for the "
        "history, are multiplied by where the shopper asks for something in words",
    )
    unlike_below: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="similarity below which the nearest item is hardly like a thing that a query "
        "names, so that the answer says so, unless an item has most of the words; two thirds of it "
        "where a query describes what is wanted. Unset: 0.425, fitted, for minilm-l6-v2, and 0.25 "
        "for other languages beside it, which a value set here changes in proportion; 0.4, not "
        "fitted, for other encoders",
    )
    cut: bool = Field(
        True,
        description="whether conversations, assistants and llmrec recommend show for a query only "
        "what answers it, and where nothing does the few that are near, instead of filling the "
        "list; in Python it is the argument cut, and over HTTP fit says it of each product",
    )
    rrf_k: int = Field(60, ge=1)
    depth: int = Field(100, ge=1, description="how many items each source returns")
    history_limit: int = Field(50, ge=1, description="most recent history entries that count")
    history_half_life: float = Field(3.0, gt=0)
    together_half_life_days: float = Field(90.0, gt=0)
    next_window: int = Field(8, ge=1, description="farthest event that counts as coming next")
    next_half_life: float = Field(1.0, gt=0)
    popular_half_life_days: float = Field(30.0, gt=0)
    log_lag_s: float | None = Field(
        None,
        ge=0,
        description="seconds by which counts over the whole log may lag behind it, so that not "
        "every new event has them made anew; a shopper's own events count at once. Unset: 10 in "
        "llmrec serve, else 0",
    )
    cold_places: float = Field(
        0.1,
        ge=0,
        le=1,
        description="largest share of a list that is kept for items without events; they get their "
        "share of the items that match, if that is less; 0: none",
    )

    @property
    def weights_by_hand(self) -> bool:
        """Whether somebody has set ``weights``; they then go over what was learned."""
        return "weights" in self.model_fields_set


class RankingSettings(_Section):
    """How the language model ranks.

    Each candidate is judged apart, by its log-odds of yes over no. ``llm_weight`` is their share in
    the final score, between 0 (retrieval order, the model is not asked) and 1 (the model alone);
    retrieval scores are standardised within a request, log-odds are taken as they are.
    """

    llm_weight: float | None = Field(
        None,
        ge=0,
        le=1,
        description="unset, the weight that the adapter was fitted with if it has shown a lift "
        "over the retriever, else 0",
    )
    token_budget: int = Field(
        1800, ge=128, description="tokens of one candidate's prompt: what all share, and its line"
    )
    history_items: int = Field(10, ge=1, description="most recent history entries in the prompt")
    seed: int = Field(0, description="of the writing, where a request brings none")
    on_engine_failure: Literal["raise", "fallback"] = "raise"
    adapter: str | None = Field(
        None,
        description="LoRA adapter that ranks: a version (ranker/0002), a folder in models/, or "
        "none; unset, the promoted version",
    )

    @model_validator(mode="before")
    @classmethod
    def _without_retired(cls, values: Any) -> Any:
        return without_retired(values, "ranking", {"permutations": _PERMUTATIONS})


class ExperimentSettings(_Section):
    """An A/B of two rankers on the shop's own shoppers; without a name none runs.

    Arm A ranks as ``[ranking]`` says. Arm B differs from it in what is set here; with neither set
    the two are the same, which tries the counting.
    """

    name: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="of the experiment; another one draws the shoppers anew",
    )
    share: float = Field(0.5, ge=0, le=1, description="of the shoppers, who are in arm B")
    adapter: str | None = Field(
        None,
        description="LoRA adapter that ranks in arm B: a version (ranker/0002), a folder in "
        "models/, or none; unset, as in arm A",
    )
    llm_weight: float | None = Field(
        None, ge=0, le=1, description="arm B's ranking.llm_weight; unset, as in arm A"
    )
    days: float = Field(
        7.0, gt=0, le=3650, description="for which an event counts after its item was shown"
    )


class ExplainSettings(_Section):
    """How reasons and descriptions are made; ``top`` and what follows are of the model's own."""

    enabled: bool = Field(
        True, description="quote, or let the model write; else words are made from fields alone"
    )
    words: Literal["quote", "model"] = Field(
        "quote",
        description="how words are made: quote sentences of the product's own description, or let "
        "the model write its own, checked claim by claim",
    )
    quote_reviews: bool = Field(
        True,
        description="tell shoppers what others have written of a product, quoted without a name; "
        "false where reviews were not written to be read by others: then only stars are counted",
    )
    top: int = Field(10, ge=0, description="recommendations whose texts the model writes")
    max_tokens: int = Field(32, ge=8)
    description_max_tokens: int = Field(48, ge=8)
    attempts: int = Field(2, ge=1, le=5)
    adapter: str | None = Field(
        None,
        description="LoRA adapter that writes: a version (words/0002), a folder in models/, or "
        "none; unset, the promoted version",
    )


class IngestSettings(_Section):
    """How files are read; ``columns`` map our field names to a file's column names."""

    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    language: str | None = None
    item_columns: Mapping[str, str] = Field(default_factory=dict)
    event_columns: Mapping[str, str] = Field(default_factory=dict)
    disliked_below: float | None = Field(
        None, description="a rating below this says dislike; unset: every rating speaks for an item"
    )
    lowest_rating: float = Field(
        1.0, description="of the shop's scale, by which a profile says what a review meant"
    )
    highest_rating: float = Field(5.0, description="of the shop's scale")
    max_field_chars: int = Field(200_000, ge=1)
    max_unpacked_bytes: int = Field(50 * 2**30, ge=1)

    @model_validator(mode="after")
    def _scale_in_order(self) -> IngestSettings:
        low, high = self.rating_scale
        if not low < high:
            raise ValueError(f"lowest_rating {low:g} is not below highest_rating {high:g}")
        return self

    @property
    def rating_scale(self) -> tuple[float, float]:
        """The lowest and the highest rating."""
        return self.lowest_rating, self.highest_rating


class DocumentSettings(_Section):
    """The shop's own documents (returns, shipping, …), which the assistant quotes."""

    folder: str = Field("documents", description="of Markdown files; seen from the workspace")
    threshold: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="score from which a passage counts as an answer; unset: fitted to the encoder",
    )
    multilingual_threshold: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="the same where use-multilingual-v3 answers beside the default encoder",
    )
