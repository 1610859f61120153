"""A provider behind the REST contract that Work 365 published, emulated."""

from sandbox.rest_provider.service import RestProvider

__all__ = ["RestProvider"]
