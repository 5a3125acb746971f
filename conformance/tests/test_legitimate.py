"""Right implementations in other words: every one must pass.

The balls are derived from what a machine may do, so another order of operations, another of the usual
formulas, or more precision inside must not be taken for a mistake. A failure here is a false alarm of the
rounding model.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import pytest

from nnspec_conformance import runner
from nnspec_conformance.targets import ModuleTarget

Array = Any
F = TypeVar("F", bound=Callable[..., Any])

RIGHT: dict[str, tuple[str, dict[str, Any]]] = {}


def right(equation: str, gradient: Callable[..., Any] | None = None, **more: Any) -> Callable[[F], F]:
    """Register a function, under its docstring, as an implementation of an equation."""

    def register(f: F) -> F:
        name = equation.replace(".", "_")
        module = {name: f, **more} | ({f"{name}_vjp": gradient} if gradient is not None else {})
        RIGHT[f"{equation}: {(f.__doc__ or '').strip().rstrip('.')}"] = (equation, module)
        return f

    return register


def in_double(f: Callable[..., Any]) -> Callable[..., Any]:
    """Everything in double, rounded once at the end."""

    @functools.wraps(f)
    def g(**arguments: Any) -> Any:
        wide = {n: v.astype(np.float64) if _real(v) else v for n, v in arguments.items()}
        narrow = next(v.dtype for v in arguments.values() if _real(v))
        found = f(**wide)
        if isinstance(found, tuple):
            return tuple(np.asarray(v).astype(narrow) for v in found)
        return np.asarray(found).astype(narrow)

    g.__doc__ = (f.__doc__ or "").strip().rstrip(".") + ", in double inside"
    return g


def _real(v: Any) -> bool:
    return isinstance(v, np.ndarray) and v.dtype.kind == "f"


def kahan(terms: Array, axis: int) -> Array:
    """Compensated summation along an axis."""
    terms = np.moveaxis(terms, axis, 0)
    s = np.zeros(terms.shape[1:], terms.dtype)
    c = np.zeros_like(s)
    for t in terms:
        y = t - c
        u = s + y
        c = (u - s) - y
        s = u
    return s


def gate(z: Array) -> Array:
    """σ by tanh, as in many a gate."""
    half = z.dtype.type(0.5)
    return half + half * np.tanh(half * z)


def split(z: Array) -> Array:
    """σ by e^{-|x|}."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e)).astype(z.dtype)


# --------------------------------------------------------------------------------------- activations
def _sigmoid_vjp(c: Any, x: Array) -> Any:
    e = np.exp(-np.abs(x))
    return {"x": c["y"] * e / ((1 + e) * (1 + e))}


@right("activation.sigmoid", _sigmoid_vjp)
def _(x: Array) -> Array:
    """1 / (1 + e^-x), overflow and all."""
    return 1 / (1 + np.exp(-x))


@right("activation.sigmoid", lambda c, x: {"x": c["y"] * split(x) * split(-x)})
def _(x: Array) -> Array:
    """e^-softplus(-x)."""
    return np.exp(-(np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x)))))


@right("activation.tanh", lambda c, x: {"x": c["y"] * (1 - np.tanh(np.abs(x))) * (1 + np.tanh(np.abs(x)))})
def _(x: Array) -> Array:
    """By expm1 of -2|x|."""
    e = np.expm1(-2 * np.abs(x))
    return np.copysign(1, x).astype(x.dtype) * (-e / (2 + e))


@right("activation.tanh", lambda c, x: {"x": c["y"] / np.cosh(np.clip(x, -80, 80)) ** 2})
def _(x: Array) -> Array:
    """sinh / cosh where they are finite, and the gradient 1 / cosh²."""
    z = np.clip(x, -40, 40)
    return np.where(np.isinf(x), np.sign(x), np.sinh(z) / np.cosh(z))


