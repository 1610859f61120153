"""Property names: read in any case, written in camelCase, and in PascalCase for the audit."""

from collections.abc import Callable
from typing import TypeVar, cast

T = TypeVar("T")

# partner-center.md 3.2, and the names inside the instructions
RESOURCE_FIELDS = [
    "id",
    "offerId",
    "entitlementId",
    "offerName",
    "friendlyName",
    "publisherName",
    "productType",
    "quantity",
    "unitType",
    "parentSubscriptionId",
    "creationDate",
    "effectiveStartDate",
    "commitmentEndDate",
    "commitmentEndDateTime",
    "status",
    "autoRenewEnabled",
    "billingType",
    "billingCycle",
    "termDuration",
    "renewalTermDuration",
    "hasPurchasableAddons",
    "isTrial",
    "isMicrosoftProduct",
    "attentionNeeded",
    "actionTaken",
    "actions",
    "partnerId",
    "additionalPartnerIds",
    "suspensionReasons",
    "contractType",
    "refundOptions",
    "refundableQuantity",
    "cancellationAllowedUntilDate",
    "billingCycleEndDate",
    "billingCycleEndDateTime",
    "scheduledNextTermInstructions",
    "nextChargeInstructions",
    "scheduledActions",
    "customTermEndDate",
    "promotionId",
    "productOrderId",
    "lineItems",
    "consumptionType",
    "migratedFromSubscriptionId",
    "orderId",
    "links",
    "attributes",
    "customerId",
]
_INNER = [
    "product",
    "productId",
    "skuId",
    "availabilityId",
    "scheduleType",
    "scheduledType",
    "actionType",
    "effectiveDate",
    "instructions",
    "displayName",
    "subType",
    "totalQuantity",
    "details",
    "allowedUntilDateTime",
    "etag",
    "objectType",
    "companyName",
    "domain",
    "tenantId",
    "relationshipToPartner",
    "companyProfile",
    "type",
    "expiresAt",
    "associatedPartnerId",
    "catalogItemId",
    "provisioningContext",
    "lineItemNumber",
    "currencyCode",
    "fromCatalogItemId",
    "fromSubscriptionId",
    "toCatalogItemId",
    "toSubscriptionId",
    "transitionType",
    "targetOfferId",
    "currentSubscriptionId",
    "purchaseFullTerm",
    "targetOffer",
    "upgradeType",
    "webhookUrl",
    "webhookEvents",
    "signatureTokenToMsSignatureHeader",
]
_CAMEL = {name.lower(): name for name in (*RESOURCE_FIELDS, *_INNER)}


def camel(value: T) -> T:
    """Return a document with known names in camelCase, whatever their case was."""
    return _renamed(value, lambda name: _CAMEL.get(name.lower(), name))


def pascal(value: T) -> T:
    """Return a document with names in PascalCase, as audit records print it."""
    return _renamed(value, lambda name: name[:1].upper() + name[1:])


def _renamed(value: T, rename: Callable[[str], str]) -> T:
    if isinstance(value, dict):
        return cast("T", {rename(key): _renamed(inner, rename) for key, inner in value.items()})
    if isinstance(value, list):
        return cast("T", [_renamed(inner, rename) for inner in value])
    return value
