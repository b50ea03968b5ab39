import pytest

# Asserts in the modules that tests share say what they compared, as those in tests do.
pytest.register_assert_rewrite("tests.support")
