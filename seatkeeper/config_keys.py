"""What the models of the configuration say about themselves: keys at a path, keys of secrets."""

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel, SecretStr


def keys_at(root: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that may stand at a path; none where names are free or values end."""
    here: object = root
    for part in path:
        models = list(_models(here))
        if not models:
            return []
        fields = {name: one for model in models for name, one in model.model_fields.items()}
        if str(part) in fields:
            here = fields[str(part)].annotation
        elif not _is_named(here):
            return []
        else:
            here = tuple(models)
    if _is_named(here):
        return []
    return list(dict.fromkeys(name for one in _models(here) for name in one.model_fields))


def secret_keys(root: type[BaseModel]) -> frozenset[str]:
    """Return the names of keys that hold secrets, wherever they stand."""
    return frozenset(
        name
        for model in models_of(root)
        for name, field in model.model_fields.items()
        if SecretStr in {field.annotation, *get_args(field.annotation)}
    )


def models_of(root: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a model and every model below it; one that stands twice comes twice."""
    yield root
    for field in root.model_fields.values():
        for model in _models(field.annotation):
            yield from models_of(model)


def secrets_of(value: object) -> Iterator[str]:
    """Yield every secret that a configuration, or a part of it, holds."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_of(getattr(value, name))
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from secrets_of(one)


def _is_named(annotation: object) -> bool:
    """Tell whether a person names the entries there, as connections are named."""
    return getattr(annotation, "__origin__", None) is dict


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    parts = annotation if isinstance(annotation, tuple) else get_args(annotation)
    for part in parts:
        yield from _models(part)
