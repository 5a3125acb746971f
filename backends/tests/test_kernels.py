"""The recurrent kernels: in place = plain = PyTorch's autograd = finite differences, in every option."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import numpy as np
import pytest

from nnspec.array import _kernels
from nnspec.array._ops import Ops

FAST = Ops(np, inplace=True)
PLAIN = Ops(np, inplace=False)

# name → (shapes of the arrays, with those that may be None marked "?"; every combination of options)
SIZES: dict[str, dict[str, str]] = {
    "elman": {"x": "BTD", "h0": "BH", "W": "HD", "U": "HH", "b": "H?"},
    "lstm": {"x": "BTD", "h0": "BH", "C0": "BH", "W_x": "4D", "W_h": "4H", "b": "4?", "V_o": "HH?"},
    "gru": {"x": "BTD", "h0": "BH", "W": "3D", "U": "3H", "b": "3?", "c_H": "H?"},
}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "elman": [
        *({"activation": a} for a in ("tanh", "sigmoid", "identity")),
        *({"activation": "relu", "relu_grad_at_zero": g} for g in (0, 1)),
    ],
    "lstm": [{"cell_states": c} for c in (True, False)],
    "gru": [{"update": u, "reset": r} for u in ("candidate", "previous") for r in ("before", "after")],
}


def _cases() -> list[Any]:
    cases = []
    for name, shapes in SIZES.items():
        optional = [n for n, s in shapes.items() if s.endswith("?")]
        for options in OPTIONS[name]:
            for present in itertools.product((True, False), repeat=len(optional)):
                absent = tuple(n for n, p in zip(optional, present, strict=True) if not p)
                label = "-".join([name, *map(str, options.values()), *(f"no {n}" for n in absent)])
                cases.append(pytest.param(name, options, absent, id=label))
    return cases


cases = pytest.mark.parametrize(("name", "options", "absent"), _cases())


def make(
    name: str,
    absent: tuple[str, ...] = (),
    B: int = 3,
    T: int = 5,
    D: int = 4,
    H: int = 2,
    dtype: str = "f8",
    seed: int = 0,
) -> list[Any]:
    """Arguments drawn at random, biases and initial states included."""
    rng = np.random.default_rng(seed)
    size = {"B": B, "T": T, "D": D, "H": H, "3": 3 * H, "4": 4 * H}
    return [
        None if n in absent else rng.normal(0.0, 0.8, tuple(size[k] for k in s.rstrip("?"))).astype(dtype)
        for n, s in SIZES[name].items()
    ]


def outputs_of(name: str, result: Any) -> tuple[Any, ...]:
    return tuple(result) if name == "lstm" else (result,)


def run(ops: Ops, name: str, options: dict[str, Any], arguments: list[Any], seed: int = 1) -> tuple[Any, Any]:
    """Outputs, and gradients for random cotangents."""
    result, pullback = getattr(_kernels, name)(ops, *arguments, **options)
    outputs = outputs_of(name, result)
    assert pullback is not None
    return outputs, pullback(*cotangents(outputs, seed))


def cotangents(outputs: tuple[Any, ...], seed: int = 1) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=o.shape).astype(str(o.dtype).rpartition(".")[2]) for o in outputs]


def close(got: Any, wanted: Any, tolerance: float = 1e-12) -> None:
    """Equal up to `tolerance` times the largest number of the array."""
    assert (got is None) == (wanted is None)
    if wanted is not None:
        got, wanted = np.asarray(got), np.asarray(wanted)
        assert got.shape == wanted.shape
        assert got.dtype == wanted.dtype
        assert np.all(np.abs(got - wanted) <= tolerance * max(1.0, np.max(np.abs(wanted), initial=0.0)))


def torch_steps(name: str, options: dict[str, Any], arguments: list[Any]) -> tuple[Any, ...]:
    """The equations as a PyTorch step loop."""
    torch = pytest.importorskip("torch")
    sigma, tanh = torch.sigmoid, torch.tanh
    states, cells = [], []
    if name == "elman":
        x, h, W, U, b = arguments
        phi = {"tanh": tanh, "sigmoid": sigma, "relu": torch.relu, "identity": lambda z: z}[options["activation"]]
        for t in range(x.shape[1]):
            h = phi(x[:, t] @ W.T + h @ U.T + (0.0 if b is None else b))
            states.append(h)
        return (torch.stack(states, 1),)
    if name == "lstm":
        x, h, C, W_x, W_h, b, V_o = arguments
        for t in range(x.shape[1]):
            i, f, o, g = (x[:, t] @ W_x.T + h @ W_h.T + (0.0 if b is None else b)).chunk(4, 1)
            C = sigma(f) * C + sigma(i) * tanh(g)
            h = sigma(o if V_o is None else o + C @ V_o.T) * tanh(C)
            states.append(h)
            cells.append(C)
        return torch.stack(states, 1), torch.stack(cells, 1) if options["cell_states"] else C
    x, h, W, U, b, c_H = arguments
    (U_z, U_r, U_H), c = U.chunk(3), 0.0 if c_H is None else c_H
    for t in range(x.shape[1]):
        a_z, a_r, a_H = (x[:, t] @ W.T + (0.0 if b is None else b)).chunk(3, 1)
        z, r = sigma(a_z + h @ U_z.T), sigma(a_r + h @ U_r.T)
        inner = (r * h) @ U_H.T + c if options["reset"] == "before" else r * (h @ U_H.T + c)
        new = tanh(a_H + inner)
        h = (1 - z) * h + z * new if options["update"] == "candidate" else z * h + (1 - z) * new
        states.append(h)
    return (torch.stack(states, 1),)


@cases
@pytest.mark.parametrize("ops", [FAST, PLAIN], ids=["fast", "plain"])
def test_autograd(ops: Ops, name: str, options: dict[str, Any], absent: tuple[str, ...]) -> None:
    torch = pytest.importorskip("torch")
    arguments = make(name, absent)
    outputs, gradients = run(ops, name, options, arguments)
    tensors = [None if a is None else torch.tensor(a, requires_grad=True) for a in arguments]
    expected = torch_steps(name, options, tensors)
    for got, wanted in zip(outputs, expected, strict=True):
        close(got, wanted.detach().numpy())
    loss = sum((o * torch.tensor(c)).sum() for o, c in zip(expected, cotangents(outputs), strict=True))
    loss.backward()
    for got, tensor in zip(gradients, tensors, strict=True):
        close(got, None if tensor is None else tensor.grad.numpy())


@cases
def test_finite_differences(name: str, options: dict[str, Any], absent: tuple[str, ...]) -> None:
    arguments = make(name, absent, B=2, T=3)
    rng = np.random.default_rng(2)
    directions = [None if a is None else rng.normal(size=a.shape) for a in arguments]
    outputs, gradients = run(FAST, name, options, arguments)
    bars = cotangents(outputs)

    def loss(step: float) -> float:
        moved = [a if d is None else a + step * d for a, d in zip(arguments, directions, strict=True)]
        result, _ = getattr(_kernels, name)(FAST, *moved, **options)
        return sum(float(np.sum(o * c)) for o, c in zip(outputs_of(name, result), bars, strict=True))

    e = 1e-4
    slope = (8 * (loss(e) - loss(-e)) - (loss(2 * e) - loss(-2 * e))) / (12 * e)
    exact = sum(float(np.sum(g * d)) for g, d in zip(gradients, directions, strict=True) if d is not None)
    assert exact == pytest.approx(slope, rel=1e-8, abs=1e-8)


@cases
@pytest.mark.parametrize(
    "size",
    [
        {"T": 0},
        {"T": 1},
        {"B": 0},
        {"B": 1},
        {"H": 1},
        {"D": 1},
        {"B": 1, "T": 1, "D": 1, "H": 1},
        {"B": 0, "T": 0},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_edge_sizes(
    name: str, options: dict[str, Any], absent: tuple[str, ...], size: dict[str, int], dtype: str
) -> None:
    arguments = make(name, absent, dtype=dtype, **size)
    fast, fast_gradients = run(FAST, name, options, arguments)
    plain, plain_gradients = run(PLAIN, name, options, arguments)
    for got, wanted in zip([*fast, *fast_gradients], [*plain, *plain_gradients], strict=True):
        close(got, wanted, 2e-5 if dtype == "f4" else 1e-12)
    for gradient, argument in zip(fast_gradients, arguments, strict=True):
        assert (gradient is None) == (argument is None)
        assert gradient is None or (gradient.shape == argument.shape and gradient.dtype == argument.dtype)


def relaid(a: Any, how: str) -> Any:
    """The same numbers, read-only, in another memory layout."""
    if a is None:
        return None
    match how:
        case "transposed":
            a = np.ascontiguousarray(a.T).T
        case "reversed":
            a = np.ascontiguousarray(np.flip(a))[(slice(None, None, -1),) * a.ndim]
        case "strided":
            wide = np.full(tuple(2 * n for n in a.shape), np.nan, a.dtype)
            wide[(slice(None, None, 2),) * a.ndim] = a
            a = wide[(slice(None, None, 2),) * a.ndim]
        case "broadcast":
            a = np.broadcast_to(a.reshape(-1)[0], a.shape)
    a = a.view()
    a.flags.writeable = False
    return a


@cases
@pytest.mark.parametrize("how", ["contiguous", "transposed", "reversed", "strided", "broadcast"])
@pytest.mark.parametrize("ops", [FAST, PLAIN], ids=["fast", "plain"])
def test_layout(ops: Ops, name: str, options: dict[str, Any], absent: tuple[str, ...], how: str) -> None:
    views = [relaid(a, how) for a in make(name, absent)]
    dense = [None if v is None else np.array(v) for v in views]
    copies = [None if d is None else d.copy() for d in dense]
    outputs, gradients = run(ops, name, options, dense)
    for a, copy in zip(dense, copies, strict=True):
        assert a is None or np.array_equal(a, np.asarray(copy))  # never written
    result, pullback = getattr(_kernels, name)(ops, *views, **options)
    bars = [relaid(c, "transposed") for c in cotangents(outputs)]
    for got, wanted in zip([*outputs_of(name, result), *pullback(*bars)], [*outputs, *gradients], strict=True):
        close(got, wanted)
        assert got is None or not any(np.shares_memory(got, a) for a in [*views, *bars] if a is not None)


@cases
def test_pullback_repeats(name: str, options: dict[str, Any], absent: tuple[str, ...]) -> None:
    """A pullback neither uses itself up nor depends on what the caller does to the outputs; it is linear."""
    arguments = make(name, absent)
    result, pullback = getattr(_kernels, name)(FAST, *arguments, **options)
    outputs = outputs_of(name, result)
    bars = cotangents(outputs)
    once = pullback(*bars)
    for o in outputs:
        o[...] = np.nan
    for got, wanted in zip(pullback(*bars), once, strict=True):
        assert wanted is None or np.array_equal(np.asarray(got), np.asarray(wanted))
    for got, wanted in zip(pullback(*(2.0 * c for c in bars)), once, strict=True):
        close(got, None if wanted is None else 2.0 * wanted)


@cases
@pytest.mark.parametrize("T", [0, 1, 5])
@pytest.mark.parametrize("ops", [FAST, PLAIN], ids=["fast", "plain"])
def test_forward_only(ops: Ops, name: str, options: dict[str, Any], absent: tuple[str, ...], T: int) -> None:
    arguments = make(name, absent, T=T)
    expected, _ = run(ops, name, options, arguments)
    result, pullback = getattr(_kernels, name)(ops.with_gradient(False), *arguments, **options)
    assert pullback is None
    for got, wanted in zip(outputs_of(name, result), expected, strict=True):
        assert np.array_equal(got, wanted)


@cases
def test_stretches(
    name: str, options: dict[str, Any], absent: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the backward loop is cut, the numbers are the same."""
    arguments = make(name, absent, T=7)
    _, whole = run(FAST, name, options, arguments)
    for steps in (1, 2, 3, 7):
        monkeypatch.setattr(
            _kernels,
            "_stretches",
            lambda xp, T, size, n=steps: [(max(0, stop - n), stop) for stop in range(T, 0, -n)],
        )
        _, cut = run(FAST, name, options, arguments)
        for got, wanted in zip(cut, whole, strict=True):
            close(got, wanted)


