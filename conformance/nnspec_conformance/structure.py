"""Before numbers: what an implementation must keep whatever it computes.

Inputs stay as they are, outputs are arrays of their own, the same call gives the same bits, memory layout and the
width of indices do not matter, what the specification refuses is refused, the pullback is linear and takes the
cotangents of one result as well as of all, pullbacks do not disturb each other, and a batch of thousands is computed
as one of three.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeGuard

import numpy as np

from nnspec_conformance import cases as cases_module
from nnspec_conformance.cases import Case, Plan, build
from nnspec_conformance.evaluate import spread
from nnspec_conformance.examine import ask, told
from nnspec_conformance.judge import Expectation
from nnspec_conformance.report import Row
from nnspec_conformance.targets import BackendTarget, Fault, ModuleTarget, NotCovered, ReferenceTarget, Target
from nnspec_reference.catalogue import Equation

__all__ = ["check"]

Array = np.ndarray[Any, Any]
Expect = Callable[[Case, bool], Expectation]


def _plain_module(candidate: Target) -> TypeGuard[ModuleTarget]:
    """True for functions of NumPy's arrays, a batch at a time: they can be called past the target's own copies."""
    return isinstance(candidate, ModuleTarget) and candidate.arrays == "numpy" and candidate.batched


class Broken(AssertionError):
    """A structural rule that the candidate breaks."""


def check(record: Equation, candidate: Target, seed: int, gradient: bool, expect: Expect) -> Row:
    """One row: all structural rules of one equation."""
    started = time.perf_counter()
    ran, problems, notes = 0, [], []
    for rule in _RULES:
        try:
            ran += rule(record, candidate, seed, gradient, expect)
        except (NotCovered, NotImplementedError) as reason:
            notes.append(f"{rule.__name__.strip('_')}: {reason}")
        except Broken as broken:
            problems.append(str(broken))
        except Exception as error:
            problems.append(f"{rule.__name__.strip('_')}: {told(error)}")
    verdict = "fail" if problems else "pass" if ran else "not run"
    message = "; ".join(problems or (notes if not ran else []))
    return Row(
        record.id,
        "structure",
        "float64" if "float64" in candidate.dtypes() else candidate.dtypes()[0],
        verdict,
        examples=ran,
        message=message,
        seconds=time.perf_counter() - started,
    )


def _corners(record: Equation, candidate: Target) -> list[tuple[str, Plan]]:
    """The corner cases in the options and sizes that the candidate is bound to."""
    options, sizes = (getattr(candidate, name, {}).get(record.id) for name in ("options", "sizes"))
    return cases_module.corners(record, options, sizes)


def _case(record: Equation, candidate: Target, seed: int) -> Case:
    """An ordinary case that the candidate covers: with its optional arguments, or without, in any option."""
    dtype = "float64" if "float64" in candidate.dtypes() else candidate.dtypes()[0]
    reason: Exception = NotCovered("no case")
    ordinary = ("pairwise different sizes", "options", "no optional argument")
    plans = [plan for why, plan in _corners(record, candidate) if why in ordinary]
    for plan in plans:
        case = build(record, replace(plan, mode="uniform", seed=500 + seed), dtype)
        try:
            ask(candidate, case, False)
            return case
        except (NotCovered, NotImplementedError) as error:
            reason = error
    raise reason


def _arrays(value: Any) -> Iterator[Array]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _arrays(item)
    elif isinstance(value, np.ndarray):
        yield value


def _adds_in_any_order(record: Equation, candidate: Target) -> bool:
    """Floating-point atomics of a GPU commit in any order: sums over repeated indices have no fixed last bits there."""
    if not isinstance(candidate, BackendTarget):
        return False
    gpu = candidate.backend.library.name == "cupy" or "cuda" in (candidate.device or "")
    return gpu and any(a.is_array and not a.is_real for a in record.arguments)


def _repeats(record: Equation, candidate: Target, seed: int, gradient: bool, expect: Expect) -> int:
    if _adds_in_any_order(record, candidate):
        return 0
    case = _case(record, candidate, seed)
    first, second = ask(candidate, case, gradient), ask(candidate, case, gradient)
    pairs = [(n, v, second.outputs[n]) for n, v in first.outputs.items()]
    pairs += [(f"gradient of {n}", v, (second.gradients or {})[n]) for n, v in (first.gradients or {}).items()]
    for name, one, two in pairs:
        for a, b in zip(_arrays(one), _arrays(two), strict=True):
            if not np.array_equal(a, b, equal_nan=True):
                raise Broken(f"the same call gives other numbers the second time ({name})")
    return 1


def _linear(record: Equation, candidate: Target, seed: int, gradient: bool, expect: Expect) -> int:
    """Scaling the cotangents by 2 scales the gradients by exactly 2; zero cotangents give exactly zero."""
    if not gradient or _adds_in_any_order(record, candidate):
        return 0
    case = _case(record, candidate, seed)
    once = ask(candidate, case, True).gradients or {}
    twice = ask(candidate, _scaled(case, 2.0), True).gradients or {}
    never = ask(candidate, _scaled(case, 0.0), True).gradients or {}
    for name in once:
        for a, b, z in zip(_arrays(once[name]), _arrays(twice[name]), _arrays(never[name]), strict=True):
            if not np.array_equal(2.0 * a, b):
                raise Broken(f"the pullback is not linear: doubled cotangents do not double the gradient of {name}")
            if z.any():
                raise Broken(f"the pullback is not linear: zero cotangents give a gradient of {name}")
    return 2


def _one_result(record: Equation, candidate: Target, seed: int, gradient: bool, expect: Expect) -> int:
    """The cotangent of one result alone: the others are zero, and a backend is not even given them."""
    real = [r.name for r in record.results if r.kind == "real"]
    if not gradient or len(real) < 2 or isinstance(candidate, ReferenceTarget):
        return 0
    case = _case(record, candidate, seed)
    for name in real:
        alone = replace(case, cotangents={n: c if n == name else 0.0 * c for n, c in case.cotangents.items()})
        expected = expect(alone, True)
        if expected.ball is None:
            return 0
        if isinstance(candidate, BackendTarget):
            native, back = candidate.native, candidate.backend.library.to_numpy
            _, pullback = candidate.backend[case.equation].vjp(**candidate.call(case))
            found = pullback({name: native(case.cotangents[name])})
            gradients = {n: [back(v) for v in g] if isinstance(g, list) else back(g) for n, g in found.items()}
        else:
            gradients = dict(ask(candidate, alone, True).gradients or {})
        judged = expected.judge_gradient(gradients)
        if judged.misses:
            raise Broken(f"with the cotangent of {name} alone: {judged.misses[0]}")
    return len(real)


def _scaled(case: Case, factor: float) -> Case:
    return replace(case, cotangents={n: (factor * c).astype(c.dtype) for n, c in case.cotangents.items()})


def _refuses(record: Equation, candidate: Target, seed: int, gradient: bool, expect: Expect) -> int:
    """What the reference refuses must not yield numbers."""
    ran = 0
    dtype = "float64" if "float64" in candidate.dtypes() else candidate.dtypes()[0]
    for note, plan in _corners(record, candidate):
        if cases_module.is_beyond_tiles(note):
            continue  # what is undefined does not hang on size
        case = build(record, plan, dtype, note)
        expected = expect(case, False)
        if expected.refusal is None:
            continue
        try:
            answer = ask(candidate, case, False)
        except (NotCovered, NotImplementedError):
            continue
        except Fault as fault:
            raise Broken(f"does not refuse what is undefined ({note}), but: {fault}") from fault
        except Exception:
            ran += 1
            continue
        numbers = [a for v in answer.outputs.values() for a in _arrays(np.asarray(v))]
        if isinstance(candidate, BackendTarget) or not any(np.isnan(a).any() for a in numbers if a.dtype.kind == "f"):
            raise Broken(f"returns numbers for what is undefined ({note}: {expected.refusal})")
        ran += 1
    return ran


_VIEWS: dict[str, Callable[[Array], Array]] = {
    "column-major": lambda x: x.copy(order="F"),  # asfortranarray gives a 0-d array an axis
    "every other element of a larger array": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
    "negative strides": lambda x: np.flip(np.flip(x).copy(order="C")) if x.ndim else x,
    "read-only": lambda x: _frozen(x),
}


def _ordinary(x: Array) -> Array:
    return x.copy()


def _frozen(x: Array) -> Array:
    y = x.copy()
    y.flags.writeable = False
    return y


def _layout(record: Equation, candidate: Target, seed: int, gradient: bool, expect: Expect) -> int:
    """A view of other memory gives the same numbers, up to rounding."""
    if isinstance(candidate, ReferenceTarget):
        return 0
    case = _case(record, candidate, seed)
    expected = expect(case, gradient)
    if expected.ball is None:
        return 0
    ran = 0
    for kind, view in {"ordinary": _ordinary, **_VIEWS}.items():
        seen = _Viewed(candidate, view)
        try:
            outputs, gradients = seen.answer(case, gradient)
        except _NoViews:
            continue
        judged = expected.judge_forward(outputs)
        if gradient:
            judged.add(expected.judge_gradient(gradients))
        if judged.misses and kind == "ordinary":
            return 0  # wrong in any layout: the other aspects say so
        ran += kind != "ordinary"
        if judged.misses:
            miss = judged.misses[0]
            raise Broken(
                f"memory layout matters: with {kind} inputs, {miss.where} is {miss.received}, not {miss.expected}"
            )
    return ran


class _NoViews(Exception):
    """The library has no such views."""


class _Viewed:
    """Calls a candidate natively with views in place of arrays."""

    def __init__(self, candidate: Target, view: Callable[[Array], Array]) -> None:
        self.candidate, self.view = candidate, view

    def answer(self, case: Case, gradient: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        candidate = self.candidate
        if not isinstance(candidate, BackendTarget):
            if not _plain_module(candidate):
                raise _NoViews
            # past the target's own copies, which would straighten the views
            function = candidate.find(case.record)
            assert function is not None
            rule = candidate.find(case.record, "_vjp") if gradient else None
            seen = replace(case, arguments={n: self._see(v) for n, v in case.arguments.items()})
            call = candidate.keywords(case.record, function, seen)
            outputs = candidate.named(case.record, function(**call))
            seeds = {n: self.view(c.copy()) for n, c in case.cotangents.items()}
            return outputs, dict(rule(seeds, **call)) if rule is not None else {}
        call = {n: self._native(v) for n, v in case.arguments.items()}
        call.update(case.options)
        operation, back = candidate.backend[case.equation], candidate.backend.library.to_numpy
        if not gradient:
            return {n: back(v) for n, v in operation(**call)._asdict().items()}, {}
        outputs, pullback = operation.vjp(**call)
        found = pullback({n: self._native(c) for n, c in case.cotangents.items()})
        return (
            {n: back(v) for n, v in outputs._asdict().items()},
            {n: [back(v) for v in g] if isinstance(g, list) else back(g) for n, g in found.items()},
        )

    def _see(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._see(v) for v in value]
        return self.view(value.copy()) if isinstance(value, np.ndarray) else value

    def _native(self, value: Any) -> Any:
        """A view in the backend's own library: NumPy's, or a transposed and strided tensor of torch's."""
        candidate = self.candidate
        assert isinstance(candidate, BackendTarget)
        if isinstance(value, list):
            return [self._native(v) for v in value]
        if not isinstance(value, np.ndarray):
            return value
        name = candidate.backend.library.name
        if name == "numpy" or self.view is _ordinary:
            return self.view(value) if name == "numpy" else candidate.native(value)
        if name in ("torch", "cupy") and value.ndim and self.view is _VIEWS["every other element of a larger array"]:
            return candidate.native(np.repeat(value, 2, axis=-1))[..., ::2]
        if name in ("torch", "cupy") and value.ndim >= 2 and self.view is _VIEWS["column-major"]:
            axes = tuple(reversed(range(value.ndim)))
            turned = candidate.native(np.ascontiguousarray(value.transpose(axes)))
            return turned.permute(axes) if name == "torch" else turned.transpose(axes)
        if name in ("torch", "cupy") and self.view in (
            _VIEWS["every other element of a larger array"],
            _VIEWS["column-major"],
        ):
            return candidate.native(value)
        raise _NoViews


