"""What only real servers show: that what the stand-in does is what they do."""

import json

import pytest

from assistant.cli.main import main
from assistant.engine.fake import FakeEngine
from assistant.engine.protocol import CancelToken
from assistant.engine.remote.address import Adapter
from assistant.engine.remote.fallback import FallbackEngine
from assistant.engine.tokenizer import Tokenizer
from assistant.prompts.fim import infill_prompt
from assistant.types import Chat, Delta, Failed, Finished, GenerateRequest, Message, Params, Prompt, Started, Text
from tests.support.patience import wait_until as until

pytestmark = [pytest.mark.peer, pytest.mark.timeout(900)]

PREFIX, SUFFIX = "def add(a, b):\n    return ", "\n\n\nprint(add(1, 2))\n"
CODE = '"""Größe – ﬁve <tabs>\t\n"""\n\n\nfor i in range(1000):\n    print(f"{i:>8}", "日本")\n'
# Ends only when it is told to.
ENDLESS = GenerateRequest("endless", Prompt((Text("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n"),)), Params(3000))


def infill(params=None, prefix=PREFIX, suffix=SUFFIX):
    found = infill_prompt("qwen2.5-coder", prefix, suffix)
    return GenerateRequest("r", found.prompt, params or Params(16), stop_tokens=found.stop_tokens)


def spelled(tokenizer, ids):
    return b"".join(map(tokenizer.token_bytes, ids))


def test_it_is_known_for_what_it_is(server, connect):
    engine = connect(server)
    assert engine.problem is None
    assert engine.server.dialect.label == server.kind
    assert engine.info.family == "qwen2.5-coder"
    assert engine.info.context_length in (4096, 8192)
    assert engine.server.tokenizer is not None


def test_a_file_is_completed_from_the_command_line(server, tmp_path, capsys):
    file = tmp_path / "sums.py"
    file.write_text(PREFIX + SUFFIX)
    arguments = ["complete", str(file), "--line", "2", "--column", "11", "--api-base", server.url, "--no-fallback"]
    assert main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["text"].startswith("a + b")
    assert "<|" not in said["text"]
    assert said["prompt_tokens"] > 10
    assert said["generated_tokens"] > 2
    assert said["mean_logprob"] is None or said["mean_logprob"] < 0


def test_prompts_have_the_ids_that_training_has(server, connect, real_model):
    engine, ours = connect(server), Tokenizer.load(real_model)
    for prefix in (PREFIX, CODE, "x = '<|fim_middle|>' + '<|im_end|>'\n", ""):
        prompt = infill(prefix=prefix).prompt
        wait = engine._connection.start(engine.server.tokenizer.encode(prompt.parts))
        ids = wait.result(10).ids
        assert [id_ for id_ in ids if ours.is_control(id_)] == [151659, 151661, 151660]
        assert spelled(ours, ids) == spelled(ours, ours.encode(prompt))
        if "<|" not in prefix:  # where a spelling is cut, other cuts say the same
            assert ids == ours.encode(prompt)


def test_text_streams_and_is_the_same_again(server, connect, run):
    engine = connect(server)
    first, again = (run(engine, infill(Params(24))) for _ in range(2))
    assert isinstance(first[0], Started)
    shown = "".join(event.text for event in first if isinstance(event, Delta))
    assert len([event for event in first if isinstance(event, Delta) and event.text]) > 2
    assert isinstance(first[-1], Finished), first[-1]
    assert first[-1].choices[0].text == shown == again[-1].choices[0].text
    assert "<|" not in shown


def test_a_prompt_is_read_once(llama, connect, run):
    engine = connect(llama)
    long = infill(prefix="# a comment that takes its time to be read\n" * 40 + PREFIX)
    run(engine, long)
    finished = run(engine, long)[-1]
    assert finished.cached_tokens > 300
    assert finished.prompt_tokens > finished.cached_tokens


def test_alternatives_are_different(server, connect, run):
    finished = run(connect(server), infill(Params(12, n=3)))[-1]
    assert isinstance(finished, Finished), finished
    assert len({choice.text for choice in finished.choices}) == 3
    assert all(choice.mean_logprob is not None for choice in finished.choices)


