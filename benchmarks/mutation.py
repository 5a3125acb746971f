"""The suite measured by programs that nobody wrote down: mutants of the NumPy bodies, in the quick profile.

    python benchmarks/mutation.py                               40 mutants of every family and shared helper
    python benchmarks/mutation.py --family gated --count 80 --seed 1 --json gated.json
    python benchmarks/mutation.py --family _kernels --at 512    every mutant of one line

`nnspec zoo` counts known mistakes, which is what the suite was written against. A mutant is a small change to the
text of `backends/nnspec/array/*.py`: an operator, a factor or term that is dropped, an index or slice, a
strictness, a constant, two arguments or results that change places, a transposition, another variable of the same
function, a statement left out, `lengths` forgotten. Its module is compiled in memory with those that import it,
posed as a backend and given every equation that uses the changed function: the cases first, then the long
sequences, structure and laws, to the first rejection. An endless loop is a rejection too. What survives in place
is put once more to the text for the array-API standard.

A survivor is either equivalent (another way to compute the same, or a branch that nothing takes) or a hole in the
suite; only reading tells them apart, so each is printed with its line before and after.
"""

# ruff: noqa: E402 - the number of threads is set before the libraries are loaded
from __future__ import annotations

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import ast
import functools
import itertools
import json
import random
import sys
import time
import types
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import nnspec.array as package
from nnspec import numpy_backend
from nnspec._backend import Backend
from nnspec._library import ArrayLibrary
from nnspec_conformance import cases as cases_module
from nnspec_conformance import examine, laws, longruns, runner, structure
from nnspec_conformance.cases import Case, Plan, build
from nnspec_conformance.judge import Expectation, expect
from nnspec_conformance.targets import Answer, BackendTarget
from nnspec_reference.catalogue import Equation, catalogue

FOLDER = Path(package.__file__).parent
FIRST = ("_ops", "_kernels", "_mlp", "softmax", "embedding", "optimizer")  # imported by others, in this order
CALL_SECONDS = 10.0
"""One answer takes milliseconds; after this long it is an endless loop."""

Place = tuple[ast.AST, str, int | None]
"""A node's parent, the field it is in, and where in a list."""


# --------------------------------------------------------------------------------------------- the text
@dataclass(frozen=True)
class Module:
    """One file of bodies."""

    name: str
    tree: ast.Module
    code: types.CodeType

    @property
    def imports(self) -> set[str]:
        """The other files that it imports from."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module == "nnspec.array":
                found |= {a.name for a in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("nnspec.array."):
                found.add(node.module.rpartition(".")[2])
        return found


@functools.cache
def modules() -> dict[str, Module]:
    """Every file, those first that others import."""
    names = sorted(p.stem for p in FOLDER.glob("*.py") if p.stem != "__init__")
    found = {}
    for name in sorted(names, key=lambda n: (FIRST.index(n) if n in FIRST else len(FIRST), n)):
        path = FOLDER / f"{name}.py"
        tree = ast.parse(path.read_text())
        found[name] = Module(name, tree, compile(tree, str(path), "exec"))
    return found


def functions(module: Module) -> dict[str, ast.FunctionDef]:
    """Functions by name, a class's methods among them (the outermost: what is nested belongs to them)."""
    found: dict[str, ast.FunctionDef] = {}
    for node in module.tree.body:
        for inner in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(inner, ast.FunctionDef):
                found[inner.name] = inner
    return found