@right(
    "activation.relu",
    lambda c, x, grad_at_zero=1: {"x": c["y"] * ((x > 0) + grad_at_zero * (x == 0)).astype(x.dtype)},
)
def _(x: Array, grad_at_zero: int = 1) -> Array:
    """Clipped from below."""
    return np.clip(x, 0, None)


@right("named.leaky_relu", lambda c, x, alpha: {"x": np.where(x >= 0, c["y"], c["y"] * x.dtype.type(alpha))})
def _(x: Array, alpha: float) -> Array:
    """The positive and the negative part apart."""
    return np.maximum(x, 0) + x.dtype.type(alpha) * np.minimum(x, 0)


# -------------------------------------------------------------------------------------------- affine
def _affine_vjp(c: Any, x: Array, W: Array, b: Array | None = None) -> Any:
    g = {"x": np.einsum("bm,mn->bn", c["z"], W), "W": kahan(c["z"][:, :, None] * x[:, None, :], 0)}
    return g if b is None else g | {"b": c["z"][::-1].sum(0)}


@right("layer.affine", _affine_vjp)
def _(x: Array, W: Array, b: Array | None = None) -> Array:
    """By einsum."""
    z = np.einsum("bn,mn->bm", x, W)
    return z if b is None else b + z


@right("layer.affine", _affine_vjp)
def _(x: Array, W: Array, b: Array | None = None) -> Array:
    """The bias first, then column by column from the right."""
    z = np.zeros((len(x), len(W)), x.dtype) + (0 if b is None else b)
    for j in reversed(range(x.shape[1])):
        z = z + x[:, j, None] * W[:, j]
    return z.astype(x.dtype)


@right("layer.affine", _affine_vjp)
def _(x: Array, W: Array, b: Array | None = None) -> Array:
    """Kahan's sum."""
    z = kahan(x[:, None, :] * W, 2)
    return z if b is None else z + b


@right("layer.affine", _affine_vjp)
def _(x: Array, W: Array, b: Array | None = None) -> Array:
    """The bias as the weight of an input that is 1."""
    if b is None:
        return x @ W.T
    return np.concatenate([x, np.ones((len(x), 1), x.dtype)], 1) @ np.concatenate([W, b[:, None]], 1).T


@right("layer.affine", _affine_vjp)
@in_double
def _(x: Array, W: Array, b: Array | None = None) -> Array:
    """One exact sum."""
    rows = [
        [
            math.fsum([*(x_i * w_i for x_i, w_i in zip(r, w, strict=True)), 0.0 if b is None else b[k]])
            for k, w in enumerate(W)
        ]
        for r in x
    ]
    return np.array(rows).reshape(len(x), len(W))


@right("unit.linear_decision_boundary")
def _(x: Array, w: Array, b: Array | None = None) -> Any:
    """By the normalised weights."""
    n = np.sqrt((w * w).sum())
    if n == 0:
        raise ValueError("no boundary")
    z = x @ w + (0 if b is None else b)
    d = z / n
    return z.astype(x.dtype), d.astype(x.dtype), (x - (z / (n * n))[:, None] * w).astype(x.dtype)


# ------------------------------------------------------------------------------------------- softmax
def _lse(a: Array) -> Array:
    m = a.max(-1, keepdims=True)
    return (m + np.log(np.exp(a - m).sum(-1, keepdims=True)))[..., 0]


def _softmax_vjp(c: Any, z: Array) -> Any:
    e = np.exp(z - z.max(-1, keepdims=True))
    p = e / e.sum(-1, keepdims=True)
    return {"z": p * c["p"] - p * (p * c["p"]).sum(-1, keepdims=True)}


@right("softmax.vector", _softmax_vjp)
def _(z: Array) -> Array:
    """e^{log-softmax}, shifted first."""
    d = z - z.max(-1, keepdims=True)
    return np.exp(d - np.log(np.exp(d).sum(-1, keepdims=True)))


