"""PyTorch's own modules, losses and optimisers, held to the specification.

    nnspec check examples/torch_nn.py --deviations examples/deviations.toml

Every function here only hands over: weights into a module's parameters, the module's answer back.
Gradients are autograd's.
"""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

autodiff = "torch"

options = {
    # nn.GRU lets z weight the previous state, and resets after the recurrent product
    "gated.gru": {"update": "previous", "reset": "after"},
    # like torch.relu, nn.RNN's relu has the derivative 0 at 0
    "recurrent.elman": {"relu_grad_at_zero": 0},
    "layer.dense": {"grad_at_zero": 0},
    # the root of a sum of squares, plus ε
    "optimizer.adagrad": {"eps_placement": "outside"},
    "optimizer.adam": {"eps_placement": "outside"},
    "optimizer.trajectory": {"eps_placement": "outside"},
}

sizes = {
    # both directions of a module, and all of its layers, have the same width
    "sequence.birnn": {"K": "H"},
    "sequence.stacked_rnn": {"n[2]": "n[1]", "n[3]": "n[1]"},
}

# these work in place, on the .grad of parameters
forward_only = ["gradient.clip_norm", "gradient.clip_value"]


def _with(module, **weights):
    """The module with given tensors in place of its parameters."""
    for name, tensor in weights.items():
        delattr(module, name)
        setattr(module, name, tensor)
    return module


# ------------------------------------------------------------------------------------ activations
def relu(x):
    return nn.ReLU()(x)


def activation_sigmoid(x):
    return nn.Sigmoid()(x)


def activation_tanh(x):
    return nn.Tanh()(x)


def activation_identity(x):
    return nn.Identity()(x).clone()  # a result of its own


def softmax_vector(z):
    return nn.Softmax(dim=-1)(z)


def log_sum_exp(a):
    return torch.logsumexp(a, dim=-1)


# ----------------------------------------------------------------------------------------- layers
def affine(x, W, b=None):
    linear = nn.Linear(x.shape[-1], W.shape[0], bias=b is not None)
    return _with(linear, weight=W, **({} if b is None else {"bias": b}))(x)


def dense(x, W, b=None, activation="sigmoid"):
    units = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU, "identity": nn.Identity}
    return units[activation]()(affine(x, W, b))


def onehot_lookup(w, R):
    return _with(nn.Embedding(*R.shape), weight=R)(w)


def cosine_similarity(r_1, r_2, eps):
    return nn.CosineSimilarity(dim=-1, eps=eps)(r_1, r_2)


def euclidean_distance(r_1, r_2):
    return nn.PairwiseDistance(eps=0.0)(r_1, r_2)  # its ε is added to every difference


# ----------------------------------------------------------------------------------------- losses
def binary_cross_entropy(y_hat, y):
    return nn.BCELoss(reduction="none")(y_hat, y)


def binary_cross_entropy_logits(z, y):
    return nn.BCEWithLogitsLoss(reduction="none")(z, y)


def softmax_cross_entropy(z, i):
    return nn.CrossEntropyLoss(reduction="none")(z, i)


def categorical_cross_entropy_logits(z, y):
    return nn.CrossEntropyLoss(reduction="none")(z, y)


def hard_nll(y_hat, i):
    return nn.NLLLoss(reduction="none")(torch.log(y_hat), i)


def squared_error(y, t):
    return nn.MSELoss(reduction="none")(y, t) / 2


# ------------------------------------------------------------------------------------ recurrences
def _run(cell, x, state, lengths):
    if lengths is None:
        return cell(x, state)
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    packed_h, last = cell(packed, state)
    return pad_packed_sequence(packed_h, batch_first=True, total_length=x.shape[1])[0], last


def _zeros(rows, like):
    return torch.zeros(rows, dtype=like.dtype)


def _unit(activation):
    if activation not in ("tanh", "relu"):
        raise NotImplementedError(f"nn.RNN has no {activation} unit")
    return activation


