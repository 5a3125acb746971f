"""The methods that the notes only name, on examples that can be worked by hand or counted out."""

from __future__ import annotations

import math
from itertools import pairwise, product

from nnspec_conformance.golden import golden, near, refuses
from nnspec_reference import autodiff, named, optimizer
from nnspec_reference.scalars import Matrix, Vector, dot, exp, tanh, total


@golden("W04", "X13", "named.perceptron_learning_rule", "named.minsky_papert_theorem")
def the_perceptron_learns_what_a_line_separates() -> None:
    """AND and OR are learned, whatever the tie rule; on XOR the procedure never ends."""
    inputs = [Vector([1, a, b]) for a, b in product((0, 1), repeat=2)]
    tables = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "xor": (0, 1, 1, 0)}
    for tie in ("gt", "ge"):
        for name, table in tables.items():
            examples = list(zip(inputs, table, strict=True))
            w, epoch = named.perceptron_convergence(examples, Vector([0, 0, 0]), epochs=200, tie=tie)
            answers = tuple(named.perceptron_learning_rule(x, 0, w, 1, tie)[0] for x in inputs)
            assert (epoch is None) == (name == "xor")
            assert (answers == table) == (name != "xor")


@golden("named.perceptron_learning_rule", "named.adaline_madaline")
def a_right_answer_moves_adaline_only() -> None:
    """w·x = 3 for a target of 1: right for the perceptron, too much for Adaline."""
    x, w = Vector([1.0, 2.0]), Vector([1.0, 1.0])
    assert named.perceptron_learning_rule(x, 1, w, 0.5) == (1, (0, 0), w)
    assert named.perceptron_learning_rule(x, 0, w, 0.5) == (1, (-0.5, -1), (0.5, 0))
    assert named.adaline_madaline(x, 1.0, w, 0.5) == ((-1, -2), (0, -1))
    (g,) = autodiff.grad(lambda w: (1 - dot(w, x)) * (1 - dot(w, x)) / 2, (w,))
    assert named.adaline_madaline(x, 1.0, w, 0.5)[0] == -0.5 * g, "gradient descent on ½ (t − w·x)²"


@golden("named.rmsprop", "named.adadelta", "named.adamax")
def first_steps() -> None:
    """From a state of zeros, with g = ±2: what each method makes of its first gradient."""
    zero, g = Vector([0.0, 0.0]), Vector([2.0, -2.0])
    update, v, _ = named.rmsprop(zero, zero, g, 0.01, 0.75, 0)
    assert near(v, [1.0, 1.0]) and near(update, [-0.02, 0.02]), "lr/√(1 − ρ), the same for every g"
    update, v, d, _ = named.adadelta(zero, zero, zero, g, 0.75, 1e-6)
    size = math.sqrt(1e-6 / (1 + 1e-6)) * 2
    assert near(update, [-size, size]) and near(v, [1, 1]) and near(d, [size * size / 4] * 2)
    update, m, u, _ = named.adamax(zero, zero, zero, g, 1, 0.01, 0.9, 0.999)
    assert near(update, [-0.01, 0.01]) and near(m, [0.2, -0.2]) and u == (2, 2)
    still = named.adamax(zero, zero, zero, zero, 1, 0.01, 0.9, 0.999)
    assert still[0] == (0, 0), "no gradient yet, no ε: 0/0 is no step"


@golden("named.adamax")
def adamax_is_the_limit_of_p_norms() -> None:
    """After several steps u is the largest |g|, each discounted by β₂ per step since."""
    gradients, b2 = [3.0, -5.0, 1.0, 0.0, 2.0], 0.5
    u = m = theta = Vector([0.0])
    for t, g in enumerate(gradients, 1):
        _, m, u, theta = named.adamax(theta, m, u, Vector([g]), t, 0.01, 0.9, b2)
        assert u[0] == max(abs(x) * b2 ** (t - i) for i, x in enumerate(gradients[:t], 1))


@golden("named.nesterov_momentum")
def nesterov_takes_the_gradient_ahead() -> None:
    """On f = ½ λ θ²: v ← ρ v − lr λ (θ + ρ v), four steps; at ρ = 0 it is gradient descent."""
    lam, lr, rho = 0.5, 0.25, 0.5
    theta, v = Vector([8.0]), Vector([0.0])
    x, velocity = 8.0, 0.0
    for _ in range(4):
        g = lam * named.nesterov_lookahead(theta, v, rho)
        _, v, theta = named.nesterov_momentum(theta, v, g, lr, rho)
        velocity = rho * velocity - lr * lam * (x + rho * velocity)
        x += velocity
        assert (theta[0], v[0]) == (x, velocity)
    g = Vector([3.0])
    assert named.nesterov_momentum(theta, v, g, lr, 0)[::2] == optimizer.sgd(theta, g, lr)


