"""Tests of this room share one contract; its assertions explain themselves like any test's."""

import pytest

pytest.register_assert_rewrite("tests.connector.contract")
