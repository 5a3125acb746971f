"""Curvature, convexity, symmetries and plateaux on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Ops

Array = Any


# ---------------------------------------------------------------------------------------- curvature
def taylor2(ops: Ops, theta: Array, theta_0: Array, J_0: Array, g: Array, H: Array) -> Any:
    """J₀ + gᵀδ + ½ δᵀHδ for δ = θ − θ₀."""
    xp = ops.xp
    delta = theta - theta_0
    H_delta = ops.affine(delta, H)

    def pullback(J_bar: Array) -> dict[str, Array]:
        seed = J_bar[:, None]
        delta_bar = seed * (g + 0.5 * (H_delta + xp.matmul(delta, H)))
        return {
            "theta": delta_bar,
            "theta_0": -ops.total(delta_bar),
            "J_0": xp.sum(J_bar),
            "g": ops.total(seed * delta),
            "H": ops.outer_sum(0.5 * seed * delta, delta),
        }

    return (J_0 + xp.matmul(delta, g) + 0.5 * xp.sum(delta * H_delta, axis=-1),), pullback


def directional_curvature(ops: Ops, v: Array, t: Array, J_0: Array, g: Array, H: Array) -> Any:
    """J₀ + t gᵀv + ½ t² vᵀHv, and vᵀHv."""
    xp = ops.xp
    Hv = ops.affine(v, H)
    rise, curvature = xp.matmul(v, g), xp.sum(v * Hv, axis=-1)

    def pullback(J_bar: Array, curvature_bar: Array) -> dict[str, Array]:
        bent = (curvature_bar + J_bar * (0.5 * t * t))[:, None]
        along = (J_bar * t)[:, None]
        return {
            "v": along * g + bent * (Hv + xp.matmul(v, H)),
            "t": J_bar * (rise + t * curvature),
            "J_0": xp.sum(J_bar),
            "g": ops.total(along * v),
            "H": ops.outer_sum(bent * v, v),
        }

    return (J_0 + t * rise + 0.5 * t * t * curvature, curvature), pullback


def spectral_decomposition(ops: Ops, Q: Array, eigenvalues: Array) -> Any:
    """Q Λ Qᵀ."""
    xp = ops.xp
    scaled = Q * eigenvalues

    def pullback(H_bar: Array) -> dict[str, Array]:
        left = xp.matmul(H_bar, Q)
        right = xp.matmul(xp.matrix_transpose(H_bar), Q)
        return {"Q": (left + right) * eigenvalues, "eigenvalues": xp.sum(Q * left, axis=0)}

    return (xp.matmul(scaled, xp.matrix_transpose(Q)),), pullback


# ---------------------------------------------------------------------------------------- convexity
def convex_set(ops: Ops, x_0: Array, x_1: Array, lam: Array) -> Any:
    """(1 − λ) x₀ + λ x₁."""
    xp = ops.xp
    right = lam[:, None]
    left = 1.0 - right

    def pullback(x_bar: Array) -> dict[str, Array]:
        return {"x_0": left * x_bar, "x_1": right * x_bar, "lam": xp.sum((x_1 - x_0) * x_bar, axis=-1)}

    return (left * x_0 + right * x_1,), pullback


def convex_function(ops: Ops, z_0: Array, z_1: Array, lam: Array, t: Array, loss: str = "softmax_cross_entropy") -> Any:
    """J((1 − λ) z₀ + λ z₁) and (1 − λ) J(z₀) + λ J(z₁)."""
    xp = ops.xp
    right = lam[:, None]
    left = 1.0 - right
    z = left * z_0 + right * z_1
    J_0, J_1 = _loss(ops, loss, z_0, t), _loss(ops, loss, z_1, t)

    def pullback(value_bar: Array, chord_bar: Array) -> dict[str, Array]:
        z_bar = value_bar[:, None] * _slope(ops, loss, z, t)
        seed = chord_bar[:, None]
        return {
            "z_0": left * (z_bar + seed * _slope(ops, loss, z_0, t)),
            "z_1": right * (z_bar + seed * _slope(ops, loss, z_1, t)),
            "lam": xp.sum((z_1 - z_0) * z_bar, axis=-1) + chord_bar * (J_1 - J_0),
        }

    return (_loss(ops, loss, z, t), (1.0 - lam) * J_0 + lam * J_1), pullback


def convex_smooth(ops: Ops, z: Array, t: Array, loss: str = "softmax_cross_entropy") -> Any:
    """The Hessian of a loss with respect to the outputs z."""
    xp = ops.xp
    unit = ops.eye(z.shape[-1], like=z)
    if loss == "softmax_cross_entropy":
        p = ops.softmax(z)
        H = unit * p[..., None] - p[..., None] * p[:, None, :]

        def softmax_pullback(H_bar: Array) -> dict[str, Array]:
            both = xp.matmul(H_bar + xp.matrix_transpose(H_bar), p[..., None])[..., 0]
            p_bar = xp.sum(unit * H_bar, axis=-1) - both
            return {"z": p * (p_bar - xp.sum(p_bar * p, axis=-1, keepdims=True))}

        return (H,), softmax_pullback
    if loss == "squared_error":
        H = unit + ops.zeros((z.shape[0], 1, 1), like=z)
        return (H,), lambda H_bar: {"z": ops.zeros(z.shape, like=z)}
    s = ops.sigmoid(z)
    slope = s * (1.0 - s)
    bend = slope * (1.0 - 2.0 * s)
    cross_entropy = loss == "logistic_cross_entropy"
    diagonal = slope if cross_entropy else slope * slope + (s - t) * bend

    def pullback(H_bar: Array) -> dict[str, Array]:
        seed = xp.sum(unit * H_bar, axis=-1)
        if cross_entropy:
            return {"z": seed * bend}
        third = bend * (1.0 - 2.0 * s) - 2.0 * slope * slope
        return {"z": seed * (3.0 * slope * bend + (s - t) * third)}

    return (unit * diagonal[..., None],), pullback


def jensen(ops: Ops, theta: Array, lam: Array, t: Array, loss: str = "softmax_cross_entropy") -> Any:
    """J(Σ λᵢθᵢ) and Σ λᵢ J(θᵢ)."""
    xp = ops.xp
    z = xp.matmul(lam[:, None, :], theta)[:, 0, :]
    each = _loss(ops, loss, theta, t[:, None, :])

    def pullback(value_bar: Array, mean_bar: Array) -> dict[str, Array]:
        z_bar = value_bar[:, None] * _slope(ops, loss, z, t)
        own = mean_bar[:, None, None] * _slope(ops, loss, theta, t[:, None, :])
        return {
            "theta": lam[..., None] * (z_bar[:, None, :] + own),
            "lam": xp.matmul(theta, z_bar[..., None])[..., 0] + mean_bar[:, None] * each,
        }

    return (_loss(ops, loss, z, t), xp.sum(lam * each, axis=-1)), pullback


def linear_model_convex(
    ops: Ops,
    x: Array,
    t: Array,
    W_0: Array,
    b_0: Array,
    W_1: Array,
    b_1: Array,
    lam: Array,
    loss: str = "softmax_cross_entropy",
) -> Any:
    """The chord of the loss of a linear model, in its parameters."""
    xp = ops.xp
    left, right = 1.0 - lam, lam
    W, b = left * W_0 + right * W_1, left * b_0 + right * b_1
    z, z_0, z_1 = ops.affine(x, W, b), ops.affine(x, W_0, b_0), ops.affine(x, W_1, b_1)
    J_0, J_1 = _loss(ops, loss, z_0, t), _loss(ops, loss, z_1, t)

    def pullback(value_bar: Array, chord_bar: Array) -> dict[str, Array]:
        z_bar = value_bar[:, None] * _slope(ops, loss, z, t)
        W_bar, b_bar = ops.outer_sum(z_bar, x), ops.total(z_bar)
        seed = chord_bar[:, None]
        z_0_bar = left * (seed * _slope(ops, loss, z_0, t))
        z_1_bar = right * (seed * _slope(ops, loss, z_1, t))
        return {
            "x": xp.matmul(z_bar, W) + xp.matmul(z_0_bar, W_0) + xp.matmul(z_1_bar, W_1),
            "W_0": left * W_bar + ops.outer_sum(z_0_bar, x),
            "b_0": left * b_bar + ops.total(z_0_bar),
            "W_1": right * W_bar + ops.outer_sum(z_1_bar, x),
            "b_1": right * b_bar + ops.total(z_1_bar),
            "lam": xp.sum((W_1 - W_0) * W_bar) + xp.sum((b_1 - b_0) * b_bar) + xp.sum(chord_bar * (J_1 - J_0)),
        }

    return (_loss(ops, loss, z, t), left * J_0 + right * J_1), pullback


def no_spurious_minima(ops: Ops, z: Array, z_star: Array, t: Array, loss: str = "softmax_cross_entropy") -> Any:
    """J(z) and its tangent at z*, J(z*) + ∇J(z*)ᵀ(z − z*)."""
    xp = ops.xp
    slope, delta = _slope(ops, loss, z_star, t), z - z_star

    def pullback(value_bar: Array, tangent_bar: Array) -> dict[str, Array]:
        seed = tangent_bar[:, None]
        return {
            "z": value_bar[:, None] * _slope(ops, loss, z, t) + seed * slope,
            "z_star": seed * _bend(ops, loss, z_star, t, delta),  # ∇J − ∇J + H δ
        }

    return (_loss(ops, loss, z, t), _loss(ops, loss, z_star, t) + xp.sum(slope * delta, axis=-1)), pullback


def _loss(ops: Ops, loss: str, z: Array, t: Array) -> Array:
    """J(z), over the last axis."""
    xp = ops.xp
    if loss == "softmax_cross_entropy":
        z = z - xp.max(z, axis=-1, keepdims=True)
        return xp.log(xp.sum(xp.exp(z), axis=-1)) - xp.sum(t * z, axis=-1)
    if loss == "logistic_cross_entropy":
        return -xp.sum(t * ops.log_sigmoid(z) + (1.0 - t) * ops.log_sigmoid(-z), axis=-1)
    off = (z if loss == "squared_error" else ops.sigmoid(z)) - t
    return 0.5 * xp.sum(off * off, axis=-1)


def _slope(ops: Ops, loss: str, z: Array, t: Array) -> Array:
    """∇J(z)."""
    if loss == "softmax_cross_entropy":
        return ops.softmax(z) - t
    if loss == "squared_error":
        return z - t
    s = ops.sigmoid(z)
    if loss == "logistic_cross_entropy":
        return (1.0 - t) * s - t * ops.sigmoid(-z)  # σ − t, without its cancellation where σ ≈ t = 1
    return (s - t) * (s * (1.0 - s))


def _bend(ops: Ops, loss: str, z: Array, t: Array, v: Array) -> Array:
    """H(z) v."""
    xp = ops.xp
    if loss == "softmax_cross_entropy":
        p = ops.softmax(z)
        return p * (v - xp.sum(p * v, axis=-1, keepdims=True))
    if loss == "squared_error":
        return v
    s = ops.sigmoid(z)
    slope = s * (1.0 - s)
    if loss == "logistic_cross_entropy":
        return slope * v
    return (slope * slope + (s - t) * (slope * (1.0 - 2.0 * s))) * v


# --------------------------------------------------------------------------------------- symmetries
def permutation_symmetry(
    ops: Ops,
    x: Array,
    W: Array,
    b: Array,
    V: Array,
    order: Array,
    activation: str = "relu",
    relu_grad_at_zero: int = 1,
) -> Any:
    """VPᵀ φ(PWx + Pb)."""
    xp = ops.xp
    K = W.shape[0]
    PW, Pb, VPt = xp.take(W, order, axis=0), xp.take(b, order, axis=0), xp.take(V, order, axis=1)
    h, slope = ops.activation(activation, ops.affine(x, PW, Pb), relu_grad_at_zero)

    def pullback(y_bar: Array) -> dict[str, Array]:
        z_bar = xp.matmul(y_bar, VPt) * slope()
        V_columns = ops.scatter_add(ops.outer_sum(h, y_bar), order, K)
        return {
            "x": xp.matmul(z_bar, PW),
            "W": ops.scatter_add(ops.outer_sum(z_bar, x), order, K),
            "b": ops.scatter_add(ops.total(z_bar), order, K),
            "V": xp.matrix_transpose(V_columns),
        }

    return (ops.affine(h, VPt),), pullback


def permutation_average(ops: Ops, W: Array, b: Array, V: Array) -> Any:
    """The mean unit, K times."""

    def spread(W: Array, b: Array, V: Array) -> tuple[Array, Array, Array]:
        return _mean(ops, W, 0), _mean(ops, b, 0), _mean(ops, V, 1)

    def pullback(W_bar: Array, b_bar: Array, V_bar: Array) -> dict[str, Array]:
        return dict(zip(("W", "b", "V"), spread(W_bar, b_bar, V_bar), strict=True))

    return spread(W, b, V), pullback


def _mean(ops: Ops, x: Array, axis: int) -> Array:
    """The mean along an axis in every place: a projection, and so its own pullback."""
    mean = ops.xp.sum(x, axis=axis, keepdims=True) / float(x.shape[axis])
    return mean + ops.zeros(x.shape, like=x)


def identical_units(
    ops: Ops,
    X: Array,
    T: Array,
    W: Array,
    b: Array,
    V: Array,
    c: Array,
    alpha: float,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> Any:
    """One gradient descent update of V φ(Wx + b) + c on the mean squared error."""
    h, slope = ops.activation(activation, ops.affine(X, W, b), relu_grad_at_zero)
    y_bar = (ops.affine(h, V, c) - T) / float(X.shape[0])
    z_bar = ops.xp.matmul(y_bar, V) * slope()
    return (
        W - alpha * ops.outer_sum(z_bar, X),
        b - alpha * ops.total(z_bar),
        V - alpha * ops.outer_sum(y_bar, h),
        c - alpha * ops.total(y_bar),
    ), None


# ------------------------------------------------------------------------------- plateaux and ravines
def plateau(ops: Ops, z: Array, t: Array, kind: str = "logistic_least_squares", tie: str = "gt") -> Any:
    """The cost of one unit, and its slope."""
    xp = ops.xp
    if kind in ("zero_one", "hard_threshold"):
        off = xp.astype(z > 0.0 if tie == "gt" else z >= 0.0, z.dtype) - t
        flat = ops.zeros(z.shape, like=z)
        J = xp.abs(off) if kind == "zero_one" else 0.5 * off * off
        return (J, flat), lambda J_bar, slope_bar: {"z": ops.zeros(z.shape, like=z)}
    saturated = kind == "saturated"
    y = xp.tanh(z) if saturated else ops.sigmoid(z)
    rate = 1.0 - y * y if saturated else y * (1.0 - y)
    off = y - t

    def pullback(J_bar: Array, slope_bar: Array) -> dict[str, Array]:
        bend = -2.0 * y if saturated else 1.0 - 2.0 * y
        return {"z": rate * (J_bar * off + slope_bar * (rate + off * bend))}

    return (0.5 * off * off, off * rate), pullback


def dead_unit(ops: Ops, x: Array, h_bar: Array, W: Array, b: Array, relu_grad_at_zero: int = 1) -> Any:
    """Σ_n (h̄ ⊙ ReLU′(z)) xᵀ, and the units whose slope is 0 on all inputs."""
    xp = ops.xp
    z = ops.affine(x, W, b)
    slope = xp.astype(z >= 0.0 if relu_grad_at_zero else z > 0.0, z.dtype)
    z_bar = h_bar * slope

    def pullback(W_bar_bar: Array) -> dict[str, Array]:
        return {
            "x": xp.matmul(z_bar, W_bar_bar),
            "h_bar": slope * xp.matmul(x, xp.matrix_transpose(W_bar_bar)),
            "W": ops.zeros(W.shape, like=W),
            "b": ops.zeros(b.shape, like=b),
        }

    return (xp.matmul(xp.matrix_transpose(z_bar), x), 1.0 - xp.max(slope, axis=1)), pullback


def ill_conditioning(ops: Ops, theta: Array, H: Array, alpha: float) -> Any:
    """θ − αHθ, and ½ θᵀHθ."""
    xp = ops.xp
    g = ops.affine(theta, H)

    def pullback(next_bar: Array, J_bar: Array) -> dict[str, Array]:
        seed = 0.5 * J_bar[:, None]
        g_bar = seed * theta - alpha * next_bar
        return {"theta": next_bar + seed * g + xp.matmul(g_bar, H), "H": ops.outer_sum(g_bar, theta)}

    return (theta - alpha * g, 0.5 * xp.sum(theta * g, axis=-1)), pullback
