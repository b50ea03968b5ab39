import random

from finetune.data.files import find_copies


def words(seed: int, count: int = 400) -> list[str]:
    draw = random.Random(seed)
    return [f"name{draw.randrange(300)}" for _ in range(count)]


def test_of_copies_the_shortest_path_stays():
    text = " ".join(words(1))
    files = {"lib/copy/of/thing.py": text, "lib/thing.py": text, "lib/other.py": " ".join(words(2))}
    assert find_copies(files.items()) == {"lib/copy/of/thing.py": "lib/thing.py"}


def test_of_paths_that_are_as_long_the_first_by_name_stays():
    text = " ".join(words(1))
    assert find_copies([("b.py", text), ("a.py", text)]) == {"b.py": "a.py"}


def test_a_few_changed_words_are_a_near_copy_and_many_are_not():
    plain = words(1)
    few, many = plain.copy(), plain.copy()
    few[100] = few[300] = "changed"
    for place in range(0, 400, 20):
        many[place] = f"changed{place}"
    files = [("a.py", " ".join(plain)), ("bb.py", " ".join(few)), ("cc.py", " ".join(many))]
    assert find_copies(files) == {"bb.py": "a.py"}


def test_the_order_of_the_files_is_no_matter():
    files = [(f"{name}{number}.py", " ".join(words(number % 7))) for number, name in enumerate("abcdefghijklmnopqrstu")]
    found = find_copies(files)
    assert len(found) == 14
    random.Random(0).shuffle(files)
    assert find_copies(files) == found


def test_files_of_a_few_words_are_no_copies():
    assert find_copies([("a.py", "import b\n"), ("b.py", "import b\n"), ("c.py", "")]) == {}
