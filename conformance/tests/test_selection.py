"""Choosing a backend, and what importing costs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import nnspec

ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "NNSPEC_BACKEND"}


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env={**ENVIRONMENT, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["nnspec", "nnspec_reference", "nnspec_reference.catalogue", "nnspec_conformance"])
def test_importing_loads_no_array_library(module: str) -> None:
    heavy = "{'numpy', 'torch', 'cupy', 'jax', 'flint', 'hypothesis'}"
    assert run(f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))") == "[]"


def test_the_reference_needs_the_standard_library_alone() -> None:
    import nnspec_reference

    (folder,) = nnspec_reference.__path__
    sources = list(Path(folder).glob("*.py"))
    assert len(sources) > 30
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for name in names:
                assert name.partition(".")[0] in {*sys.stdlib_module_names, "nnspec_reference"}, (source.name, name)


def test_numpy_is_the_default() -> None:
    assert run("import nnspec; print(nnspec.backend().name)") == "numpy"


def test_the_environment_chooses() -> None:
    pytest.importorskip("torch")
    assert run("import nnspec; print(nnspec.backend().name)", NNSPEC_BACKEND="torch") == "torch"


def test_the_environment_is_read_at_first_use() -> None:
    pytest.importorskip("torch")
    code = "import nnspec, os; os.environ['NNSPEC_BACKEND'] = 'torch'; print(nnspec.backend().name);"
    code += "os.environ['NNSPEC_BACKEND'] = 'numpy'; print(nnspec.backend().name)"
    assert run(code).split() == ["torch", "torch"]


def test_a_context_beats_the_environment_and_an_argument_beats_both() -> None:
    pytest.importorskip("torch")
    code = "import nnspec\nwith nnspec.use('numpy'):\n print(nnspec.backend().name, nnspec.backend('torch').name)\n"
    assert run(code + "print(nnspec.backend().name)", NNSPEC_BACKEND="torch").split() == ["numpy", "torch", "torch"]


def test_a_context_belongs_to_its_thread() -> None:
    pytest.importorskip("torch")
    found = []
    with nnspec.use("torch"):
        thread = threading.Thread(target=lambda: found.append(nnspec.backend().name))
        thread.start()
        thread.join()
        assert nnspec.backend().name == "torch"
    assert found == [os.environ.get("NNSPEC_BACKEND") or "numpy"]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(nnspec.UnknownBackend, match="cupy, numpy, torch"):
        nnspec.backend("no_such_backend")
    with pytest.raises(nnspec.UnknownBackend, match="no_such_module"):
        nnspec.backend("no_such_module:load")


def test_a_backend_can_be_named_by_module_and_attribute() -> None:
    assert nnspec.backend("nnspec_conformance.standin:load").name == "strict"


def test_a_backend_can_be_registered() -> None:
    from nnspec.numpy_backend import load

    nnspec.register("mine", load)
    try:
        assert "mine" in nnspec.backends()
        assert nnspec.backend("mine").activation.relu is not None
    finally:
        from nnspec import _registry

        _registry._registered.pop("mine")


def test_a_missing_device_is_said() -> None:
    try:
        import cupy
    except ImportError:
        with pytest.raises(nnspec.BackendUnavailable, match="cupy is not installed"):
            nnspec.backend("cupy")
        return
    if not cupy.is_available():
        with pytest.raises(nnspec.BackendUnavailable, match="no CUDA device"):
            nnspec.backend("cupy")
    else:
        assert nnspec.backend("cupy").name == "cupy"
