"""Reading files of tables and holding them against models, so that every mistake is told at once in one form."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from instruments.errors import ConfigurationError, ConfigurationErrors

Model = TypeVar("Model", bound=BaseModel)

AIR_MODELS = ("simple", "city", "replay")
"""What ``[air.X]`` may be; pydantic puts these names into the places of mistakes, where the file has none."""


def read_data(path: Path, what: str, form: Literal["toml", "json"]) -> dict[str, Any]:
    """Read a file of tables; ``what`` it should be is named in messages. Raises ConfigurationError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(path, "", f"a {what}", "no such file") from None
    except UnicodeDecodeError:
        raise ConfigurationError(path, "", f"a {what} (text in UTF-8)", "bytes that are no such text") from None
    except OSError as error:
        raise ConfigurationError(path, "", f"a {what} that can be read", error.strerror or error) from None
    data = _tables(text, path, form)
    if not isinstance(data, dict):
        raise ConfigurationError(path, "", f"a {what}", _shortly(data))
    return data


def validate(model: type[Model], data: object, where: str, key: str = "") -> Model:
    """Build ``model`` from ``data``, turning pydantic's findings into ours, all of them.

    ``key`` is the place of the data inside the file.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigurationErrors(findings_of(error, where, key)) from None


def toml_tables(text: str, where: str) -> dict[str, Any]:
    """Tables of TOML text, not held against any model yet. Raises ConfigurationError."""
    found: dict[str, Any] = _tables(text, where, "toml")
    return found


def validate_toml(model: type[Model], text: str, where: str) -> Model:
    """Build ``model`` from TOML text. Raises ConfigurationError, or ConfigurationErrors with all mistakes."""
    return validate(model, _tables(text, where, "toml"), where)


def findings_of(error: ValidationError, where: str, key: str = "") -> list[ConfigurationError]:
    """What pydantic found, in our words; ``key`` is the place of the checked data inside the file."""
    return [_translate(finding, where, key) for finding in error.errors(include_url=False)]


def _tables(text: str, where: str | Path, form: Literal["toml", "json"]) -> Any:
    try:
        return json.loads(text) if form == "json" else tomllib.loads(text)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise ConfigurationError(where, "", f"valid {form.upper()}", error) from None


def _translate(finding: Any, where: str, prefix: str) -> ConfigurationError:
    place = list(finding["loc"])
    if place[:1] == ["air"] and len(place) > 2 and place[2] in AIR_MODELS:
        del place[2]  # the model of the air is no key of the file
    key = ".".join(str(part) for part in (*filter(None, [prefix]), *place))
    found = _shortly(finding["input"])
    kind = finding["type"]
    if kind == "extra_forbidden":
        return ConfigurationError(where, key, "no such key here", found)
    if kind == "missing":
        return ConfigurationError(where, key, "a value", "nothing")
    if kind == "value_error":
        error = finding["ctx"]["error"]
        if isinstance(error, ConfigurationError):  # it knows better than pydantic where it is and what was found
            return ConfigurationError(where, f"{key}.{error.key}", error.expected, error.found)
        return ConfigurationError(where, key, str(error), found)
    message = str(finding["msg"]).removeprefix("Input should be ")
    if finding["type"] in ("too_short", "too_long"):  # pydantic counts "after validation", which no reader has seen
        limits = finding["ctx"]
        bound = f"at least {limits['min_length']}" if "min_length" in limits else f"at most {limits['max_length']}"
        message = f"{bound} of them, not {limits['actual_length']}"
    return ConfigurationError(where, key, message[:1].lower() + message[1:], found)


def _shortly(found: object) -> str:
    text = found.isoformat() if hasattr(found, "isoformat") else repr(found)
    return text if len(text) <= 80 else f"{text[:77]}..."