def _keeps_inputs(record: Equation, candidate: Target, seed: int, gradient: bool, expect: Expect) -> int:
    """Inputs and cotangents are not written to, and outputs are no views of them."""
    if isinstance(candidate, ReferenceTarget):
        return 0
    ran = _keeps_inputs_of(_case(record, candidate, seed), record, candidate, gradient)
    if ran:
        for note, plan in _corners(record, candidate):  # without a step or a layer, an output may be an input
            if plan.mode == "uniform" and plan.lengths is None and not cases_module.is_beyond_tiles(note):
                case = build(record, plan, candidate.dtypes()[0], note)
                try:
                    ask(candidate, case, gradient)
                except Exception:
                    continue  # refused, or not covered; an error is what the cases are for
                ran += _keeps_inputs_of(case, record, candidate, gradient)
    return ran


def _keeps_inputs_of(case: Case, record: Equation, candidate: Target, gradient: bool) -> int:
    if isinstance(candidate, BackendTarget):
        native, back = candidate.native, candidate.backend.library.to_numpy
        call = {
            n: [native(x) for x in v] if isinstance(v, list) else native(v) if isinstance(v, np.ndarray) else v
            for n, v in case.arguments.items()
        }
        seeds = {n: native(c) for n, c in case.cotangents.items()}
        operation = candidate.backend[case.equation]
        if gradient:
            outputs, pullback = operation.vjp(**call, **case.options)
            gradients = pullback(seeds)
            again = pullback(seeds)
            for name, g in gradients.items():
                pairs = zip(g, again[name], strict=True) if isinstance(g, list) else [(g, again[name])]
                same = _adds_in_any_order(record, candidate) or all(np.array_equal(back(a), back(b)) for a, b in pairs)
                if not same:
                    raise Broken(f"the pullback gives another gradient of {name} when it is called again")
        else:
            outputs, gradients = operation(**call, **case.options), {}
        results = {**outputs._asdict(), **{f"gradient of {n}": g for n, g in gradients.items()}}
        _unchanged(case, {n: _back(back, v) for n, v in call.items()}, {n: back(c) for n, c in seeds.items()})
        _own_memory(
            candidate.backend.library.name, results, {**call, **{f"cotangent of {n}": c for n, c in seeds.items()}}
        )
        return 1
    before = {n: [x.copy() for x in _arrays(v)] for n, v in case.arguments.items()}
    seeds_before = {n: c.copy() for n, c in case.cotangents.items()}
    if not _plain_module(candidate):
        return 0
    function = candidate.find(record)
    assert function is not None
    call = candidate.keywords(
        record, function, replace(case, arguments={n: _copies(v) for n, v in case.arguments.items()})
    )
    function(**call)
    rule = candidate.find(record, "_vjp") if gradient else None
    seeds = {n: c.copy() for n, c in case.cotangents.items()}
    if rule is not None:
        rule(seeds, **call)
    for name, arrays in before.items():
        if name in call:
            for a, b in zip(arrays, _arrays(call[name]), strict=True):
                if not np.array_equal(a, b):
                    raise Broken(f"writes to its input {name}")
    for name, c in seeds_before.items():
        if not np.array_equal(c, seeds[name]):
            raise Broken(f"writes to the cotangent of {name}")
    return 1