@right("softmax.vector", _softmax_vjp)
def _(z: Array) -> Array:
    """Times the reciprocal of the sum."""
    e = np.exp(z - z.max(-1, keepdims=True))
    return e * (1 / kahan(e, -1)[..., None])


@right("softmax.vector", _softmax_vjp)
def _(z: Array) -> Array:
    """In one pass, with a running maximum."""
    with np.errstate(all="ignore"):
        m = np.full(z.shape[:-1], -np.inf, z.dtype)
        s = np.zeros(z.shape[:-1], z.dtype)
        for z_i in np.moveaxis(z, -1, 0):
            new = np.maximum(m, z_i)
            s = np.where(s == 0, 0, s * np.exp(m - new)) + np.where(np.isneginf(z_i), 0, np.exp(z_i - new))
            m = new
        return (np.exp(z - m[..., None]) / s[..., None]).astype(z.dtype)


@right("softmax.vector", _softmax_vjp)
def _(z: Array) -> Array:
    """By powers of two."""
    return (e := np.exp2((z - z.max(-1, keepdims=True)) * z.dtype.type(1 / np.log(2)))) / e.sum(-1, keepdims=True)


def _sce_vjp(c: Any, z: Array, i: Array) -> Any:
    e = np.exp(z - z.max(-1, keepdims=True))
    p = e / e.sum(-1, keepdims=True)
    p[np.arange(len(z)), i] -= 1
    return {"z": p * c["L"][:, None]}


@right("loss.softmax_cross_entropy")
def _(z: Array, i: Array) -> Array:
    """The shifted scores alone: log Σ e^{z-m} - (z_i - m)."""
    d = z - z.max(-1, keepdims=True)
    return np.log(np.exp(d).sum(-1)) - d[np.arange(len(z)), i]


@right("loss.softmax_cross_entropy", _sce_vjp)
def _(z: Array, i: Array) -> Array:
    """By log Σ."""
    return _lse(z) - z[np.arange(len(z)), i]


@right("loss.binary_cross_entropy_logits", lambda c, z, y: {"z": c["L"] * (split(z) - y)})
def _(z: Array, y: Array) -> Array:
    """By logaddexp."""
    return np.logaddexp(0, z) - y * z


@right("loss.binary_cross_entropy_logits", lambda c, z, y: {"z": c["L"] * ((1 - y) * split(z) - y * split(-z))})
def _(z: Array, y: Array) -> Array:
    """Both softplus terms."""
    return y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)


@right("loss.binary_cross_entropy_logits", arrays="torch", autodiff="torch")
def _(z: Any, y: Any) -> Any:
    """As optax, by autograd."""
    torch = pytest.importorskip("torch")
    return -y * torch.nn.functional.logsigmoid(z) - (1 - y) * torch.nn.functional.logsigmoid(-z)


@right("lm.corpus_likelihood", arrays="torch", autodiff="torch")
def _(p: Any) -> Any:
    """torch.prod, whose gradient divides."""
    return p.prod(1)


@right("preprocess.standardize", arrays="torch", autodiff="torch", forward_only=["preprocess.standardize"])
def _(x: Any, X: Any) -> Any:
    """torch.std_mean, in one pass."""
    torch = pytest.importorskip("torch")
    std, mean = torch.std_mean(X, 0, correction=0)
    std = torch.where((X[0] == X).all(0), 0, std)
    return (x - mean) / torch.where(std == 0, 1, std), mean, std


@right("loss.squared_error", lambda c, y, t: {"y": c["L"] * (y - t)})
def _(y: Array, t: Array) -> Array:
    """The half inside."""
    d = t - y
    return (d * d.dtype.type(0.5)) * d


