"""What every backend refuses in the same words, and the corners that no size drawn at random reaches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnspec
from nnspec.errors import DomainError, ShapeError
from nnspec_reference import vocabulary

INF = float("inf")


@pytest.fixture(params=["numpy", "torch"])
def nn(request: pytest.FixtureRequest) -> Any:
    """Calls an equation of a backend with NumPy arrays."""
    if request.param == "torch":
        pytest.importorskip("torch")
    backend = nnspec.backend(request.param)

    def call(ident: str, *, gradient: bool = False, **arguments: Any) -> Any:
        given = {
            k: backend.library.from_numpy(np.asarray(v)) if isinstance(v, (np.ndarray, list)) else v
            for k, v in arguments.items()
        }
        if not gradient:
            return [backend.library.to_numpy(o) for o in backend[ident](**given)]
        outputs, pullback = backend[ident].vjp(**given)
        ones = {n: backend.library.from_numpy(np.ones(o.shape)) for n, o in outputs._asdict().items()}
        return {n: backend.library.to_numpy(g) for n, g in pullback(ones).items()}

    return call


def refused(call: Any, argument: str, expected: str) -> None:
    with pytest.raises(DomainError) as caught:
        call()
    assert caught.value.argument == argument
    assert caught.value.expected == expected


@pytest.mark.parametrize(
    ("ident", "argument", "more"),
    [
        ("softmax.vector", "z", {}),
        ("softmax.self_normalized", "s", {"w": [0, 1], "alpha": 0.5}),
        ("loss.softmax_cross_entropy", "z", {"i": [0, 1]}),
        ("loss.categorical_cross_entropy_logits", "z", {"y": [[0.0, 1.0], [1.0, 0.0]]}),
    ],
)
def test_a_row_without_a_possible_class(nn: Any, ident: str, argument: str, more: Any) -> None:
    rows = np.array([[0.0, -INF], [-INF, -INF]])
    refused(lambda: nn(ident, **{argument: rows}, **more), argument, "a score other than -inf in every row")
    fine = np.array([[0.0, -INF], [-INF, 1.0]])
    assert all(
        np.isfinite(o).all() or "loss" in ident or "self" in ident for o in nn(ident, **{argument: fine}, **more)
    )


def test_a_step_without_a_possible_class(nn: Any) -> None:
    z = np.array([[[0.0, 1.0], [-INF, -INF]]])
    refused(lambda: nn("output.argmax_decode", z=z), "z", "a score other than -inf in every row")
    (y,) = nn("output.argmax_decode", z=z, lengths=np.array([1]))  # beyond the length nothing is read
    assert y.tolist() == [[1, 0]]


@pytest.mark.parametrize("bad", [INF, float("nan")])
def test_infinite_scores(nn: Any, bad: float) -> None:
    refused(lambda: nn("softmax.vector", z=np.array([[0.0, bad]])), "z", "finite numbers or -inf")


def test_no_classes(nn: Any) -> None:
    with pytest.raises(ShapeError, match="d >= 1"):
        nn("softmax.vector", z=np.zeros((2, 0)))


def test_a_class_without_words(nn: Any) -> None:
    given = {"A": np.ones((3, 2)), "B": np.ones((4, 2)), "h": np.ones((1, 2)), "w": np.array([0])}
    refused(
        lambda: nn("softmax.class_factored", **given, classes=np.array([0, 2, 2, 0])),
        "classes",
        "a word in every class",
    )


def test_words_that_are_never_noise(nn: Any) -> None:
    given = {"W": np.ones((3, 2)), "q": np.array([0.5, 0.5, 0.0]), "h": np.ones((1, 2))}
    for w, noise in ((2, [[0, 1]]), (0, [[1, 2]]), (2, np.zeros((1, 0), np.int64))):
        refused(
            lambda w=w, noise=noise: nn("softmax.noise_contrastive", **given, w=[w], noise=noise),
            "q",
            "q(w) > 0 for observed and drawn words",
        )
    assert np.isfinite(nn("softmax.noise_contrastive", **given, w=[0], noise=[[1, 1]])[0]).all()


def test_no_mean_of_nothing(nn: Any) -> None:
    given = {"w": np.ones(2), "f": np.ones((0, 3, 2)), "y": np.zeros(0, np.int64)}
    refused(
        lambda: nn("loss.dataset_log_likelihood", **given, reduction="mean"),
        "f",
        "m >= 1 for reduction='mean'",
    )
    L, terms = nn("loss.dataset_log_likelihood", **given)
    assert L == 0
    assert terms.shape == (0,)
    with pytest.raises(ShapeError, match="N >= 1"):
        nn("loss.mean_cost", costs=np.zeros(0))


def test_words_outside_the_vocabulary(nn: Any) -> None:
    for i in (-1, 3):
        refused(
            lambda i=i: nn("loss.hard_nll", y_hat=np.full((1, 3), 1 / 3), i=[i]),
            "i",
            "integers from 0 to C-1 = 2",
        )


def test_one_word(nn: Any) -> None:
    """|V| = 1: the empty way, the only class, no noise."""
    h = np.array([[0.5, -1.0]])
    empty = {"nodes": np.zeros((1, 0), np.int64), "signs": np.zeros((1, 0)), "depth": np.zeros(1, np.int64)}
    tree = {"v": np.zeros((0, 2)), **empty, "h": h, "w": np.array([0])}
    assert [x.tolist() for x in nn("softmax.hierarchical", **tree)] == [[1.0], [0.0]]
    gradients = nn("softmax.hierarchical", gradient=True, **tree)
    assert gradients["v"].shape == (0, 2)
    assert not gradients["h"].any()
    alone = {"A": np.ones((1, 2)), "B": np.ones((1, 2)), "classes": np.array([0]), "h": h, "w": np.array([0])}
    assert [x.tolist() for x in nn("softmax.class_factored", **alone)] == [[1.0], [0.0]]
    assert not any(g.any() for g in nn("softmax.class_factored", gradient=True, **alone).values())
    quiet = {
        "W": np.ones((1, 2)),
        "q": np.ones(1),
        "h": h,
        "w": np.array([0]),
        "noise": np.zeros((1, 0), np.int64),
    }
    assert nn("softmax.noise_contrastive", **quiet)[0].tolist() == [0.0]
    assert not any(g.any() for g in nn("softmax.noise_contrastive", gradient=True, **quiet).values())


def test_an_empty_batch(nn: Any) -> None:
    none = {"h": np.zeros((0, 2)), "w": np.zeros(0, np.int64)}
    classes = vocabulary.balanced_classes(5)
    found = nn(
        "softmax.class_factored",
        gradient=True,
        A=np.ones((2, 2)),
        B=np.ones((5, 2)),
        classes=np.array(classes),
        **none,
    )
    assert not found["A"].any()
    assert not found["B"].any()
    assert found["h"].shape == (0, 2)


def test_masks_have_no_gradient(nn: Any) -> None:
    z = np.array([[1.0, -INF, 2.0]])
    for ident, more in (
        ("loss.softmax_cross_entropy", {"i": [2]}),
        ("loss.categorical_cross_entropy_logits", {"y": np.array([[1.0, 0.0, 3.0]])}),
    ):
        gradient = nn(ident, gradient=True, z=z, **more)["z"]
        assert np.isfinite(gradient).all()
        assert gradient[0, 1] == 0
    nothing = nn("softmax.log_sum_exp", gradient=True, a=np.array([[-INF, -INF]]))["a"]
    assert nothing.tolist() == [[0.0, 0.0]]


def test_an_overflowed_z_does_not_spoil_the_rest(nn: Any) -> None:
    backend = nnspec.backend("numpy")
    W, x = np.array([[800.0], [1.0]]), np.array([[1.0]])
    Z, log_Z, p = nn("softmax.partition_function", W=W, x=x)
    assert (Z[0], log_Z[0], p.tolist()) == (INF, 800.0, [[1.0, 0.0]])
    for name in ("numpy", "torch"):
        backend = nnspec.backend(name)
        given = {k: backend.library.from_numpy(v) for k, v in (("W", W), ("x", x))}
        _, pullback = backend["softmax.partition_function"].vjp(**given)
        gradients = pullback(log_Z=backend.library.from_numpy(np.ones(1)))
        assert backend.library.to_numpy(gradients["W"]).tolist() == [[1.0], [0.0]]
