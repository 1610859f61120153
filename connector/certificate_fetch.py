"""Fetch a small public file, such as a certificate: no token, no redirect, a bound on its size."""

from collections.abc import Mapping

import requests
from requests.adapters import BaseAdapter

_SECONDS = (3.0, 5.0)
_LONGEST = 64 * 1024


def fetch_small(
    url: str, ca_file: str | None = None, adapters: Mapping[str, BaseAdapter] | None = None
) -> bytes:
    """Return what stands at an address. Raise OSError for anything but a short file."""
    with requests.Session() as session:
        for prefix, adapter in (adapters or {}).items():
            session.mount(prefix, adapter)
        if ca_file is not None:
            session.verify = ca_file
        with session.get(url, timeout=_SECONDS, allow_redirects=False, stream=True) as answer:
            if answer.status_code != requests.codes.ok:
                raise OSError(f"status {answer.status_code}")
            content = b""
            for piece in answer.iter_content(_LONGEST):
                content += piece
                if len(content) > _LONGEST:
                    raise OSError("the file is too long")
            return content
