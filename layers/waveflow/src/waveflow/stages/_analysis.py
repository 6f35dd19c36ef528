"""Put together what was heard of a stem, and what could not be."""

from typing import Any

import msgspec

from waveflow.audio.listen.meter import Heard, Listener
from waveflow.errors import InternalError, WaveflowError
from waveflow.events.deliveries import code_of
from waveflow.events.webhooks import Analysis


def analysis_told(listener: Listener, music: dict[str, Any] | None) -> dict[str, Any]:
    """Return the `analysis` of a result; what failed is null beside an error code."""
    heard, error_code = _heard(listener)
    found = music or {"error": InternalError.__name__}
    if "error" in found:
        error_code = code_of(str(found["error"]))
    told: dict[str, Any] = {
        "loudness": msgspec.to_builtins(heard.loudness) if heard else None,
        "tempo": found.get("tempo"),
        "key": found.get("key"),
        "warnings": [_present(warning) for warning in heard.warnings] if heard else [],
    }
    if error_code is not None:
        told["error_code"] = error_code
    plain: dict[str, Any] = msgspec.to_builtins(msgspec.convert(told, Analysis))
    return plain


def _heard(listener: Listener) -> tuple[Heard | None, str | None]:
    try:
        return listener.finish(), None
    except WaveflowError as error:
        return None, error.code


def _present(warning: Any) -> dict[str, Any]:
    fields = msgspec.to_builtins(warning)
    return {name: value for name, value in fields.items() if value is not None}
