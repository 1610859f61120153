"""Microsoft Partner Center, emulated: what a partner's application sees under /v1."""

from sandbox.partner_center.service import PartnerCenter

__all__ = ["PartnerCenter"]
