"""A llama.cpp server's own /infill, asked as its plugins ask; the server is a stand-in."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from assistant.cli.main import main
from assistant.client.address import parse_address
from assistant.errors import ServiceError
from assistant.measure.evaluate.data import Row
from assistant.measure.evaluate.infill import InfillServer, ask_infill

ROW = Row("1", "def add(a, b):\n    return ", "\nprint(add(1, 2))\n", "a + b")


@pytest.fixture
def server():
    asked, answers = [], {"content": "a + b\n\nmore", "timings": {"prompt_n": 20, "predicted_n": 5, "prompt_ms": 3.0}}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.reply({"data": [{"id": "/models/qwen.gguf"}]})

        def do_POST(self):
            asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.reply(answers)

        def reply(self, body):
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}", asked, answers
    http.shutdown()
    thread.join()
    http.server_close()


def test_the_line_at_the_cursor_is_the_prompt_as_plugins_send_it(server):
    url, asked, _ = server
    infill = InfillServer(parse_address(url))
    answer = ask_infill(infill, ROW)
    infill.close()
    assert answer.text == "a + b"
    assert (answer.prompt_tokens, answer.generated_tokens) == (20, 5)
    ((path, body),) = asked
    assert path == "/infill"
    assert (body["input_prefix"], body["prompt"]) == ("def add(a, b):\n", "    return ")
    assert body["input_suffix"] == ROW.suffix
    assert body["temperature"] == 0.0


def test_the_command_measures_it_and_loads_no_model(server, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GRAFTER_HOME", str(tmp_path / "empty"))
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"prompt": ROW.prompt, "suffix": ROW.suffix, "canonical_solution": ROW.solution}))
    assert main(["evaluate", "infilling", str(path), "--infill", server[0], "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["exact_match"], found["path"], found["model"]) == (1.0, "infill", "llama.cpp with qwen.gguf")
    assert main(["evaluate", "infilling", str(path), "--infill", server[0]]) == 0
    assert "by its own /infill" in capsys.readouterr().out


def test_a_server_that_is_not_there_is_one_sentence(tmp_path, capsys):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"prompt": "a", "suffix": "", "canonical_solution": "b"}))
    assert main(["evaluate", "infilling", str(path), "--infill", "http://127.0.0.1:9"]) == 2
    error = capsys.readouterr().err
    assert "is no llama.cpp server that answers" in error
    assert error.count("\n") == 1


def test_an_answer_without_text_is_told(server):
    url, _, answers = server
    del answers["content"]
    infill = InfillServer(parse_address(url))
    with pytest.raises(ServiceError, match="did not answer"):
        ask_infill(infill, ROW)
    infill.close()
