"""A server on loopback that speaks like vLLM, SGLang, llama.cpp, Ollama or plain OpenAI, and fails on request.

Its vocabulary: the control tokens of ``CONTROL``, each one id, and every other character by its code point. It keeps each
prompt as it understood it, so that tests see what became a control token.
"""

import contextlib
import json
import re
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

QWEN = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)
# Entries that the client's tables do not list; llama.cpp finds the first in plain text, too.
HIDDEN = ("<tool_call>", "<|object_ref_start|>")
_CHAR = 1000


@dataclass(frozen=True)
class Control:
    """A control token, as it was understood."""

    spelling: str


@dataclass
class Fault:
    """What to do instead of answering, on requests whose path contains ``path``, ``times`` times."""

    do: Callable[["Handler"], None]
    path: str = "completions"
    times: int = 1


@dataclass
class StandIn:
    kind: str = "vllm"
    models: list[dict] = field(default_factory=lambda: [{"id": "Qwen/Qwen2.5-Coder-7B"}])
    control: tuple[str, ...] = QWEN
    answer: list[str] = field(default_factory=lambda: ["return", " ", "a", " + b"])
    context: int = 8192
    key: str = ""
    token_seconds: float = 0.0
    first_seconds: float = 0.0
    prints_control: bool = False
    cached: int | None = 7
    refuses: dict[str, str] = field(default_factory=dict)
    """Fields of requests that this server does not know, and what it says of them."""
    refuses_ids: bool = False
    tokenizes: bool = True
    loads_adapters: bool = False
    faults: list[Fault] = field(default_factory=list)
    seen: list[tuple[str, dict]] = field(default_factory=list)
    headers: list[dict] = field(default_factory=list)
    prompts: list[list] = field(default_factory=list)
    written: int = 0
    disconnects: int = 0

    def __post_init__(self) -> None:
        self.vocabulary = [*self.control, *HIDDEN]
        self.lock = threading.Lock()
        self._start(0)

    def _start(self, port: int) -> None:
        handler = type("Bound", (Handler,), {"stand_in": self})
        self.http = _Server(("127.0.0.1", port), handler)
        self.port = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,), name="stand-in", daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.http.drop_all()
        self.thread.join()

    def restart(self) -> None:
        self._start(self.port)

    def bodies(self, path: str) -> list[dict]:
        return [body for where, body in self.seen if where == path]

    # --- tokens ----------------------------------------------------------------------------

    def tokenize(self, text: str, found: tuple[str, ...] | list[str]) -> list[int]:
        pattern = "|".join(re.escape(each) for each in sorted(found, key=len, reverse=True)) or "(?!)"
        ids: list[int] = []
        start = 0
        for match in re.finditer(pattern, text):
            ids += [_CHAR + ord(letter) for letter in text[start : match.start()]]
            ids.append(self.vocabulary.index(match[0]))
            start = match.end()
        return ids + [_CHAR + ord(letter) for letter in text[start:]]

    def spell(self, id_: int) -> str:
        return chr(id_ - _CHAR) if id_ >= _CHAR else self.vocabulary[id_]

    def understand(self, prompt) -> list:
        """Return a prompt as text and Control entries, as a model would see it."""
        if isinstance(prompt, str):
            prompt = self.tokenize(prompt, self.vocabulary)
        parts: list = []
        for id_ in prompt:
            if id_ < _CHAR:
                parts.append(Control(self.vocabulary[id_]))
            elif parts and isinstance(parts[-1], str):
                parts[-1] += chr(id_ - _CHAR)
            else:
                parts.append(chr(id_ - _CHAR))
        return parts


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, *args) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request, client_address) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def drop_all(self) -> None:
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request, client_address) -> None:
        pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stand_in: StandIn

    def log_message(self, *args) -> None:
        pass

    def do_GET(self) -> None:
        self._handle({})

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("content-length", 0)))
        self._handle(json.loads(data) if data else {})

    def _handle(self, body: dict) -> None:
        server = self.stand_in
        with server.lock:
            server.seen.append((self.path, body))
            server.headers.append(dict(self.headers))
            fault = next((f for f in server.faults if f.path in self.path and f.times > 0), None)
            if fault:
                fault.times -= 1
        if fault:
            fault.do(self)
            return
        if server.key and self.headers.get("authorization") != f"Bearer {server.key}":
            self.json({"error": {"message": f"Incorrect API key: {self.headers.get('authorization')}"}}, 401)
            return
        route = {
            "/v1/models": self._models,
            "/props": self._props,
            "/api/version": self._version,
            "/api/ps": self._running,
            "/tokenize": self._tokenize,
            "/v1/tokenize": self._tokenize_list,
            "/load_lora_adapter" if server.kind == "sglang" else "/v1/load_lora_adapter": self._load_adapter,
            "/v1/completions": self._completions,
            "/v1/chat/completions": self._chat,
            "/api/generate": self._generate,
        }.get(self.path)
        if route is None:
            self.json({"detail": "Not Found"}, 404)
        else:
            route(body)

    # --- small routes ----------------------------------------------------------------------

    def _models(self, _body: dict) -> None:
        server = self.stand_in
        owner = {"ollama": "library", "openai": "somebody"}.get(server.kind, server.kind)
        extra = {"max_model_len": server.context} if server.kind in ("vllm", "sglang") else {}
        self.json(
            {"object": "list", "data": [{"object": "model", "owned_by": owner, **extra, **m} for m in server.models]}
        )

    def _props(self, _body: dict) -> None:
        if self.stand_in.kind != "llamacpp":
            self.json({"detail": "Not Found"}, 404)
            return
        self.json({"default_generation_settings": {"n_ctx": self.stand_in.context}, "total_slots": 1})

    def _version(self, _body: dict) -> None:
        if self.stand_in.kind != "ollama":
            self.json({"detail": "Not Found"}, 404)
            return
        self.json({"version": "0.40.0"})

    def _running(self, _body: dict) -> None:
        self.json(
            {"models": [{"name": m["id"], "context_length": self.stand_in.context} for m in self.stand_in.models]}
        )

    def _tokenize(self, body: dict) -> None:
        server = self.stand_in
        if not server.tokenizes or server.kind not in ("vllm", "llamacpp"):
            self.json({"detail": "Not Found"}, 404)
            return
        if server.kind == "vllm":
            assert body["add_special_tokens"] is False
            ids = server.tokenize(body["prompt"], server.vocabulary)
            strs = [server.spell(id_) for id_ in ids]
            self.json({"count": len(ids), "max_model_len": server.context, "tokens": ids, "token_strs": strs})
            return
        content = body["content"] if isinstance(body["content"], list) else [body["content"]]
        found = server.vocabulary if body.get("parse_special", True) else HIDDEN[:1]
        ids = []
        for each in content:
            ids += [each] if isinstance(each, int) else server.tokenize(each, found)
        rows = [{"id": id_, "piece": server.spell(id_)} for id_ in ids]
        self.json({"tokens": rows if body.get("with_pieces") else ids})

    def _tokenize_list(self, body: dict) -> None:
        server = self.stand_in
        if not server.tokenizes or server.kind != "sglang":
            self.json({"detail": "Not Found"}, 404)
            return
        assert body["add_special_tokens"] is False
        rows = [server.tokenize(each, server.vocabulary) for each in body["prompt"]]
        self.json({"tokens": rows, "count": [len(row) for row in rows], "max_model_len": server.context})

    def _load_adapter(self, body: dict) -> None:
        server = self.stand_in
        if not server.loads_adapters:
            self.json({"detail": "Not Found"}, 404)
            return
        if not body["lora_path"].startswith("/adapters/"):
            said = f"Loading lora {body['lora_name']} failed: No adapter found for {body['lora_path']}"
            if server.kind == "sglang":
                self.json({"success": False, "error_message": said, "loaded_adapters": {}}, 400)
            else:
                self.json({"error": {"message": said}}, 404)
            return
        server.models.append({"id": body["lora_name"], "parent": server.models[0]["id"]})
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    # --- answers ---------------------------------------------------------------------------

    def _completions(self, body: dict) -> None:
        server = self.stand_in
        if self._refused(body):
            return
        if isinstance(body["prompt"], list) and (server.refuses_ids or server.kind in ("ollama", "openai")):
            self.json({"error": {"message": "'prompt' must be a string."}}, 400)
            return
        understood = server.understand(body["prompt"])
        with server.lock:
            server.prompts.append(understood)
        self._stream(body, self._chunk)

    def _chat(self, body: dict) -> None:
        server = self.stand_in
        if self._refused(body):
            return
        layout = "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in body["messages"])
        with server.lock:
            server.prompts.append(server.understand(layout + "<|im_start|>assistant\n"))
        self._stream(body, self._chat_chunk)

    def _generate(self, body: dict) -> None:
        server = self.stand_in
        assert body["raw"] is True
        with server.lock:
            server.prompts.append(server.understand(body["prompt"]))
        options = body["options"]
        flat = {"max_tokens": options["num_predict"], "stop": options["stop"], "stream": True}
        self._stream(flat | {"logprobs": 1 if body.get("logprobs") else None}, self._line, lines=True)

    def _refused(self, body: dict) -> bool:
        for name, said in self.stand_in.refuses.items():
            if name in body:
                self.json({"error": {"message": said, "type": "invalid_request_error"}}, 400)
                return True
        return False

    def _stream(self, body: dict, make: Callable[[dict], dict], *, lines: bool = False) -> None:
        server = self.stand_in
        if not self.wait(server.first_seconds):
            return
        self.begin("application/x-ndjson" if lines else "text/event-stream")
        stops, ids = body.get("stop") or [], body.get("stop_token_ids") or []
        limit = body.get("max_tokens") or body["max_completion_tokens"]
        text, sent, finish, count = "", 0, "stop", 0
        hit = None
        for token in server.answer:
            if count >= limit:
                finish = "length"
                break
            if not self.wait(server.token_seconds):
                return
            control = token in server.vocabulary
            if control and server.vocabulary.index(token) in ids:
                break
            count += 1
            shown = (
                "" if control and not server.prints_control and token not in body.get("preserved_tokens", []) else token
            )
            text += shown
            hit = min((text.find(stop) for stop in stops if stop in text), default=None)
            # Like the real ones: what may be the start of a stop string is held back.
            held = max((n for stop in stops for n in range(1, len(stop)) if text.endswith(stop[:n])), default=0)
            end = len(text) - held if hit is None else hit
            shown, sent = text[sent:end], max(sent, end)
            state = {"text": shown, "token": token, "count": count, "finish": None, "body": body}
            if not self.send(make(state), lines):
                return
            with server.lock:
                server.written += 1
            if hit is not None:
                break
        rest = "" if hit is not None else text[sent:]
        self.send(make({"text": rest, "token": None, "count": count, "finish": finish, "body": body}), lines)
        if not lines:
            if (body.get("stream_options") or {}).get("include_usage"):
                self.send({"choices": [], "usage": self._usage(count)}, lines)
            self.piece(b"data: [DONE]\n\n")
        self.piece(b"")

    def _usage(self, count: int) -> dict:
        prompt = sum(1 if isinstance(part, Control) else len(part) for part in self.stand_in.prompts[-1])
        usage = {"prompt_tokens": prompt, "completion_tokens": count, "total_tokens": prompt + count}
        if self.stand_in.cached is not None and self.stand_in.kind != "ollama":
            usage["prompt_tokens_details"] = {"cached_tokens": self.stand_in.cached}
        return usage

    def _chunk(self, state: dict) -> dict:
        choice = {"index": 0, "text": state["text"], "finish_reason": state["finish"], "logprobs": None}
        wanted = state["body"].get("logprobs")
        if wanted is not None and state["token"] is not None:
            token = state["token"]
            top = {token: -0.1, "x1": -1.0, "x2": -2.0, "<|im_end|>": -0.5}
            if self.stand_in.kind == "llamacpp":
                rows = [{"token": t, "logprob": p} for t, p in sorted(top.items(), key=lambda item: -item[1])]
                row = {"id": 1, "token": token, "logprob": -0.1, "top_logprobs": rows[:wanted]}
                choice["logprobs"] = {"content": [row]}
            else:
                top = dict(sorted(top.items(), key=lambda item: -item[1])[: max(wanted, 1)])
                choice["logprobs"] = {"tokens": [token], "token_logprobs": [-0.1], "top_logprobs": [top]}
        if state["body"].get("return_token_ids") and state["token"] is not None:
            choice["token_ids"] = [1]
        return {"id": "cmpl-1", "object": "text_completion", "choices": [choice]}

    def _chat_chunk(self, state: dict) -> dict:
        delta = {"content": state["text"]} if state["finish"] is None else {}
        return {"id": "chat-1", "choices": [{"index": 0, "delta": delta, "finish_reason": state["finish"]}]}

    def _line(self, state: dict) -> dict:
        done = state["finish"] is not None
        line = {"model": "m", "response": state["text"], "done": done}
        if done:
            usage = self._usage(state["count"])
            line |= {
                "done_reason": state["finish"],
                "prompt_eval_count": usage["prompt_tokens"],
                "eval_count": state["count"],
            }
        elif state["body"]["logprobs"] is not None:
            line["logprobs"] = [{"token": state["token"], "logprob": -0.1, "top_logprobs": []}]
        return line

    # --- writing ---------------------------------------------------------------------------

    def json(self, data: object, status: int = 200, **headers: str) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def begin(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send(self, data: dict, lines: bool = False) -> bool:
        """Write an event; False where the client has left."""
        text = json.dumps(data)
        return self.piece(f"{text}\n".encode() if lines else f"data: {text}\n\n".encode())

    def piece(self, data: bytes) -> bool:
        if self.left():
            return False
        try:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
        except OSError:
            return self._gone()
        return True

    def left(self) -> bool:
        """Whether the client closed the connection."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        if not readable:
            return False
        try:
            if self.connection.recv(1, socket.MSG_PEEK):
                return False
        except OSError:
            pass
        self._gone()
        return True

    def wait(self, seconds: float) -> bool:
        """Wait like a model that computes; False as soon as the client has left."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            if self.left():
                return False
            time.sleep(min(rest, 0.005))
        return True

    def _gone(self) -> bool:
        with self.stand_in.lock:
            self.stand_in.disconnects += 1
        self.close_connection = True
        return False

    def reset(self) -> None:
        """Break the connection off with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


# --- faults ----------------------------------------------------------------------------------


def status(code: int, data: object = None, **headers: str) -> Callable[[Handler], None]:
    return lambda handler: handler.json(data or {"error": {"message": "no"}}, code, **headers)


def hang(seconds: float = 60.0) -> Callable[[Handler], None]:
    def do(handler: Handler) -> None:
        handler.wait(seconds)
        handler.close_connection = True

    return do


def drop(handler: Handler) -> None:
    """Close without a word, as a server does whose worker died."""
    handler.close_connection = True


def reset_after(pieces: int) -> Callable[[Handler], None]:
    def do(handler: Handler) -> None:
        handler.begin("text/event-stream")
        for _ in range(pieces):
            handler.send({"choices": [{"index": 0, "text": "ab", "finish_reason": None}]})
        time.sleep(0.05)
        handler.reset()

    return do


def raw(kind: str, *pieces: bytes) -> Callable[[Handler], None]:
    def do(handler: Handler) -> None:
        handler.begin(kind)
        for piece in pieces:
            if not handler.piece(piece):
                return
        handler.piece(b"")

    return do