@functools.cache
def users() -> dict[tuple[str, str], set[str]]:
    """The equations that use a function, directly or through others: by names, so rather too many than too few."""
    calls: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for module in modules().values():
        own = functions(module)
        known = {n: (module.name, n) for n in own}
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nnspec.array"):
                for a in node.names:
                    known[a.asname or a.name] = ((node.module or "").rpartition(".")[2], a.name)
        constants = {}  # tables of functions
        for node in module.tree.body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                constants[getattr(target, "id", "")] = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        classes = {n.name: n for n in module.tree.body if isinstance(n, ast.ClassDef)}
        for name, function in own.items():
            used: set[tuple[str, str]] = set()
            for node in ast.walk(function):
                if isinstance(node, ast.Name):
                    for each in {node.id} | constants.get(node.id, set()):
                        if each in known:
                            used.add(known[each])
                        if each in classes:
                            used |= {
                                (module.name, m.name) for m in classes[each].body if isinstance(m, ast.FunctionDef)
                            }
                elif isinstance(node, ast.Attribute):
                    used |= {
                        (m, node.attr)
                        for m in ("_ops", "_kernels", module.name)
                        if node.attr in functions(modules()[m])
                    }
            calls[module.name, name] = used
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for record in catalogue().values():
        if record.arrays:
            seen, todo = set(), [(record.family, record.name)]
            while todo:
                at = todo.pop()
                if at not in seen and at in calls:
                    seen.add(at)
                    found[at].add(record.id)
                    todo.extend(calls[at])
    return found


# ------------------------------------------------------------------------------------------- mutations
@dataclass
class Mutant:
    """One change: what it does, where, and the node that takes the other's place."""

    module: str
    function: str
    operator: str
    line: int
    place: Place
    new: Any
    statement: ast.stmt

    def texts(self) -> tuple[str, str]:
        """The statement's head before and after (all of it, where the change is not in the head)."""
        if isinstance(self.new, ast.stmt):
            before, after = (
                ast.unparse(self.statement),
                ast.unparse(self.new) if self.operator != "drop" else "",
            )
        else:
            before = ast.unparse(self.statement)
            with self.applied():
                after = ast.unparse(self.statement)
        old, new = before.splitlines(), after.splitlines()
        for a, b in itertools.zip_longest(old, new, fillvalue=""):
            if a != b:
                return a.strip(), b.strip()
        return before, after

    def applied(self) -> Any:
        """A context in which the tree has the change."""
        return _Applied(self.place, self.new)


class _Applied:
    def __init__(self, place: Place, new: Any) -> None:
        self.place, self.new = place, new

    def __enter__(self) -> None:
        self.old = self._swap(self.new)

    def __exit__(self, *_: object) -> None:
        self._swap(self.old)

    def _swap(self, new: Any) -> Any:
        parent, name, index = self.place
        if index is None:
            old = getattr(parent, name)
            setattr(parent, name, new)
        else:
            old = getattr(parent, name)[index]
            getattr(parent, name)[index] = new
        return old


_SWAPPED: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
_OTHER_CALL = {
    "max": "min",
    "min": "max",
    "maximum": "minimum",
    "minimum": "maximum",
    "sum": "max",
    "exp": "tanh",
    "zeros": "ones",
    "ones": "zeros",
    "argmax": "argmin",
    "argmin": "argmax",
    "add": "subtract",
    "subtract": "add",
    "multiply": "add",
    "greater": "greater_equal",
    "greater_equal": "greater",
    "sigmoid": "gate_sigmoid",
    "log_softmax": "softmax",
}
_UNWRAPPED = (
    "matrix_transpose",
    "flip",
    "reverse",
    "abs",
    "ascontiguousarray",
    "cumsum",
    "sqrt",
    "square",
    "reversed",
)


def _call(function: ast.expr, args: list[ast.expr], like: ast.Call) -> ast.Call:
    return ast.Call(function, args, like.keywords)


def _number(value: float | int) -> ast.expr:
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def _exchanged(items: Sequence[Any], i: int) -> list[Any]:
    found = list(items)
    found[i], found[i + 1] = found[i + 1], found[i]
    return found


