"""The vocabulary shared by the window, HTTP and the command line: requests, and the closed union of events.

Everything here is an immutable value without behaviour. No module below this one may
import torch, Qt or an HTTP library, so that each process can afford to import it.

A suggestion has one name at each of its stages, in this order:

``Choice``      what the model wrote for one alternative, in a ``Finished`` (here)
``Draft``       the same while the filters judge and cut it (``completion/filters/draft.py``)
``Answer``      a whole request's result, as ``completion`` compares attempts and as measuring marks it
``Offer``       the alternatives of one answer at one place of the text (``editing/suggestions/offer.py``)
``Insertion``   one alternative of an offer: the text that goes in, and what it replaces
``Suggestion``  the insertion that is shown, as the editor knows it (``app/editor``)
``ghost``       the suggestion painted; it is never in the document
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal


class Priority(IntEnum):
    """Order in which jobs reach the model; the lowest number goes first, and makes a higher one that runs pause."""

    INTERACTIVE = 0
    CHAT = 1
    BACKGROUND = 2


Role = Literal["complete", "chat", "edit", "embed"]
"""What a model is asked for; one model may have several roles, or all."""
ROLES: tuple[Role, ...] = ("complete", "chat", "edit", "embed")


# --- prompts ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that come from a file or a person. Never becomes a control token."""

    text: str


@dataclass(frozen=True, slots=True)
class Control:
    """One entry of the model's vocabulary by its exact spelling, e.g. ``<|fim_prefix|>``."""

    token: str


@dataclass(frozen=True, slots=True)
class Markup:
    """Text in which the spellings of control tokens do become control tokens.

    Only for text that a program wrote as a whole prompt: chat templates, and
    ``/v1/completions`` without a suffix, where other editors send formats of their own.
    """

    text: str


Part = Text | Control | Markup


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as parts in reading order; the engine turns it into token ids."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation that the model's own chat template lays out."""

    messages: tuple[Message, ...]


# --- requests --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Params:
    """How to decode.

    ``temperature`` 0 is greedy. With ``n`` > 1 and greedy decoding the first alternative is
    the greedy one and the others start with the next most probable first tokens.
    ``top_k`` 0, ``top_p`` 1 and ``min_p`` 0 switch those cuts off; ``min_p`` is the least share of the likeliest
    token's probability that another one must have. ``stop`` strings end a sequence and are not part of its text.
    ``logprobs`` asks for that many alternatives of each token (0: only the chosen one; None: nothing). ``speculate``
    lets the engine guess tokens from text that is at hand and check several at once, which changes the time it takes
    and never the text.
    """

    max_tokens: int = 64
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1
    logprobs: int | None = None
    speculate: bool = True


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """Text from a prompt: the form that every engine understands.

    ``begin`` is how the answer has to begin; only what follows it is given out. An engine that cannot hold a model to
    that (``EngineInfo.token_healing``) gets none.
    """

    id: str
    prompt: Prompt | Chat
    params: Params = field(default_factory=Params)
    stop_tokens: tuple[str, ...] = ()
    """Control tokens, by spelling, that end a sequence besides the model's own end tokens."""
    nearby: tuple[str, ...] = ()
    """Texts outside of the prompt that the answer may repeat pieces of; the engine only guesses from them."""
    begin: str = ""
    first_words: tuple[str, ...] = ()
    """What follows ``begin`` has to begin with one of these, which is given out; none: with anything. Like ``begin`` it
    is for engines that can hold a model to it."""
    adapter: str | None = None
    """Which adapter answers: None the one that is active, the empty text none, else the one of that name."""
    least_answer: int | None = None
    """Where not None, ``max_tokens`` gives way to a long prompt, down to so many tokens."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the person was: a file relative to the workspace, and a line of it, from 1."""

    path: str
    line: int
    kind: Literal["edited", "viewed"]


@dataclass(frozen=True, slots=True)
class CompleteRequest:
    """What an editor asks: the text of a file and a cursor in it.

    ``cursor`` counts characters (code points) from the start of ``text``. ``path`` is relative to
    ``workspace`` where there is one. ``max_tokens`` None lets the service decide by the
    place of the cursor (one line or several).

    ``trigger`` says who asked: typing (``auto``), the person (``manual``), or nobody yet (``ahead``: the editor guesses
    where the cursor will be). What is asked ahead runs only while the model has nothing else to do, and ends with
    reason ``cancelled`` as soon as it has. ``session`` names the editor page that asks: its newest request of a kind
    cancels the older ones, whether they wait or run. None: this request replaces no other.

    ``recent`` are the places where the person was last, the newest first; ``tabs`` the other files that are open, as
    paths relative to the workspace. ``explain`` asks for what a person wants to know of a suggestion besides its text:
    each token's likeliest alternatives and its characters (``Choice.spans``), and what the filters do that changed it.
    """

    id: str
    text: str
    cursor: int
    path: str | None = None
    workspace: str | None = None
    trigger: Literal["auto", "manual", "ahead"] = "auto"
    n: int = 1
    max_tokens: int | None = None
    temperature: float = 0.0
    session: str | None = None
    recent: tuple[Place, ...] = ()
    tabs: tuple[str, ...] = ()
    explain: bool = False
    adapter: str | None = None
    """See GenerateRequest."""