# ----------------------------------------------------------------------------------------- recurrent
@right("gated.lstm")
def _(x: Array, h0: Array, c0: Array, W: Array, b: Array | None = None) -> Any:
    """σ by tanh, the inputs projected before the loop, i·g added to f·c."""
    H, D = h0.shape[1], x.shape[2]
    z = x @ W[:, :D].T + (0 if b is None else b)
    h, c, states = h0, c0, []
    for t in range(x.shape[1]):
        i, f, o, g = np.split(z[:, t] + h @ W[:, D:].T, 4, 1)
        c = gate(i) * np.tanh(g) + gate(f) * c
        h = np.tanh(c) * gate(o)
        states.append(h)
    return np.stack(states, 1) if states else np.zeros((len(x), 0, H), x.dtype), h.copy(), c.copy()


@right("gated.lstm")
@in_double
def _(x: Array, h0: Array, c0: Array, W: Array, b: Array | None = None) -> Any:
    """One example, one unit at a time."""
    h, c, states = h0.copy(), c0.copy(), np.zeros((len(x), x.shape[1], h0.shape[1]))
    H = h0.shape[1]
    for n in range(len(x)):
        for t in range(x.shape[1]):
            xh = [*x[n, t], *h[n]]
            z = [
                math.fsum([*(w * v for w, v in zip(row, xh, strict=True)), 0.0 if b is None else b[k]])
                for k, row in enumerate(W)
            ]
            s = [0.5 * (1 + math.tanh(v / 2)) for v in z[: 3 * H]]
            for k in range(H):
                c[n, k] = s[H + k] * c[n, k] + s[k] * math.tanh(z[3 * H + k])
                states[n, t, k] = s[2 * H + k] * math.tanh(c[n, k])
            h[n] = states[n, t]
    return states, h, c


@right("gated.gru", options={"gated.gru": {"reset": "before"}})
def _(
    x: Array,
    h0: Array,
    W_z: Array,
    U_z: Array,
    W_r: Array,
    U_r: Array,
    W_H: Array,
    U_H: Array,
    b_z: Any = None,
    b_r: Any = None,
    b_H: Any = None,
    update: str = "candidate",
) -> Any:
    """h + z (n - h), gates fused, σ by tanh."""
    h, states, H = h0, [], h0.shape[1]
    zero = np.zeros(H, x.dtype)
    W, U = np.concatenate([W_z, W_r]), np.concatenate([U_z, U_r])
    b = np.concatenate([zero if b_z is None else b_z, zero if b_r is None else b_r])
    for t in range(x.shape[1]):
        z, r = np.split(gate(x[:, t] @ W.T + h @ U.T + b), 2, 1)
        n = np.tanh(x[:, t] @ W_H.T + (r * h) @ U_H.T + (0 if b_H is None else b_H))
        h = h + z * (n - h) if update == "candidate" else n + z * (h - n)
        states.append(h)
    return np.stack(states, 1) if states else np.zeros((len(x), 0, H), x.dtype), h.copy()


@right("recurrent.elman", options={"recurrent.elman": {"activation": "tanh", "output": "identity"}})
def _(x: Array, h0: Array, W: Array, U: Array, V: Array, b_h: Any = None, b_y: Any = None) -> Any:
    """One matrix [W U], and the outputs after the loop."""
    h, states, M = h0, [], np.concatenate([U, W], 1)
    for t in range(x.shape[1]):
        h = np.tanh((0 if b_h is None else b_h) + np.concatenate([h, x[:, t]], 1) @ M.T)
        states.append(h)
    hs = np.stack(states, 1) if states else np.zeros((len(x), 0, len(U)), x.dtype)
    return hs, np.einsum("bth,oh->bto", hs, V) + (0 if b_y is None else b_y), h.copy()


# ------------------------------------------------------------------------------------------ distances
@right("embedding.cosine_similarity")
def _(r_1: Array, r_2: Array, eps: float) -> Array:
    """The product of two unit vectors."""
    n_1, n_2 = (np.maximum(np.linalg.norm(r, axis=1), r.dtype.type(eps)) for r in (r_1, r_2))
    if (n_1 == 0).any() or (n_2 == 0).any():
        raise ValueError("no direction")
    return np.clip(((r_1 / n_1[:, None]) * (r_2 / n_2[:, None])).sum(1), -1, 1)


