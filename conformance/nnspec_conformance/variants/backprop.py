"""Mistakes in backpropagation."""

from __future__ import annotations

from typing import Any

from nnspec_conformance.variants import gradient_variant, variant
from nnspec_reference import backprop
from nnspec_reference.scalars import Matrix, Vector, concat, detach, dot, maximum, minimum, outer, sigmoid


@variant("backprop.err_root", "the gradient of the cost: P − e_{i*}", source="E70")
def sign_of_the_cost(p: Any, gold: int) -> Any:
    return -backprop.err_root(p, gold)


@variant("backprop.err_root", "−P alone: the gold class is forgotten")
def gold_forgotten(p: Any, gold: int) -> Any:
    return -p


@variant("backprop.err_root", "1 − P for the gold class, 0 elsewhere")
def gold_only(p: Any, gold: int) -> Any:
    return Vector(1 - p_i if i == gold else 0 for i, p_i in enumerate(p))


@variant("backprop.softmax_output_weights", "the gradient of the cost: (P − e_{i*}) zᵀ", source="E70")
def cost_instead_of_likelihood(z: Any, p: Any, gold: int) -> Any:
    return -backprop.softmax_output_weights(z, p, gold)


@variant("backprop.softmax_output_weights", "only the gold row is updated, as in a perceptron")
def gold_row_only(z: Any, p: Any, gold: int) -> Any:
    return Matrix(z * (1 - p_i if i == gold else 0) for i, p_i in enumerate(p))


@variant("backprop.softmax_output_weights", "every row uses the probability of the gold class")
def gold_probability_everywhere(z: Any, p: Any, gold: int) -> Any:
    return Matrix(z * ((1 if i == gold else 0) - p[gold]) for i, _ in enumerate(p))


@variant(
    "backprop.softmax_output_weights",
    "z errᵀ, of shape (d, C), read into the shape (C, d)",
    source="WX prints z(e − P); E06",
)
def printed_order(z: Any, p: Any, gold: int) -> Any:
    flat = concat(*outer(z, backprop.err_root(p, gold)))
    d = len(z)
    return Matrix(flat[i * d : (i + 1) * d] for i in range(len(p)))


@variant("backprop.hidden_error", "W is reshaped where it should be transposed")
def reshaped(W: Any, err_root: Any) -> Any:
    flat, C = concat(*W), len(W)
    return Vector(dot(flat[j * C : (j + 1) * C], err_root) for j in range(len(W[0])))


@variant("backprop.hidden_error", "the sign is turned a second time")
def sign_twice(W: Any, err_root: Any) -> Any:
    return -(W.T @ err_root)


@variant("backprop.hidden_error", "the error is averaged over the classes")
def averaged(W: Any, err_root: Any) -> Any:
    return W.T @ err_root / len(W)


@gradient_variant("backprop.hidden_error", "the derivative with respect to W is missing")
def weights_detached(gradients: dict[str, Any], arguments: Any) -> dict[str, Any]:
    return {"W": gradients["W"] * 0, "err_root": gradients["err_root"]}


