"""Secrets stay out of what is kept or shown: values under keys that look like one, and passwords within texts."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
_SECRET = (
    r"pass(?:word|wd|phrase)|\bpwd\b|secret|token|credential|signature"
    r"|(?:access|account|api|auth|private|shared|sas)[._-]?key|\bsas\b"
)
_KEY = re.compile(_SECRET, re.IGNORECASE)
_IN_ADDRESS = re.compile(r"(?<=://)[^/@\s'\"]+@")
"""User and password before the host of an address."""
_GIVEN = re.compile(rf"([\w.-]*(?:{_SECRET})[\w.-]*[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&}}\])]+)", re.IGNORECASE)
"""A secret's key with its value, as in `password=…`."""


def is_secret(key: str) -> bool:
    """True where a key looks like that of a secret.

    >>> [is_secret(key) for key in ("spark.hadoop.fs.s3a.secret.key", "apiKey", "db_password", "policy_rank", "key")]
    [True, True, True, False, False]
    """
    return bool(_KEY.search(key))


def in_text(text: str) -> str:
    """A text without the secrets in it.

    >>> in_text("--set model.api_token=abc at postgresql://reader:abc@host/mlflow?password=abc&ssl=1")
    '--set model.api_token=*** at postgresql://***@host/mlflow?password=***&ssl=1'
    """
    return _GIVEN.sub(rf"\g<1>{MASK}", _IN_ADDRESS.sub(f"{MASK}@", text))


def in_settings(value: Any, *, key: str = "") -> Any:
    """The same settings without secrets: all that stands under a secret's key, and what texts hold of them.

    >>> in_settings({"spark": {"a.token": "abc", "cores": 2}, "uri": "https://abc@host", "keys": {"api_key": ["abc"]}})
    {'spark': {'a.token': '***', 'cores': 2}, 'uri': 'https://***@host', 'keys': {'api_key': '***'}}
    """
    if is_secret(key) and value is not None:
        return MASK
    if isinstance(value, Mapping):
        return {name: in_settings(each, key=str(name)) for name, each in value.items()}
    if isinstance(value, list):
        return [in_settings(each) for each in value]
    return in_text(value) if isinstance(value, str) else value
