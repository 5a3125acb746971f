"""Iterated maps and their Jacobians on arrays."""

from __future__ import annotations

from typing import Any

from nnspec.array._ops import Array, Ops


def scalar_jacobian(ops: Ops, z: Array, h_T_bar: Array, w: Array, activation: str) -> Any:
    """h̄^(1) = Π_t (w φ'(z^(t))) h̄^(T), and the product itself."""
    B, n = z.shape
    slopes, curvature = _slopes(ops, activation, z)
    factors = w * slopes
    jacobian = ops.ones((B,), like=z)
    products = [jacobian]  # of the factors before the k-th
    for k in range(n):
        jacobian = jacobian * factors[:, k]
        products.append(jacobian)

    def pullback(h_1_bar: Array, jacobian_bar: Array) -> dict[str, Array]:
        through, bars = h_1_bar * h_T_bar + jacobian_bar, []
        for k in reversed(range(n)):
            bars.append(through * products[k])
            through = through * factors[:, k]
        bar = ops.xp.stack(bars[::-1], axis=1) if n else 0.0 * z  # of the factors
        return {
            "z": bar * w * curvature,
            "h_T_bar": h_1_bar * jacobian,
            "w": ops.total(bar * slopes, keep=0),
        }

    return (jacobian * h_T_bar, jacobian), pullback


def _slopes(ops: Ops, activation: str, z: Array) -> tuple[Array, Array]:
    """φ'(z) and φ''(z)."""
    a, slope = ops.activation(activation, z)
    first = slope()
    if activation == "tanh":
        return first, -2.0 * a * first
    if activation == "sigmoid":
        return first, (1.0 - 2.0 * a) * first
    return first, 0.0 * z


def linear_jacobian(ops: Ops, w: Array, T: int) -> Any:
    """w^{T−1}."""

    def pullback(jacobian_bar: Array) -> dict[str, Array]:
        return {"w": jacobian_bar * (float(T - 1) * w ** float(T - 2) if T > 1 else 0.0 * w)}

    return (w ** float(T - 1),), pullback


def jacobian_product(ops: Ops, z: Array, U: Array, activation: str) -> Any:
    """F_n ⋯ F_1 with F_k = diag(φ'(z_k)) U."""
    xp, (B, n, H) = ops.xp, z.shape
    slopes, curvature = _slopes(ops, activation, z)
    product = ops.eye(H, like=z)[None, :, :] + ops.zeros((B, H, H), like=z)
    products = [product]
    for k in range(n):
        product = slopes[:, k, :, None] * xp.matmul(U, product)
        products.append(product)

    def pullback(jacobian_bar: Array) -> dict[str, Array]:
        through, U_bar, bars = jacobian_bar, ops.zeros(U.shape, like=U), []
        for k in reversed(range(n)):
            inner = xp.matmul(through, xp.matrix_transpose(products[k]))  # of the factor
            bars.append(xp.sum(inner * U, axis=2))
            U_bar = U_bar + xp.sum(slopes[:, k, :, None] * inner, axis=0)
            through = xp.matmul(xp.matrix_transpose(U), slopes[:, k, :, None] * through)
        bar = xp.stack(bars[::-1], axis=1) if n else 0.0 * z
        return {"z": bar * curvature, "U": U_bar}

    return (product,), pullback


def iterated_map(ops: Ops, x: Array, k: int) -> Any:
    """f(x) = 3.5 x (1 − x), k times, and the derivative."""
    steps, derivative = [], ops.ones(x.shape, like=x)
    y = x + 0.0
    for _ in range(k):
        slope = 3.5 * (1.0 - 2.0 * y)
        steps.append((slope, derivative))
        derivative = derivative * slope
        y = 3.5 * y * (1.0 - y)

    def pullback(y_bar: Array, derivative_bar: Array) -> dict[str, Array]:
        x_bar, d_bar = y_bar + 0.0, derivative_bar
        for slope, before in reversed(steps):
            x_bar = x_bar * slope - 7.0 * before * d_bar
            d_bar = d_bar * slope
        return {"x": x_bar}

    return (y, derivative), pullback


def attractors(ops: Ops, h: Array, k: int, w: Array, b: Array) -> Any:
    """h_j = tanh(w h_{j−1} + b), with ∂h_k/∂h_0 and ∂h_k/∂b."""
    h, dh, db = h + 0.0, ops.ones(h.shape, like=h), ops.zeros(h.shape, like=h)
    for _ in range(k):
        h = ops.xp.tanh(w * h + b)
        slope = 1.0 - h * h
        dh = dh * w * slope
        db = (db * w + 1.0) * slope
    return (h, dh, db), None
