"""Turn a GGUF file or a safetensors folder into a model folder: bf16 safetensors, config and tokenizer.

Run as a process of its own (``python -P -m assistant.weights.convert SOURCE DEST``), because it
needs torch and a model's worth of memory. It writes JSON lines to stdout; see ``main``.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    GgufConfig,
    modeling_gguf_pytorch_utils,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from assistant.engine.device import is_out_of_memory
from assistant.engine.quiet import quietly
from assistant.errors import DiskError, GrafterError, ModelError, OutOfMemory
from assistant.system import jsonl
from assistant.weights.gguf_header import read_gguf_header
from assistant.weights.gguf_tokenizer import find_end_ids, read_gguf_tokenizer

SHARD_BYTES = 4 * 2**30
"""Weights are written in files of at most about this size, so that little memory is needed at a time."""

_FIM_SPELLINGS = ("fim", "code_middle", "▁<MID>", "[MIDDLE]", "[SUFFIX]")
_VOCABULARIES = ("tokenizer.json", "tokenizer.model", "vocab.json", "tekken.json")
_PASSED_ON = ("generation_config.json", "chat_template.jinja", "LICENSE", "NOTICE")

_SHARD = re.compile(r"-\d{5}-of-(\d{5})\.safetensors$")

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Converted:
    """What the new folder holds. ``fim_tokens`` are the control tokens that speak of filling in."""

    parameters: int
    context_length: int
    architecture: str
    vocabulary_has_fim: bool
    fim_tokens: tuple[str, ...]


def convert(source: Path, folder: Path, report: Report) -> Converted:
    """Fill ``folder`` from ``source``, a .gguf file or a folder with config.json and *.safetensors.

    ``report`` gets done and total in thousandths of the work. Raises ModelError where the source
    is damaged or of a kind that cannot be run, OutOfMemory, and OSError where the disk refuses.
    """
    if source.is_dir():
        return _convert_folder(source, folder, report)
    if not source.is_file():
        raise ModelError(f"There is no file or folder {source}.")
    return _convert_gguf(source, folder, report)


def _convert_gguf(file: Path, folder: Path, report: Report) -> Converted:
    header = read_gguf_header(file)
    ends = find_end_ids(header)
    tokenizer = read_gguf_tokenizer(file)
    report(20, 1000)

    def loading(what: str, done: int, total: int) -> None:
        share = done / max(total, 1)
        if what.startswith("Converting"):
            report(200 + int(500 * share), 1000)
        elif what.startswith("Loading"):
            report(700 + int(150 * share), 1000)

    with quietly(loading), _hear_dequantising(loading):
        try:
            model = AutoModelForCausalLM.from_pretrained(
                str(file.parent),
                gguf_file=file.name,
                quantization_config=GgufConfig(dequantize=True),
                dtype=torch.bfloat16,
                local_files_only=True,
                trust_remote_code=False,
            )
        except (ValueError, KeyError, NotImplementedError) as error:
            raise ModelError(
                f"{file.name} cannot be converted: its architecture '{header.architecture}' or the kind of its "
                f"quantisation is not supported ({_line(error)}); choose another model."
            ) from None
        model.generation_config = GenerationConfig(eos_token_id=ends or None, pad_token_id=tokenizer.pad_token_id)
        _forget_quantisation(model)
        _tie_again(model, header.bits)
        report(850, 1000)
        model.save_pretrained(str(folder), max_shard_size=SHARD_BYTES)
        tokenizer.save_pretrained(str(folder))
    report(1000, 1000)
    return _describe(folder, model.num_parameters())


def _forget_quantisation(model: Any) -> None:
    """Make the model say what it now is, dense: save_pretrained refuses one that seems quantised."""
    for holder, name in ((model, "hf_quantizer"), (model.config, "quantization_config")):
        if hasattr(holder, name):
            delattr(holder, name)


def _tie_again(model: Any, bits: Mapping[str, float]) -> None:
    """Give input and output embeddings one tensor again where GGUF stores two roundings of the same.

    Quantisers often write a tied embedding twice, in different formats. The finer copy serves
    both ends better, and a sixth to a third of a small model's memory is saved.
    """
    entry, output = model.get_input_embeddings(), model.get_output_embeddings()
    if output is None or output.weight is entry.weight or output.weight.shape != entry.weight.shape:
        return
    rows = slice(0, None, max(1, entry.weight.shape[0] // 4096))
    a, b = entry.weight[rows].float(), output.weight[rows].float()
    if torch.linalg.vector_norm(a - b) > 0.5 * torch.linalg.vector_norm(b):
        return  # two different matrices; roundings of one differ by a tenth
    finer = output if bits.get("output.weight", 0) >= bits.get("token_embd.weight", 0) else entry
    entry.weight = output.weight = finer.weight
    model.config.tie_word_embeddings = True
    model.tie_weights()


@contextmanager
def _hear_dequantising(progress: Callable[[str, int, int], None]) -> Generator[None]:
    """Report transformers' loop over the GGUF tensors, whose bar (unlike its others) no setting reaches."""
    module: Any = modeling_gguf_pytorch_utils
    original = module.tqdm

    def watched(items: Any, desc: str = "") -> Iterator[Any]:
        for done, item in enumerate(items):
            progress(desc, done, len(items))
            yield item

    module.tqdm = watched
    try:
        yield
    finally:
        module.tqdm = original


