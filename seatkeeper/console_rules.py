"""What the section `console` of the configuration may say, besides the types of its keys."""

from seatkeeper.listen_address import host_and_port

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def locale_name(name: str) -> str:
    """Return the name of a locale if it is one; raise ValueError otherwise."""
    # Lazy: only a configuration that names one pays for loading the languages.
    from seatkeeper.invoice_words import UnknownLanguageError, words_of  # noqa: PLC0415

    try:
        words_of(name)
    except UnknownLanguageError as error:
        raise ValueError(str(error)) from None
    return name


def is_local(listen: str) -> bool:
    """Tell whether only this machine reaches an address."""
    return host_and_port(listen)[0] in _LOOPBACK


def find_risk(listen: str, *, signs_in: bool, files: tuple[bool, bool], has_address: bool) -> str:
    """Say what would be unsafe; empty when nothing is. `files`: certificate and key are given."""
    if files[0] != files[1]:
        return "certificate_file and key_file are needed together"
    if is_local(listen):
        return ""
    if not signs_in:
        return "beyond this machine sign_in is needed; a link is for this machine alone"
    if not files[0] and not has_address:
        return (
            "beyond this machine certificate_file and key_file are needed, or address when another"
            " server in front speaks https"
        )
    return ""
