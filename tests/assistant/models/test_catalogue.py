import pytest

from assistant.config import DEFAULT_MODEL
from assistant.errors import InputError, ModelError
from assistant.models.catalogue import check_family, check_id, is_plain_name, load_catalogue, parse_catalogue
from assistant.prompts.fim import FAMILIES

GOOD = {
    "id": '"a"',
    "name": '"A"',
    "licence": '"MIT"',
    "description": '"d"',
    "family": '"none"',
    "parameters": "10",
    "context_length": "20",
    "hub": '{repo = "x/y"}',
}


def parse(**changes):
    rows = {**GOOD, **changes}
    return parse_catalogue("[[model]]\n" + "\n".join(f"{k} = {v}" for k, v in rows.items() if v is not None))


def test_the_catalogue_that_comes_with_the_program():
    catalogue = load_catalogue()
    default = catalogue.find(DEFAULT_MODEL)
    assert default is not None
    assert default.sources == ("hub", "index")
    assert default.file is not None
    assert default.file.sha256 == "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
    assert (default.download_bytes, len(default.index.packages)) == (491_400_064, 6)
    assert all(entry.family in (*FAMILIES, "none") for entry in catalogue.entries)
    assert len({entry.id for entry in catalogue.entries}) == len(catalogue.entries) > 15


def test_a_small_entry_and_what_follows_from_it():
    entry = parse().entries[0]
    assert (entry.sources, entry.fim, entry.gated) == (("hub",), False, False)
    assert (entry.download_bytes, entry.active_parameters) == (20, 10)
    assert entry.hub.revision == "main"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id": '"../a"'}, "an entry: 'id' must be text like"),
        ({"id": None}, "'id' must be"),
        ({"id": "1"}, "'id' must be"),
        ({"family": '"nonsense"'}, "'a': 'family' must be one of qwen"),
        ({"parameters": "-1"}, "'parameters' must be a whole number above 0"),
        ({"parameters": "true"}, "'parameters' must be a whole number"),
        ({"name": '""'}, "'name' must be text"),
        ({"hub": '{repo = "../y"}'}, "'a'.hub: 'repo' must be"),
        ({"hub": '"x/y"'}, "must be a table"),
        ({"hub": '{repo = "x/y", file = "../f"}'}, "'file' must be"),
        ({"hub": None}, "given a source"),
        ({"file": '{name = "f", bytes = 1, sha256 = "abc"}'}, "'sha256' must be"),
        ({"index": '{package = "p==1", parts = 1, member = "m", part_bytes = 1}'}, "'file' must be given"),
        (
            {
                "index": '{package = "--index-url=x", parts = 1, member = "m", part_bytes = 1}',
                "file": f'{{name = "f", bytes = 1, sha256 = "{"0" * 64}"}}',
            },
            "'package' must be an exact requirement",
        ),
        (
            {
                "index": '{package = "p==1", parts = 3, member = "m", part_bytes = 10}',
                "file": f'{{name = "f", bytes = 20, sha256 = "{"0" * 64}"}}',
            },
            "'parts' must be as many as the file has parts",
        ),
    ],
)
def test_what_is_wrong_is_named(changes, sentence):
    with pytest.raises(ModelError, match="The catalogue of models is wrong at") as caught:
        parse(**changes)
    assert sentence in str(caught.value)


def test_other_faults():
    with pytest.raises(ModelError, match="not valid TOML"):
        parse_catalogue("[[model")
    two = "[[model]]\n" + "\n".join(f"{k} = {v}" for k, v in GOOD.items())
    with pytest.raises(ModelError, match="lists 'a' twice"):
        parse_catalogue(f"{two}\n{two}")


def test_names_from_outside():
    assert check_id("qwen2.5-coder_0.5b") == "qwen2.5-coder_0.5b"
    assert check_family("none") == "none"
    with pytest.raises(InputError, match="the known ones are"):
        check_family("x")
    assert is_plain_name("model-00001-of-00002.safetensors")
    for bad in ("", ".x", "../x", "a/b", "a\\b", "c:x", "a\n"):
        assert not is_plain_name(bad)
