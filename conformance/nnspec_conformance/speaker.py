"""The `nn` of a law: an implementation that speaks NumPy and says how far rounding may have taken each number."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from nnspec_conformance import evaluate
from nnspec_conformance.answers import Target
from nnspec_conformance.cases import Case
from nnspec_conformance.examine import ask
from nnspec_conformance.laws import Measured
from nnspec_reference.catalogue import catalogue, solve

__all__ = ["Speaker"]


class Speaker:
    """Calls equations of one target by id, with NumPy arrays (float64), batch first."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def __call__(self, ident: str, **arguments: Any) -> Any:
        """The outputs by name, each a `Measured`."""
        case = _case(ident, arguments, {})
        expected = evaluate.balls(case, gradient=False)
        answer = ask(self.target, case, False)
        return SimpleNamespace(
            **{name: _measured(answer.outputs[name], expected.results[name]) for name in expected.results}
        )

    def gradient(self, ident: str, cotangents: Mapping[str, Any], **arguments: Any) -> Any:
        """The gradients by argument name, each a `Measured` (a list of them for a list of arrays)."""
        case = _case(ident, arguments, cotangents)
        expected = evaluate.balls(case)
        answer = ask(self.target, case, True)
        gradients = answer.gradients or {}
        return SimpleNamespace(
            **{
                name: [_measured(g, e) for g, e in zip(gradients[name], ball, strict=True)]
                if isinstance(ball, list)
                else _measured(gradients[name], ball)
                for name, ball in expected.gradients.items()
            }
        )


def _case(ident: str, arguments: Mapping[str, Any], cotangents: Mapping[str, Any]) -> Case:
    record = catalogue()[ident]
    given = dict(arguments)
    lengths = given.pop("lengths", None)
    options = {o.name: given.pop(o.name, o.default) for o in record.options}
    call: dict[str, Any] = {}
    shapes: dict[str, Any] = {}
    for a in record.arguments:
        value: Any = given.pop(a.name, None)
        if a.is_array and value is not None:
            kind = np.float64 if a.is_real else np.int64
            value = [np.asarray(v, kind) for v in value] if a.each else np.asarray(value, kind)
            shapes[a.name] = [v.shape for v in value] if a.each else value.shape
        call[a.name] = value
    if given:
        raise TypeError(f"{ident} has no argument {', '.join(given)}")
    sizes = solve(record, shapes)
    case = Case(
        ident, "float64", sizes, call, options, {}, None if lengths is None else np.asarray(lengths, np.int64), "a law"
    )
    seeds = {
        r.name: np.asarray(cotangents[r.name], np.float64) if r.name in cotangents else np.zeros(case.result_shape(r))
        for r in record.results
        if r.kind == "real"
    }
    return Case(ident, "float64", sizes, call, options, seeds, case.lengths, "a law")


def _measured(value: Any, ball: Any) -> Measured:
    _, radius = evaluate.spread(ball)
    return Measured(np.asarray(value, dtype=np.float64), np.where(np.isnan(radius), np.inf, radius))
