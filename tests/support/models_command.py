"""A scripted stand-in for ``grafter models``: plays the steps that script.json gives for its action."""

import json
import os
import signal
import sys
import time
from pathlib import Path


def main() -> None:
    """Play the steps: {"out": text} as it is, {"err": text}, {"gate": name}, "crash", {"exit": code}."""
    folder, action, *rest = sys.argv[1:]
    with (Path(folder) / "calls.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps([action, *rest]) + "\n")
    for step in json.loads((Path(folder) / "script.json").read_text(encoding="utf-8"))[action]:
        match step:
            case {"out": text}:
                for byte in text.encode():  # split everywhere
                    os.write(1, bytes([byte]))
            case {"err": text}:
                os.write(2, text.encode())
            case {"gate": name}:
                parent = os.getppid()
                while not (Path(folder) / name).exists() and os.getppid() == parent:
                    time.sleep(0.01)
            case "crash":
                os.kill(os.getpid(), signal.SIGKILL)
            case {"exit": code}:
                sys.exit(code)


if __name__ == "__main__":
    main()
