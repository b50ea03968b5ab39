"""The bodies that the service takes: every number bounded, every type strict, unknown fields ignored.

OpenAI's clients send many fields that mean nothing here, and ``null`` where they mean "default"; both pass. What would
change the answer and cannot be done is refused (``assistant.server.wishes``): those bodies keep their unknown fields.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from assistant.types import CompleteRequest, Params, Place

# More than any model of the catalogue has context for; what fits is the engine's to say.
_MAX_TOKENS = 131_072
_MAX_ALTERNATIVES = 8


def _check_limit(value: int) -> int:
    if value != -1 and not 1 <= value <= _MAX_TOKENS:
        raise PydanticCustomError(
            "token_limit",
            "An answer may have 1 to {most} tokens; -1 stands for as many as the model has room for",
            {"most": _MAX_TOKENS},
        )
    return value


Tokens = Annotated[int, Field(ge=1, le=_MAX_TOKENS)]
# As llama.cpp has it, and its clients send it to OpenAI's routes too.
Limit = Annotated[int, AfterValidator(_check_limit)]
Alternatives = Annotated[int, Field(ge=1, le=_MAX_ALTERNATIVES)]
Temperature = Annotated[float, Field(ge=0, le=2)]
TopP = Annotated[float, Field(ge=0, le=1)]
MinP = Annotated[float, Field(ge=0, le=1)]
TopK = Annotated[int, Field(ge=0, le=1_000_000)]
Penalty = Annotated[float, Field(ge=0.1, le=10)]
Seed = Annotated[int, Field(ge=-(2**63), lt=2**64)]
# The end of the answer is compared with the beginning of each stop string at each token.
StopText = Annotated[str, Field(max_length=1000)]
# Continue sends the control tokens of its format and the keywords of the language: two dozen and more.
Stop = StopText | Annotated[list[StopText], Field(max_length=128)]
Name = Annotated[str, Field(max_length=200)]
FilePath = Annotated[str, Field(max_length=4096)]
Trigger = Literal["auto", "manual"]


class Body(BaseModel):
    """What all bodies share."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _null_means_default(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        fields = cast("dict[str, Any]", data)
        return {key: value for key, value in fields.items() if value is not None}


class StreamOptions(Body):
    """OpenAI's options of a stream."""

    include_usage: bool = False


class Sampling(Body):
    """How to decode, as OpenAI's routes spell it.

    Without a ``temperature`` the answer is the likeliest one: the same question gets the same answer. ``top_k``,
    ``min_p`` and ``repetition_penalty`` are extensions that other local servers have too.
    """

    model_config = ConfigDict(extra="allow")

    model: Name = ""
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    n: Alternatives = 1
    stop: Stop = []
    seed: Seed | None = None
    temperature: Temperature = 0.0
    top_p: TopP = 1.0
    top_k: TopK = 0
    min_p: MinP = 0.0
    repetition_penalty: Penalty = 1.0

    def params(self, max_tokens: int, logprobs: int | None) -> Params:
        """Return the parameters of the engine."""
        return Params(
            max_tokens=max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            repetition_penalty=self.repetition_penalty,
            seed=self.seed,
            stop=stop_strings(self.stop),
            n=self.n,
            logprobs=logprobs,
        )


class CompletionBody(Sampling):
    """``POST /v1/completions``. Token ids as ``prompt`` are read so that the refusal can be clear.

    With a ``suffix`` it is a hole: ``filename``, ``workspace``, ``trigger`` and ``raw`` are InfillBody's. So is a
    prompt that is laid out around a hole in the model's own format, as Continue and Twinny send it.
    """

    prompt: str | Annotated[list[str], Field(max_length=64)] | list[int] | list[list[int]]
    suffix: str | None = None
    max_tokens: Limit | None = None
    filename: FilePath = ""
    path: FilePath = ""
    workspace: FilePath | None = None
    trigger: Trigger = "auto"
    raw: bool = False
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    echo: bool = False
    best_of: Alternatives | None = None


class ContentPart(Body):
    """One part of a message's content; only text can be read."""

    type: Name
    text: str = ""


class ChatMessage(Body):
    """One turn; ``role`` is checked by the route, which can say more than "not one of"."""

    role: Name
    content: str | list[ContentPart] = ""


class ResponseFormat(Body):
    """OpenAI's wish for an output format."""

    type: Name = "text"


class ChatBody(Sampling):
    """``POST /v1/chat/completions``.

    From llama.cpp, whose plugins chat here too: ``max_tokens`` -1 is no limit, ``n_predict`` 0 only reads the prompt.
    """

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=2000)]
    max_tokens: Limit | None = None
    max_completion_tokens: Limit | None = None
    n_predict: Annotated[int, Field(ge=-1, le=_MAX_TOKENS)] | None = None
    logprobs: bool = False
    top_logprobs: Annotated[int, Field(ge=0, le=20)] = 0
    tool_choice: str | dict[str, Any] = "auto"
    response_format: ResponseFormat = ResponseFormat()

    @property
    def limit(self) -> int | None:
        """The most tokens to write; None where the client leaves that to the service."""
        wanted = (self.max_completion_tokens, self.max_tokens, self.n_predict)
        first = next((limit for limit in wanted if limit is not None), -1)
        return first if first >= 0 else None


