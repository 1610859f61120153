"""Fields of a provider's document by name, also those that lie inside another: `a.b`. Pure.

```
the outer field is missing      the document does not say; nothing can be compared
the outer field is empty        it says that there is none: the inner field is empty
the outer field is no object    it cannot be read; nothing can be compared
```
"""

from collections.abc import Mapping

from sync.remote import Json


def root_of(name: str) -> str:
    """Return the field of the document in which a named one lies."""
    return name.partition(".")[0]


def carries(document: Mapping[str, Json], name: str) -> bool:
    """Tell whether a document says what a field holds."""
    root, *inner = name.split(".")
    if root not in document:
        return False
    value: Json = document[root]
    for part in inner:
        if not isinstance(value, Mapping):
            return value is None
        value = value.get(part)
    return True


def value_at(document: Mapping[str, Json], name: str) -> Json:
    """Return what a field holds; empty when something on the way is."""
    value: Json = dict(document)
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
