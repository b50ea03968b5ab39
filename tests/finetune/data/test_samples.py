import numpy as np
import pytest

from assistant.errors import InputError
from finetune.data.samples import Sample, SampleSet


def make() -> SampleSet:
    return SampleSet.of([Sample([1, 2, 3], [5, 0, 4], 0), Sample([7], [1], 1), Sample([8, 9], [1, 1], 0)])


def test_samples_stand_one_after_the_other():
    made = make()
    assert made.ids.tolist() == [1, 2, 3, 7, 8, 9]
    assert made.starts.tolist() == [0, 3, 4, 6]
    assert made.lengths.tolist() == [3, 1, 2]
    assert (len(made), made.tokens) == (3, 6)
    ids, weights = made.sample(2)
    assert (ids.tolist(), weights.tolist()) == ([8, 9], [0, 1])


def test_nothing_predicts_a_first_token():
    assert make().weights.tolist() == [0, 0, 4, 0, 0, 1]


def test_what_is_saved_is_loaded_again_and_the_bytes_are_the_same(tmp_path):
    made = make()
    made.save(tmp_path / "a")
    made.save(tmp_path / "b")
    loaded = SampleSet.load(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (loaded.ids.dtype, loaded.weights.dtype, loaded.starts.dtype) == (np.int32, np.float32, np.int64)
    for name in ("ids", "weights", "starts", "files"):
        assert np.array_equal(getattr(loaded, name), getattr(made, name))


def test_no_samples_are_a_set_too(tmp_path):
    SampleSet.of([]).save(tmp_path / "none")
    assert len(SampleSet.load(tmp_path / "none")) == 0


def test_samples_of_a_file_can_be_left_out():
    left = make().without_files([0])
    assert (left.ids.tolist(), left.files.tolist()) == ([7], [1])


def test_a_sample_without_tokens_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        SampleSet.of([Sample([], [])])


@pytest.mark.parametrize("data", [None, b"", b"nonsense", b"\x02\0\0\0\0\0\0\0{}"])
def test_a_file_that_is_no_set_is_said(tmp_path, data):
    path = tmp_path / "train.safetensors"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError, match="start a new run"):
        SampleSet.load(path)