def test_stretches_cover_time_backwards() -> None:
    for T, size in itertools.product((0, 1, 5), (0, 1, _kernels.CACHE_BYTES // 2, 2 * _kernels.CACHE_BYTES)):
        spans = _kernels._stretches(np, T, size)
        assert [t for start, stop in spans for t in reversed(range(start, stop))] == list(reversed(range(T)))


@cases
def test_strict_standard(name: str, options: dict[str, Any], absent: tuple[str, ...]) -> None:
    """The plain text runs on the bare standard of 2022-12, on a device that is not the default."""
    xp = pytest.importorskip("array_api_strict")
    device = xp.Device("device1")
    with pinned(xp):
        ops = Ops(xp, inplace=False)
        sizes: tuple[dict[str, Any], ...] = ({}, {"T": 0}, {"B": 0}, {"T": 1, "B": 1})
        for size in sizes:
            arguments = make(name, absent, **size)
            outputs, gradients = run(FAST, name, options, arguments)
            moved = [None if a is None else xp.asarray(a, device=device) for a in arguments]
            result, pullback = getattr(_kernels, name)(ops, *moved, **options)
            bars = [xp.asarray(c, device=device) for c in cotangents(outputs)]
            got = [*outputs_of(name, result), *pullback(*bars)]
            assert all(g is None or g.device == device for g in got)
            cpu = xp.Device("CPU_DEVICE")
            for g, wanted in zip(got, [*outputs, *gradients], strict=True):
                close(None if g is None else np.asarray(g.to_device(cpu)), wanted)


def pinned(xp: Any) -> Any:
    return (
        xp.ArrayAPIStrictFlags(api_version="2022.12")
        if hasattr(xp, "ArrayAPIStrictFlags")
        else contextlib.nullcontext()
    )


@pytest.mark.parametrize("cell_states", [True, False])
@pytest.mark.parametrize("given", ["h", "C", "neither"])
@pytest.mark.parametrize("ops", [FAST, PLAIN], ids=["fast", "plain"])
def test_lstm_missing_cotangent_is_zero(ops: Ops, given: str, cell_states: bool) -> None:
    x, h0, C0, W_x, W_h, b, V_o = make("lstm")
    (h, C), pullback = _kernels.lstm(ops, x, h0, C0, W_x, W_h, b, V_o, cell_states)
    h_bar, C_bar = cotangents((h, C))
    some = (h_bar if given == "h" else None, C_bar if given == "C" else None)
    zeros = tuple(np.zeros_like(o) if s is None else s for s, o in zip(some, (h, C), strict=True))
    assert pullback is not None
    for got, wanted in zip(pullback(*some), pullback(*zeros), strict=True):
        close(got, wanted)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("ops", [FAST, PLAIN], ids=["fast", "plain"])
def test_saturated_gates_are_exact(ops: Ops, dtype: str) -> None:
    B, T, D, H = 2, 3, 1, 4
    x, h0 = np.zeros((B, T, D), dtype), np.zeros((B, H), dtype)
    state = np.random.default_rng(0).normal(size=(B, H)).astype(dtype)
    shut = np.full(H, -200.0, dtype)
    # i = 0, f = 1, o = 1: the cell is kept to the bit, as is its gradient.
    b = np.concatenate([shut, -shut, -shut, shut])
    (h, C), pullback = _kernels.lstm(ops, x, h0, state, np.zeros((4 * H, D), dtype), np.zeros((4 * H, H), dtype), b)
    assert np.array_equal(C, np.repeat(state[:, None], T, 1))
    assert np.array_equal(h, np.tanh(C))
    bar = np.zeros_like(C)
    bar[:, -1] = 1.5
    assert pullback is not None
    assert np.all(np.asarray(pullback(None, bar)[2]) == 1.5)
    # The GRU: copy, or forget, according to z.
    W, U = np.zeros((3 * H, D), dtype), np.zeros((3 * H, H), dtype)
    for update, reset, z in itertools.product(("candidate", "previous"), ("before", "after"), (shut, -shut)):
        b = np.concatenate([z, shut, np.full(H, 0.5, dtype)])
        h, _ = _kernels.gru(ops, x, state, W, U, b, update=update, reset=reset)
        copies = (z[0] < 0) == (update == "candidate")
        wanted = np.repeat(state[:, None], T, 1) if copies else np.full_like(h, np.tanh(np.array(0.5, dtype)))
        assert np.array_equal(h, wanted)


@pytest.mark.parametrize("at_zero", [0, 1])
@pytest.mark.parametrize("ops", [FAST, PLAIN], ids=["fast", "plain"])
def test_relu_slope_at_zero(ops: Ops, at_zero: int) -> None:
    zeros = np.zeros
    h, pullback = _kernels.elman(
        ops, zeros((1, 2, 1)), zeros((1, 1)), np.ones((1, 1)), np.ones((1, 1)), None, "relu", at_zero
    )
    assert np.all(h == 0.0)
    assert pullback is not None
    x_bar = pullback(np.ones((1, 2, 1)))[0]
    assert np.array_equal(np.asarray(x_bar)[0, :, 0], [2.0 * at_zero, 1.0 * at_zero])


@cases
def test_float32_is_float32_throughout(name: str, options: dict[str, Any], absent: tuple[str, ...]) -> None:
    """At a size where every path of BLAS and of the cache is taken: near float64, and of one dtype."""
    wide = make(name, absent, B=9, T=20, D=17, H=33)
    wide = [a if a is None or a.ndim != 2 else 0.3 * a for a in wide]
    narrow = [None if a is None else a.astype("f4") for a in wide]
    for got, wanted in zip(
        itertools.chain(*run(FAST, name, options, narrow)),
        itertools.chain(*run(FAST, name, options, wide)),
        strict=True,
    ):
        assert got is None or got.dtype == np.float32
        if got is not None and options.get("activation") not in ("relu", "identity"):
            close(got.astype("f8"), wanted, 1e-4)


@cases
@pytest.mark.parametrize("T", [0, 1, 4])
@pytest.mark.parametrize("ops", [FAST, PLAIN], ids=["fast", "plain"])
def test_cotangent_of_the_last_state(
    ops: Ops, name: str, options: dict[str, Any], absent: tuple[str, ...], T: int
) -> None:
    """`h_T_bar` adds to the last step of h̄, or to h̄_0 if there is no step."""
    arguments = make(name, absent, T=T)
    result, pullback = getattr(_kernels, name)(ops, *arguments, **options)
    h_bar, *others = cotangents(outputs_of(name, result))
    h_T_bar = np.random.default_rng(5).normal(size=arguments[1].shape)
    folded = h_bar.copy()
    if T:
        folded[:, -1] += h_T_bar
    wanted = list(pullback(folded, *others))
    if not T:
        wanted[1] = wanted[1] + h_T_bar
    for got, want in zip(pullback(h_bar, *others, h_T_bar=h_T_bar), wanted, strict=True):
        close(got, want)
        assert got is None or not np.shares_memory(got, h_T_bar)
