"""Hypothesis in this checkout's own tests: no deadline (machines are shared), and the same examples every time."""

from hypothesis import HealthCheck, settings

settings.register_profile("checkout", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("checkout")
