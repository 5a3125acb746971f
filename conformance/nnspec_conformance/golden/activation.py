"""Worked numbers about activation functions."""

from __future__ import annotations

from nnspec_reference import activation
from nnspec_reference.autodiff import grad
from nnspec_reference.scalars import Vector

from nnspec_conformance.golden import golden


@golden("W57", "E09")
def relu_derivative_at_zero() -> None:
    """L14 gives ReLU' = 0, 1, 1 at −, 0, +; libraries give 0, 0, 1."""
    points = Vector([-1.0, 0.0, 1.0])
    printed, libraries = (
        [grad(lambda x, at=at: activation.relu(x, at), [x])[0] for x in points] for at in (1, 0)
    )
    assert printed == [0, 1, 1]
    assert libraries == [0, 0, 1]
