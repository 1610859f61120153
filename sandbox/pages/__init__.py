"""Pages under /app/ on which a person plays the CRM user of the sandbox."""

from sandbox.pages.app import create_pages

__all__ = ["create_pages"]