def elman(x, h0, W, U, V, b_h=None, b_y=None, activation="tanh", output="identity", lengths=None):
    if output != "identity":
        raise NotImplementedError("nn.RNN has no output layer")
    H, D = W.shape
    rnn = nn.RNN(D, H, nonlinearity=_unit(activation), batch_first=True)
    _with(
        rnn,
        weight_ih_l0=W,
        weight_hh_l0=U,
        bias_ih_l0=_zeros(H, W) if b_h is None else b_h,
        bias_hh_l0=_zeros(H, W),
    )
    h, h_T = _run(rnn, x, h0[None], lengths)
    y = affine(h, V, b_y)
    if lengths is not None:
        y = y * (torch.arange(x.shape[1])[None, :] < lengths[:, None])[..., None]
    return {"h": h, "y": y, "h_T": h_T[0]}


def stacked_rnn(x, W, U, h0, b=None, activation="tanh", lengths=None):
    if len({len(rows) for rows in W}) != 1:
        raise NotImplementedError("nn.RNN has at least one layer, and all have the same width")
    rnn = nn.RNN(W[0].shape[1], len(W[0]), len(W), nonlinearity=_unit(activation), batch_first=True)
    for layer in range(len(W)):
        H = len(W[layer])
        weights = {
            "weight_ih": W[layer],
            "weight_hh": U[layer],
            "bias_ih": _zeros(H, W[layer]) if b is None else b[layer],
            "bias_hh": _zeros(H, W[layer]),
        }
        _with(rnn, **{f"{name}_l{layer}": tensor for name, tensor in weights.items()})
    return _run(rnn, x, torch.stack(h0), lengths)[0]


def birnn(x, h0_f, h0_b, W_f, U_f, W_b, U_b, b_f, b_b, lengths=None):
    H, D = W_f.shape
    if len(W_b) != H:
        raise NotImplementedError("both directions of nn.RNN have the same width")
    none = _zeros(H, W_f)
    rnn = nn.RNN(D, H, batch_first=True, bidirectional=True)
    _with(rnn, weight_ih_l0=W_f, weight_hh_l0=U_f, bias_ih_l0=b_f, bias_hh_l0=none)
    _with(
        rnn,
        weight_ih_l0_reverse=W_b,
        weight_hh_l0_reverse=U_b,
        bias_ih_l0_reverse=b_b,
        bias_hh_l0_reverse=none,
    )
    h, ends = _run(rnn, x, torch.stack([h0_f, h0_b]), lengths)
    return {"h": h, "h_n": ends[0], "h_1": ends[1]}


def gated_lstm(x, h0, c0, W, b=None, lengths=None):
    D, H = x.shape[-1], h0.shape[-1]
    i, f, o, g = torch.arange(4 * H).split(H)
    order = torch.cat([i, f, g, o])
    b = _zeros(4 * H, W) if b is None else b
    lstm = nn.LSTM(D, H, batch_first=True)
    W = W[order]
    _with(lstm, weight_ih_l0=W[:, :D], weight_hh_l0=W[:, D:], bias_ih_l0=b[order], bias_hh_l0=_zeros(4 * H, W))
    h, (h_T, c_T) = _run(lstm, x, (h0[None], c0[None]), lengths)
    return {"h": h, "h_T": h_T[0], "c_T": c_T[0]}


def gru(x, h0, W_z, U_z, W_r, U_r, W_H, U_H, b_z=None, b_r=None, b_H=None, c_H=None, lengths=None):
    H, D = W_z.shape
    none = _zeros(H, x)
    b_z, b_r, b_H, c_H = (none if b is None else b for b in (b_z, b_r, b_H, c_H))
    cell = nn.GRU(D, H, batch_first=True)
    _with(
        cell,
        weight_ih_l0=torch.cat([W_r, W_z, W_H]),
        weight_hh_l0=torch.cat([U_r, U_z, U_H]),
        bias_ih_l0=torch.cat([b_r, b_z, b_H]),
        bias_hh_l0=torch.cat([none, none, c_H]),
    )
    h, h_T = _run(cell, x, h0[None], lengths)
    return {"h": h, "h_T": h_T[0]}