def test_stops_and_limits(server, connect, run):
    engine = connect(server)
    counting = GenerateRequest("r", ENDLESS.prompt, Params(40, stop=("17",)))
    assert run(engine, counting)[-1].choices[0].text == "14\n15\n16\n"
    short = run(engine, GenerateRequest("r", ENDLESS.prompt, Params(3)))[-1].choices[0]
    assert (short.generated_tokens, short.reason) == (3, "length")


def test_a_question_is_answered(server, connect, run):
    chat = Chat((Message("user", "What is the capital of France? Answer with one word. <|im_end|>"),))
    finished = run(connect(server), GenerateRequest("r", chat, Params(8)))[-1]
    assert isinstance(finished, Finished), finished
    assert "Paris" in finished.choices[0].text
    assert "1 spellings of control tokens" in finished.note


def test_a_cancel_ends_the_servers_work(server, connect):
    cancel, written, late = CancelToken(), 0, 0
    for event in connect(server).generate(ENDLESS, cancel):
        written += isinstance(event, Delta) and bool(event.text)
        late += cancel.cancelled and isinstance(event, Delta) and bool(event.text)
        if written == 3 and not cancel.cancelled:
            assert server.busy
            cancel.cancel()
    assert late <= 1
    assert event.choices[0].reason == "cancelled"
    until(lambda: not server.busy)


def test_a_prompt_that_is_too_long_is_one_sentence(server, connect, run):
    failed = run(connect(server), infill(prefix="word " * 9000))[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "context_length_exceeded"


def test_a_server_that_dies_in_the_middle(start_llama, connect):
    own = start_llama()
    try:
        remote = connect(own)
        engine = FallbackEngine(remote, lambda: FakeEngine("local answer"))
        written = 0
        for event in engine.generate(ENDLESS, CancelToken()):
            written += isinstance(event, Delta) and bool(event.text)
            if written == 3 and own.process.poll() is None:
                own.kill()
        assert isinstance(event, Failed)
        assert event.code == "remote_interrupted"
        assert event.message.count(". ") <= 1
        assert "broke in the middle of the answer" in event.message or "ended before it was whole" in event.message
        last = list(engine.generate(ENDLESS, CancelToken()))[-1]
        assert isinstance(last, Finished), last
        assert "on this computer answered instead" in last.note
    finally:
        own.stop()


@pytest.fixture
def adapter(tmp_path, real_model):
    """Make a LoRA adapter that changes what the model writes."""
    import torch
    from safetensors.torch import save_file

    shape = json.loads((real_model / "config.json").read_text())
    hidden, rank = shape["hidden_size"], 8
    torch.manual_seed(0)
    weights = {}
    for layer in range(shape["num_hidden_layers"]):
        name = f"base_model.model.model.layers.{layer}.self_attn.o_proj"
        weights[f"{name}.lora_A.weight"] = torch.randn(rank, hidden)
        weights[f"{name}.lora_B.weight"] = torch.randn(hidden, rank)
    folder = tmp_path / "adapter"
    folder.mkdir()
    save_file(weights, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": rank, "lora_dropout": 0.0}
    config |= {"target_modules": ["o_proj"], "bias": "none", "base_model_name_or_path": str(real_model)}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def test_an_adapter_is_loaded_and_named_by_the_request(vllm, connect, run, adapter):
    plain = run(connect(vllm), infill())[-1].choices[0].text
    engine = connect(vllm, adapter=Adapter("ours", str(adapter)))
    assert (engine.info.adapter, engine.info.context_length) == ("ours", 4096)
    finished = run(engine, infill())[-1]
    assert isinstance(finished, Finished), finished
    assert finished.adapter == "ours"
    assert finished.choices[0].text != plain
    by_name = connect(vllm, model="ours")
    assert (by_name.info.adapter, by_name.info.model) == ("ours", engine.info.model)
    assert run(connect(vllm), infill())[-1].choices[0].text == plain