def changes(node: ast.AST, names: Sequence[str], rng: random.Random) -> Iterator[tuple[str, Any]]:
    """What may stand in a node's place."""
    if isinstance(node, ast.BinOp):
        other = _SWAPPED.get(type(node.op))
        if other is not None:
            yield "operator", ast.BinOp(node.left, other(), node.right)
            yield ("drop a term" if isinstance(node.op, (ast.Add, ast.Sub)) else "drop a factor"), node.left
            if not isinstance(node.op, ast.Div):
                right = ast.UnaryOp(ast.USub(), node.right) if isinstance(node.op, ast.Sub) else node.right
                yield ("drop a term" if isinstance(node.op, (ast.Add, ast.Sub)) else "drop a factor"), right
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        if isinstance(node.operand, ast.Constant) and node.operand.value == 1 and isinstance(node.operand.value, int):
            yield "index", ast.Constant(0)
        else:
            yield "sign", node.operand
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        other = _SWAPPED.get(type(node.ops[0]))
        if other is not None:
            yield "strictness", ast.Compare(node.left, [other()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield "condition", ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
        yield "condition", node.values[0]
    elif isinstance(node, ast.IfExp):
        yield "branch", node.body
        yield "branch", node.orelse
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield "constant", ast.Constant(not node.value)
        elif isinstance(node.value, float):
            yield (
                "constant",
                _number({0.5: 1.0, 1.0: 0.0, 0.0: 1.0, 2.0: 1.0}.get(node.value, 2.0 * node.value)),
            )
        elif isinstance(node.value, int):
            yield "index", ast.Constant(node.value + 1)
            if node.value:
                yield "index", ast.Constant(node.value - 1)
    elif isinstance(node, ast.Slice):
        if node.lower is not None:
            yield "slice", ast.Slice(ast.BinOp(node.lower, ast.Add(), ast.Constant(1)), node.upper, node.step)
            yield "slice", ast.Slice(None, node.upper, node.step)
        if node.upper is not None:
            yield "slice", ast.Slice(node.lower, ast.BinOp(node.upper, ast.Sub(), ast.Constant(1)), node.step)
            yield "slice", ast.Slice(node.lower, None, node.step)
        if node.step is not None:
            yield "slice", ast.Slice(node.lower, node.upper, None)
    elif isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for i in range(len(node.args) - 1):
            if not any(isinstance(a, ast.Starred) for a in node.args[i : i + 2]):
                yield "swap arguments", _call(node.func, _exchanged(node.args, i), node)
        if name in _OTHER_CALL and isinstance(node.func, ast.Attribute):
            yield (
                "function",
                _call(ast.Attribute(node.func.value, _OTHER_CALL[name], ast.Load()), node.args, node),
            )
        if name in _UNWRAPPED and node.args:
            yield "drop a call", node.args[0]
        if name == "range":
            *low, high = node.args[:2]
            yield "range", _call(node.func, [*low, ast.BinOp(high, ast.Sub(), ast.Constant(1))], node)
            yield "range", _call(node.func, [low[0] if low else ast.Constant(1), high], node)
        if name == "where" and len(node.args) == 3:
            yield "branch", node.args[1]
            yield "branch", node.args[2]
        for i, keyword in enumerate(node.keywords):
            if keyword.arg not in ("out", "like", "dtype"):
                yield (
                    "drop a keyword",
                    ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :]),
                )
    elif isinstance(node, ast.Attribute) and node.attr == "T" and isinstance(node.ctx, ast.Load):
        if isinstance(node.value, ast.Name) and not node.value.id.isupper():
            yield "drop a transposition", node.value
    elif isinstance(node, ast.Dict) and len(node.values) > 1 and all(node.keys):
        i = rng.randrange(len(node.values) - 1)
        yield "wrong key", ast.Dict(node.keys, _exchanged(node.values, i))
        yield (
            "stale value",
            ast.Dict(node.keys, [*node.values[:i], node.values[i + 1], *node.values[i + 1 :]]),
        )
    elif isinstance(node, (ast.Tuple, ast.List)) and isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        for i in rng.sample(range(len(node.elts) - 1), min(2, len(node.elts) - 1)):
            yield "swap items", type(node)(_exchanged(node.elts, i), ast.Load())
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        if node.id == "lengths":
            yield "no lengths", ast.Constant(None)
        near = [
            n
            for n in names
            if n != node.id and (n[0] == node.id[0] or n.rpartition("_")[2] == node.id.rpartition("_")[2])
        ]
        if node.id in names and near:
            yield "another variable", ast.Name(rng.choice(near), ast.Load())
        far = [n for n in names if n != node.id and n not in near and n not in ("ops", "xp")]
        if node.id in names and far and node.id not in ("ops", "xp"):
            yield "another variable", ast.Name(rng.choice(far), ast.Load())


