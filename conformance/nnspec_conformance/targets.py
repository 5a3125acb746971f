"""What is checked: a backend, the reference itself, or somebody's module. All of them answer a `Case` in NumPy.

A module of one's own needs nothing but functions named as in the catalogue::

    def sigmoid(x): ...                        # activation.sigmoid, batch first
    def sigmoid_vjp(cotangents, x): ...        # {"x": gradient}; or instead, for the whole module:
    autodiff = "torch"                         # or "jax": gradients by that library

A name that several families share is written with its family: ``softmax_vector``, or an object ``softmax`` with an
attribute ``vector``. What a module may also say of itself::

    arrays = "torch"                                     # or "numpy", "jax": what its functions take
    batched = False                                      # they take one example at a time
    dtypes = ["float64"]
    options = {"gated.gru": {"update": "previous"}}      # the convention that it follows
    sizes = {"sequence.birnn": {"K": "H"}}               # what it is bound to: a number, or another size
    results = {"gated.lstm": ["h"]}                      # the results that it returns
    forward_only = ["gradient.clip_norm"]                # where `autodiff` does not reach

A function that raises `NotImplementedError` does not cover that case. Deviations are not among these: they are
declared by the person who runs the check, in a file.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import nnspec
from nnspec._backend import Backend
from nnspec_conformance import evaluate
from nnspec_conformance.answers import Answer, Errored, Fault, Foreign, Hung, NotCovered, Target, TargetError
from nnspec_conformance.cases import Case
from nnspec_reference.catalogue import Equation, catalogue

__all__ = [
    "Answer",
    "BackendTarget",
    "Errored",
    "Fault",
    "Foreign",
    "Hung",
    "ModuleTarget",
    "NotCovered",
    "ReferenceTarget",
    "Target",
    "TargetError",
    "is_foreign",
    "load",
]

Array = np.ndarray[Any, Any]


# -------------------------------------------------------------------------------------------- backends
class BackendTarget:
    """An nnspec backend, through its public interface."""

    def __init__(self, name: str, backend: Backend, device: str | None = None) -> None:
        self.name, self.backend, self.device = name, backend, device

    def covers(self, record: Equation) -> tuple[bool, bool]:
        """Every equation that it implements; the interface gives gradients to all that have one."""
        has = self.backend.supports(record.id)
        return has, has and bool(record.smooth)

    def dtypes(self) -> Sequence[str]:
        """Both."""
        return ("float64", "float32")

    def native(self, value: Any) -> Any:
        """A NumPy array in the backend's library."""
        return self.backend.library.from_numpy(value, self.device)

    def call(self, case: Case) -> dict[str, Any]:
        """The keyword arguments of the case, in the backend's library."""
        record, call = case.record, dict(case.options)
        for name, value in case.poisoned().items():
            if not record.argument(name).is_array or value is None:
                call[name] = value
            else:
                call[name] = [self.native(v) for v in value] if isinstance(value, list) else self.native(value)
        if case.lengths is not None:
            call["lengths"] = self.native(case.lengths)
        return call

    def answer(self, case: Case, gradient: bool) -> Answer:
        """Run the case through the backend."""
        operation, to_numpy = self.backend[case.equation], self.backend.library.to_numpy
        call = self.call(case)
        if not gradient:
            return Answer({n: to_numpy(v) for n, v in operation(**call)._asdict().items()}, None)
        outputs, pullback = operation.vjp(**call)
        found = pullback({n: self.native(c) for n, c in case.cotangents.items()})
        gradients = {n: [to_numpy(v) for v in g] if isinstance(g, list) else to_numpy(g) for n, g in found.items()}
        return Answer({n: to_numpy(v) for n, v in outputs._asdict().items()}, gradients)