@golden("named.iterate_averaging")
def the_average_of_the_iterates() -> None:
    """The running mean is the mean, and its start does not count."""
    iterates = [Vector([1.0, 8.0]), Vector([3.0, 0.0]), Vector([2.0, -2.0]), Vector([6.0, 2.0])]
    average = Vector([1000.0, -1000.0])
    for t, theta in enumerate(iterates, 1):
        average = named.iterate_averaging(average, theta, t)
        assert near(average, total(iterates[:t]) / t)


@golden("named.second_order_optimization", "named.finite_differences")
def newton_and_differences_on_a_quadratic() -> None:
    """J = ½θᵀHθ − c·θ: differences are exact up to rounding, Newton ends at H⁻¹c, minimum or saddle."""
    for H in (
        Matrix([Vector([4.0, 1.0]), Vector([1.0, 3.0])]),
        Matrix([Vector([0.0, 2.0]), Vector([2.0, -1.0])]),  # a saddle, and a pivot of 0
    ):
        c = Vector([1.0, -2.0])

        def J(theta: Vector, H: Matrix = H, c: Vector = c) -> float:
            return float(dot(theta, H @ theta) / 2 - dot(c, theta))

        theta = Vector([3.0, -5.0])
        g = named.finite_differences(J, theta, 0.125)
        assert near(g, H @ theta - c, 1e-13)
        assert near(H @ named.second_order_optimization(theta, g, H), c, 1e-13)
    singular = Matrix([Vector([1.0, 2.0]), Vector([2.0, 4.0])])
    assert refuses(named.second_order_optimization, Vector([0.0, 0.0]), Vector([1.0, 1.0]), singular)


@golden("named.finite_differences")
def differences_find_a_wrong_gradient() -> None:
    """DR's diagnostic for "incorrect gradients": central differences err by O(h²) only."""

    def J(theta: Vector) -> float:
        return float(total(tanh(theta)) * exp(theta[0]))

    theta = Vector([0.3, -0.7])
    (g,) = autodiff.grad(lambda point: total(tanh(point)) * exp(point[0]), (theta,))
    errors = [max(abs(x) for x in named.finite_differences(J, theta, h) - g) for h in (0.1, 0.05, 0.025)]
    assert all(3.9 < a / b < 4.1 for a, b in pairwise(errors)), "halving h: a quarter"
    wrong = g * Vector([1.0, 1.01])
    assert max(abs(x) for x in named.finite_differences(J, theta, 1e-5) - wrong) > 1e-3


@golden("named.leaky_relu", "E09")
def a_leaky_unit_is_never_dead() -> None:
    """Slope α on the left; 1 at 0, as the notes have it for ReLU."""
    assert named.leaky_relu(Vector([-2.0, 0.0, 3.0]), 0.25) == (-0.5, 0, 3)
    slopes = [autodiff.grad(lambda x: named.leaky_relu(x, 0.25), [x])[0] for x in (-2.0, 0.0, 3.0)]
    assert slopes == [0.25, 1, 1]


@golden("named.convnet_alexnet")
def a_convolution_by_hand() -> None:
    """The filter (1, 0, −1) on a ramp, and an impulse, which shows that the filter is not turned round."""
    w = Vector([1, 0, -1])
    assert named.convnet_alexnet(Vector([0, 1, 4, 9, 16]), w) == (-4, -8, -12)
    assert named.convnet_alexnet(Vector([0, 0, 1, 0, 0]), w, 5) == (4, 5, 6)
    assert named.convnet_alexnet(Vector([1, 2, 3]), w) == (-2,)
    assert refuses(named.convnet_alexnet, Vector([1, 2]), w)


@golden("named.cnn_sentence_classifiers")
def the_maximum_over_time() -> None:
    """A feature is found wherever it stands; one that occurs twice learns at its first place."""
    x = Matrix(Vector(row) for row in ((0.0, 1.0), (1.0, 0.0), (0.0, 1.0), (1.0, 0.0)))
    W = (Matrix([Vector([0.0, 1.0]), Vector([1.0, 0.0])]),)
    c, c_max = named.cnn_sentence_classifiers(x, W, None, "relu")
    assert c == ((2,), (0,), (2,)) and c_max == (2,)
    x_bar, _ = autodiff.grad(lambda x, W: named.cnn_sentence_classifiers(x, W, None, "relu")[1][0], (x, W))
    assert x_bar == ((0, 1), (1, 0), (0, 0), (0, 0))
    assert refuses(named.cnn_sentence_classifiers, x[:1], W)


@golden("named.tree_structured_networks")
def a_tree_is_composed_from_its_leaves() -> None:
    """((a, b), c) and (a, (b, c)) share W and differ in structure."""
    W, b = Matrix([Vector([0.5, -1.0, 1.0, 0.25]), Vector([1.0, 0.5, -0.5, 2.0])]), Vector([0.1, -0.2])
    leaves = Vector([1.0, 0.0]), Vector([0.0, 1.0]), Vector([-1.0, 0.5])

    def compose(left: Vector, right: Vector) -> Vector:
        parent: Vector = named.tree_structured_networks(left, right, W, b)
        return parent

    first, second, third = leaves
    left = named.recursive_network(((first, second), third), W, b)
    right = named.recursive_network((first, (second, third)), W, b)
    assert left == compose(compose(first, second), third)
    assert right == compose(first, compose(second, third)) != left
    assert named.recursive_network(first, W, b) == first