@variant("backprop.hidden_weights", "g′(a) is forgotten: err(z) f(x)ᵀ")
def slope_forgotten(f: Any, err_z: Any, V: Any, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Any:
    return outer(err_z, f)


@variant("backprop.hidden_weights", "1 − a² and a (1 − a): the slope is written in z but given a", source="S3")
def slope_of_the_input(f: Any, err_z: Any, V: Any, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Any:
    if activation not in ("tanh", "sigmoid"):
        return backprop.hidden_weights(f, err_z, V, activation, relu_grad_at_zero)
    a = V @ f
    return outer(err_z * (1 - a * a if activation == "tanh" else a * (1 - a)), f)


@variant("backprop.hidden_weights", "g(a) in place of g′(a)")
def activation_for_slope(f: Any, err_z: Any, V: Any, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Any:
    return outer(err_z * backprop.activate(V @ f, activation, relu_grad_at_zero), f)


@variant("backprop.hidden_weights", "ReLU′(0) follows the other convention", source="torch.relu has 0; E09")
def other_slope_at_zero(f: Any, err_z: Any, V: Any, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Any:
    return backprop.hidden_weights(f, err_z, V, activation, 1 - relu_grad_at_zero)


@variant("backprop.unit_equations", "one slope, the first unit's, for all", source="DR prints φ′(z); E52")
def index_dropped(h_bar: Any, z: Any, x: Any, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Any:
    z_bar, _ = backprop.unit_equations(h_bar, Vector(z[0] for _ in z), x, activation, relu_grad_at_zero)
    return z_bar, outer(z_bar, x)


@variant("backprop.unit_equations", "w̄ is made from h̄, before the slope", source="deepcourse PR #9, weights")
def before_the_slope(h_bar: Any, z: Any, x: Any, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Any:
    z_bar, _ = backprop.unit_equations(h_bar, z, x, activation, relu_grad_at_zero)
    return z_bar, outer(h_bar, x)


@variant("backprop.unit_equations", "1 − z²: tanh's slope is given the input", source="S3")
def tanh_slope_of_the_input(h_bar: Any, z: Any, x: Any, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Any:
    if activation != "tanh":
        return backprop.unit_equations(h_bar, z, x, activation, relu_grad_at_zero)
    z_bar = h_bar * (1 - z * z)
    return z_bar, outer(z_bar, x)


@variant("backprop.unit_equations", "σ for σ′")
def sigmoid_for_its_slope(h_bar: Any, z: Any, x: Any, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Any:
    if activation != "sigmoid":
        return backprop.unit_equations(h_bar, z, x, activation, relu_grad_at_zero)
    z_bar = h_bar * sigmoid(z)
    return z_bar, outer(z_bar, x)


@variant("backprop.unit_equations", "ReLU′(0) follows the other convention", source="torch.relu has 0; E09")
def relu_tie(h_bar: Any, z: Any, x: Any, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Any:
    return backprop.unit_equations(h_bar, z, x, activation, 1 - relu_grad_at_zero)


@variant("backprop.unit_equations", "the slope counts as a constant of the second derivative")
def slope_detached(h_bar: Any, z: Any, x: Any, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Any:
    return backprop.unit_equations(h_bar, detach(z), x, activation, relu_grad_at_zero)


@variant("backprop.unit_equations", "z̄ is clipped to [−½, ½] on its way: no longer linear in h̄", source="E59")
def clipped_on_the_way(h_bar: Any, z: Any, x: Any, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Any:
    z_bar, _ = backprop.unit_equations(h_bar, z, x, activation, relu_grad_at_zero)
    half = (x[0] * 0 + 1) / 2
    z_bar = maximum(minimum(z_bar, half), -half)
    return z_bar, outer(z_bar, x)


@variant("backprop.algorithm", "gradients of the cost: all signs turned", source="E70")
def of_the_cost(f: Any, gold: int, V: Any, W: Any, activation: str = "tanh", relu_grad_at_zero: int = 1) -> Any:
    return tuple(-x for x in backprop.algorithm(f, gold, V, W, activation, relu_grad_at_zero))


@variant("backprop.algorithm", "step 2 uses a, the value before the activation")
def weights_from_preactivation(
    f: Any, gold: int, V: Any, W: Any, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> Any:
    error, _, *rest = backprop.algorithm(f, gold, V, W, activation, relu_grad_at_zero)
    return (error, outer(error, V @ f), *rest)


@variant("backprop.algorithm", "step 4 forgets g′(a)")
def step_4_without_slope(
    f: Any, gold: int, V: Any, W: Any, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> Any:
    error, W_bar, err_z, _, err_f = backprop.algorithm(f, gold, V, W, activation, relu_grad_at_zero)
    return error, W_bar, err_z, outer(err_z, f), err_f


@variant("backprop.algorithm", "step 5 passes err(z) on, without g′(a)")
def step_5_without_slope(
    f: Any, gold: int, V: Any, W: Any, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> Any:
    *steps, err_z, V_bar, _ = backprop.algorithm(f, gold, V, W, activation, relu_grad_at_zero)
    return (*steps, err_z, V_bar, V.T @ err_z)


@variant("backprop.algorithm", "step 3 uses W after the update of step 2", source="hans/glove.py #6")
def error_through_updated_weights(
    f: Any, gold: int, V: Any, W: Any, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> Any:
    error, W_bar, *_ = backprop.algorithm(f, gold, V, W, activation, relu_grad_at_zero)
    err_z = backprop.hidden_error(W + W_bar, error)
    V_bar = backprop.hidden_weights(f, err_z, V, activation, relu_grad_at_zero)
    z_bar, _ = backprop.unit_equations(err_z, V @ f, f, activation, relu_grad_at_zero)
    return error, W_bar, err_z, V_bar, V.T @ z_bar


@variant("backprop.algorithm", "ReLU′(0) follows the other convention", source="torch.relu has 0; E09")
def relu_tie_of_the_algorithm(
    f: Any, gold: int, V: Any, W: Any, activation: str = "tanh", relu_grad_at_zero: int = 1
) -> Any:
    return backprop.algorithm(f, gold, V, W, activation, 1 - relu_grad_at_zero)
