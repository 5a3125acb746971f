"""JAX on the CPU: `jax.nn`, and an LSTM and a GRU by `lax.scan`, gradients by `jax.vjp`.

    nnspec check examples/jax_cells.py --deviations examples/deviations.toml

XLA compiles every function for every shape, which takes minutes here for seconds of arithmetic. In continuous
integration ``JAX_CELLS_SHAPES=few`` keeps the recurrences to one number of steps, inputs and units.
"""

import os

import jax
import jax.numpy as jnp
from jax import lax

autodiff = "jax"

if os.environ.get("JAX_CELLS_SHAPES") == "few":
    sizes = {"gated.lstm": {"T": 3, "D": 2, "H": 4}, "gated.gru": {"T": 3, "D": 2, "H": 4}}

relu = jax.nn.relu
activation_sigmoid = jax.nn.sigmoid


def activation_tanh(x):
    return jnp.tanh(x)


def softmax_vector(z):
    return jax.nn.softmax(z, axis=-1)


def log_sum_exp(a):
    return jax.nn.logsumexp(a, axis=-1)


def affine(x, W, b=None):
    z = x @ W.T
    return z if b is None else z + b


def gated_lstm(x, h0, c0, W, b=None):
    def step(state, x_t):
        h, c = state
        a = jnp.concatenate([x_t, h], axis=-1) @ W.T + (0.0 if b is None else b)
        i, f, o, g = jnp.split(a, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    (h_T, c_T), h = lax.scan(step, (h0, c0), jnp.swapaxes(x, 0, 1))
    return {"h": jnp.swapaxes(h, 0, 1), "h_T": h_T, "c_T": c_T}


def gru(
    x,
    h0,
    W_z,
    U_z,
    W_r,
    U_r,
    W_H,
    U_H,
    b_z=None,
    b_r=None,
    b_H=None,
    c_H=None,
    update="candidate",
    reset="before",
):
    b_z, b_r, b_H, c_H = (0.0 if b is None else b for b in (b_z, b_r, b_H, c_H))

    def step(h, x_t):
        z = jax.nn.sigmoid(x_t @ W_z.T + h @ U_z.T + b_z)
        r = jax.nn.sigmoid(x_t @ W_r.T + h @ U_r.T + b_r)
        recurrent = (r * h) @ U_H.T + c_H if reset == "before" else r * (h @ U_H.T + c_H)
        new = jnp.tanh(x_t @ W_H.T + b_H + recurrent)
        h = (1 - z) * h + z * new if update == "candidate" else z * h + (1 - z) * new
        return h, h

    h_T, h = lax.scan(step, h0, jnp.swapaxes(x, 0, 1))
    return {"h": jnp.swapaxes(h, 0, 1), "h_T": h_T}
