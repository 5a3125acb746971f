"""Mistakes about curvature, convexity, symmetries and plateaux."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import gradient_variant, variant
from nnspec_reference import backprop, landscape
from nnspec_reference.scalars import (
    Matrix,
    Vector,
    detach,
    dot,
    log_sigmoid,
    minimum,
    outer,
    sigmoid,
    softmax,
    square,
    step,
    tanh,
    total,
)

_CE = "softmax_cross_entropy"


# ------------------------------------------------------------------------------------------- curvature
@variant("landscape.taylor2", "the quadratic term lacks its ½")
def half_missing(theta: Any, theta_0: Any, J_0: Any, g: Any, H: Any) -> Any:
    delta = theta - theta_0
    return J_0 + dot(g, delta) + dot(delta, H @ delta)


@variant("landscape.taylor2", "the linear term is left out, as at a critical point")
def critical_point_assumed(theta: Any, theta_0: Any, J_0: Any, g: Any, H: Any) -> Any:
    return landscape.taylor2(theta, theta_0, J_0, g * 0, H)


@variant("landscape.taylor2", "the expansion is around 0")
def around_zero(theta: Any, theta_0: Any, J_0: Any, g: Any, H: Any) -> Any:
    return landscape.taylor2(theta, theta_0 * 0, J_0, g, H)


@variant("landscape.taylor2", "only the diagonal of the Hessian")
def diagonal_hessian(theta: Any, theta_0: Any, J_0: Any, g: Any, H: Any) -> Any:
    delta = theta - theta_0
    return J_0 + dot(g, delta) + total(H[i][i] * d * d for i, d in enumerate(delta)) / 2


@variant("landscape.directional_curvature", "t instead of t² in the quadratic term")
def t_not_squared(v: Any, t: Any, J_0: Any, g: Any, H: Any) -> Any:
    curvature = dot(v, H @ v)
    return J_0 + t * dot(g, v) + t * curvature / 2, curvature


@variant("landscape.directional_curvature", "the quadratic term lacks its ½")
def half_missing_on_the_line(v: Any, t: Any, J_0: Any, g: Any, H: Any) -> Any:
    curvature = dot(v, H @ v)
    return J_0 + t * dot(g, v) + t * t * curvature, curvature


@variant("landscape.directional_curvature", "the curvature of v / ‖v‖")
def direction_normalised(v: Any, t: Any, J_0: Any, g: Any, H: Any) -> Any:
    J, curvature = landscape.directional_curvature(v, t, J_0, g, H)
    return J, curvature if all(x == 0 for x in v) else curvature / dot(v, v)


@gradient_variant("landscape.directional_curvature", "v counts as a constant")
def direction_has_no_gradient(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {**gradients, "v": gradients["v"] * 0}


@variant("landscape.spectral_decomposition", "the transpose is on the wrong side: Qᵀ Λ Q")
def transposed_q(Q: Any, eigenvalues: Any) -> Any:
    return landscape.spectral_decomposition(Q.T, eigenvalues)


@variant("landscape.spectral_decomposition", "Q Λ Q, without a transpose")
def without_transpose(Q: Any, eigenvalues: Any) -> Any:
    return Matrix(row * eigenvalues for row in Q) @ Q


@variant("landscape.spectral_decomposition", "Q Qᵀ scaled by rows: Λ is outside")
def rows_scaled(Q: Any, eigenvalues: Any) -> Any:
    return Matrix(row * x for row, x in zip(Q @ Q.T, eigenvalues, strict=True))


# ------------------------------------------------------------------------------------------- convexity
@variant("landscape.convex_set", "λ and 1 − λ are exchanged")
def weights_exchanged(x_0: Any, x_1: Any, lam: Any) -> Any:
    return landscape.convex_set(x_1, x_0, lam)


@variant("landscape.convex_set", "x₀ + λ x₁: a cone, not a segment")
def not_a_segment(x_0: Any, x_1: Any, lam: Any) -> Any:
    return x_0 + x_1 * lam


@variant("landscape.convex_function", "the chord has λ and 1 − λ exchanged")
def chord_reversed(z_0: Any, z_1: Any, lam: Any, t: Any, loss: str = _CE) -> Any:
    value, _ = landscape.convex_function(z_0, z_1, lam, t, loss)
    return value, landscape.convex_function(z_1, z_0, lam, t, loss)[1]


@variant("landscape.convex_function", "the logistic loss forgets the negative class: −t log σ(z)")
def negative_class_forgotten(z_0: Any, z_1: Any, lam: Any, t: Any, loss: str = _CE) -> Any:
    if loss != "logistic_cross_entropy":
        return landscape.convex_function(z_0, z_1, lam, t, loss)

    def J(z: Any) -> Any:
        return -dot(t, log_sigmoid(z))

    return J(landscape.convex_set(z_0, z_1, lam)), (1 - lam) * J(z_0) + lam * J(z_1)


@variant("landscape.convex_function", "squared error without its ½")
def square_without_half(z_0: Any, z_1: Any, lam: Any, t: Any, loss: str = _CE) -> Any:
    value, chord = landscape.convex_function(z_0, z_1, lam, t, loss)
    return (2 * value, 2 * chord) if loss == "squared_error" else (value, chord)


@variant("landscape.convex_function", "least squares of the scores, the logistic output forgotten", source="E75")
def output_for_score(z_0: Any, z_1: Any, lam: Any, t: Any, loss: str = _CE) -> Any:
    return landscape.convex_function(z_0, z_1, lam, t, "squared_error" if loss == "logistic_least_squares" else loss)


@variant("landscape.convex_smooth", "the off-diagonal of the softmax has the wrong sign: diag(p) + p pᵀ")
def off_diagonal_sign(z: Any, t: Any, loss: str = _CE) -> Any:
    if loss != _CE:
        return landscape.convex_smooth(z, t, loss)
    p = softmax(z)
    return landscape._diagonal(p) + outer(p, p)


@variant("landscape.convex_smooth", "only the diagonal p (1 − p), as if the outputs were independent")
def softmax_diagonal(z: Any, t: Any, loss: str = _CE) -> Any:
    if loss != _CE:
        return landscape.convex_smooth(z, t, loss)
    p = softmax(z)
    return landscape._diagonal(p * (1 - p))


@variant("landscape.convex_smooth", "Gauss–Newton: σ′² alone, which makes least squares look convex", source="E75")
def gauss_newton(z: Any, t: Any, loss: str = _CE) -> Any:
    if loss != "logistic_least_squares":
        return landscape.convex_smooth(z, t, loss)
    s = sigmoid(z)
    return landscape._diagonal(square(s * (1 - s)))


@variant("landscape.convex_smooth", "σ for σ (1 − σ)")
def sigmoid_for_slope(z: Any, t: Any, loss: str = _CE) -> Any:
    if loss != "logistic_cross_entropy":
        return landscape.convex_smooth(z, t, loss)
    return landscape._diagonal(sigmoid(z))


@variant("landscape.jensen", "all points weigh the same on the right side: 1/N")
def mean_unweighted(theta: Any, lam: Any, t: Any, loss: str = _CE) -> Any:
    value, _ = landscape.jensen(theta, lam, t, loss)
    return value, total(landscape._loss(loss, theta_i, t) for theta_i in theta) / len(theta)


@variant("landscape.jensen", "all points weigh the same on the left side: J of their mean")
def point_unweighted(theta: Any, lam: Any, t: Any, loss: str = _CE) -> Any:
    _, mean = landscape.jensen(theta, lam, t, loss)
    return landscape._loss(loss, total(theta) / len(theta), t), mean


@gradient_variant("landscape.jensen", "λ counts as a constant")
def weights_constant(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {**gradients, "lam": gradients["lam"] * 0}


@variant("landscape.linear_model_convex", "the biases are not interpolated")
def bias_left_behind(x: Any, t: Any, W_0: Any, b_0: Any, W_1: Any, b_1: Any, lam: Any, loss: str = _CE) -> Any:
    _, chord = landscape.linear_model_convex(x, t, W_0, b_0, W_1, b_1, lam, loss)
    return landscape.linear_model_convex(x, t, W_0, b_0, W_1, b_0, lam, loss)[0], chord


@variant("landscape.linear_model_convex", "λ and 1 − λ are exchanged in the parameters")
def parameters_exchanged(x: Any, t: Any, W_0: Any, b_0: Any, W_1: Any, b_1: Any, lam: Any, loss: str = _CE) -> Any:
    _, chord = landscape.linear_model_convex(x, t, W_0, b_0, W_1, b_1, lam, loss)
    return landscape.linear_model_convex(x, t, W_1, b_1, W_0, b_0, lam, loss)[0], chord


@variant("landscape.linear_model_convex", "the chord is of the midpoint, whatever λ is")
def midpoint_chord(x: Any, t: Any, W_0: Any, b_0: Any, W_1: Any, b_1: Any, lam: Any, loss: str = _CE) -> Any:
    value, _ = landscape.linear_model_convex(x, t, W_0, b_0, W_1, b_1, lam, loss)
    return value, (landscape._loss(loss, W_0 @ x + b_0, t) + landscape._loss(loss, W_1 @ x + b_1, t)) / 2


@variant("landscape.no_spurious_minima", "the slope is taken at z, not at z*")
def slope_elsewhere(z: Any, z_star: Any, t: Any, loss: str = _CE) -> Any:
    value, _ = landscape.no_spurious_minima(z, z_star, t, loss)
    slope = landscape._loss_slope(loss, z, t)
    return value, landscape._loss(loss, z_star, t) + dot(slope, z - z_star)


@variant("landscape.no_spurious_minima", "the slope has the sign of the likelihood: t − p", source="E70")
def slope_reversed(z: Any, z_star: Any, t: Any, loss: str = _CE) -> Any:
    value, _ = landscape.no_spurious_minima(z, z_star, t, loss)
    slope = landscape._loss_slope(loss, z_star, t)
    return value, landscape._loss(loss, z_star, t) - dot(slope, z - z_star)


@variant("landscape.no_spurious_minima", "the slope at z* counts as a constant")
def slope_constant(z: Any, z_star: Any, t: Any, loss: str = _CE) -> Any:
    slope = detach(landscape._loss_slope(loss, z_star, t))
    return landscape._loss(loss, z, t), landscape._loss(loss, z_star, t) + dot(slope, z - z_star)


# ------------------------------------------------------------------------------------------ symmetries
@variant("landscape.permutation_symmetry", "the outgoing weights V stay in place")
def outgoing_in_place(
    x: Any, W: Any, b: Any, V: Any, order: Any, activation: str = "relu", relu_grad_at_zero: int = 1
) -> Any:
    PW, Pb = Matrix(W[k] for k in order), Vector(b[k] for k in order)
    return V @ backprop.activate(PW @ x + Pb, activation, relu_grad_at_zero)


@variant("landscape.permutation_symmetry", "the biases stay in place")
def biases_in_place(
    x: Any, W: Any, b: Any, V: Any, order: Any, activation: str = "relu", relu_grad_at_zero: int = 1
) -> Any:
    PW, VPt = Matrix(W[k] for k in order), Matrix(Vector(row[k] for k in order) for row in V)
    return VPt @ backprop.activate(PW @ x + b, activation, relu_grad_at_zero)


@variant(
    "landscape.permutation_symmetry",
    "V gets P instead of Pᵀ: right for swaps, wrong for a cycle of three",
    source="thinc #464, inverse permutations",
)
def inverse_order(
    x: Any, W: Any, b: Any, V: Any, order: Any, activation: str = "relu", relu_grad_at_zero: int = 1
) -> Any:
    PW, Pb = Matrix(W[k] for k in order), Vector(b[k] for k in order)
    VP = Matrix(Vector(total(row[i] for i, k in enumerate(order) if k == j) for j in range(len(order))) for row in V)
    return VP @ backprop.activate(PW @ x + Pb, activation, relu_grad_at_zero)


@variant("landscape.permutation_symmetry", "ReLU′(0) follows the other convention", source="E09")
def relu_tie(x: Any, W: Any, b: Any, V: Any, order: Any, activation: str = "relu", relu_grad_at_zero: int = 1) -> Any:
    return landscape.permutation_symmetry(x, W, b, V, order, activation, 1 - relu_grad_at_zero)


@variant("landscape.permutation_average", "V is averaged over the outputs, not over the units")
def wrong_axis(W: Any, b: Any, V: Any) -> Any:
    W_mean, b_mean, _ = landscape.permutation_average(W, b, V)
    row = total(V) / len(V)
    return W_mean, b_mean, Matrix(row for _ in V)


@variant("landscape.permutation_average", "the biases are summed")
def biases_summed(W: Any, b: Any, V: Any) -> Any:
    W_mean, b_mean, V_mean = landscape.permutation_average(W, b, V)
    return W_mean, b_mean * len(b), V_mean


@variant("landscape.permutation_average", "V stays as it is")
def outgoing_kept(W: Any, b: Any, V: Any) -> Any:
    W_mean, b_mean, _ = landscape.permutation_average(W, b, V)
    return W_mean, b_mean, V


@gradient_variant("landscape.permutation_average", "the whole gradient of W goes to the first unit")
def not_shared(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    K = len(gradients["W"])
    return {**gradients, "W": Matrix(row * (K if k == 0 else 0) for k, row in enumerate(gradients["W"]))}


def _update(
    X: Any,
    T: Any,
    parameters: Any,
    alpha: Any,
    activation: str,
    relu_grad_at_zero: int,
    gradients: Any,
) -> Any:
    W, b, V, c = parameters
    sums = [p * 0 for p in parameters]
    for x, t in zip(X, T, strict=True):
        z = W @ x + b
        h = backprop.activate(z, activation, relu_grad_at_zero)
        found = gradients(x, z, h, (V @ h + c - t) / len(X))
        sums = [s + g for s, g in zip(sums, found, strict=True)]
    return tuple(p - s * alpha for p, s in zip(parameters, sums, strict=True))


@variant("landscape.identical_units", "the sum over the examples, not their mean", source="E63; student error S13")
def sum_of_examples(
    X: Any,
    T: Any,
    W: Any,
    b: Any,
    V: Any,
    c: Any,
    alpha: Any,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> Any:
    return landscape.identical_units(X, T, W, b, V, c, alpha * len(X), activation, relu_grad_at_zero)


@variant("landscape.identical_units", "the gradient is added", source="WX adds lr·dx; E11")
def ascends(
    X: Any,
    T: Any,
    W: Any,
    b: Any,
    V: Any,
    c: Any,
    alpha: Any,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> Any:
    return landscape.identical_units(X, T, W, b, V, c, -alpha, activation, relu_grad_at_zero)


@variant("landscape.identical_units", "the bias gradient is taken before the slope", source="deepcourse PR #9")
def bias_before_slope(
    X: Any,
    T: Any,
    W: Any,
    b: Any,
    V: Any,
    c: Any,
    alpha: Any,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> Any:
    def gradients(x: Any, z: Any, h: Any, y_bar: Any) -> Any:
        h_bar = V.T @ y_bar
        _, W_bar = backprop.unit_equations(h_bar, z, x, activation, relu_grad_at_zero)
        return W_bar, h_bar, outer(y_bar, h), y_bar

    return _update(X, T, (W, b, V, c), alpha, activation, relu_grad_at_zero, gradients)


@variant("landscape.identical_units", "W's gradient uses V after its update", source="hans/glove.py #6")
def updated_in_turn(
    X: Any,
    T: Any,
    W: Any,
    b: Any,
    V: Any,
    c: Any,
    alpha: Any,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> Any:
    _, _, V_next, c_next = landscape.identical_units(X, T, W, b, V, c, alpha, activation, relu_grad_at_zero)

    def gradients(x: Any, z: Any, h: Any, y_bar: Any) -> Any:
        z_bar, W_bar = backprop.unit_equations(V_next.T @ y_bar, z, x, activation, relu_grad_at_zero)
        return W_bar, z_bar, outer(y_bar, h), y_bar

    W_next, b_next, *_ = _update(X, T, (W, b, V, c), alpha, activation, relu_grad_at_zero, gradients)
    return W_next, b_next, V_next, c_next


@variant("landscape.identical_units", "ReLU′(0) follows the other convention", source="E09")
def relu_tie_in_the_update(
    X: Any,
    T: Any,
    W: Any,
    b: Any,
    V: Any,
    c: Any,
    alpha: Any,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> Any:
    return landscape.identical_units(X, T, W, b, V, c, alpha, activation, 1 - relu_grad_at_zero)


@variant(
    "landscape.identical_units",
    "the units take their steps in turn, each after the others' updates",
    source="E51",
)
def one_unit_after_the_other(
    X: Any,
    T: Any,
    W: Any,
    b: Any,
    V: Any,
    c: Any,
    alpha: Any,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> Any:
    *_, c_next = landscape.identical_units(X, T, W, b, V, c, alpha, activation, relu_grad_at_zero)
    for k in range(len(b)):
        step = landscape.identical_units(X, T, W, b, V, c, alpha, activation, relu_grad_at_zero)
        W = Matrix(step[0][i] if i == k else row for i, row in enumerate(W))
        b = Vector(step[1][i] if i == k else b_i for i, b_i in enumerate(b))
        V = Matrix(
            Vector(new[i] if i == k else v for i, v in enumerate(old)) for old, new in zip(V, step[2], strict=True)
        )
    return W, b, V, c_next


@variant("landscape.identical_units", "all units get the mean gradient: the symmetry is never broken")
def units_share_a_gradient(
    X: Any,
    T: Any,
    W: Any,
    b: Any,
    V: Any,
    c: Any,
    alpha: Any,
    activation: str = "tanh",
    relu_grad_at_zero: int = 1,
) -> Any:
    after = landscape.identical_units(X, T, W, b, V, c, alpha, activation, relu_grad_at_zero)
    steps = landscape.permutation_average(after[0] - W, after[1] - b, after[2] - V)
    return W + steps[0], b + steps[1], V + steps[2], after[3]


# --------------------------------------------------------------------------------- plateaux and ravines
@variant("landscape.plateau", "φ(0) follows the other convention", source="L14 and WX disagree; E08")
def other_tie(z: Any, t: Any, kind: str = "logistic_least_squares", tie: str = "gt") -> Any:
    return landscape.plateau(z, t, kind, "ge" if tie == "gt" else "gt")


@variant("landscape.plateau", "the slope of cross-entropy, σ − t: no plateau")
def slope_of_cross_entropy(z: Any, t: Any, kind: str = "logistic_least_squares", tie: str = "gt") -> Any:
    J, slope = landscape.plateau(z, t, kind, tie)
    return J, sigmoid(z) - t if kind == "logistic_least_squares" else slope


@variant("landscape.plateau", "a straight-through estimator: the threshold's slope is 1")
def straight_through(z: Any, t: Any, kind: str = "logistic_least_squares", tie: str = "gt") -> Any:
    J, slope = landscape.plateau(z, t, kind, tie)
    return J, step(z, tie) - t if kind == "hard_threshold" else slope


@variant("landscape.plateau", "1 − y for 1 − y²")
def slope_not_squared(z: Any, t: Any, kind: str = "logistic_least_squares", tie: str = "gt") -> Any:
    J, slope = landscape.plateau(z, t, kind, tie)
    y = tanh(z)
    return J, (y - t) * (1 - y) if kind == "saturated" else slope


@variant("landscape.plateau", "the slope counts as a constant of the second derivative")
def slope_detached(z: Any, t: Any, kind: str = "logistic_least_squares", tie: str = "gt") -> Any:
    J, slope = landscape.plateau(z, t, kind, tie)
    return J, detach(slope)


@variant("landscape.dead_unit", "ReLU′(0) follows the other convention", source="torch.relu has 0; E09")
def zero_is_dead(x: Any, h_bar: Any, W: Any, b: Any, relu_grad_at_zero: int = 1) -> Any:
    return landscape.dead_unit(x, h_bar, W, b, 1 - relu_grad_at_zero)


@variant("landscape.dead_unit", "dead if it is inactive on some input, instead of on all")
def dead_on_some(x: Any, h_bar: Any, W: Any, b: Any, relu_grad_at_zero: int = 1) -> Any:
    W_bar, _ = landscape.dead_unit(x, h_bar, W, b, relu_grad_at_zero)
    tie = "ge" if relu_grad_at_zero else "gt"
    alive: Any = Vector(1 for _ in b)
    for x_n in x:
        alive = minimum(alive, step(W @ x_n + b, tie))
    return W_bar, 1 - alive


@variant("landscape.dead_unit", "the gradient flows through inactive units: ReLU′ is forgotten")
def never_dead(x: Any, h_bar: Any, W: Any, b: Any, relu_grad_at_zero: int = 1) -> Any:
    _, dead = landscape.dead_unit(x, h_bar, W, b, relu_grad_at_zero)
    return total(outer(h, x_n) for h, x_n in zip(h_bar, x, strict=True)), dead


@variant("landscape.dead_unit", "leaks: a slope of 1/100 where ReLU has 0", source="leaky ReLU")
def leaky(x: Any, h_bar: Any, W: Any, b: Any, relu_grad_at_zero: int = 1) -> Any:
    W_bar, dead = landscape.dead_unit(x, h_bar, W, b, relu_grad_at_zero)
    through, _ = never_dead(x, h_bar, W, b)
    return W_bar + (through - W_bar) / 100, dead


@variant("landscape.dead_unit", "the mean over the inputs, not their sum", source="E63")
def mean_of_inputs(x: Any, h_bar: Any, W: Any, b: Any, relu_grad_at_zero: int = 1) -> Any:
    W_bar, dead = landscape.dead_unit(x, h_bar, W, b, relu_grad_at_zero)
    return W_bar / len(x), dead


@variant("landscape.ill_conditioning", "climbs: θ ← (I + αH) θ", source="E11")
def climbs(theta: Any, H: Any, alpha: Any) -> Any:
    g = H @ theta
    return theta + g * alpha, dot(theta, g) / 2


@variant("landscape.ill_conditioning", "the cost after the step")
def cost_after(theta: Any, H: Any, alpha: Any) -> Any:
    after, _ = landscape.ill_conditioning(theta, H, alpha)
    return after, dot(after, H @ after) / 2


@variant("landscape.ill_conditioning", "θᵀHθ: the ½ is missing, and its derivative is 2Hθ")
def half_missing_in_the_cost(theta: Any, H: Any, alpha: Any) -> Any:
    g = H @ theta
    return theta - g * alpha, dot(theta, g)


@variant("landscape.ill_conditioning", "each coordinate sees its own curvature alone: the diagonal of H")
def diagonal_only(theta: Any, H: Any, alpha: Any) -> Any:
    g = Vector(H[i][i] * x for i, x in enumerate(theta))
    return theta - g * alpha, dot(theta, H @ theta) / 2
