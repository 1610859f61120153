"""The stage of tests/engine, with the invoices' round."""

from tests.engine.conftest import opened, stage, unseen

__all__ = ["opened", "stage", "unseen"]