def statement_changes(node: ast.stmt, before: set[str]) -> Iterator[tuple[str, Any]]:
    """What may stand in a statement's place; `before` are the names assigned earlier: leaving one out is no slip."""
    nothing = ast.copy_location(ast.Pass(), node)
    if isinstance(node, ast.AugAssign):
        yield "drop", nothing
        yield "overwrite", ast.copy_location(ast.Assign([node.target], node.value), node)
        other = _SWAPPED.get(type(node.op))
        if other:
            yield "operator", ast.copy_location(ast.AugAssign(node.target, other(), node.value), node)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "drop", nothing
    elif isinstance(node, ast.Assign):
        target = node.targets[0]
        if isinstance(target, ast.Subscript) or (isinstance(target, ast.Name) and target.id in before):
            yield "drop", nothing
    elif isinstance(node, ast.If):
        yield "branch", ast.copy_location(ast.If(ast.Constant(True), node.body, node.orelse), node)
        yield "branch", ast.copy_location(ast.If(ast.Constant(False), node.body, node.orelse), node)


def mutants_of(module: Module, rng: random.Random) -> Iterator[Mutant]:
    """Every mutant of a file."""
    for name, function in functions(module).items():
        if not users().get((module.name, name)):
            continue
        names = sorted(
            {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            | {a.arg for f in ast.walk(function) if isinstance(f, ast.FunctionDef) for a in f.args.args}
        )
        before = {a.arg for f in ast.walk(function) if isinstance(f, ast.FunctionDef) for a in f.args.args}

        def walk(node: ast.AST, statement: ast.stmt) -> Iterator[tuple[Place, Any, ast.stmt]]:
            for field, value in ast.iter_fields(node):
                if field in (
                    "annotation",
                    "returns",
                    "type_comment",
                    "decorator_list",
                    "ctx",
                    "op",
                    "ops",
                    "format_spec",
                ):
                    continue
                for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                    if isinstance(child, ast.AST) and not isinstance(child, ast.Raise):
                        inside = child if isinstance(child, ast.stmt) else statement
                        yield (node, field, index), child, inside
                        yield from walk(child, inside)

        for place, node, statement in walk(function, function):
            if isinstance(place[0], ast.arguments) or isinstance(node, ast.JoinedStr):
                continue
            if isinstance(node, ast.stmt):
                found = list(statement_changes(node, before))
                shown: ast.stmt = node
                if isinstance(node, ast.Assign):
                    before |= {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            else:
                found, shown = list(changes(node, names, rng)), statement
            for operator, new in found:
                if not isinstance(node, ast.stmt) and ast.dump(new) == ast.dump(node):
                    continue  # two equal arguments that change places
                ast.copy_location(new, node)
                line = getattr(node, "lineno", getattr(statement, "lineno", 0))
                yield Mutant(module.name, name, operator, line, place, new, shown)


def sample(module: Module, count: int, seed: int, at: Sequence[int] = ()) -> list[Mutant]:
    """Mutants of a file, function by function and operator by operator in turn; or all those of some lines."""
    rng = random.Random(f"{module.name} {seed}")
    found = list(mutants_of(module, rng))
    if at:
        return [m for m in found if m.line in at]
    heaps: dict[str, dict[str, list[Mutant]]] = defaultdict(lambda: defaultdict(list))
    rng.shuffle(found)
    for m in found:
        heaps[m.function][m.operator].append(m)
    turns = {f: _in_turn(list(by.values())) for f, by in heaps.items()}
    return list(itertools.islice(_in_turn(list(turns.values())), count))


def _in_turn(lists: Sequence[list[Mutant]]) -> list[Mutant]:
    return [m for row in itertools.zip_longest(*lists) for m in row if m is not None]


# --------------------------------------------------------------------------------------------- targets
class Endless(Exception):
    """One call took too long."""


class MutantTarget(BackendTarget):
    """A backend of changed modules; a call that does not end raises."""

    def answer(self, case: Case, gradient: bool) -> Answer:
        """Run the case, with a limit."""
        try:
            with runner._limit(CALL_SECONDS):
                return super().answer(case, gradient)
        except runner.Timeout:
            raise Endless(f"no answer within {CALL_SECONDS:g} s") from None


class _Copied(Backend):
    """A backend whose bodies come from given modules."""

    copies: dict[str, types.ModuleType]

    def _find(self, record: Equation) -> Callable[..., Any] | None:
        module = self.copies.get(record.family)
        return super()._find(record) if module is None else getattr(module, record.name, None)


def target(name: str, tree: ast.Module, inplace: bool) -> MutantTarget:
    """The NumPy backend with one file's changed tree, and with everything that imports it compiled anew."""
    stale = {name}
    for module in modules().values():
        if module.imports & stale:
            stale.add(module.name)
    copies: dict[str, types.ModuleType] = {}
    before = {n: sys.modules.get(f"nnspec.array.{n}") for n in stale}
    try:
        for module in modules().values():
            if module.name not in stale:
                continue
            copy = types.ModuleType(f"nnspec.array.{module.name}")
            copy.__package__, copy.__file__ = "nnspec.array", str(FOLDER / f"{module.name}.py")
            code = (
                compile(ast.fix_missing_locations(tree), copy.__file__, "exec") if module.name == name else module.code
            )
            sys.modules[copy.__name__] = copy
            exec(code, copy.__dict__)
            setattr(package, module.name, copy)
            copies[module.name] = copy
    finally:
        for n, old in before.items():
            if old is not None:
                sys.modules[f"nnspec.array.{n}"] = old
                setattr(package, n, old)
            else:
                sys.modules.pop(f"nnspec.array.{n}", None)
    ops = (copies["_ops"] if "_ops" in copies else sys.modules["nnspec.array._ops"]).Ops(
        np,
        inplace=inplace,
        quiet=functools.partial(np.errstate, all="ignore"),
        add_at=numpy_backend._add_at if inplace else None,
    )
    library = ArrayLibrary("numpy", "numpy.ndarray", np.ndarray, ops, np.array, np.asarray)
    backend = _Copied("numpy", library)
    backend.copies = copies
    return MutantTarget("mutant", backend)


# ------------------------------------------------------------------------------------------- the suite
@dataclass
class Prepared:
    """A case, what the specification says of it, and what the right program answers: the same bits need no judge."""

    case: Case
    expected: Expectation
    right: dict[bool, dict[str, Any] | None]


class Suite:
    """The quick profile, with what does not depend on the candidate computed once."""

    def __init__(self, seed: int) -> None:
        self.chosen = runner.Settings(seed=seed, shrink_seconds=0)
        self.right = BackendTarget("right", numpy_backend.load())
        self._prepared: dict[str, list[Prepared]] = {}

    def cases(self, ident: str) -> Iterator[Prepared]:
        """Those of a run, corners first; prepared when they are first needed."""
        known = self._prepared.setdefault(ident, [])
        record = catalogue()[ident]
        if not hasattr(self, f"_{ident}"):
            setattr(self, f"_{ident}", self._all(record))
        source = getattr(self, f"_{ident}")
        for place in itertools.count():
            if place == len(known):
                try:
                    case = next(source)
                except StopIteration:
                    return
                known.append(Prepared(case, expect(case, bool(record.smooth)), {}))
            yield known[place]

    def _all(self, record: Equation) -> Iterator[Case]:
        for dtype in ("float64", "float32"):
            for why, plan in cases_module.corners(record):
                yield build(record, plan, dtype, why)
            for plan in self._drawn(record, self.chosen.count(dtype)):
                yield build(record, plan, dtype)

    def _drawn(self, record: Equation, count: int) -> list[Plan]:
        from hypothesis import Phase, given

        found: list[Plan] = []

        @runner._hypothesis(self.chosen, count, (Phase.generate,))
        @given(cases_module.plans(record))
        def collect(plan: Plan) -> None:
            found.append(plan)

        collect()
        return found

    def reject(self, idents: Sequence[str], candidate: MutantTarget) -> tuple[str, str, str, int]:
        """By which aspect, on which equation, with which message, after how many cases; "" if not at all."""
        number = 0
        for ident in idents:
            record = catalogue()[ident]
            aspects = [a for a, has in (("forward", True), ("gradient", bool(record.smooth))) if has]
            for prepared in self.cases(ident):
                number += 1
                if self._same(candidate, prepared):
                    continue
                found = examine.examine(candidate, prepared.expected, aspects)
                for aspect, finding in found.items():
                    if finding.bad:
                        judgement = finding.judgement
                        why = finding.error or (str(judgement.worst) if judgement else "")
                        note = prepared.case.note
                        return ("timeout" if "Endless" in why else aspect), ident, f"{note}: {why}", number
        for ident in idents:
            record = catalogue()[ident]
            for dtype in ("float64", "float32"):
                for case in longruns.cases(record, dtype, self.chosen.seed, {}):
                    number += 1
                    aspects = ["forward", "gradient"] if record.smooth else ["forward"]
                    for aspect, finding in longruns.examine(candidate, case, aspects).items():
                        if finding.bad:
                            why = finding.error or str(finding.judgement and finding.judgement.worst)
                            return aspect, ident, f"a long sequence: {why}", number
        for ident in idents:
            record = catalogue()[ident]
            try:
                with runner._limit(6 * CALL_SECONDS):
                    row = structure.check(record, candidate, self.chosen.seed, bool(record.smooth), expect)
            except runner.Timeout:
                return "timeout", ident, "structure", number
            if row.verdict == "fail":
                return "structure", ident, row.message, number
        tried = set()
        for ident in idents:
            for law in laws.of(ident):
                if law.function in tried:
                    continue
                tried.add(law.function)
                row = runner.laws_row(law, candidate, self.chosen)
                if row.verdict in ("fail", "error"):
                    return "law", ident, f"{row.law}: {row.message}", number
        return "", "", "", number

    def _same(self, candidate: MutantTarget, prepared: Prepared) -> bool:
        """True if the candidate answers with the right program's bits."""
        gradient = bool(prepared.expected.ball and prepared.expected.ball.gradients)
        if prepared.expected.refusal is not None or prepared.expected.undecided is not None:
            return True
        if gradient not in prepared.right:
            prepared.right[gradient] = _flat(examine.ask(self.right, prepared.case, gradient))
        try:
            answer = _flat(examine.ask(candidate, prepared.case, gradient))
        except Exception:
            return False
        right = prepared.right[gradient]
        return (
            right is not None
            and right.keys() == answer.keys()
            and all(
                np.asarray(right[n]).dtype == np.asarray(v).dtype and np.array_equal(right[n], v, equal_nan=True)
                for n, v in answer.items()
            )
        )


def _flat(answer: Answer) -> dict[str, Any]:
    found = {f"output {n}": v for n, v in answer.outputs.items()}
    for n, v in (answer.gradients or {}).items():
        found.update({f"{n}[{i}]": g for i, g in enumerate(v)} if isinstance(v, list) else {n: v})
    return found


# -------------------------------------------------------------------------------------------- the run
@dataclass
class Outcome:
    """What became of a mutant."""

    module: str
    function: str
    operator: str
    line: int
    before: str
    after: str
    killed_by: str
    equation: str
    message: str
    cases: int
    seconds: float


def put(mutant: Mutant, suite: Suite, most: int, seed: int) -> Outcome:
    """One mutant to the suite."""
    started = time.process_time()
    idents = sorted(users()[mutant.module, mutant.function])
    random.Random(f"{mutant.function} {seed}").shuffle(idents)
    idents = idents[:most]
    before, after = mutant.texts()
    killed = equation = message = ""
    cases = 0
    # the text for the array-API standard runs on NumPy as well
    for inplace in (True, False):
        try:
            with mutant.applied():
                candidate = target(mutant.module, modules()[mutant.module].tree, inplace)
        except Exception as error:
            killed, message = "import", f"{type(error).__name__}: {error}"
            break
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            killed, equation, message, more = suite.reject(idents, candidate)
        cases += more
        if killed:
            break
    return Outcome(
        mutant.module,
        mutant.function,
        mutant.operator,
        mutant.line,
        before,
        after,
        killed,
        equation,
        message,
        cases,
        time.process_time() - started,
    )


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """The counts, then every survivor with its line."""
    table = Table(
        "file",
        "mutants",
        "killed",
        "forward",
        "gradient",
        "structure",
        "law",
        "timeout",
        "import",
        "cases, median",
        "cases, most",
        "survive",
    )
    for name in dict.fromkeys([*(o.module for o in outcomes), "all"]):
        mine = [o for o in outcomes if name in (o.module, "all")]
        by = Counter(o.killed_by for o in mine)
        needed = [o.cases for o in mine if o.killed_by] or [0]
        table.add_row(
            name,
            str(len(mine)),
            str(len(mine) - by[""]),
            *(str(by[a]) for a in ("forward", "gradient", "structure", "law", "timeout", "import")),
            f"{np.median(needed):g}",
            str(max(needed)),
            str(by[""]),
        )
    console.print(table)
    for o in outcomes:
        if not o.killed_by:
            console.print(
                escape(f"{o.module}.py:{o.line} {o.function} ({o.operator})\n  - {o.before}\n  + {o.after}"),
                highlight=False,
                soft_wrap=True,
            )


@click.command(help=__doc__.split("\n\n")[0])
@click.option("--family", "names", multiple=True, type=click.Choice(list(modules())), help="A file; default: all.")
@click.option("--count", type=click.IntRange(1), default=40, show_default=True, help="Mutants of each file.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the sample, and of the suite.")
@click.option("--at", multiple=True, type=int, metavar="LINE", help="Every mutant of that line instead.")
@click.option(
    "--users",
    "most",
    type=click.IntRange(1),
    default=12,
    show_default=True,
    help="At most so many equations a mutant.",
)
@click.option("--seconds", type=float, default=None, help="Stop after so many seconds of CPU time for a file.")
@click.option("--json", "path", type=click.Path(dir_okay=False, path_type=Path), help="Write all outcomes there.")
def main(
    names: tuple[str, ...],
    count: int,
    seed: int,
    at: tuple[int, ...],
    most: int,
    seconds: float | None,
    path: Path | None,
) -> None:
    """The command."""
    console = Console()
    suite = Suite(seed)
    outcomes: list[Outcome] = []
    for name in names or modules():
        started = time.process_time()
        for mutant in sample(modules()[name], count, seed, at):
            if seconds is not None and time.process_time() - started > seconds:
                break
            outcomes.append(put(mutant, suite, most, seed))
        console.print(f"{name}: {time.process_time() - started:.0f} s", highlight=False, style="dim")
    show(outcomes, console)
    console.print(f"{time.process_time():.0f} s of CPU time", highlight=False)
    if path is not None:
        path.write_text(json.dumps([asdict(o) for o in outcomes], indent=1) + "\n")


if __name__ == "__main__":
    main()
