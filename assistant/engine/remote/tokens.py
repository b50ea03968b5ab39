"""The server's own tokenizer over HTTP: prompts to ids in one request, with a file's text never a control token.

Each server offers it differently. llama.cpp tokenises a list of texts without looking for control tokens. vLLM looks
for them always, so the texts are cut inside each spelling and sent with a control token between the pieces, at which
the answer is taken apart again. SGLang takes a list, and looks for control tokens, too. Whatever entries come back that
look like control tokens (some vocabularies hide more of them than their lists say) are cut as well, and the text is
tokenised once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from assistant.engine.remote.dialects import Dialect
from assistant.engine.remote.errors import RemoteError
from assistant.engine.remote.http import Http
from assistant.engine.remote.spelling import Spellings, looks_like_control
from assistant.prompts.fim import known_spellings
from assistant.types import Control, Markup, Part, Text

# Control tokens besides those of the families' prompts: ends of texts and turns, and what tells families apart.
_MORE = (
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|begin_of_text|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|file_separator|>",
    "<filename>",
    "<gh_stars>",
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
)
# What a model may begin with where there is no text at all, best first.
_STARTS = ("<s>", "<bos>", "<|begin_of_text|>", "<｜begin▁of▁sentence｜>", "<|endoftext|>", "<|end_of_text|>")
_ROUNDS = 8
_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Entry:
    id: int
    text: str | None
    """How the vocabulary spells it; None where the server does not say."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt as token ids, and how many of them each text in it has."""

    ids: list[int]
    lengths: dict[str, int]


