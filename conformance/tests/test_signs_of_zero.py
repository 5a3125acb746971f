"""The sign of zero, which the comparison of numbers does not see (−0 = 0): two corners of the ledger."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnspec


@pytest.fixture(params=["numpy", "torch"])
def nn(request: pytest.FixtureRequest) -> Any:
    pytest.importorskip(request.param)
    return nnspec.backend(request.param)


def negative(y: Any) -> list[bool]:
    return [bool(b) for b in np.signbit(np.asarray(y)).ravel()]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_relu_of_minus_zero_is_plus_zero_and_tanh_keeps_the_sign(nn: Any, dtype: str) -> None:
    x = np.array([[-0.0, 0.0, -1.0, 2.0]], dtype=dtype)
    if nn.name == "torch":
        x = pytest.importorskip("torch").from_numpy(x)
    for grad_at_zero in (1, 0):
        assert negative(nn.activation.relu(x=x, grad_at_zero=grad_at_zero).y) == [False] * 4
    assert negative(nn.activation.tanh(x=x).y) == [True, False, True, False]
