"""Loops of any length end, data do not."""

import pytest

from assistant.completion.filters.loops import repeats_itself, runs_in_circles

LONG = [
    "the quick brown fox jumps over the lazy dog and ",
    "self.assertEqual(first_result, second_result, message); ",
    "{ name: 'one', value: 'a long enough text', kind: 3 }, ",
    "<td class=\"number\">0</td><td class=\"text\">none</td>",
    "if (a && b && c && d) { return first(a, b, c, d); } else ",
    "SELECT a, b, c FROM one JOIN two ON one.id = two.id UNION ",
    "-> Result<Vec<HashMap<String, Option<u32>>>, Box<dyn Error>> ",
    "naïve café, 日本語のテキスト, größer als sonst irgendwo jemals, ",
    "0x00, 0xff, 0x01, 0xfe, 0x02, 0xfd, 0x03, 0xfc, 0x04, 0xfb, ",
    "std::vector<std::pair<std::string, std::vector<int>>> values, ",
]  # fmt: skip


@pytest.mark.parametrize("piece", LONG)
@pytest.mark.parametrize("head", ["", "x = ", "    # so: "])
def test_a_piece_of_any_length_is_enough_three_times(piece, head):
    line = head + piece * 3
    ends = [end for end in range(len(line) + 1) if runs_in_circles(line[:end]) is not None]
    assert ends
    # Where a head ends as the piece does, the first round is over as much earlier.
    assert len(head) + 2 * len(piece) < ends[0] <= len(line)
    place = runs_in_circles(line[: ends[0]])
    assert line[:place] + piece[: len(line[:place]) - len(line)] != line
    assert len(piece) <= place <= len(head) + len(piece)


@pytest.mark.parametrize(
    "line",
    [
        "x = [" + ", ".join(str(number * 37 % 101) for number in range(80)) + "]",
        ", ".join(f"0x{number * 29 % 256:02x}" for number in range(60)),
        ", ".join(f"{{{number}, {number + 1}}}" for number in range(10, 60)),
        "0.0, 0.0, 0.0, 1.0",
        "{ 0, 0, 0, 0 }",
        "int a, int b, int c, int d, int e, int f",
        "'" + "0" * 64 + "'",
        "#" + "-" * 100,
        "=" * 100,
        "+----------+----------+----------+----------+",
        "a perfectly ordinary line of code, and a perfectly ordinary comment",
        "Tuple[str, str, int], Tuple[str, str, int]",
    ],
)
def test_data_and_rules_are_no_loops(line):
    assert all(runs_in_circles(line[:end]) is None for end in range(len(line) + 1))


def test_a_single_letter_without_an_end_is_one():
    assert runs_in_circles("x = '" + "a" * 80) is not None


def block(size, letter="a"):
    return [f"{letter * 8}{number} = compute_{number}()" for number in range(size)]


@pytest.mark.parametrize("size", [2, 3, 6])
def test_a_short_block_is_enough_twice(hole, size):
    lines = block(size) * 2
    assert [repeats_itself(hole("|"), lines[:n], lines[n]) for n in range(len(lines))] == [False] * (2 * size - 1) + [
        True
    ]


@pytest.mark.parametrize("size", [1, 7, 10, 25])
def test_a_line_or_a_long_block_is_enough_three_times(hole, size):
    lines = ["first()", *block(size) * 3]
    found = [repeats_itself(hole("|"), lines[:n], lines[n]) for n in range(len(lines))]
    assert found == [False] * (3 * size) + [True]


@pytest.mark.parametrize(
    "lines",
    [
        [f"    {{ {number}, {number * 7 % 13}, 0 }}," for number in range(30)],
        [f"add({number})" for number in range(30)],
        ["}", "}", "}", "}"],
        ["a,", "b,", "a,", "b,"],
        [line for number in range(8) for line in ("{", f'  "id": {number}', "},")],
        ["", "one()", "", "two()", "", "one()", ""],
    ],
)
def test_tables_and_closing_brackets_are_no_loops(hole, lines):
    assert not any(repeats_itself(hole("|"), lines[:number], line) for number, line in enumerate(lines))


def test_what_the_person_wrote_does_not_count(hole, stream):
    written = stream(hole("x = [" + "0.125, " * 8 + "|\n", "a.py"), "0.125, 0.25]")
    assert written[0].text == "0.125, 0.25]"
    draft, _, fired = stream(hole("x = [" + "0.125, " * 8 + "|\n", "a.py", trigger="manual"), "0.125, " * 40)
    assert fired == ["repeats-itself"] or "repeats-itself" in fired
    assert draft.text.count("0.125") <= 1


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_loop_over_many_lines_ends_while_the_model_writes(hole, stream, size):
    written = "".join(f"{line}\n" for line in block(8) * 5)
    draft, _, fired = stream(hole("|", "a.txt", trigger="manual"), written, size)
    assert "repeats-itself" in fired
    assert draft.text.split("\n") == (block(8) * 3)[:-1]


def test_blocks_in_blocks_end_alike_each_at_its_own_depth(hole):
    """But the same end at the same depth, again and again, is a loop."""
    place = hole("|", "a.rb")
    ends = ["def f", "  if a", "    b.each do |c|", "      g(c)", "    end", "  end", "end"]
    assert not any(repeats_itself(place, ends[:number], line) for number, line in enumerate(ends))
    assert repeats_itself(place, ["f()", "end", "end"], "end")