class ServerTokenizer:
    """Asks one server. All methods run on its event loop; they raise RemoteError where it does not answer."""

    def __init__(self, http: Http, dialect: Dialect, model: str) -> None:
        self._http = http
        self._dialect = dialect
        self._model = model
        self._ids: dict[str, int] = {}
        self._separator = ""
        # llama.cpp needs no cuts; a server that spells no entries must have everything cut that looks dangerous.
        self._cuts = Spellings(forms=dialect.kind == "sglang")

    @property
    def vocabulary(self) -> frozenset[str]:
        """The control tokens that were looked for and found."""
        return frozenset(self._ids)

    async def learn(self) -> None:
        """Find out which control tokens there are. Raises RemoteError where the server has no such route."""
        wanted = sorted(known_spellings() | set(_MORE))
        if self._dialect.kind == "sglang":
            found = await self._ask_lists(wanted)
            self._ids = {spelling: row[0].id for spelling, row in zip(wanted, found, strict=True) if len(row) == 1}
        else:
            entries = await self._ask("\n".join(wanted), special=True)
            self._ids = {entry.text: entry.id for entry in entries if entry.text in wanted}
        separators = [each for each in ("<|endoftext|>", *sorted(self._ids)) if each in self._ids]
        self._separator = next(iter(separators), "")
        if self._dialect.kind == "vllm":
            self._cuts.add(self._ids)
            await self._check_separator()

    async def encode(self, parts: Sequence[Part]) -> Encoded:
        """Return the ids of a prompt. Raises RemoteError where the vocabulary lacks a Control part."""
        plain: list[str] = []
        places: list[int | list[int]] = []  # ids, or which of the plain texts
        for part in _joined(parts):
            match part:
                case Control(token):
                    places.append([self._id(token)])
                case Markup(text):
                    places.append([entry.id for entry in await self._ask(text, special=True)] if text else [])
                case Text(text):
                    places.append(len(plain))
                    plain.append(text)
        rows = await self._encode_plain(plain)
        ids = [id_ for place in places for id_ in (rows[place] if isinstance(place, int) else place)]
        if not ids:
            ids = [self._ids[start] for start in _STARTS if start in self._ids][:1]
        if not ids:
            raise RemoteError("The prompt is empty, and this model needs some text to go on from.")
        return Encoded(ids, {text: len(row) for text, row in zip(plain, rows, strict=True)})

    async def lengths(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text on its own, in one request."""
        return [len(row) for row in await self._encode_plain(texts)]

    def ids_of(self, spellings: Iterable[str]) -> list[int]:
        """Return the ids of those control tokens that the vocabulary has."""
        return [self._ids[each] for each in spellings if each in self._ids]

    # --- plain text ----------------------------------------------------------------------

    async def _encode_plain(self, texts: Sequence[str]) -> list[list[int]]:
        control = frozenset(self._ids.values())
        rows: list[list[_Entry]] = []
        for _ in range(_ROUNDS):
            rows = await self._ask_plain(texts)
            odd = {e.text for row in rows for e in row if e.text and (e.id in control or looks_like_control(e.text))}
            odd = {spelling for spelling in odd if any(spelling in text for text in texts)}
            if not odd:
                break
            self._cuts.add(odd)
        return [[entry.id for entry in row if entry.id not in control] for row in rows]

    async def _ask_plain(self, texts: Sequence[str]) -> list[list[_Entry]]:
        pieces: list[str] = []
        owners: list[int] = []
        for index, text in enumerate(texts):
            cut = self._cuts.cut(text)
            pieces += cut
            owners += [index] * len(cut)
        rows: list[list[_Entry]] = [[] for _ in texts]
        for owner, found in zip(owners, await self._ask_lists(pieces), strict=True):
            rows[owner] += found
        return rows

    async def _ask_lists(self, pieces: Sequence[str]) -> list[list[_Entry]]:
        """Return the entries of each piece, which is not empty, tokenised on its own."""
        if not pieces:
            return []
        if self._dialect.kind == "sglang":
            body = {"model": self._model, "prompt": list(pieces), "add_special_tokens": False}
            rows = _tokens(await self._http.post("/v1/tokenize", body, seconds=_SECONDS), self._http.host)
            if len(rows) == len(pieces) and all(isinstance(row, list) for row in rows):
                return [[_Entry(int(id_), None) for id_ in row] for row in rows]
            raise _unreadable(self._http.host)
        if len(pieces) == 1 or not self._separator:
            return [await self._ask(piece, special=False) for piece in pieces]
        if self._dialect.kind == "llamacpp":
            mixed: list[str | int] = [pieces[0]]
            for piece in pieces[1:]:
                mixed += [self._ids[self._separator], piece]
            entries = await self._ask(mixed, special=False)
        else:
            entries = await self._ask(self._separator.join(pieces), special=False)
        rows = _split(entries, self._ids[self._separator])
        if len(rows) != len(pieces):
            raise _unreadable(self._http.host)
        return rows

    async def _ask(self, content: str | list[str | int], *, special: bool) -> list[_Entry]:
        """Tokenise one text; ``special``: control tokens in it count (vLLM knows nothing else)."""
        if self._dialect.kind == "sglang":
            return (await self._ask_lists([str(content)]))[0]
        if self._dialect.kind == "llamacpp":
            body: dict[str, Any] = {"content": content, "with_pieces": True, "parse_special": special}
            body |= {"add_special": False, "model": self._model}
            found = _tokens(await self._http.post("/tokenize", body, seconds=_SECONDS), self._http.host)
            return [_piece(each, self._http.host) for each in found]
        body = {"model": self._model, "prompt": content, "add_special_tokens": False, "return_token_strs": True}
        answer = await self._http.post("/tokenize", body, seconds=_SECONDS)
        ids = _tokens(answer, self._http.host)
        texts = answer.get("token_strs")
        if not isinstance(texts, list) or len(cast("list[Any]", texts)) != len(ids):
            raise _unreadable(self._http.host)
        return [_Entry(int(id_), str(text)) for id_, text in zip(ids, cast("list[Any]", texts), strict=True)]

    async def _check_separator(self) -> None:
        """Use no separator where it changes what stands beside it, as one does that swallows blanks."""
        if not self._separator:
            return
        sample = ["x = 1 \n", "  return x\n\n"]
        apart = [await self._ask(each, special=False) for each in sample]
        together = _split(await self._ask(self._separator.join(sample), special=False), self._ids[self._separator])
        if together != apart:
            self._separator = ""

    def _id(self, spelling: str) -> int:
        if spelling not in self._ids:
            raise RemoteError(
                f"The server's model has no token '{spelling}', which this prompt needs; choose another family with "
                "--family."
            )
        return self._ids[spelling]


def _joined(parts: Sequence[Part]) -> list[Part]:
    """Return the parts with text that runs on from one to the next as one, since it is tokenised as one."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, Text):
            if joined and isinstance(joined[-1], Text):
                joined[-1] = Text(joined[-1].text + part.text)
            elif part.text:
                joined.append(part)
        else:
            joined.append(part)
    return joined


def _split(entries: Sequence[_Entry], separator: int) -> list[list[_Entry]]:
    rows: list[list[_Entry]] = [[]]
    for entry in entries:
        if entry.id == separator:
            rows.append([])
        else:
            rows[-1].append(entry)
    return rows


def _tokens(answer: Any, host: str) -> list[Any]:
    found = cast("dict[str, Any]", answer).get("tokens") if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise _unreadable(host)
    return cast("list[Any]", found)


def _piece(each: Any, host: str) -> _Entry:
    """Read llama.cpp's form; a piece that is no whole character comes as a list of bytes."""
    try:
        text = each["piece"]
        return _Entry(int(each["id"]), text if isinstance(text, str) else None)
    except (KeyError, TypeError, ValueError):
        raise _unreadable(host) from None


def _unreadable(host: str) -> RemoteError:
    return RemoteError(f"The server {host} tokenises in a way that cannot be read.")
