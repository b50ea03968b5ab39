import pytest

from assistant.engine.fast.shape import Shape, read_shape

QWEN = {
    "model_type": "qwen2",
    "hidden_size": 896,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "num_hidden_layers": 24,
    "vocab_size": 151936,
    "max_position_embeddings": 32768,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": True,
    "rope_parameters": {"rope_theta": 1e6, "rope_type": "default"},
    "sliding_window": 131072,
    "use_sliding_window": False,
}


def test_a_known_config_is_read():
    shape = read_shape(QWEN)
    assert isinstance(shape, Shape)
    assert (shape.head_size, shape.kv_heads, shape.tied, shape.gated, shape.rms_norm) == (64, 2, True, True, True)
    assert shape.rope["rope_theta"] == 1e6


def test_older_configs_name_the_positions_differently():
    old = {key: value for key, value in QWEN.items() if key != "rope_parameters"}
    shape = read_shape({**old, "rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 2.0}})
    assert isinstance(shape, Shape)
    assert (shape.rope["rope_type"], shape.rope["rope_theta"], shape.rope["factor"]) == ("linear", 5e5, 2.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "gemma"}, "architecture 'gemma'"),
        ({"sliding_window": 4096, "use_sliding_window": True}, "only a window"),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 4.0}}, "'yarn'"),
        ({"quantization_config": {"quant_method": "awq"}}, "quantised"),
        ({"hidden_act": "relu2"}, "'relu2'"),
        ({"partial_rotary_factor": 0.5}, "part of each head"),
    ],
)
def test_what_it_does_not_know_it_says(change, words):
    assert words in read_shape({**QWEN, **change})
