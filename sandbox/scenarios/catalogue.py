"""What the demo's partner sells, and to whom. All companies are invented."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sandbox.scenarios.choices import ProviderKind
from sandbox.scenarios.identity import HERO_CUSTOMER_NAME, id_of


class ProviderName(StrEnum):
    PARTNER_CENTER = "Microsoft Partner Center"
    BY_HAND = "Acronis Backup (by hand)"
    NOTHING = "Own services (nothing to provision)"

    @property
    def id(self) -> str:
        return id_of("provider", self)


PROVIDER_KINDS = {
    ProviderName.PARTNER_CENTER: ProviderKind.AUTOMATIC,
    ProviderName.BY_HAND: ProviderKind.MANUAL,
    ProviderName.NOTHING: ProviderKind.DO_NOTHING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something sold by the seat; prices in US dollars per seat and month."""

    name: str
    offer: str
    price: Decimal
    cost: Decimal
    provider: ProviderName = ProviderName.PARTNER_CENTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    name: str
    domain: str
    currency: str
    zone: str
    tax_percent: Decimal

    @property
    def id(self) -> str:
        return id_of("account", self.name)

    @property
    def tenant(self) -> str:
        return id_of("tenant", self.name)


def _microsoft(name: str, offer: str, price: str, cost: str) -> Product:
    return Product(name=name, offer=offer, price=Decimal(price), cost=Decimal(cost))


def _other(name: str, provider: ProviderName, price: str, cost: str) -> Product:
    offer = name.upper().replace(" ", "-")
    return Product(
        name=name, offer=offer, price=Decimal(price), cost=Decimal(cost), provider=provider
    )


BUSINESS_PREMIUM = _microsoft(
    "Microsoft 365 Business Premium", "CFQ7TTC0LCHC:0002:CFQ7TTC0K9FX", "12.50", "10.40"
)
ACRONIS_BACKUP = _other("Acronis Cyber Backup", ProviderName.BY_HAND, "6.90", "4.10")

PRODUCTS = (
    BUSINESS_PREMIUM,
    _microsoft("Microsoft 365 Business Basic", "CFQ7TTC0LH18:0001:CFQ7TTC0K971", "6.00", "4.80"),
    _microsoft("Microsoft 365 Business Standard", "CFQ7TTC0LDPB:0001:CFQ7TTC0K5DJ", "12.50", "9.9"),
    _microsoft("Microsoft 365 Apps for Business", "CFQ7TTC0LH1G:0001:CFQ7TTC0K7QC", "8.25", "6.60"),
    _microsoft("Exchange Online Plan 1", "CFQ7TTC0LH16:0001:CFQ7TTC0K3ZR", "4.00", "3.20"),
    _microsoft("Exchange Online Archiving", "CFQ7TTC0LH0J:0001:CFQ7TTC0KBWT", "3.00", "2.40"),
    _microsoft("Power BI Pro", "CFQ7TTC0HL8W:0001:CFQ7TTC0K18P", "14.00", "11.20"),
    _microsoft("Visio Plan 2", "CFQ7TTC0HD32:0002:CFQ7TTC0K0XJ", "15.00", "12.00"),
    _microsoft("Planner and Project Plan 3", "CFQ7TTC0HDB0:0002:CFQ7TTC0K5V2", "30.00", "24.00"),
    _microsoft("Microsoft Defender for Business", "CFQ7TTC0JN4R:0002:CFQ7TTC0K4TW", "3.00", "2.4"),
    _microsoft("Microsoft Teams Phone Standard", "CFQ7TTC0LH0D:0001:CFQ7TTC0KX2G", "8.00", "6.40"),
    _microsoft("Microsoft Entra ID P1", "CFQ7TTC0LFLS:0002:CFQ7TTC0K7RM", "6.00", "4.80"),
    ACRONIS_BACKUP,
    _other("Azure VM Backup by Harbour IT", ProviderName.BY_HAND, "11.00", "7.50"),
    _other("Acronis Disaster Recovery", ProviderName.BY_HAND, "18.00", "12.25"),
    _other("Helpdesk per User", ProviderName.NOTHING, "9.00", "0.00"),
    _other("Managed Workstation", ProviderName.NOTHING, "22.00", "0.00"),
)

# Fixed for the demo: believable proportions matter, the day's exchange rate does not.
PER_US_DOLLAR = {
    "USD": Decimal(1),
    "EUR": Decimal("0.92"),
    "JPY": Decimal(148),
    "KWD": Decimal("0.307"),
}


def _customer(name: str, domain: str, currency: str, zone: str, tax: str) -> Customer:
    return Customer(
        name=name, domain=domain, currency=currency, zone=zone, tax_percent=Decimal(tax)
    )


FABRIKAM = _customer(HERO_CUSTOMER_NAME, "fabrikam-coffee.example", "USD", "America/New_York", "0")
NORTHWIND = _customer(
    "Northwind Harbour Logistics", "northwind-harbour.example", "EUR", "Europe/Berlin", "19"
)
DENTAL = _customer(
    "Silverleaf Dental Group", "silverleaf-dental.example", "USD", "America/New_York", "0"
)
TOYS = _customer("Tailspin Toys Europa", "tailspin-toys.example", "EUR", "Europe/Berlin", "19")
PRINT = _customer("Sakura Print Works", "sakura-print.example", "JPY", "Asia/Tokyo", "10")
PEARL = _customer("Gulf Pearl Trading", "gulf-pearl.example", "KWD", "Asia/Kuwait", "0")
BICYCLES = _customer("Highline Bicycles", "highline-bikes.example", "USD", "America/Denver", "7.5")
HOTELS = _customer("Alpenblick Hotels", "alpenblick.example", "EUR", "Europe/Vienna", "20")
ROBOTS = _customer("Kitano Robotics", "kitano-robotics.example", "JPY", "Asia/Tokyo", "10")
GARDENS = _customer("Dana Desert Gardens", "dana-gardens.example", "KWD", "Asia/Kuwait", "0")
CREDIT = _customer(
    "Woodgrove Credit Union", "woodgrove-credit.example", "USD", "America/Chicago", "6.25"
)
SCHOOLS = _customer(
    "Lakeside Primary Schools", "lakeside-schools.example", "USD", "America/New_York", "0"
)

CUSTOMERS = (
    FABRIKAM,
    NORTHWIND,
    DENTAL,
    TOYS,
    PRINT,
    PEARL,
    BICYCLES,
    HOTELS,
    ROBOTS,
    GARDENS,
    CREDIT,
    SCHOOLS,
)
