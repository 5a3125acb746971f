"""The equations on PyTorch: its own operators and autograd. A body takes tensors by name and returns a tuple."""
