"""What an operator checks when Microsoft Entra refuses a sign-in, by AADSTS code.

Source: Microsoft Entra authentication error codes; texts are our own.
"""

import re

GENERAL = "Check tenant_id, client_id and the credential in sign_in."

ADVICE = {
    "7000215": "The client secret is wrong: use the secret's value, not its id.",
    "7000222": "The client secret has expired: make a new one and put it into sign_in.",
    "700016": "The app is not registered in this tenant: check client_id and tenant_id.",
    "90002": "The tenant does not exist: check tenant_id and authority.",
    "900023": "The tenant does not exist: check tenant_id and authority.",
    "700027": "The certificate is not registered for the app, or the key is not its key.",
    "500011": "The service is not known in this tenant: check url and scope.",
    "65001": "The app lacks consent: an administrator grants its permissions.",
    "50076": "Multi-factor sign-in is needed: sign in again and store the new refresh token.",
    "50078": "Multi-factor sign-in has expired: sign in again and store the new refresh token.",
    "50079": "Multi-factor sign-in must be set up for the user.",
    "50173": "The sign-in was revoked: sign in again and store the new refresh token.",
    "70008": "The refresh token has expired: sign in again and store the new one.",
    "700082": "The refresh token has expired: sign in again and store the new one.",
    "53003": "A conditional access policy blocks the app: ask the tenant's administrator.",
}


def advice_for(description: str) -> str:
    """Return what to check, from the text of the refusal."""
    found = re.search(r"AADSTS(\d+)", description)
    return ADVICE.get(found.group(1), GENERAL) if found else GENERAL
