"""The stages of the engine's tests."""

from tests.engine.conftest import opened, stage, unseen

__all__ = ["opened", "stage", "unseen"]