# --- events ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A generated token with its natural-log probability and the likeliest alternatives.

    ``start`` is where in the answer its characters begin; they go on to where those of the next token begin. That is
    less than ``text`` where the token also spells what the answer was held to begin with (token healing).
    """

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()
    start: int = 0


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds: building the context, waiting for the model, reading the prompt, writing, and all of it.

    Waiting is the time before the request began and the time for which it paused for more urgent ones; reading and
    writing hold only the time in which it ran.
    """

    context_ms: float = 0.0
    queue_ms: float = 0.0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    total_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class ContextPiece:
    """One piece of source text that went into the prompt. ``lines`` are 1-based and inclusive."""

    path: str
    lines: tuple[int, int]
    tokens: int
    why: str


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of an answer that came from one token: the number ``token`` of ``Choice.logprobs``.

    None: a filter put them there. Not ``kept``: a filter took them away.
    """

    text: str
    token: int | None
    kept: bool = True


FinishReason = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One whole alternative. ``text`` is what counts, also where it differs from the deltas.

    It takes the place of the next ``replaces`` characters right of the cursor, all of them on the cursor's line.
    ``mean_logprob`` is the mean of the tokens that ``text`` is made of; of all that were written, where nothing is left
    of them. ``spans`` are there where an explanation was asked for: those that were kept, joined, are ``text``.
    ``stop_string`` is the one of ``Params.stop`` that ended it, empty where something else did.
    """

    index: int
    text: str
    reason: FinishReason
    generated_tokens: int
    mean_logprob: float | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    replaces: int = 0
    spans: tuple[Span, ...] = ()
    stop_string: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """The request reached the model; its prompt is counted."""

    request_id: str
    model: str
    prompt_tokens: int
    cached_tokens: int = 0
    adapter: str | None = None
    """Which adapter answers; None: the model alone."""


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` units of a named stage (``prefill`` and ``decode``: tokens; ``download``: bytes).

    ``layout``: a conversation is laid out, or a long prompt tokenised, before the request starts.
    """

    request_id: str
    stage: str
    done: int
    total: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """The next characters of alternative ``index``; none where a token was written whose text is not certain yet."""

    request_id: str
    index: int
    text: str
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a request that worked (also of one that was cancelled)."""

    request_id: str
    model: str
    choices: tuple[Choice, ...]
    prompt_tokens: int
    cached_tokens: int
    generated_tokens: int
    timings: Timings
    adapter: str | None = None
    context: tuple[ContextPiece, ...] = ()
    filters: tuple[str, ...] = ()
    note: str = ""
    """A limit the person should know of, e.g. that this model cannot see what follows the cursor."""
    draft_tokens: int = 0
    """Tokens that were guessed from text at hand and checked several at once."""
    accepted_tokens: int = 0
    """How many of them were right."""
    device: str = ""
    """Where the model ran, and ``dtype`` in which numbers; empty where nobody said."""
    dtype: str = ""
    filter_sentences: tuple[str, ...] = ()
    """What each of ``filters`` does, where an explanation was asked for."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The last event of a request that did not work: one sentence, and a code for programs."""

    request_id: str
    message: str
    code: str = "internal_error"


Event = Started | Progress | Delta | Finished | Failed


# --- the state of the service ------------------------------------------------------------

ModelState = Literal["none", "loading", "ready", "idle", "failed"]


@dataclass(frozen=True, slots=True)
class Health:
    """What ``GET /health`` answers. ``progress`` is 0 to 1 while loading.

    ``idle``: nobody asked for a while, so the model's memory was given back; the next request loads it again.
    ``message`` says that, or why loading failed. ``context_length`` is how many tokens the model reads, prompt and
    answer together; 0 while that is not known. ``roles`` says how the model of each role fares where roles have models
    of their own: ``state`` is that of the service, which answers other roles while it loads a model for one.
    """

    state: ModelState
    model: str | None = None
    device: str | None = None
    dtype: str | None = None
    progress: float = 0.0
    message: str = ""
    adapter: str | None = None
    version: str = ""
    context_length: int = 0
    roles: dict[Role, ModelState] = field(default_factory=dict["Role", "ModelState"])