@right("embedding.cosine_similarity")
def _(r_1: Array, r_2: Array, eps: float) -> Array:
    """Times the two reciprocals."""
    n_1, n_2 = (np.maximum(np.sqrt((r * r).sum(1)), r.dtype.type(eps)) for r in (r_1, r_2))
    if (n_1 == 0).any() or (n_2 == 0).any():
        raise ValueError("no direction")
    return np.clip((1 / n_1) * (r_1 * r_2).sum(1) * (1 / n_2), -1, 1)


@right("embedding.euclidean_distance")
def _(r_1: Array, r_2: Array) -> Array:
    """Scaled by the largest difference."""
    d = np.abs(r_2 - r_1)
    m = d.max(1, keepdims=True)
    m = np.where(m == 0, 1, m)
    return ((m[:, 0]) * np.sqrt(((d / m) ** 2).sum(1))).astype(r_1.dtype)


@right("embedding.euclidean_distance")
def _(r_1: Array, r_2: Array) -> Array:
    """By hypot, one coordinate after the other."""
    return np.hypot.reduce(r_1 - r_2, axis=1)


@right("embedding.unit_norm_identity")
def _(r_1: Array, r_2: Array) -> Any:
    """2 (1 - r·r), and the middle term first."""
    d = r_2 - r_1
    r = np.einsum("bd,bd->b", r_1, r_2)
    return kahan(d * d, 1), -2 * r + (kahan(r_1 * r_1, 1) + kahan(r_2 * r_2, 1)), 2 * (1 - r)


@right("embedding.average")
def _(w: Array, mask: Array | None = None) -> Array:
    """Weighted by 1/m."""
    mask = np.ones(w.shape[:2], w.dtype) if mask is None else mask
    count = np.maximum(mask.sum(1, keepdims=True), 1)
    return ((mask * (1 / count))[:, :, None] * w).sum(1)


@right("embedding.glove_weight")
def _(x: Array, x_max: float, exponent: float) -> Array:
    """e^{a log(x / x_max)}."""
    with np.errstate(divide="ignore"):
        return np.exp(np.minimum(0, np.log(x / x.dtype.type(x_max))) * x.dtype.type(exponent))


# ----------------------------------------------------------------------------------------- statistics
@right("preprocess.standardize")
def _(x: Array, X: Array) -> Any:
    """Welford's running variance, and times 1/std."""
    mean, m2 = np.zeros(X.shape[1], X.dtype), np.zeros(X.shape[1], X.dtype)
    for n, row in enumerate(X, 1):
        d = row - mean
        mean = mean + d / X.dtype.type(n)
        m2 = m2 + d * (row - mean)
    std = np.where((X[0] == X).all(0), 0, np.sqrt(m2 / X.dtype.type(len(X)))).astype(X.dtype)
    mean = np.where((X[0] == X).all(0), X[0], mean).astype(X.dtype)
    return (x - mean) * (1 / np.where(std == 0, 1, std)).astype(X.dtype), mean, std


@right("preprocess.standardize")
def _(x: Array, X: Array) -> Any:
    """Two passes, by NumPy."""
    std = np.where((X[0] == X).all(0), 0, X.std(0)).astype(X.dtype)
    return (x - X.mean(0)) / np.where(std == 0, 1, std).astype(X.dtype), X.mean(0), std


@right("estimator.minibatch_variance")
def _(g: Array, S: int, replacement: bool = True) -> Array:
    """Two passes, the factors first."""
    N = len(g)
    if not replacement and S > N:
        raise ValueError
    d = g - g.mean(0)
    factor = 1 / (S * N) if replacement or N == 1 else (N - S) / ((N - 1) * S * N)
    return (d * d).sum(0) * g.dtype.type(factor)


