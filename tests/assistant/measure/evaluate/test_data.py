import pytest

from assistant.errors import InputError
from assistant.measure.evaluate.data import Row, load_rows, sample
from assistant.prompts.fim import SourceFile


@pytest.mark.parametrize("name", ["data.jsonl", "data.jsonl.gz", "packed-without-its-ending.jsonl"])
def test_rows_are_read_plain_and_packed(write_rows, gcd_row, name):
    path = write_rows([gcd_row], name + (".gz" if "packed" in name else ""))
    if "packed" in name:
        path = path.rename(path.with_suffix(""))
    (row,) = load_rows(path)
    assert (row.id, row.one_line, row.line_end) == ("gcd", True, "\n")
    assert row.tests == gcd_row["test"] + "\ncheck(gcd)"
    assert row.program("        pass") == "def gcd(a, b):\n    while b:\n        pass\n    return a\n"
    assert row.program("        pass\n") == row.program("        pass")


def test_tests_may_be_one_text_or_a_list_or_absent(write_rows, gcd_row):
    bare = {key: gcd_row[key] for key in ("prompt", "suffix", "canonical_solution")}
    rows = load_rows(
        write_rows([bare, {**bare, "tests": "assert 1"}, "", {**bare, "tests": ["a", "b"]}, {**bare, "tests": []}])
    )
    assert [row.tests for row in rows] == [None, "assert 1", "a\nb", None]
    assert [row.id for row in rows] == ["1", "2", "4", "5"]


def test_a_row_may_bring_other_files_of_its_repository(write_rows, gcd_row):
    files = [{"path": "src/lcm.py", "text": "a\r\nb\n"}, {"path": "src/lcm.py", "text": "c"}]
    bare, whole = load_rows(
        write_rows(
            [{**gcd_row, "task_id": "1"}, {**gcd_row, "path": "src/gcd.py", "repository": "numbers", "files": files}]
        )
    )
    assert (bare.path, bare.repository, bare.files) == (None, None, ())
    assert (whole.path, whole.repository) == ("src/gcd.py", "numbers")
    assert whole.files == (SourceFile("src/lcm.py", "a\nb\n"), SourceFile("src/lcm.py", "c"))


def test_rows_of_crosscodeeval_are_read_as_they_are(write_rows):
    chunk = {"retrieved_chunk": "def price(): ...", "filename": "shop/item.py", "score": 3.5}
    about = {
        "task_id": "project_cc_python/62",
        "repository": "shop-1a2b",
        "file": "shop/cart.py",
        "context_start_lineno": 0,
    }
    row = {
        "prompt": "total = ",
        "groundtruth": "price()",
        "right_context": "\n",
        "metadata": about,
        "crossfile_context": {"text": "# Here are", "list": [chunk]},
    }
    (read,) = load_rows(write_rows([row]))
    assert (read.id, read.prompt, read.solution, read.suffix) == ("project_cc_python/62", "total = ", "price()", "\n")
    assert (read.path, read.repository) == ("shop/cart.py", "shop-1a2b")
    assert read.files == (SourceFile("shop/item.py", "def price(): ..."),)


@pytest.mark.parametrize("context", [None, 3, {"list": 3}, {"list": [3]}])
def test_a_row_of_crosscodeeval_may_lack_chunks(write_rows, context):
    row = {"prompt": "a", "groundtruth": "b", "right_context": "", "metadata": 1, "crossfile_context": context}
    assert load_rows(write_rows([row]))[0].files == ()


def test_a_row_of_crosscodeeval_without_its_right_side_is_named(write_rows):
    with pytest.raises(InputError, match="line 1: the text 'suffix' is missing"):
        load_rows(write_rows([{"prompt": "a", "groundtruth": "b"}]))


def test_line_ends_are_line_feeds_and_other_separators_stay(write_rows):
    path = write_rows(['{"prompt": "a\\r\\n", "suffix": "b\\u2028\u2028c", "canonical_solution": "x\\r"}'])
    (row,) = load_rows(path)
    assert (row.prompt, row.suffix, row.solution) == ("a\n", "b\u2028\u2028c", "x\n")


BASE = '"prompt": "a", "suffix": "b", "canonical_solution": "c"'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: this is not JSON"),
        ("[1]", "line 2: this is no JSON object"),
        ("[" * 100_000, "line 2: this is not JSON"),
        ('{"prompt": "a", "suffix": "b"}', "line 2: the text 'canonical_solution' is missing"),
        ('{"prompt": 1, "suffix": "b", "canonical_solution": "c"}', "line 2: the text 'prompt' is missing"),
        (f'{{{BASE}, "tests": 5}}', "line 2: 'tests' has to be"),
        (f'{{{BASE}, "tests": [5]}}', "line 2: 'tests' has to be"),
        (f'{{{BASE}, "test": "x"}}', "line 2: 'test' has to be a text and needs an 'entry_point'"),
        (f'{{{BASE}, "test": "x", "entry_point": "f(); g"}}', "'entry_point'"),
        (f'{{{BASE}, "files": "a.py"}}', "line 2: 'files' has to be a list of objects"),
        (f'{{{BASE}, "files": [{{"path": "a.py"}}]}}', "line 2: 'files' has to be a list of objects"),
        (f'{{{BASE}, "files": [{{"path": "", "text": "x"}}]}}', "line 2: 'files' has to be a list of objects"),
        (f'{{{BASE}, "path": 5}}', "line 2: 'path' has to be a text"),
        (f'{{{BASE}, "repository": " "}}', "line 2: 'repository' has to be a text"),
        (f'{{{BASE}, "task_id": "1"}}', "the task_id '1' was there before"),
    ],
)
def test_a_bad_row_is_named_by_its_line(write_rows, line, said):
    with pytest.raises(InputError, match=r"data\.jsonl, ") as caught:
        load_rows(write_rows([f"{{{BASE}}}", line]))
    assert said in str(caught.value)


def bad_file(tmp_path, kind):
    path = tmp_path / "x.jsonl"
    content = {"empty": b"", "blank": b"\n \n", "latin": b"\xfc\n", "torn": b"\x1f\x8b\x08\0\0", "nul": b"\0\0\n"}
    if kind in content:
        path.write_bytes(content[kind])
    return tmp_path if kind == "folder" else path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "There is no file"),
        ("folder", "is a folder"),
        ("empty", "has no rows"),
        ("blank", "has no rows"),
        ("latin", "not a text in UTF-8"),
        ("torn", "damaged"),
        ("nul", "line 1: this is not JSON"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path, kind, said):
    with pytest.raises(InputError, match=said):
        load_rows(bad_file(tmp_path, kind))


def test_a_sample_is_fixed_by_its_seed_and_grows_with_its_limit():
    rows = [Row(str(index), "", "", "") for index in range(100)]
    small, large = sample(rows, 10, 0), sample(rows, 30, 0)
    assert small == sample(rows, 10, 0)
    assert len(small) == 10
    assert {row.id for row in small} < {row.id for row in large}
    assert [int(row.id) for row in large] == sorted(int(row.id) for row in large)
    assert small != sample(rows, 10, 1)
    # The sample is part of every published figure: it may not change with Python or with us.
    assert [row.id for row in sample(rows, 5, 0)] == PINNED
    assert sample(rows, None, 0) == sample(rows, 100, 0) == sample(rows, 1000, 0) == rows


PINNED = ["15", "44", "46", "87", "99"]