def _convert_folder(source: Path, folder: Path, report: Report) -> Converted:
    _check_folder(source)
    weights = _weight_files(source)
    with quietly():
        config = AutoConfig.from_pretrained(str(source), local_files_only=True, trust_remote_code=False)
        try:
            tokenizer = AutoTokenizer.from_pretrained(str(source), local_files_only=True, trust_remote_code=False)
        except Exception as error:  # noqa: BLE001  (the libraries raise whatever a damaged file makes them meet)
            raise ModelError(f"The tokenizer in {source} cannot be read ({_line(error)}); fetch it again.") from None
        tokenizer.save_pretrained(str(folder))
        config.dtype = torch.bfloat16
        config.save_pretrained(str(folder))
    for name in _PASSED_ON:
        if (source / name).is_file() and not (folder / name).exists():
            (folder / name).write_bytes((source / name).read_bytes())
    parameters = _rewrite_weights(weights, folder, report)
    return _describe(folder, parameters)


def _check_folder(source: Path) -> None:
    """Raise ModelError unless the folder holds a causal language model in safetensors that needs no foreign code."""
    try:
        config = json.loads((source / "config.json").read_text(encoding="utf-8"))
        kind = config["model_type"]
    except FileNotFoundError:
        raise ModelError(f"{source} has no config.json, so it is not a model folder.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The config.json in {source} cannot be read ({_line(error)}); fetch it again.") from None
    if not any(source.glob("*.safetensors")):
        raise ModelError(f"{source} has no *.safetensors file; Grafter reads weights from no other format but GGUF.")
    if not any((source / name).is_file() for name in _VOCABULARIES):
        raise ModelError(f"{source} has no tokenizer (tokenizer.json, tokenizer.model or vocab.json); fetch it again.")
    if kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise ModelError(
            f"The model in {source} is a '{kind}', which cannot write text with the installed transformers; "
            "choose another model (code that comes with a model is never run)."
        )
    if config.get("quantization_config"):
        raise ModelError(f"The weights in {source} are quantised; fetch the model in bf16, or as a GGUF file.")


def _weight_files(source: Path) -> list[Path]:
    """Return the files that hold the weights, chosen as transformers chooses them. Raises ModelError where one lacks.

    A folder may hold others: the same weights in the publisher's own layout, or those of an adapter.
    """
    found = {file.name: file for file in sorted(source.glob("*.safetensors"))}
    if "model.safetensors" in found:
        return [found["model.safetensors"]]
    wanted = [name for name in found if name.startswith("model")] or list(found)
    index = source / "model.safetensors.index.json"
    if index.is_file():
        try:
            wanted = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"The {index.name} in {source} cannot be read ({_line(error)}); fetch it again.") from None
    elif parts := _SHARD.search(wanted[0]):
        wanted = [f"{wanted[0][: parts.start()]}-{i + 1:05}-of-{parts[1]}.safetensors" for i in range(int(parts[1]))]
    if missing := [name for name in wanted if name not in found]:
        raise ModelError(f"{source} is incomplete: {missing[0]} is missing; fetch it again.")
    return [found[name] for name in wanted]


