"""Long sequences, one step at a time from the candidate's own state, so that no ball wraps.

The ball of a recurrence grows exponentially with its length. But the candidate tells its state after every step: one
call on every prefix of a sequence returns them all. Step t of the reference then starts from the candidate's state
after t−1 and must enclose its state after t: the tolerance does not depend on the length. Likewise backwards: the
gradients of the initial state of every suffix are the candidate's adjoints, and each must follow from the next in one
step; the parameters' gradients must be the sum of the steps' contributions.

The runs on prefixes, suffixes and the whole need not agree in their last bits (a product of other sizes adds in another
order). So a state or adjoint that one run hands to another is taken as a ball, of the tolerance of the step that it
came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from flint import arb

from nnspec_conformance import cases as cases_module
from nnspec_conformance import evaluate
from nnspec_conformance.answers import NotCovered, Target
from nnspec_conformance.cases import Case, build
from nnspec_conformance.examine import Finding, ask
from nnspec_conformance.judge import Expectation, Judgement
from nnspec_conformance.oracle import FLOAT64, FORMATS, Format, Rounded
from nnspec_reference.catalogue import Equation

__all__ = ["cases", "examine"]

LENGTH = 20
"""Steps of a long sequence: far beyond where a plain ball decides anything."""

Array = np.ndarray[Any, Any]


def cases(
    record: Equation, dtype: str, seed: int, fixed: Mapping[str, Any], bound: Mapping[str, int | str] | None = None
) -> list[Case]:
    """A long sequence for every equation that carries a state; its weights are near 1, where memory is long."""
    if not record.carry or record.time is None or record.time in (bound or {}):
        return []
    _, plan = cases_module.corners(record, fixed, bound)[0]
    sizes = {**dict(plan.sizes), "B": 1, record.time: LENGTH}
    long = replace(plan, sizes=tuple(sizes.items()), mode="uniform", seed=1000 + seed)
    return [replace(build(record, long, dtype, "a long sequence"), plan=None)]


def examine(candidate: Target, case: Case, aspects: Sequence[str]) -> dict[str, Finding]:
    """Judge a long sequence, forward and backward."""
    found: dict[str, Finding] = {}
    try:
        states = _states(candidate, case)
    except (NotCovered, NotImplementedError) as reason:
        return {a: Finding(not_covered=str(reason)) for a in aspects}
    except Exception as error:
        return {a: Finding.of_error(error) for a in aspects}
    slack = _slack(case, states)
    if "forward" in aspects:
        try:
            found["forward"] = Finding(_forward(candidate, case, states, slack))
        except Exception as error:
            found["forward"] = Finding.of_error(error)
    if "gradient" in aspects:
        try:
            found["gradient"] = Finding(_backward(candidate, case, states, slack))
        except (NotCovered, NotImplementedError) as reason:
            found["gradient"] = Finding(not_covered=str(reason))
        except Exception as error:
            found["gradient"] = Finding.of_error(error)
    return found


def _timed(case: Case) -> list[str]:
    return [a.name for a in case.record.arguments if case.record.has_time(a) and case.arguments.get(a.name) is not None]


def _part(case: Case, start: int, stop: int, state: Mapping[str, Any] | None = None) -> Case:
    """The steps start…stop−1 of the sequence, from a given state."""
    record = case.record
    assert record.time is not None
    arguments = dict(case.arguments)
    for name in _timed(case):
        arguments[name] = arguments[name][:, start:stop]
    arguments.update(state or {})
    cotangents = {
        r.name: case.cotangents[r.name][:, start:stop] if record.has_time(r) else case.cotangents[r.name]
        for r in record.results
        if r.name in case.cotangents
    }
    return replace(case, sizes={**case.sizes, record.time: stop - start}, arguments=arguments, cotangents=cotangents)


def _states(candidate: Target, case: Case) -> list[dict[str, Array]]:
    """The candidate's state before every step, and after the last: what it returns for every prefix."""
    record = case.record
    states = [{name: case.arguments[name] for name in record.carry}]
    for stop in range(1, LENGTH + 1):
        answer = ask(candidate, _part(case, 0, stop), False)
        missing = [r for r in record.carry.values() if r not in answer.outputs]
        if missing:
            raise NotCovered(f"does not return {', '.join(missing)}")
        states.append({name: np.asarray(answer.outputs[r]) for name, r in record.carry.items()})
    return states


States = Sequence[Mapping[str, Array]]


def _slack(case: Case, states: States) -> list[dict[str, Array]]:
    """How far rounding may have taken the state before every step, given the state before the step that made it."""
    slack = [{name: np.zeros(value.shape) for name, value in states[0].items()}]
    for t in range(LENGTH - 1):
        results = evaluate.balls(_part(case, t, t + 1, states[t]), gradient=False).results
        slack.append({name: evaluate.spread(results[result])[1] for name, result in case.record.carry.items()})
    return slack