def _keeps_outputs(record: Equation, candidate: Target, seed: int, gradient: bool, expect: Expect) -> int:
    """An array that was returned is not written to by the next call."""
    first = _case(record, candidate, seed)
    second = _case(record, candidate, seed + 1)
    if isinstance(candidate, BackendTarget):
        operation, back = candidate.backend[record.id], candidate.backend.library.to_numpy

        def call(case: Case) -> list[Any]:
            outputs = list(operation(**candidate.call(case)))
            return [np.asarray(back(o)) for o in outputs] if candidate.backend.library.name != "cupy" else outputs

    elif _plain_module(candidate):
        function = candidate.find(record)
        assert function is not None

        def call(case: Case) -> list[Any]:
            arguments = candidate.keywords(record, function, case)
            outputs = candidate.named(record, function(**arguments))
            return list(outputs.values())

    else:
        return 0
    kept = call(first)
    before = [np.array(k.get() if hasattr(k, "get") else k) for k in kept]
    call(second)
    for result, a, b in zip(record.results, before, kept, strict=False):
        if not np.array_equal(a, b.get() if hasattr(b, "get") else b, equal_nan=True):
            raise Broken(f"the next call writes to the {result.name} that the last one returned")
    return 1


def _keeps_pullbacks(record: Equation, candidate: Target, seed: int, gradient: bool, expect: Expect) -> int:
    """A pullback gives its own call's gradients, whatever was called since, and leaves alone those it gave before."""
    if not gradient or not isinstance(candidate, BackendTarget) or _adds_in_any_order(record, candidate):
        return 0
    native, back = candidate.native, candidate.backend.library.to_numpy
    operation = candidate.backend[record.id]
    first, second = _case(record, candidate, seed), _case(record, candidate, seed + 1)

    def seeds(case: Case, factor: float = 1.0) -> dict[str, Any]:
        return {n: native(c) for n, c in _scaled(case, factor).cotangents.items()}

    def flat(gradients: dict[str, Any]) -> list[tuple[str, Any]]:
        return [(n, v) for n, g in gradients.items() for v in (g if isinstance(g, list) else [g])]

    _, pullback = operation.vjp(**candidate.call(first))
    kept = flat(pullback(seeds(first)))
    before = [np.array(back(g)) for _, g in kept]
    _, other = operation.vjp(**candidate.call(second))
    other(seeds(second))
    doubled = [np.asarray(back(g)) for _, g in flat(pullback(seeds(first, 2.0)))]
    for (name, g), b, d in zip(kept, before, doubled, strict=True):
        if not np.array_equal(back(g), b):
            raise Broken(f"the next call writes to the gradient of {name} that the last one returned")
        if not np.array_equal(d, 2.0 * b):
            raise Broken(f"after another call, or with other cotangents, a pullback gives a wrong gradient of {name}")
    return 1


