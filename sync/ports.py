"""The doors of the engine: small protocols, each named for a role.

The public face of `service_ports` and `store_ports`; `seatkeeper/` picks the concrete classes.
"""

from sync.service_ports import Crm, Dispatcher, Effects, Provider
from sync.store_ports import Store, Tx

__all__ = ["Crm", "Dispatcher", "Effects", "Provider", "Store", "Tx"]