# -------------------------------------------------------------------------------------- gradients
def _parameters(gradients):
    """A parameter for every gradient, which it has."""
    found = [nn.Parameter(torch.zeros_like(g)) for g in gradients]
    for parameter, g in zip(found, gradients, strict=True):
        parameter.grad = g.clone()
    return found


def clip_norm(g, max_norm, scope="global"):
    rows = _parameters(g)
    for together in [rows] if scope == "global" else [[row] for row in rows]:
        nn.utils.clip_grad_norm_(together, max_norm)
    return torch.stack([row.grad for row in rows])


def clip_value(g, max_value):
    (parameter,) = _parameters([g])
    nn.utils.clip_grad_value_([parameter], max_value)
    return parameter.grad


# ------------------------------------------------------------------------------------- optimisers
def _step(make, theta, g, state=None):
    """One step from a given state: (the increment, the new state, the moved parameters).

    The increment is that of a parameter which stands at 0: the difference of two parameters has lost digits.
    """
    increment = nn.Parameter(torch.zeros_like(theta))
    moved = nn.Parameter(theta.clone())
    for parameter in (increment, moved):
        optimizer = make([parameter])
        parameter.grad = g.clone()
        optimizer.state[parameter].update({n: s.clone() for n, s in (state or {}).items()})
        optimizer.step()
    return increment.detach(), optimizer.state[moved], moved.detach()


def gradient_descent(theta, g, lr):
    update, _, theta = _step(lambda p: torch.optim.SGD(p, lr), theta, g)
    return {"update": update, "theta": theta}


sgd = gradient_descent


def momentum(theta, v, g, lr, rho):
    update, state, theta = _step(lambda p: torch.optim.SGD(p, lr, momentum=rho), theta, g, {"momentum_buffer": v})
    velocity = state["momentum_buffer"] if rho else g.clone()  # without momentum none is kept
    return {"update": update, "v": velocity, "theta": theta}


def adagrad(theta, G, g, lr, eps):
    state = {"sum": G, "step": torch.tensor(0.0)}
    update, state, theta = _step(lambda p: torch.optim.Adagrad(p, lr, eps=eps), theta, g, state)
    return {"update": update, "G": state["sum"], "theta": theta}


def adam(theta, m, v, g, t, lr, beta_1, beta_2, eps):
    state = {"exp_avg": m, "exp_avg_sq": v, "step": torch.tensor(t - 1.0)}
    update, state, theta = _step(lambda p: torch.optim.Adam(p, lr, (beta_1, beta_2), eps), theta, g, state)
    return {"update": update, "m": state["exp_avg"], "v": state["exp_avg_sq"], "theta": theta}


def trajectory(theta, g, lr, rho, beta_1, beta_2, eps, method="sgd"):
    make = {
        "sgd": lambda p: torch.optim.SGD(p, lr),
        "momentum": lambda p: torch.optim.SGD(p, lr, momentum=rho),
        "adagrad": lambda p: torch.optim.Adagrad(p, lr, eps=eps),
        "adam": lambda p: torch.optim.Adam(p, lr, (beta_1, beta_2), eps),
    }[method]
    increments = [nn.Parameter(torch.zeros_like(row)) for row in theta]
    moved = [nn.Parameter(row.clone()) for row in theta]
    updates = torch.zeros_like(g)
    for parameters in (increments, moved):
        optimizer = make(parameters)
        for t, gradients in enumerate(g):
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient.clone()
            optimizer.step()
            if parameters is increments:
                with torch.no_grad():
                    for row, parameter in enumerate(parameters):
                        updates[t, row] = parameter
                        parameter.zero_()
    return {"updates": updates, "theta": torch.stack([p.detach() for p in moved])}