def _step(
    step: Case, slack: Mapping[str, Array], gradient: bool, seeds: Mapping[str, Array] | None = None
) -> evaluate.Evaluation:
    """One step on balls, from a state that is known up to `slack`."""
    fmt = FORMATS[step.dtype]
    make = Rounded.of(fmt)
    loose = replace(
        step, arguments={**step.arguments, **{n: _balls(step.arguments[n], r, fmt) for n, r in slack.items()}}
    )
    return evaluate.evaluate(
        loose, None, lambda x: x if isinstance(x, Rounded) else make(x), Rounded.of(FLOAT64), gradient, seeds
    )


def _forward(candidate: Target, case: Case, states: States, slack: States) -> Judgement:
    whole = ask(candidate, case, False)
    found = Judgement()
    for t in range(LENGTH):
        step = _part(case, t, t + 1, states[t])
        expected = Expectation(step, _step(step, slack[t], False), None)
        outputs: dict[str, Any] = {}
        for r in case.record.results:
            if r.name not in whole.outputs:
                continue
            if case.record.has_time(r):
                outputs[r.name] = np.asarray(whole.outputs[r.name])[:, t : t + 1]
            elif t == LENGTH - 1:
                outputs[r.name] = np.asarray(whole.outputs[r.name])
        outputs.update({result: states[t + 1][name] for name, result in case.record.carry.items()})
        judged = expected.judge_forward(outputs)
        for miss in judged.misses:
            found.misses.append(replace(miss, where=f"step {t + 1} of {LENGTH}: {miss.where}"))
        found.add(replace(judged, misses=[]))
    return found


def _backward(candidate: Target, case: Case, states: States, slack: States) -> Judgement:
    record, carry = case.record, case.record.carry
    smooth_carry = [n for n in carry if n in record.smooth]
    fmt = FORMATS[case.dtype]
    # the candidate's adjoints of the state before every step: gradients of the initial state of every suffix
    adjoints: list[dict[str, Array]] = []
    for start in range(LENGTH):
        suffix = _part(case, start, LENGTH, states[start])
        gradients = ask(candidate, suffix, True).gradients or {}
        adjoints.append({n: np.asarray(gradients[n]) for n in smooth_carry})
    whole = ask(candidate, case, True).gradients or {}
    adjoints.append({n: np.asarray(case.cotangents[carry[n]]) for n in smooth_carry})
    found = Judgement()
    parameters = [
        a.name
        for a in record.arguments
        if a.name in record.smooth
        and a.name not in carry
        and a.name not in _timed(case)
        and case.arguments[a.name] is not None
    ]
    sums: dict[str, Any] = {}
    loose = {n: np.zeros(adjoints[LENGTH][n].shape) for n in smooth_carry}
    for t in reversed(range(LENGTH)):
        # the step's own results get their cotangents, its final state the candidate's adjoint of the next step
        step = _part(case, t, t + 1, states[t])
        seeds = {
            r.name: step.cotangents[r.name] if record.has_time(r) or t == LENGTH - 1 else 0.0 * step.cotangents[r.name]
            for r in record.results
            if r.name in step.cotangents
        }
        seeds.update({carry[n]: adjoints[t + 1][n] for n in smooth_carry})
        step = replace(step, cotangents=seeds)
        balls = _step(step, slack[t], True, _widened(step, carry, loose, fmt))
        received: dict[str, Any] = {n: adjoints[t][n] for n in smooth_carry}
        received.update({n: np.asarray(whole[n])[:, t : t + 1] for n in _timed(case) if n in record.smooth})
        wanted = {n: balls.gradients[n] for n in received}
        judged = Expectation(case, evaluate.Evaluation({}, wanted), None).judge_gradient(received)
        found.misses.extend(replace(m, where=f"step {t + 1} of {LENGTH}: {m.where}") for m in judged.misses)
        found.add(replace(judged, misses=[]))
        for name in parameters:
            sums[name] = _plus(sums.get(name), balls.gradients[name])
        own = evaluate.balls(step).gradients
        loose = {n: evaluate.spread(own[n])[1] for n in smooth_carry}
    received = {n: whole[n] for n in parameters if n in whole}
    found.add(Expectation(case, evaluate.Evaluation({}, sums), None).judge_gradient(received))
    return found


def _plus(total: Any, more: Any) -> Any:
    if total is None:
        return more
    if isinstance(more, list):
        return [a + b for a, b in zip(total, more, strict=True)]
    return np.asarray(total + more, dtype=object)  # of 0-d arrays, NumPy returns the sum itself


def _widened(step: Case, carry: Mapping[str, str], slack: Mapping[str, Array], fmt: Format) -> dict[str, Array]:
    """The cotangents of a step as scalars, those of the carried state as balls."""
    radius = {carry[n]: r for n, r in slack.items()}
    return {n: _balls(c, radius.get(n, np.zeros(c.shape)), fmt) for n, c in step.cotangents.items()}


def _balls(values: Array, radius: Array, fmt: Format) -> Array:
    """An array of numbers as one of balls."""
    balls = np.empty(values.shape, dtype=object)
    for index in np.ndindex(values.shape):
        balls[index] = Rounded(fmt, arb(float(values[index]), float(radius[index])))
    return balls
