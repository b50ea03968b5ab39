import pytest

from app.widgets import numbers


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1024, "1 kB"),
        (491_400_064, "491 MB"),
        (1_117_320_768, "1.1 GB"),
        (31_900_000_000, "32 GB"),
    ],
)
def test_sizes_have_units_and_few_digits(count, text):
    assert numbers.size(count) == text


@pytest.mark.parametrize(
    ("value", "text"), [(500, "0 kB/s"), (300_000, "300 kB/s"), (1_500_000, "1.5 MB/s"), (12_345_678, "12 MB/s")]
)
def test_rates(value, text):
    assert numbers.rate(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (59, "59 s"), (61, "1 min"), (3599, "1 h 00 min"), (4800, "1 h 20 min")]
)
def test_durations(seconds, text):
    assert numbers.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (134_515_008, "135M"),
        (494_032_768, "0.5B"),
        (1_543_714_304, "1.5B"),
        (6_980_000_000, "7B"),
        (15_957_889_024, "16B"),
    ],
)
def test_parameters_read_like_the_names_of_models(count, text):
    assert numbers.parameters(count) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0.84, "0.8 ms"), (9.96, "10 ms"), (84.4, "84 ms"), (999.6, "1.0 s"), (1234, "1.2 s"), (12_345, "12 s")],
)
def test_short_times_have_two_or_three_digits(ms, text):
    assert numbers.milliseconds(ms) == text
