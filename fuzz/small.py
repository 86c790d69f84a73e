"""A pytest plugin: few examples a property, for runs in which each example is slow."""

from hypothesis import settings

settings.register_profile("small", max_examples=25, deadline=None, derandomize=True)
settings.load_profile("small")
