"""Arrays as JSON, exact in any language: hexadecimal floats, or the bytes in base64.

``{"dtype": "float64", "shape": [2], "values": ["0x1.8p+0", "nan"]}``, or ``values`` are the bytes,
little-endian, in base64. NaN and infinities are spelled ``"nan"``, ``"inf"`` and ``"-inf"``; integers are
JSON integers.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any, NoReturn

import numpy as np

__all__ = ["ENCODINGS", "WireError", "number", "pack", "parse", "shorten", "unpack"]

Array = np.ndarray[Any, Any]

ENCODINGS = ("hex", "base64")
_DTYPES = {"float64": "<f8", "float32": "<f4", "int64": "<i8", "int32": "<i4"}
_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class WireError(ValueError):
    """JSON that is not what was agreed."""


def parse(line: str) -> dict[str, Any]:
    """One JSON object; a bare NaN or Infinity is no JSON."""
    try:
        document = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON ({error})") from None
    if not isinstance(document, dict):
        raise WireError(f"expected a JSON object, received {type(document).__name__}")
    return document


def _no_constant(name: str) -> NoReturn:
    raise WireError(f'{name} is no JSON; write "{ {"NaN": "nan", "Infinity": "inf"}.get(name, "-inf") }"')


def number(value: float | int) -> Any:
    """A Python number: an integer, the shortest decimal that reads back as the same double, or a name."""
    return value if isinstance(value, int) or math.isfinite(value) else repr(value)


def pack(value: Any, encoding: str = "hex") -> Any:
    """An array, a list of arrays or None, as JSON."""
    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        return [pack(v, encoding) for v in value]
    values: Any
    if encoding == "base64":
        values = base64.b64encode(value.astype(_DTYPES[str(value.dtype)]).tobytes()).decode("ascii")
    else:
        values = [v.hex() if isinstance(v, float) else v for v in value.ravel().tolist()]
    return {"dtype": str(value.dtype), "shape": list(value.shape), "values": values}


def unpack(document: Any, what: str = "the array") -> Any:
    """The inverse of `pack`; raises `WireError` that names `what`."""
    if document is None:
        return None
    if isinstance(document, list):
        return [unpack(d, f"{what}[{place}]") for place, d in enumerate(document)]
    if not isinstance(document, dict) or set(document) != {"dtype", "shape", "values"}:
        raise WireError(f"{what}: expected dtype, shape and values, not {shorten(json.dumps(document))}")
    dtype, shape, values = document["dtype"], document["shape"], document["values"]
    if dtype not in _DTYPES:
        raise WireError(f"{what}: dtype {dtype!r} is none of {', '.join(_DTYPES)}")
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise WireError(f"{what}: {shape!r} is no shape")
    flat = _bytes(values, dtype, what) if isinstance(values, str) else _numbers(values, dtype, what)
    if flat.size != math.prod(shape):
        raise WireError(f"{what}: shape {shape} needs {math.prod(shape)} values, received {flat.size}")
    return flat.reshape(shape)


def _bytes(values: str, dtype: str, what: str) -> Array:
    try:
        return np.frombuffer(base64.b64decode(values, validate=True), _DTYPES[dtype]).astype(dtype)
    except (binascii.Error, ValueError) as error:
        raise WireError(f"{what}: not base64 of {dtype} ({error})") from None


def _numbers(values: Any, dtype: str, what: str) -> Array:
    if not isinstance(values, list):
        raise WireError(f"{what}: values must be a list or base64")
    try:
        if dtype.startswith("int"):
            if not all(type(v) is int for v in values):
                raise WireError(f"{dtype} values must be JSON integers")
            return np.array(values, dtype)
        exact = np.array([_float(v) for v in values], np.float64)
    except (WireError, OverflowError) as error:
        raise WireError(f"{what}: {error}") from None
    with np.errstate(over="ignore", under="ignore"):
        rounded = exact.astype(dtype)
    for value, kept, wide in zip(values, rounded.tolist(), exact.tolist(), strict=True):
        if isinstance(value, str) and kept != wide and not math.isnan(wide):
            raise WireError(f"{what}: {value} is no {dtype}")
    return rounded


def _float(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value in _SPECIAL:
        return _SPECIAL[value]
    if isinstance(value, str) and value.lstrip("+-")[:2].lower() == "0x":  # without 0x, "10" would be sixteen
        try:
            return float.fromhex(value)
        except ValueError:
            pass
    expected = 'expected "0x1.8p+0", a JSON number, "nan", "inf" or "-inf"'
    raise WireError(f"{json.dumps(value)} is no number: {expected}")


def shorten(text: str, limit: int = 200) -> str:
    """A text to quote in a message."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
