"""The smallest server of the nnspec protocol: two equations, the standard library, hexadecimal floats.

nnspec check --command "python examples/any_language/server.py"
"""

import json
import math
import sys


def pairs(a, b):
    return zip(a, b, strict=True)


def dot(a, b):
    return sum(u * v for u, v in pairs(a, b))


def column(rows, j):
    return [row[j] for row in rows]


def sigmoid(x):
    e = math.exp(-abs(x))
    return 1 / (1 + e) if x >= 0 else e / (1 + e)


# An equation takes arrays as nested lists (batch first) and returns its outputs and a function from the
# cotangents of the outputs to the gradients of the inputs.
def activation_sigmoid(x):
    def pullback(y):
        return {"x": [[g * sigmoid(v) * sigmoid(-v) for g, v in pairs(*rows)] for rows in pairs(y, x)]}

    return {"y": [[sigmoid(v) for v in row] for row in x]}, pullback


def layer_affine(x, W, b):
    bias = b or [0.0] * len(W)
    z = [[dot(W_i, row) + b_i for W_i, b_i in pairs(W, bias)] for row in x]

    def pullback(z):
        gradients = {
            "x": [[dot(dz, column(W, j)) for j in range(len(row))] for dz, row in pairs(z, x)],
            "W": [[dot(column(z, i), column(x, j)) for j in range(len(W[i]))] for i in range(len(W))],
        }
        if b is not None:
            gradients["b"] = [sum(column(z, i)) for i in range(len(b))]
        return gradients

    return {"z": z}, pullback


EQUATIONS = {"activation.sigmoid": activation_sigmoid, "layer.affine": layer_affine}


def unpack(array):
    if array is None:
        return None
    values = iter(array["values"])

    def fill(shape):
        return [fill(shape[1:]) for _ in range(shape[0])] if shape else float.fromhex(next(values))

    return fill(array["shape"])


def pack(nested, shape):
    flat = nested
    for _ in shape[1:]:
        flat = [v for part in flat for v in part]
    return {"dtype": "float64", "shape": shape, "values": [float(v).hex() for v in flat]}


def shapes(request):
    """Of the gradients: those of the arguments. Of the outputs here: a row for every example."""
    B, sizes = request["sizes"]["B"], request["sizes"]
    return {
        **{n: a["shape"] for n, a in request["arguments"].items() if a},
        "y": [B, sizes["n"]],
        "z": [B, sizes.get("m")],
    }


def answer(request):
    if request["cmd"] == "start":
        about = {ident: {"gradient": True} for ident in EQUATIONS}
        return {"result": {"protocol": 1, "name": "smallest", "language": "Python", "equations": about}}
    seq = {"seq": request["seq"]}
    try:
        arguments = {n: unpack(a) for n, a in request["arguments"].items()}
        outputs, pullback = EQUATIONS[request["equation"]](**arguments)
        shape = shapes(request)
        result = {"outputs": {n: pack(v, shape[n]) for n, v in outputs.items()}}
        if request["cmd"] == "vjp":
            gradients = pullback(**{n: unpack(c) for n, c in request["cotangents"].items()})
            result["gradients"] = {n: pack(v, shape[n]) for n, v in gradients.items()}
        return {**seq, "result": result}
    except Exception as error:
        return {**seq, "errored": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    request = json.loads(line)
    if request["cmd"] == "stop":
        break
    print(json.dumps(answer(request)), flush=True)
