"""Keep the stand-in's own table of stems, hashes, mixes and comparisons."""

import json
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FINAL = ("SUCCESS", "DUPLICATE")
_EMPTY = """
DROP TABLE IF EXISTS stems;
DROP TABLE IF EXISTS mixes;
DROP TABLE IF EXISTS comparisons;
"""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS stems (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    stem_id TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL,
    track_id TEXT NOT NULL,
    filepath TEXT NOT NULL,
    audio_hash TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'PENDING',
    waveform_path TEXT,
    error_code TEXT
);
CREATE INDEX IF NOT EXISTS same_audio ON stems (user_id, track_id, audio_hash);
CREATE TABLE IF NOT EXISTS mixes (
    stage_id TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    mixed_path TEXT,
    waveform_path TEXT
);
CREATE TABLE IF NOT EXISTS comparisons (
    stage_id TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    comparison_path TEXT,
    statuses TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class OlderStem:
    """Name an older stem with the same audio, which survives the duplicate."""

    stem_id: str
    filepath: str


class StemTable:
    """Keep each user's stems, hashes and outcomes in an SQLite database.

    The table starts empty: the engine's objects are gone with the engine, and a
    stem of an earlier start would make each repeated upload a false duplicate.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        # Request threads share the connection; the lock lets in one thread at a time.
        self._rows = sqlite3.connect(path or ":memory:", check_same_thread=False)
        self._rows.row_factory = sqlite3.Row
        self._rows.executescript(_EMPTY + _SCHEMA)

    def close(self) -> None:
        """Close the SQLite database of stems."""
        with self._lock:
            self._rows.close()

    def remember(self, event: Mapping[str, object]) -> OlderStem | None:
        """Store the hash of a stem; return an older stem of the same audio, or None.

        The same user, track and hash count as the same audio. The stem itself
        never counts: a redelivered message is no duplicate.
        """
        with self._lock, self._rows:
            self._rows.execute(
                """INSERT INTO stems (stem_id, user_id, track_id, filepath, audio_hash)
                   VALUES (:stemId, :userId, :trackId, :filepath, :audio_hash)
                   ON CONFLICT (stem_id) DO UPDATE SET
                   filepath = excluded.filepath, audio_hash = excluded.audio_hash""",
                dict(event),
            )
            older = self._rows.execute(
                """SELECT older.stem_id, older.filepath FROM stems AS older
                   JOIN stems AS own ON own.stem_id = :stemId
                   WHERE older.user_id = own.user_id
                   AND older.track_id = own.track_id
                   AND older.audio_hash = own.audio_hash
                   AND older.number < own.number
                   AND older.filepath <> own.filepath
                   AND older.status NOT IN ('DUPLICATE', 'FAILURE')
                   ORDER BY older.number LIMIT 1""",
                dict(event),
            ).fetchone()
        return OlderStem(older["stem_id"], older["filepath"]) if older else None

    def complete(self, event: Mapping[str, object]) -> bool:
        """Store how a stem's job ended; return whether a row changed.

        SUCCESS and DUPLICATE are final: a later FAILURE changes nothing.
        """
        result = event.get("result")
        code = result.get("error_code") if isinstance(result, Mapping) else None
        with self._lock, self._rows:
            changed = self._rows.execute(
                """UPDATE stems SET status = ?, waveform_path = ?, error_code = ?
                   WHERE stem_id = ? AND (status NOT IN (?, ?) OR ? <> 'FAILURE')""",
                (
                    event["status"],
                    event.get("audio_wave_path"),
                    code,
                    event["stemId"],
                    *_FINAL,
                    event["status"],
                ),
            )
        return changed.rowcount > 0

    def complete_mix(self, event: Mapping[str, object]) -> bool:
        """Store how a mix ended; return whether a row of the table changed."""
        with self._lock, self._rows:
            changed = self._rows.execute(
                """INSERT INTO mixes (stage_id, status, mixed_path, waveform_path)
                   VALUES (?, ?, ?, ?) ON CONFLICT (stage_id) DO UPDATE SET
                   status = excluded.status, mixed_path = excluded.mixed_path,
                   waveform_path = excluded.waveform_path
                   WHERE mixes.status <> 'SUCCESS' OR excluded.status <> 'FAILURE'""",
                (
                    event["stageId"],
                    event["status"],
                    event.get("mixed_file_path"),
                    event.get("waveform_data_path"),
                ),
            )
        return changed.rowcount > 0

    def complete_comparison(self, event: Mapping[str, object]) -> bool:
        """Store how a comparison ended; return whether a row of the table changed."""
        with self._lock, self._rows:
            changed = self._rows.execute(
                """INSERT INTO comparisons (stage_id, status, comparison_path, statuses)
                   VALUES (?, ?, ?, ?) ON CONFLICT (stage_id) DO UPDATE SET
                   status = excluded.status, statuses = excluded.statuses,
                   comparison_path = excluded.comparison_path
                   WHERE comparisons.status <> 'SUCCESS'
                   OR excluded.status <> 'FAILURE'""",
                (
                    event["stageId"],
                    event["status"],
                    event.get("comparison_path"),
                    json.dumps(event.get("statuses")),
                ),
            )
        return changed.rowcount > 0

    def stems(self) -> list[dict[str, object]]:
        """Return every stem in the stand-in's table, the oldest first."""
        with self._lock:
            rows = self._rows.execute("SELECT * FROM stems ORDER BY number").fetchall()
        return [dict(row) for row in rows]

    def mixes(self) -> list[dict[str, object]]:
        """Return every mix in the stand-in's table."""
        with self._lock:
            rows = self._rows.execute("SELECT * FROM mixes").fetchall()
        return [dict(row) for row in rows]

    def comparisons(self) -> list[dict[str, object]]:
        """Return every comparison in the stand-in's table."""
        with self._lock:
            rows = self._rows.execute("SELECT * FROM comparisons").fetchall()
        return [{**dict(row), "statuses": json.loads(row["statuses"])} for row in rows]
