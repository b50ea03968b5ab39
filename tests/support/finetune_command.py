"""A scripted stand-in for ``grafter finetune``: notes its arguments, waits at a gate, prints an answer."""

import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    """Answer as script.json in the folder given first says: {"gate": name, "err": text, "answer": object, "exit": code}."""
    folder, arguments = Path(sys.argv[1]), sys.argv[2:]
    with (folder / "calls.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(arguments) + "\n")
    with (folder / "asked.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(json.loads(sys.stdin.read())) + "\n")
    name = "files" if "--files" in arguments else "preview" if "--preview" in arguments else "plan"
    script = json.loads((folder / "script.json").read_text(encoding="utf-8"))[name]
    parent = os.getppid()
    while "gate" in script and not (folder / script["gate"]).exists() and os.getppid() == parent:
        time.sleep(0.01)
    sys.stderr.write(script.get("err", ""))
    print("a library said something")
    print(json.dumps(script.get("answer", {}), indent=1))
    sys.exit(script.get("exit", 0))


if __name__ == "__main__":
    main()
