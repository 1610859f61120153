"""What an event says: which resource changed, and nothing about its state (partner-center.md 3.4).

`ResourceUri` begins with http:// and the path of the webhooks, as in Microsoft's sample: a trap
for clients that fetch it as it stands.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

TEST = "test-created"
SUBSCRIPTION = "subscription-updated"
NAMES = [
    TEST,
    SUBSCRIPTION,
    "usagerecords-thresholdExceeded",
    "invoice-ready",
    "azure-fraud-event-detected",
    "granular-admin-relationship-approved",
    "granular-admin-relationship-activated",
    "granular-admin-relationship-terminated",
    "granular-admin-relationship-expired",
    "granular-admin-access-assignment-created",
    "granular-admin-access-assignment-activated",
    "granular-admin-access-assignment-updated",
    "granular-admin-access-assignment-deleted",
    "dap-admin-relationship-approved",
    "dap-admin-relationship-terminated",
    "dap-admin-relationship-terminated-by-microsoft",
    "reseller-relationship-accepted-by-customer",
    "indirect-reseller-relationship-accepted-by-customer",
    "new-commerce-migration-created",
    "new-commerce-migration-completed",
    "new-commerce-migration-failed",
    "new-commerce-migration-schedule-failed",
    "referral-created",
    "referral-updated",
    "related-referral-created",
    "related-referral-updated",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened to a resource; `id` names the validation it answers, if any."""

    name: str
    resource: str
    path: str
    at: datetime
    audit: str | None = None
    id: str | None = None

    def body(self, host: str) -> bytes:
        """Return the body that is signed and sent."""
        # Microsoft's sample of an invoice has the plain address, that of a subscription has not.
        root = f"https://{host}" if self.resource == "invoice" else f"http://{host}/webhooks"
        audit = f"https://{host}/v1/auditrecords/{self.audit}" if self.audit else None
        return orjson.dumps(
            {
                "EventName": self.name,
                "ResourceUri": f"{root}/v1/{self.path}",
                "ResourceName": self.resource,
                "AuditUri": audit,
                "ResourceChangeUtcDate": self.at.astimezone(UTC).isoformat(),
            }
        )