@golden("named.scrn")
def a_context_fades() -> None:
    """With α = ½ an input counts ½ now, ¼ after one step; α = 1 remembers s_0 for ever."""
    x, B = Matrix([Vector([4.0]), Vector([0.0]), Vector([8.0])]), Matrix([Vector([1.0])])
    assert named.scrn(x, Vector([2.0]), B, 0.5) == (((3,), (1.5,), (4.75,)), (4.75,))
    assert named.scrn(x, Vector([2.0]), B, 1)[1] == (2,)
    assert named.scrn(x[:0], Vector([2.0]), B, 0.5) == ((), (2,))


@golden("named.attention")
def attention_is_a_convex_combination() -> None:
    """Equal annotations share the weight; one word has it all; of no words there is no average."""
    s, W, U, v = Vector([1.0]), Matrix([Vector([0.5])]), Matrix([Vector([1.0, -1.0])]), Vector([2.0])
    h = Matrix([Vector([1.0, 0.0]), Vector([0.0, 1.0]), Vector([1.0, 0.0])])
    alpha, c = named.attention(s, h, W, U, v)
    odds = math.exp(2 * math.tanh(1.5) - 2 * math.tanh(-0.5))
    assert near(alpha, [odds / (2 * odds + 1), 1 / (2 * odds + 1), odds / (2 * odds + 1)])
    assert near(c, [2 * alpha[0], alpha[1]]) and near(total(alpha), 1)
    assert named.attention(s, h[:1], W, U, v) == ((1,), h[0])
    assert refuses(named.attention, s, h[:0], W, U, v)


@golden("named.neural_crf")
def the_probabilities_of_all_tag_sequences_sum_to_one() -> None:
    """All 3⁴ sequences, counted out; without transitions it is a softmax at each step."""
    psi = Matrix(Vector(math.sin(3 * t + 2 * k) for k in range(3)) for t in range(4))
    A = Matrix(Vector(math.cos(i - 2 * j) for j in range(3)) for i in range(3))
    scores = {
        y: sum(psi[t][y[t]] for t in range(4)) + sum(A[y[t - 1]][y[t]] for t in range(1, 4))
        for y in product(range(3), repeat=4)
    }
    log_z = math.log(sum(math.exp(s) for s in scores.values()))
    for y, score in scores.items():
        assert near(named.neural_crf(psi, y, A), score - log_z, 1e-14)
    nothing = Matrix([Vector([0.0] * 3)] * 3)
    softmaxes = sum(psi[t][t % 3] - math.log(sum(math.exp(x) for x in psi[t])) for t in range(4))
    assert near(named.neural_crf(psi, (0, 1, 2, 0), nothing), softmaxes, 1e-14)
    assert named.neural_crf(Matrix(()), (), A) == 0
    large = Matrix(row + 1000 for row in psi)
    assert near(named.neural_crf(large, (0, 1, 2, 0), A), scores[0, 1, 2, 0] - log_z, 1e-11)


@golden("named.skip_gram")
def skip_gram_has_two_tables() -> None:
    """p(c | w) and p(w | c) differ; −log p is that of the scores, also where p underflows."""
    v = Matrix([Vector([1.0, 0.0]), Vector([0.0, 2.0]), Vector([-500.0, 0.0])])
    u = Matrix([Vector([0.0, 1.0]), Vector([1.0, 1.0]), Vector([3.0, -1.0])])
    p, nll = named.skip_gram(0, 1, v, u)
    z = [0.0, 1.0, 3.0]
    assert near(p, [math.exp(x) / sum(map(math.exp, z)) for x in z]) and near(nll, -math.log(p[1]))
    assert not near(named.skip_gram(1, 0, v, u)[1], nll, 0.1)
    p, nll = named.skip_gram(2, 2, v, u)
    assert p[2] == 0 and near(nll, 1500.0), "−log 0 would be ∞"


@golden("named.multiplicative_interactions")
def the_input_chooses_the_transition() -> None:
    """For each input another transition matrix, diag(Fx) G: one input keeps the state, another clears it."""
    F, G = Matrix([Vector([1.0, 0.0]), Vector([1.0, 0.0])]), Matrix([Vector([0.0, 1.0]), Vector([1.0, 0.0])])
    h = Vector([0.5, -0.25])
    keep, clear = Vector([1.0, 0.0]), Vector([0.0, 1.0])
    assert near(named.multiplicative_interactions(keep, h, F, G), [math.tanh(-0.25), math.tanh(0.5)])
    assert named.multiplicative_interactions(clear, h, F, G) == (0, 0)