MANY_ROWS = 4099
MANY_NUMBERS = 1 << 20
"""A large batch has so many rows, and an array of it about so many numbers at most."""


def _large_batch(record: Equation, candidate: Target, seed: int, gradient: bool, expect: Expect) -> int:
    """The examples of a small batch, each many times over: every copy has the numbers of its original.

    Only the last copies have cotangents, so that the sums over the batch are those of the small batch. The oracle
    computes three examples; the candidate takes the way that it takes for thousands.
    """
    if (
        not record.batched
        or not isinstance(candidate, (BackendTarget, ModuleTarget))
        or not getattr(candidate, "batched", True)
    ):
        return 0
    if "B" in getattr(candidate, "sizes", {}).get(record.id, {}):
        return 0  # it is bound to another batch
    case = _case(record, candidate, seed)
    expected = expect(case, gradient)
    if expected.ball is None:
        return 0
    data = {a.name for a in record.arguments if a.role == "data" and a.is_array}
    shared = {r.name for r in record.results if not r.batched}
    rows = case.sizes["B"]
    each = max([1, *(x[0].size for n in data for x in _arrays(case.arguments[n]) if len(x))])
    times = max(2, min(MANY_ROWS // rows, MANY_NUMBERS // (each * rows)))

    def tiled(value: Any) -> Any:
        if isinstance(value, list):
            return [tiled(v) for v in value]
        return np.concatenate([value] * times) if isinstance(value, np.ndarray) else value

    def last(c: Array) -> Array:
        return np.concatenate([np.zeros((rows * (times - 1), *c.shape[1:]), c.dtype), c])

    many = replace(
        case,
        sizes={**case.sizes, "B": rows * times},
        arguments={n: tiled(v) if n in data else v for n, v in case.arguments.items()},
        cotangents={n: c if n in shared else last(c) for n, c in case.cotangents.items()},
        plan=None,
    )
    answer = ask(candidate, many, gradient)
    outputs = {n: np.asarray(v) for n, v in answer.outputs.items()}
    if set(outputs) & {n for n in expected.ball.results if n not in shared and len(outputs.get(n, ())) != rows * times}:
        raise Broken(f"of {rows * times} examples it does not return as many")
    for copy in (0, times // 2, times - 1):
        at = slice(copy * rows, (copy + 1) * rows)
        judged = expected.judge_forward({n: v if n in shared else v[at] for n, v in outputs.items()})
        if judged.misses:
            raise Broken(f"in a batch of {rows * times}, copy {copy} of {judged.misses[0]}")
    for name, (middle, radius) in {n: spread(b) for n, b in expected.ball.results.items() if n not in shared}.items():
        if name in outputs:
            copies = outputs[name].reshape(times, *middle.shape).astype(np.float64)
            # the balls themselves judged three copies; a float's own rounding of the radius must not judge the others
            off = np.abs(copies - middle) > 2.0 * radius + 4.0 * np.spacing(np.abs(middle))
            if off.any():
                raise Broken(
                    f"in a batch of {rows * times}, {name} of copy {np.argwhere(off)[0][0]} is not its original's"
                )
    if gradient:
        judged = expected.judge_gradient(
            {
                n: [x[-rows:] for x in _arrays(g)]
                if n in data and isinstance(g, (list, tuple))
                else g[-rows:]
                if n in data
                else g
                for n, g in (answer.gradients or {}).items()
            }
        )
        if judged.misses:
            raise Broken(f"in a batch of {rows * times}, {judged.misses[0]}")
        for name, g in (answer.gradients or {}).items():
            if name in data and any(np.asarray(x)[:-rows].any() for x in _arrays(g)):
                raise Broken(f"in a batch of {rows * times}, examples without cotangents have a gradient of {name}")
    return 1


def _narrow_indices(record: Equation, candidate: Target, seed: int, gradient: bool, expect: Expect) -> int:
    """Indices, counts and lengths of 32 bits are the same numbers."""
    if not isinstance(candidate, BackendTarget) or "int32" not in candidate.backend.library.integer_dtypes:
        return 0
    ran = 0
    for note, plan in _corners(record, candidate):
        if note not in ("pairwise different sizes", "ragged lengths"):
            continue
        case = build(record, plan, "float64" if "float64" in candidate.dtypes() else candidate.dtypes()[0], note)
        arguments = {
            n: v.astype(np.int32) if isinstance(v, np.ndarray) and v.dtype == np.int64 else v
            for n, v in case.arguments.items()
        }
        lengths = None if case.lengths is None else case.lengths.astype(np.int32)
        if lengths is None and not any(isinstance(v, np.ndarray) and v.dtype == np.int32 for v in arguments.values()):
            continue
        expected = expect(case, gradient)
        if expected.ball is None:
            continue
        answer = ask(candidate, replace(case, arguments=arguments, lengths=lengths), gradient)
        judged = expected.judge_forward(answer.outputs)
        if gradient:
            judged.add(expected.judge_gradient(answer.gradients or {}))
        if judged.misses:
            raise Broken(f"with indices of 32 bits ({note}): {judged.misses[0]}")
        ran += 1
    return ran


_RULES = (
    _repeats,
    _linear,
    _one_result,
    _refuses,
    _layout,
    _narrow_indices,
    _keeps_inputs,
    _keeps_outputs,
    _keeps_pullbacks,
    _large_batch,
)


def _copies(value: Any) -> Any:
    return (
        [v.copy() for v in value]
        if isinstance(value, list)
        else value.copy()
        if isinstance(value, np.ndarray)
        else value
    )


def _back(back: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, list):
        return [back(v) for v in value]
    return back(value) if hasattr(value, "dtype") else value


def _unchanged(case: Case, call: dict[str, Any], seeds: dict[str, Any]) -> None:
    for name, value in case.arguments.items():
        for a, b in zip(_arrays(value), _arrays(call[name]), strict=True):
            if not np.array_equal(a, b):
                raise Broken(f"writes to its input {name}")
    for name, c in case.cotangents.items():
        if not np.array_equal(c, seeds[name]):
            raise Broken(f"writes to the cotangent of {name}")


def _own_memory(library: str, results: dict[str, Any], inputs: dict[str, Any]) -> None:
    def flat(value: Any) -> list[Any]:
        return (
            [x for v in value for x in flat(v)]
            if isinstance(value, list)
            else [value]
            if hasattr(value, "dtype")
            else []
        )

    for name, result in results.items():
        for r in flat(result):
            for source, value in inputs.items():
                for v in flat(value):
                    if _overlap(library, r, v):
                        raise Broken(f"{name} shares memory with {source}")
    found = [(name, r) for name, result in results.items() for r in flat(result)]
    for place, (name, r) in enumerate(found):
        for other, q in found[:place]:
            if _same_memory(library, r, q):
                raise Broken(f"{name} shares memory with {other}")


def _same_memory(library: str, a: Any, b: Any) -> bool:
    """Two results in one place; parts of one buffer that do not overlap are as good as two buffers."""
    if library == "torch":
        return bool(a.numel() and b.numel() and a.data_ptr() == b.data_ptr())
    return a is b or _overlap(library, a, b)


def _overlap(library: str, a: Any, b: Any) -> bool:
    if library == "numpy":
        return bool(np.shares_memory(a, b))
    if library == "torch":
        return bool(a.numel() and a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr())
    if library == "cupy":
        import cupy

        if not a.size or not b.size:
            return False
        # cupy.shares_memory takes any two arrays without axes for one: its kernel gets them by value (CuPy 14.2)
        exact = a.ndim and b.ndim
        return bool(cupy.shares_memory(a, b) if exact else cupy.may_share_memory(a, b))
    return False