# ------------------------------------------------------------------------------------------- reference
class ReferenceTarget:
    """A scalar reference function (the right one, or a variant) posing as an implementation, on floats."""

    def __init__(
        self,
        name: str = "reference",
        functions: Mapping[str, Callable[..., Any]] | None = None,
        gradients: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self.name, self.functions, self.rules = name, functions, gradients or {}

    def covers(self, record: Equation) -> tuple[bool, bool]:
        """Every equation, or those that were given."""
        has = record.arrays and (self.functions is None or record.id in self.functions)
        return has, has and bool(record.smooth)

    def dtypes(self) -> Sequence[str]:
        """Python floats are float64."""
        return ("float64",)

    def answer(self, case: Case, gradient: bool) -> Answer:
        """Run the function on floats, the gradient on its tape."""
        rule = self.rules.get(case.equation)
        if rule is not None and gradient:
            found = evaluate.with_rule(case, rule, float, float)
        else:
            function = self.functions[case.equation] if self.functions else None
            found = evaluate.floats(case, function, gradient)
        gradients: Mapping[str, Any] = {
            n: [_floats(v) for v in g] if isinstance(g, list) else _floats(g) for n, g in found.gradients.items()
        }
        outputs = {
            r.name: found.results[r.name].astype(np.int64 if r.kind == "index" else np.float64)
            for r in case.record.results
        }
        return Answer(outputs, gradients if gradient else None)


def _floats(values: Array) -> Array:
    return values.astype(np.float64)


# --------------------------------------------------------------------------------------------- modules
class ModuleTarget:
    """Functions of a module (or an object), named as in the catalogue."""

    def __init__(self, name: str, module: Any) -> None:
        self.name, self.module = name, module
        self.autodiff: str | None = getattr(module, "autodiff", None)
        self.arrays: str = getattr(module, "arrays", None) or self.autodiff or "numpy"
        self.batched: bool = getattr(module, "batched", True)
        self.options: Mapping[str, Mapping[str, Any]] = getattr(module, "options", {})
        self.sizes: Mapping[str, Mapping[str, int | str]] = getattr(module, "sizes", {})
        self.results: Mapping[str, Sequence[str]] = getattr(module, "results", {})
        self.forward_only: Sequence[str] = getattr(module, "forward_only", ())
        if self.autodiff not in (None, "torch", "jax"):
            raise TargetError(f"{name}: autodiff must be 'torch' or 'jax', not {self.autodiff!r}")
        if self.arrays not in ("numpy", "torch", "jax"):
            raise TargetError(f"{name}: arrays must be 'numpy', 'torch' or 'jax', not {self.arrays!r}")
        self._check()
        if self.arrays == "jax":
            import jax

            jax.config.update("jax_enable_x64", True)

    def _check(self) -> None:
        """What a module says of itself is there, else a misspelt word would be a convention that nobody follows."""
        claimed = getattr(self.module, "dtypes", ["float64"])
        if isinstance(claimed, str) or not claimed or set(claimed) - {"float64", "float32"}:
            raise TargetError(f"{self.name}: dtypes must be a list of float64, float32 or both, not {claimed!r}")
        if isinstance(self.forward_only, str):
            raise TargetError(f"{self.name}: forward_only must be a list of ids, not {self.forward_only!r}")
        for ident in (*self.options, *self.sizes, *self.results, *self.forward_only):
            if ident not in catalogue():
                raise TargetError(f"{self.name}: {ident!r} is no equation of the catalogue")
        for ident, pinned in self.options.items():
            options = {o.name: o.values for o in catalogue()[ident].options}
            for option, value in pinned.items():
                if value not in options.get(option, ()):
                    known = "; ".join(f"{n}: {', '.join(map(repr, v))}" for n, v in options.items()) or "none"
                    raise TargetError(f"{self.name}: {ident} has no option {option}={value!r} (it has {known})")
        for ident, names in self.results.items():
            results = [r.name for r in catalogue()[ident].results]
            if isinstance(names, str) or not names or set(names) - set(results):
                raise TargetError(f"{self.name}: results of {ident} must be of {', '.join(results)}, not {names!r}")

    def find(self, record: Equation, suffix: str = "") -> Callable[..., Any] | None:
        """The function of an equation: ``family.name``, ``family_name``, or a ``name`` that only one family has."""
        family = getattr(self.module, record.family, None)
        found = getattr(family, record.name + suffix, None) if family is not None else None
        if found is None:
            found = getattr(self.module, f"{record.family}_{record.name}{suffix}", None)
        if found is None and sum(r.name == record.name for r in catalogue().values()) == 1:
            found = getattr(self.module, record.name + suffix, None)
        return _guarded(found) if callable(found) and not inspect.ismodule(found) else None

    def covers(self, record: Equation) -> tuple[bool, bool]:
        """The equations that it has a function for."""
        if not record.arrays or self.find(record) is None:
            return False, False
        if not record.smooth or record.id in self.forward_only:
            return True, False
        return True, self.autodiff is not None or self.find(record, "_vjp") is not None

    def dtypes(self) -> Sequence[str]:
        """What the module says, or both."""
        return tuple(getattr(self.module, "dtypes", ("float64", "float32")))

    def answer(self, case: Case, gradient: bool) -> Answer:
        """Run the case through the module's functions."""
        record = case.record
        function = self.find(record)
        assert function is not None
        if gradient and not self.covers(record)[1]:
            raise NotCovered("gives no gradient")
        call = self.keywords(record, function, case)
        if not self.batched and record.batched:
            return self._rows(record, function, case, call, gradient)
        outputs, gradients = self._one(record, function, call, case.cotangents, gradient)
        return Answer(self.named(record, outputs), gradients)

    def keywords(self, record: Equation, function: Callable[..., Any], case: Case) -> dict[str, Any]:
        """The keyword arguments that the function takes; `NotCovered` if the case needs one that it lacks."""
        taken = inspect.signature(function).parameters
        everything = any(p.kind is p.VAR_KEYWORD for p in taken.values())
        call: dict[str, Any] = {}
        for name, value in case.poisoned().items():
            if name in taken or everything:
                call[name] = value
            elif value is not None:
                if record.argument(name).optional:
                    raise NotCovered(f"takes no {name}")
                raise TypeError(f"the function for {record.id} takes no argument {name!r}")
        pinned = self.options.get(record.id, {})
        for option in record.options:
            value = case.options.get(option.name, option.default)
            if option.name in pinned:
                if value != pinned[option.name]:
                    raise NotCovered(f"follows {option.name}={pinned[option.name]!r}")
            elif option.name in taken or everything:
                call[option.name] = value
            elif value != option.default:
                raise NotCovered(f"takes no {option.name}")
        if case.lengths is not None:
            if not ("lengths" in taken or everything):
                raise NotCovered("takes no lengths")
            call["lengths"] = case.lengths
        return call

    def _rows(
        self, record: Equation, function: Callable[..., Any], case: Case, call: dict[str, Any], gradient: bool
    ) -> Answer:
        """One example at a time: results stacked, gradients of data stacked, of parameters summed."""
        if case.lengths is not None:
            raise NotCovered("takes one example at a time")
        if case.sizes["B"] == 0:
            raise NotCovered("takes one example at a time: no empty batch")
        data = {a.name for a in record.arguments if a.role == "data" and a.is_array}
        outputs: list[Mapping[str, Any]] = []
        gradients: list[Mapping[str, Any]] = []
        for row in range(case.sizes["B"]):
            one = {
                n: ([v[row] for v in value] if isinstance(value, list) else value[row])
                if n in data and value is not None
                else value
                for n, value in call.items()
            }
            batched = {r.name for r in record.results if r.batched}
            seeds = {n: c[row] if n in batched else c for n, c in case.cotangents.items()}
            found, grads = self._one(record, function, one, seeds, gradient)
            outputs.append(self.named(record, found))
            gradients.append(grads or {})
        stacked = {n: np.stack([o[n] for o in outputs]) for n in outputs[0]}
        if not gradient:
            return Answer(stacked, None)
        summed = {
            n: np.stack([g[n] for g in gradients]) if n in data else np.sum([g[n] for g in gradients], axis=0)
            for n in gradients[0]
        }
        return Answer(stacked, summed)

    def _one(
        self,
        record: Equation,
        function: Callable[..., Any],
        call: Mapping[str, Any],
        cotangents: Mapping[str, Array],
        gradient: bool,
    ) -> tuple[Any, dict[str, Any] | None]:
        library = {"numpy": _Numpy, "torch": _Torch, "jax": _Jax}[self.arrays]()
        native = {
            n: library.to(value) if record_is_array(record, n) and value is not None else value
            for n, value in call.items()
        }
        if not gradient:
            return library.back(function(**native)), None
        rule = self.find(record, "_vjp")
        if rule is not None:
            seeds = {n: library.to(c) for n, c in cotangents.items()}
            outputs = library.back(function(**native))
            return outputs, library.back(_by_name(record, rule(seeds, **native)))
        smooth = [n for n in record.smooth if native.get(n) is not None]
        names = [r.name for r in record.results if r.kind == "real"]
        outputs, gradients = library.vjp(
            lambda **kw: self.named(record, function(**kw)), native, smooth, names, cotangents
        )
        return outputs, gradients

    def named(self, record: Equation, outputs: Any) -> dict[str, Any]:
        """What a function returned, by result name."""
        expected = list(self.results.get(record.id, [r.name for r in record.results]))
        if hasattr(outputs, "_asdict"):
            outputs = outputs._asdict()
        if isinstance(outputs, Mapping):
            found = dict(outputs)
        elif isinstance(outputs, (tuple, list)):
            found = dict(zip(expected, outputs, strict=True)) if len(outputs) == len(expected) else {}
        else:
            found = {expected[0]: outputs} if len(expected) == 1 else {}
        if set(found) != set(expected):
            raise TypeError(f"{record.id}: expected the results {', '.join(expected)}, received {_shown(outputs)}")
        return found


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose warnings are its own business, and whose `sys.exit` is its error, not the check's end."""

    @functools.wraps(function)
    def guarded(*values: Any, **named: Any) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return function(*values, **named)
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            if type(error).__module__.startswith(__name__.partition(".")[0]):
                raise  # the run's own limit of time
            raise RuntimeError(f"it left by {type(error).__name__}({error})") from error

    return guarded


def _by_name(record: Equation, gradients: Any) -> Mapping[str, Any]:
    if not isinstance(gradients, Mapping):
        example = next(iter(record.smooth))
        raise TypeError(
            f"{record.name}_vjp must return a dict of gradients by argument name, such as "
            f"{{{example!r}: ...}}, not {type(gradients).__name__}"
        )
    return gradients


def record_is_array(record: Equation, name: str) -> bool:
    """True for the array arguments and for `lengths`."""
    return name == "lengths" or (name in {a.name for a in record.arguments} and record.argument(name).is_array)


def _shown(outputs: Any) -> str:
    if isinstance(outputs, Mapping):
        return ", ".join(map(str, outputs))
    return f"{len(outputs)} of them" if isinstance(outputs, (tuple, list)) else type(outputs).__name__


class _Numpy:
    def to(self, value: Any) -> Any:
        return [self.to(v) for v in value] if isinstance(value, (list, tuple)) else np.array(value)

    def back(self, value: Any) -> Any:
        if hasattr(value, "_asdict"):
            value = value._asdict()
        if isinstance(value, Mapping):
            return {n: self.back(v) for n, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.back(v) for v in value]
        return self.one(value)

    def one(self, value: Any) -> Any:
        return np.array(value)

    def vjp(self, *_: Any) -> Any:
        raise NotImplementedError


class _Torch(_Numpy):
    def to(self, value: Any) -> Any:
        import torch

        return [self.to(v) for v in value] if isinstance(value, (list, tuple)) else torch.tensor(np.array(value))

    def one(self, value: Any) -> Any:
        return value.detach().cpu().numpy() if hasattr(value, "detach") else np.array(value)

    def vjp(
        self, f: Callable[..., Any], native: Mapping[str, Any], smooth: list[str], names: list[str], seeds: Any
    ) -> tuple[Any, dict[str, Any]]:
        import torch

        leaves = {n: _tree(native[n], lambda t: t.clone().requires_grad_()) for n in smooth}
        outputs = f(**{**native, **leaves})
        flat = [t for leaf in leaves.values() for t in (leaf if isinstance(leaf, list) else [leaf])]
        tracked = [(outputs[n], self.to(seeds[n])) for n in names if n in outputs and outputs[n].requires_grad]
        grads: Any = [None] * len(flat)
        if tracked:
            outs, cotangents = zip(*tracked, strict=True)
            grads = torch.autograd.grad(outs, flat, cotangents, allow_unused=True)
        found = iter(
            [
                np.zeros(t.shape, self.one(t).dtype) if g is None else self.one(g)
                for t, g in zip(flat, grads, strict=True)
            ]
        )
        return self.back(outputs), {n: _tree(leaf, lambda _: next(found)) for n, leaf in leaves.items()}


class _Jax(_Numpy):
    def to(self, value: Any) -> Any:
        import jax.numpy as jnp

        return [self.to(v) for v in value] if isinstance(value, (list, tuple)) else jnp.asarray(np.array(value))

    def one(self, value: Any) -> Any:
        return np.array(value)

    def vjp(
        self, f: Callable[..., Any], native: Mapping[str, Any], smooth: list[str], names: list[str], seeds: Any
    ) -> tuple[Any, dict[str, Any]]:
        import jax

        fixed = {n: v for n, v in native.items() if n not in smooth}

        def g(leaves: Any) -> tuple[dict[str, Any], dict[str, Any]]:
            outputs = f(**fixed, **leaves)
            return {n: outputs[n] for n in names if n in outputs}, outputs

        real, pull, outputs = jax.vjp(g, {n: native[n] for n in smooth}, has_aux=True)
        (gradients,) = pull({n: self.to(seeds[n]) for n in real})
        return self.back(outputs), self.back(gradients)


def _tree(value: Any, f: Callable[[Any], Any]) -> Any:
    return [f(v) for v in value] if isinstance(value, list) else f(value)


# --------------------------------------------------------------------------------------------- loading
def is_foreign(spec: str) -> bool:
    """Whether a target is somebody's own code, which may take the process down with it."""
    return spec != "reference" and spec.partition("@")[0] not in nnspec.backends()


def load(spec: str, seconds: float | None = None) -> Target:
    """The target of that name: a backend (``torch``, ``torch@cuda``), reference, ``module:attr``, ``path.py[:attr]``.

    Or ``command:CMD``, a program that speaks the protocol of module `command`; `seconds` limits each request to it.
    Raises `TargetError`, or `nnspec.BackendUnavailable` for a backend whose library or device is missing.
    """
    if spec == "reference":
        return ReferenceTarget()
    if spec.startswith("command:"):
        from nnspec_conformance.command import CommandTarget

        return CommandTarget(spec, seconds)
    name, _, device = spec.partition("@")
    if name in nnspec.backends():
        return BackendTarget(spec, nnspec.backend(name), device or None)
    path, _, attribute = spec.partition(":")
    try:
        module = _load_path(Path(path)) if path.endswith(".py") else importlib.import_module(path)
        found = getattr(module, attribute) if attribute else module
        if inspect.isfunction(found) and attribute:
            found = found()
    except nnspec.BackendUnavailable:
        raise
    except (ImportError, AttributeError, FileNotFoundError, SyntaxError, ValueError) as error:
        known = ", ".join(nnspec.backends())
        raise TargetError(
            f"{spec}: {error}. A target is a backend ({known}), 'reference', module:attr, or path.py[:attr]"
        ) from error
    except (Exception, SystemExit) as error:
        raise TargetError(f"{spec} cannot be loaded: {type(error).__name__}: {error}") from error
    if isinstance(found, Backend):
        return BackendTarget(spec, found)
    if hasattr(found, "answer") and hasattr(found, "covers"):
        target: Target = found
        return target
    return ModuleTarget(spec, found)


def _load_path(path: Path) -> Any:
    if not path.exists():
        raise FileNotFoundError(f"no file {path}")
    name = f"nnspec_target_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder, here = str(path.resolve().parent), os.getcwd()
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
        os.chdir(here)  # another process is to find the file, too
    return module
