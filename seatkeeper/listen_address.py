"""Where a server of ours answers: HOST:PORT, as it stands in the configuration."""

from urllib.parse import urlsplit


def listen_address(text: str) -> str:
    """Return the address if it is one; raise ValueError otherwise."""
    host, port = host_and_port(text)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def host_and_port(text: str) -> tuple[str, int]:
    """Return the two parts of an address."""
    parts = urlsplit(f"//{text}")
    port = parts.port  # raises ValueError for one out of range
    if not parts.hostname or port is None or parts.netloc != text or "@" in text:
        raise ValueError("an address such as 127.0.0.1:9464 is needed")
    return parts.hostname, port
