"""Words of the mapping files that nobody reads, and what was meant. Pure."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from lifecycle.rules import Finding

Path = tuple[str | int, ...]
Spec = Mapping[str, object]


def meant(given: object, known: tuple[str, ...], otherwise: str) -> str:
    """Return the remedy for a word that is not known: the nearest one, else what is known."""
    near = get_close_matches(str(given), known, n=1)
    return f"Did you mean '{near[0]}'?" if near else otherwise


def unknown_keys(document: Spec, path: Path, known: tuple[str, ...]) -> Iterator[Finding]:
    """Find keys that nobody reads; a misspelt one would silently have no effect."""
    for key in document:
        if key not in known:
            remedy = meant(key, known, f"Known keys: {', '.join(known)}.")
            yield Finding((*path, str(key)), f"unknown key {key!r}", remedy)


def foreign(choices: Spec, path: Path, wanted: tuple[str, ...]) -> Iterator[Finding]:
    """Find names that are none of the wanted ones."""
    for one in map(str, choices):
        if one not in wanted:
            remedy = meant(one, wanted, f"Known: {', '.join(wanted)}.")
            yield Finding((*path, one), f"{one!r} is not known", remedy)


def words(spec: Spec, key: str) -> dict[str, str]:
    """Return a mapping of words to words; empty when it is none."""
    given = spec.get(key)
    return {str(name): str(word) for name, word in given.items()} if isinstance(given, dict) else {}
