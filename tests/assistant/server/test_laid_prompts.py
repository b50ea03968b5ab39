"""Prompts in a family's own format, read back."""

import pytest

from assistant.engine.fake import flat_prompt
from assistant.prompts.fim import FAMILIES, SourceFile, infill_prompt
from assistant.server.laid_prompts import LaidHole, read_layout

FILES = (SourceFile("lib/mail.py", "def send():\n    pass\n"), SourceFile("shop.py", "x = 1\n"))


@pytest.mark.parametrize("family", FAMILIES)
def test_each_familys_format_is_read_back(family):
    prompt = flat_prompt(infill_prompt(family, "a = [\n", "]\nb = 2\n").prompt)
    assert read_layout(family, prompt) == LaidHole("a = [\n", "]\nb = 2\n")


@pytest.mark.parametrize("family", [name for name, table in FAMILIES.items() if table.file])
def test_with_other_files_and_the_name_of_the_open_one(family):
    laid = infill_prompt(family, "a = [\n", "]\n", path="app.py", repository="shop", files=FILES).prompt
    assert read_layout(family, flat_prompt(laid)) == LaidHole("a = [\n", "]\n", "app.py", FILES)


def test_files_before_the_hole_as_other_editors_lay_them_out():
    head = "<|repo_name|>shop\n<|file_sep|>lib.py\nx = 1\n"
    hole = "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"
    lib = (SourceFile("lib.py", "x = 1\n"),)
    assert read_layout("qwen2.5-coder", head + hole) == LaidHole("a", "b", "", lib)
    assert read_layout("qwen2.5-coder", head + "<|file_sep|>app.py\n" + hole) == LaidHole("a", "b", "app.py", lib)


OTHERS = [
    "def f():",
    "<|fim_prefix|>a<|fim_suffix|>b",
    "<|fim_prefix|>a<|fim_middle|>b<|fim_suffix|>",
    "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>begun",
    "<|fim_prefix|>a<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>",
    "Complete this: <|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>",
    "Complete <|file_sep|>a.py\n<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>",
    "<fim_prefix>a<fim_suffix>b<fim_middle>",
]


@pytest.mark.parametrize("prompt", OTHERS)
def test_anything_else_is_no_hole(prompt):
    assert read_layout("qwen2.5-coder", prompt) is None
    assert read_layout("none", prompt) is None
