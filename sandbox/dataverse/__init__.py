"""The Dataverse Web API v9.2, emulated from the fact sheets. Imports none of our packages."""

from sandbox.dataverse.errors import Refused
from sandbox.dataverse.service import Dataverse

__all__ = ["Dataverse", "Refused"]
