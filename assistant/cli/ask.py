"""Ask the model a question: with the service that is running, or with a model loaded for this once."""

from __future__ import annotations

import argparse
import dataclasses
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.cli import output
from assistant.cli.complete import last_event
from assistant.cli.local_model import add_model_arguments, names_running
from assistant.cli.remote import add_remote_arguments, names_server, opened_engine
from assistant.cli.text_input import printable, read_source
from assistant.client.http import find_service
from assistant.config import Paths, find_paths
from assistant.errors import InputError
from assistant.types import Chat, Delta, Event, Finished, GenerateRequest, Message, Params

_SYSTEM = "You are a coding assistant. Answer briefly and correctly; put code into fenced blocks."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``grafter ask``."""
    parser.add_argument("question", metavar="QUESTION", help="what to ask")
    parser.add_argument(
        "--file", type=Path, action="append", default=[], metavar="FILE", help="a file to read with it; may be repeated"
    )
    parser.add_argument(
        "--workspace", type=Path, metavar="PATH", help="the folder that every --file lies in and is named from"
    )
    parser.add_argument("--max-tokens", type=int, default=1024, metavar="N", help="most tokens to write, 1 to 32768")
    add_model_arguments(parser, device_help="load the model on this device, even if a service is running")
    add_remote_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the answer as it is written."""
    if not args.question.strip():
        raise InputError("The question is empty.")
    # Bytes that are not UTF-8 arrive as halves of characters, which no tokenizer takes.
    if args.question.encode("utf-8", "ignore").decode() != args.question:
        raise InputError("The question is not valid UTF-8.")
    if not 1 <= args.max_tokens <= 32768:
        raise InputError(f"--max-tokens is {args.max_tokens}; it can be 1 to 32768.")
    messages = make_messages(args.question, args.file, args.workspace)
    events = _events(find_paths(), messages, args)
    if args.json:
        finished = last_event(events)
        output.print_json(_to_json(finished))
    elif sys.stdout.isatty():
        finished = _show_markdown(events)
    else:
        finished = last_event(_echo(events))
        print()
    if finished.choices[0].reason == "length" and not args.json:
        print("(The answer was cut at --max-tokens.)", file=sys.stderr)
    return 0


def make_messages(question: str, files: Sequence[Path], workspace: Path | None) -> tuple[Message, ...]:
    """Return the conversation: the files, each in a fenced block under its name, and the question.

    Raises InputError for a workspace that is not a folder, and for a file that is outside of it or cannot be read.
    """
    root = None
    if workspace is not None:
        root = _resolved(workspace)
        if not os.path.isdir(root):  # noqa: PTH112 - Path.is_dir raises where a folder above may not be entered
            raise InputError(f"There is no folder {workspace}.")
    parts: list[str] = []
    for file in files:
        name = file.as_posix()
        if root is not None:
            file = _resolved(root / file)  # noqa: PLW2901 - named from the workspace from here on
            if not file.is_relative_to(root):
                raise InputError(f"{name} lies outside of the workspace {workspace}.")
            name = file.relative_to(root).as_posix()
        text = read_source(file)
        fence = "`" * max(3, _longest_run(text, "`") + 1)
        parts.append(f"{printable(name)}:\n{fence}\n{text.rstrip()}\n{fence}")
    return (Message("system", _SYSTEM), Message("user", "\n\n".join([*parts, question])))


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to each other
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def _longest_run(text: str, letter: str) -> int:
    longest = run = 0
    for other in text:
        run = run + 1 if other == letter else 0
        longest = max(longest, run)
    return longest


def _events(paths: Paths, messages: tuple[Message, ...], args: argparse.Namespace) -> Iterator[Event]:
    here = names_running(args) or names_server(args) or args.adapter is not None
    client = None if here else find_service(paths, args.model)
    if client is not None:
        with client:
            yield from client.chat(messages, args.max_tokens)
        return
    from assistant.engine.protocol import CancelToken

    request = GenerateRequest(f"cli-{secrets.token_hex(8)}", Chat(messages), Params(max_tokens=args.max_tokens))
    with opened_engine(paths, args, once=True) as engine, engine.begin("chat") as model:
        yield from model.generate(request, CancelToken())


def _echo(events: Iterator[Event]) -> Iterator[Event]:
    """Pass the events on and print their text."""
    for event in events:
        if isinstance(event, Delta):
            print(event.text, end="", flush=True)
        yield event


def _show_markdown(events: Iterator[Event]) -> Finished:
    """Show the end of the text while it is written, and the whole as Markdown when it is there."""
    from rich.live import Live
    from rich.markdown import Markdown
    from rich.text import Text

    console = output.console()
    written = ""

    def watched(live: Live) -> Iterator[Event]:
        nonlocal written
        for event in events:
            if isinstance(event, Delta):
                written += event.text
                live.update(Text("\n".join(written.split("\n")[-(console.height - 2) :])))
            yield event

    with Live(console=console, transient=True, refresh_per_second=12) as live:
        finished = last_event(watched(live))
    console.print(Markdown(finished.choices[0].text))
    console.print(
        f"{finished.model}: {finished.generated_tokens} tokens in {finished.timings.total_ms:.0f} ms", style="dim"
    )
    return finished


def _to_json(finished: Finished) -> dict[str, object]:
    choice = finished.choices[0]
    return {
        "text": choice.text,
        "model": finished.model,
        "adapter": finished.adapter,
        "finish_reason": choice.reason,
        "prompt_tokens": finished.prompt_tokens,
        "cached_tokens": finished.cached_tokens,
        "generated_tokens": finished.generated_tokens,
        "timings": dataclasses.asdict(finished.timings),
    }
