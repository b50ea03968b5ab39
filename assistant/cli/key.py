"""Keep the key of a server in the system's keyring, or forget it; it is read from a prompt or standard input."""

from __future__ import annotations

import argparse
import getpass
import sys

from assistant.cli import output
from assistant.client.address import parse_address
from assistant.engine.remote.keys import delete_key, find_key, save_key
from assistant.errors import InputError

_MOST_LETTERS = 10_000
_SOURCES = {
    "none": "There is no key for {host}.",
    "environment": "The key for {host} comes from the environment.",
    "keyring": "The key for {host} lies in the system's keyring.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define ``grafter key``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="set|show|delete")
    for name, text in (
        ("set", "Keep a key; it is asked for, or read from standard input where that is no terminal."),
        ("show", "Say where the key comes from, never what it is."),
        ("delete", "Forget a key."),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("url", metavar="URL", help="the server's address")
        action.add_argument("--json", action="store_true", help="print JSON for programs")


def run(args: argparse.Namespace) -> int:
    """Do what was asked. Returns the exit code."""
    address = parse_address(args.url)
    done = ""
    if args.action == "set":
        save_key(address, _read())
        done = f"The key for {address.host} is kept in the system's keyring."
    elif args.action == "delete":
        found = delete_key(address)
        done = f"The key for {address.host} is {'forgotten' if found else 'not in the keyring; nothing to forget'}."
    used = find_key(address)
    if not done:
        sentence = f"{_SOURCES[used.source].format(host=address.host)} {used.problem}".rstrip()
    elif used.source == "environment":
        sentence = f"{done} The environment holds one as well, which goes before it."
    else:
        sentence = done
    if args.json:
        output.print_json({"url": address.origin, "source": used.source, "message": sentence})
    else:
        print(sentence)
    return 0


def _read() -> str:
    if sys.stdin.isatty():
        try:
            return getpass.getpass("Key: ")
        except EOFError:  # the end of input in place of a key
            return ""
    key = sys.stdin.read(_MOST_LETTERS + 1)
    if len(key) > _MOST_LETTERS:
        raise InputError("What came on standard input is too long to be a key.")
    return key
