"""The configuration: one YAML file, environment overrides, and secrets from the environment."""

from .load import DEFAULT_FILE, Loaded, load
from .model import Settings
from .problem import Origin, Problem, SettingsError
from .secrets import MASK, Secret, Secrets

__all__ = [
    "DEFAULT_FILE",
    "MASK",
    "Loaded",
    "Origin",
    "Problem",
    "Secret",
    "Secrets",
    "Settings",
    "SettingsError",
    "load",
]