def _rewrite_weights(files: list[Path], folder: Path, report: Report) -> int:
    """Write every weight as bf16, in shards with an index where one file is not enough; return their number."""
    total = sum(file.stat().st_size for file in files)
    done = parameters = written = 0
    shard: dict[str, torch.Tensor] = {}
    shard_bytes = 0
    where: dict[str, int] = {}

    def flush() -> None:
        nonlocal shard, shard_bytes, written
        save_file(shard, str(folder / f"part-{written}.safetensors"), metadata={"format": "pt"})
        written += 1
        shard, shard_bytes = {}, 0

    for file in files:
        try:
            with safe_open(str(file), framework="pt") as tensors:
                for name in tensors.keys():  # noqa: SIM118  (not a mapping)
                    tensor = tensors.get_tensor(name)
                    done += tensor.nbytes
                    dense = tensor.to(torch.bfloat16) if tensor.is_floating_point() else tensor
                    if shard and shard_bytes + dense.nbytes > SHARD_BYTES:
                        flush()
                    shard[name], where[name] = dense.contiguous(), written
                    shard_bytes += dense.nbytes
                    parameters += dense.numel()
                    report(min(990, 990 * done // max(total, 1)), 1000)
        except SafetensorError as error:
            raise ModelError(f"{file.name} is damaged or cut off ({_line(error)}); fetch it again.") from None
    flush()
    _name_shards(folder, written, where)
    report(1000, 1000)
    return parameters


def _name_shards(folder: Path, count: int, where: dict[str, int]) -> None:
    if count == 1:
        (folder / "part-0.safetensors").replace(folder / "model.safetensors")
        return
    names = [f"model-{i + 1:05}-of-{count:05}.safetensors" for i in range(count)]
    for i, name in enumerate(names):
        (folder / f"part-{i}.safetensors").replace(folder / name)
    size = sum((folder / name).stat().st_size for name in names)
    index = {"metadata": {"total_size": size}, "weight_map": {key: names[i] for key, i in where.items()}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")


def _describe(folder: Path, parameters: int) -> Converted:
    config = AutoConfig.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    table = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    added: list[str] = [token["content"] for token in table["added_tokens"]]
    fim = tuple(token for token in added if any(word in token for word in _FIM_SPELLINGS))
    text_config = config.get_text_config(decoder=True)
    return Converted(
        parameters=parameters,
        context_length=int(getattr(text_config, "max_position_embeddings", 0) or 2048),
        architecture=config.model_type,
        vocabulary_has_fim=bool(fim),
        fim_tokens=fim,
    )


def _line(error: BaseException) -> str:
    text = str(error).splitlines()
    return text[0].rstrip(".") if text else type(error).__name__


def main(arguments: list[str]) -> int:
    """Convert and print JSON lines.

    ``{"event":"progress","stage":"convert","done","total"}`` as it goes, and last either
    ``{"event":"done", …fields of Converted}`` (exit code 0) or ``{"event":"failed","message","code"}`` (1).
    """
    if len(arguments) != 2:
        _say(
            event="failed", message="Usage: python -P -m assistant.weights.convert SOURCE DEST.", code="invalid_request"
        )
        return 2

    def job(report: Report) -> dict[str, Any]:
        folder = Path(arguments[1])
        folder.mkdir(parents=True, exist_ok=True)
        return asdict(convert(Path(arguments[0]), folder, report))

    return run_job(job, "convert")


def run_job(job: Callable[[Report], dict[str, Any]], verb: str) -> int:
    """Run what makes a model folder and print its JSON lines; return the exit code.

    ``job`` returns the fields of the last line. ``verb``, without its ending, is for messages: "convert", "quantis".
    """
    last = -1

    def report(done: int, total: int) -> None:
        nonlocal last
        share = done * 1000 // max(total, 1)
        if share != last:
            last = share
            _say(event="progress", stage="convert", done=share, total=1000)

    try:
        _say(event="done", **job(report))
    except GrafterError as error:
        return _fail(error)
    except Exception as error:
        if is_out_of_memory(error):
            return _fail(
                OutOfMemory(f"This model needs more memory to be {verb}ed than is free; choose a smaller one.")
            )
        if isinstance(error, (OSError, SafetensorError)):
            return _fail(DiskError(f"The {verb}ed model cannot be written: {_line(error)}."))
        logging.exception("%sing failed", verb.capitalize())
        return _fail(
            ModelError(f"{verb.capitalize()}ing failed ({type(error).__name__}: {_line(error)}); choose another model.")
        )
    return 0


def _fail(error: GrafterError) -> int:
    _say(event="failed", message=str(error), code=error.code)
    return 1


def _say(**fields: Any) -> None:
    sys.stdout.write(jsonl.encode(fields).decode())
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