# ----------------------------------------------------------------------------------------- optimisers
@right("optimizer.adam", options={"optimizer.adam": {"eps_placement": "outside"}})
def _(theta: Array, m: Array, v: Array, g: Array, t: int, lr: float, beta_1: float, beta_2: float, eps: float) -> Any:
    """As torch: lerp, addcmul, and the corrections in the step size."""
    k = theta.dtype.type
    m = m + k(1 - beta_1) * (g - m)
    v = k(beta_2) * v + k(1 - beta_2) * g * g
    d = np.sqrt(v) / k(math.sqrt(1 - beta_2**t)) + k(eps)
    with np.errstate(all="ignore"):
        update = np.where(d == 0, 0, -k(lr / (1 - beta_1**t)) * (m / d)).astype(theta.dtype)
    return update, m, v, theta + update


@right("optimizer.adam", options={"optimizer.adam": {"eps_placement": "outside"}})
def _(theta: Array, m: Array, v: Array, g: Array, t: int, lr: float, beta_1: float, beta_2: float, eps: float) -> Any:
    """By expm1, and the numerator divided last."""
    k = theta.dtype.type
    m = k(beta_1) * m + g * k(1 - beta_1)
    v = k(beta_2) * v + (g * k(1 - beta_2)) * g
    one, two = (-math.expm1(t * math.log(b)) if b else 1.0 for b in (beta_1, beta_2))
    d = np.sqrt(v * k(1 / two)) + k(eps)
    with np.errstate(all="ignore"):
        update = np.where(d == 0, 0, -(k(lr) * m / d) / k(one)).astype(theta.dtype)
    return update, m, v, theta + update


@right("optimizer.momentum")
def _(theta: Array, v: Array, g: Array, lr: float, rho: float) -> Any:
    """g + ρ v."""
    v = g + theta.dtype.type(rho) * v
    update = theta.dtype.type(-lr) * v
    return update, v, theta + update


@right("optimizer.adagrad")
@in_double
def _(theta: Array, G: Array, g: Array, lr: float, eps: float, eps_placement: str = "outside") -> Any:
    """The reciprocal of the root."""
    G = np.square(g) + G
    d = np.sqrt(G) + eps if eps_placement == "outside" else np.sqrt(eps + G)
    with np.errstate(all="ignore"):
        update = np.where(d == 0, 0, g * -(lr * (1 / np.where(d == 0, 1, d))))
    return update, G, theta + update


@right("optimizer.minibatch", options={"optimizer.minibatch": {"reduction": "mean"}})
def _(g: Array) -> Array:
    """Accumulated, each example's share at a time."""
    s = np.zeros(g.shape[1], g.dtype)
    for row in g:
        s += row / g.dtype.type(len(g))
    return s


@right("loss.mean_cost", options={"loss.mean_cost": {"reduction": "mean"}})
def _(costs: Array) -> Array:
    """A product with 1/N."""
    return costs @ np.full(len(costs), 1 / len(costs), costs.dtype)


@right("optimizer.lr_decay")
def _(alpha_0: Array, k: Array, rate: float, schedule: str = "inverse_time") -> Array:
    """By multiplication again and again, and by the reciprocal."""
    f = alpha_0.dtype.type
    if schedule == "inverse_time":
        return alpha_0 * (1 / (f(rate) * k.astype(alpha_0.dtype) + 1))
    return np.array([alpha_0 * np.prod(np.full(n, f(1) - f(rate))) for n in k], alpha_0.dtype).reshape(k.shape)


@right("gradient.clip_norm", options={"gradient.clip_norm": {"scope": "global"}})
def _(g: Array, max_norm: float) -> Array:
    """One factor, by BLAS's norm."""
    n = np.linalg.norm(g.ravel())
    if not np.isfinite(n):
        return np.full_like(g, np.nan)
    return g * np.minimum(1, g.dtype.type(max_norm) / np.where(n == 0, 1, n)).astype(g.dtype)


# --------------------------------------------------------------------------------------------- others
@right("named.convnet_alexnet")
def _(x: Array, w: Array, b: Array | None = None) -> Array:
    """As a product with windows."""
    windows = np.lib.stride_tricks.sliding_window_view(x, len(w), axis=1)
    return windows @ w + (0 if b is None else b)