class ExtraInput(Body):
    """A piece of another file, as llama.cpp's editor plugins send it."""

    filename: Annotated[str, Field(max_length=4096)] = ""
    text: str = ""


class LlamaCppBody(Body):
    """What llama.cpp's routes share. A negative ``seed`` or ``top_k`` means "none" there; -1 tokens: no limit.

    ``t_max_predict_ms`` ends the answer early, after its first line, as llama.cpp does. ``n_indent`` counts the blanks
    of a line that is otherwise empty, which its plugins leave out. The list of ``samplers`` and slots mean nothing
    here.
    """

    model_config = ConfigDict(extra="allow")

    n_predict: Annotated[int, Field(ge=-2, le=_MAX_TOKENS)] | None = None
    max_tokens: Annotated[int, Field(ge=-2, le=_MAX_TOKENS)] | None = None
    t_max_predict_ms: Annotated[int, Field(ge=-1, le=86_400_000)] = 0
    response_fields: Annotated[list[Name], Field(max_length=100)] = []
    stream: bool = False
    stop: Stop = []
    temperature: Temperature = 0.0
    top_k: Annotated[int, Field(ge=-1, le=1_000_000)] = 0
    top_p: TopP = 1.0
    min_p: MinP = 0.0
    repeat_penalty: Penalty = 1.0
    seed: Seed = -1
    n_cmpl: Alternatives = 1

    @property
    def limit(self) -> int | None:
        """The most tokens to write, 0 to read only; None where that is left to the service."""
        limit = self.n_predict if self.n_predict is not None else self.max_tokens
        return limit if limit is not None and limit >= 0 else None

    def params(self, max_tokens: int) -> Params:
        """Return the parameters of the engine."""
        return Params(
            max_tokens=max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=max(self.top_k, 0),
            min_p=self.min_p,
            repetition_penalty=self.repeat_penalty,
            seed=self.seed if self.seed >= 0 else None,
            stop=stop_strings(self.stop),
            n=self.n_cmpl,
        )


class InfillBody(LlamaCppBody):
    """``POST /infill``, llama.cpp's. ``prompt`` stands between ``input_prefix`` and the hole.

    Its own fields here: ``filename`` (or ``path``) of the open file, ``workspace`` whose index may help, ``trigger``
    "manual" for an answer that may run on, and ``raw`` for the bare model without anything of the window's path.
    """

    input_prefix: str = ""
    input_suffix: str = ""
    input_extra: Annotated[list[ExtraInput], Field(max_length=1000)] = []
    prompt: str = ""
    n_indent: Annotated[int, Field(ge=0, le=10_000)] = 0
    filename: FilePath = ""
    path: FilePath = ""
    workspace: FilePath | None = None
    trigger: Trigger = "auto"
    raw: bool = False


class PromptBody(LlamaCppBody):
    """``POST /completion``, llama.cpp's: what a prompt goes on with; ``trigger`` and ``raw`` as in CompletionBody."""

    trigger: Trigger = "auto"
    raw: bool = False
    prompt: str | Annotated[list[str], Field(max_length=64)] | list[int] | list[list[int]]


class PlaceBody(Body):
    """The fields of Place."""

    path: FilePath
    line: Annotated[int, Field(ge=1)]
    kind: Literal["edited", "viewed"]


class CompleteBody(Body):
    """``POST /grafter/complete``: the fields of CompleteRequest."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    text: str
    cursor: Annotated[int, Field(ge=0)]
    path: FilePath | None = None
    workspace: FilePath | None = None
    trigger: Literal["auto", "manual", "ahead"] = "auto"
    n: Alternatives = 1
    max_tokens: Tokens | None = None
    temperature: Temperature = 0.0
    session: Name | None = None
    recent: Annotated[list[PlaceBody], Field(max_length=64)] = []
    tabs: Annotated[list[FilePath], Field(max_length=256)] = []
    explain: bool = False
    adapter: Name | None = None

    def request(self) -> CompleteRequest:
        """Return the request that the completion path takes."""
        fields = self.model_dump()
        fields["recent"] = tuple(Place(**place) for place in fields["recent"])
        fields["tabs"] = tuple(self.tabs)
        return CompleteRequest(**fields)


class TextBody(Body):
    """The text of a file as it stands in the editor; without one the file's own content counts again."""

    path: FilePath
    text: str | None = None


class IndexBody(Body):
    """``POST /grafter/index``: a workspace, and the texts in it that changed in the editor."""

    workspace: FilePath
    texts: Annotated[list[TextBody], Field(max_length=256)] = []


class AdapterBody(Body):
    """``POST /grafter/adapter``: which adapter is to answer, and how strongly; no name: none."""

    name: Name | None = None
    scale: Annotated[float, Field(ge=0, le=1)] | None = None


def stop_strings(stop: Stop) -> tuple[str, ...]:
    """Return stop strings as a tuple; empty ones, which would stop at once, are dropped."""
    return tuple(text for text in ([stop] if isinstance(stop, str) else stop) if text)
