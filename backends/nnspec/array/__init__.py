"""The equations on NumPy's kin: one text for NumPy, CuPy and the array-API standard, gradients by hand.

A body is a function named as its equation. It takes `ops` and the equation's arguments (batch first), and returns
``(outputs, pullback)``: a tuple of arrays in the record's order, and a function from their cotangents (arrays of
the same shapes, in the same order) to a dict of gradients by argument name, or None where there is no gradient.

The interface has checked the arguments before a body sees them, and has zeroed what lies beyond `lengths`; it
also zeroes outputs, cotangents and gradients there, so a body only has to return a final state at the length.
"""