@right("named.convnet_alexnet")
def _(x: Array, w: Array, b: Array | None = None) -> Array:
    """As a convolution with the flipped kernel."""
    rows = [np.convolve(r, w[::-1], "valid") for r in x]
    return np.array(rows, x.dtype).reshape(len(x), x.shape[1] - len(w) + 1) + (0 if b is None else b)


@right("named.neural_crf")
def _(psi: Array, y: Array, A: Array) -> Array:
    """The sum over the sequences from the end."""
    B, T, K = psi.shape
    if T == 0:
        return np.zeros(B, psi.dtype)
    a = np.zeros((B, K), psi.dtype)
    for t in reversed(range(1, T)):
        a = _lse(A + (psi[:, t] + a)[:, None, :])
    rows = np.arange(B)
    score = sum(psi[rows, t, y[:, t]] for t in range(T)) + sum(A[y[:, t - 1], y[:, t]] for t in range(1, T))
    return score - _lse(psi[:, 0] + a)


@right("named.attention")
def _(s: Array, h: Array, W: Array, U: Array, v: Array) -> Any:
    """Weights times the reciprocal, the context before the division."""
    q = np.tanh(h @ U.T + (s @ W.T)[:, None, :]) @ v
    e = np.exp(q - q.max(1, keepdims=True))
    r = 1 / e.sum(1)
    return e * r[:, None], (e[:, None, :] @ h)[:, 0] * r[:, None]


@right("lm.corpus_log_likelihood", options={"lm.corpus_log_likelihood": {"negated": False}})
def _(p: Array) -> Array:
    """The terms sorted."""
    with np.errstate(divide="ignore"):
        return np.sort(np.log(p), 1).sum(1)


@right("lm.ngram_ensemble")
def _(p: Array, weights: Array) -> Array:
    """As a product of vector and matrix."""
    return weights @ p


@right("lm.bayes_posterior")
def _(prior: Array, likelihood: Array) -> Array:
    """Normalised as it is."""
    joint = prior * likelihood
    total = joint.sum(1, keepdims=True)
    if (total == 0).any():
        raise ValueError
    return joint / total


@right("backprop.algorithm", options={"backprop.algorithm": {"activation": "tanh"}})
def _(f: Array, gold: Array, V: Array, W: Array) -> Any:
    """1 - z² as (1 - z)(1 + z)."""
    z = np.tanh(f @ V.T)
    s = z @ W.T
    e = np.exp(s - s.max(1, keepdims=True))
    err = np.eye(len(W), dtype=f.dtype)[gold] - e / e.sum(1, keepdims=True)
    err_z = err @ W
    local = err_z * ((1 - z) * (1 + z))
    return err, np.einsum("bc,bd->bcd", err, z), err_z, np.einsum("bd,bm->bdm", local, f), local @ V


@right("dynamics.iterated_map")
def _(x: Array, k: int) -> Any:
    """(1 - x) x first."""
    y, d, r = x, np.ones_like(x), x.dtype.type(3.5)
    for _ in range(k):
        d = r * ((1 - (y + y)) * d)
        y = r * ((1 - y) * y)
    return y, d


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_program_passes(name: str) -> None:
    equation, module = RIGHT[name]
    target = ModuleTarget("right", SimpleNamespace(**module))
    if module.get("arrays") == "torch":
        pytest.importorskip("torch")
    chosen = runner.Settings(equations=(equation,), aspects=("forward", "gradient", "structure"), shrink_seconds=0)
    report = runner.check([target], chosen)
    wrong = [
        f"{r.verdict} {r.aspect} {r.dtype}: {r.message}"
        for r in report.rows["right"]
        if r.verdict not in ("pass", "not implemented")
    ]
    assert not wrong
    assert any(r.verdict == "pass" and r.aspect == "forward" for r in report.rows["right"])
