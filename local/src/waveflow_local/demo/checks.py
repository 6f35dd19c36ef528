"""Compare how executions ended with how they should have ended."""

from collections.abc import Sequence

from waveflow_local.demo.outputs import Bucket
from waveflow_local.demo.scenario import Case
from waveflow_local.engine.history import ExecutionSeen
from waveflow_local.standin.archive import Received

Listing = set[tuple[str, str, str]]


def faults(case: Case, seen: ExecutionSeen, told: Sequence[Received]) -> list[str]:
    """Return every difference between an execution's end and the expected end."""
    expected = case.expected
    found = []
    if seen.status != expected.status:
        found.append(f"ended {seen.status}, not {expected.status}: {seen.error}")
    if seen.verdict != expected.verdict:
        found.append(f"verdict {seen.verdict or '-'}, not {expected.verdict or '-'}")
    if expected.code and seen.error != expected.code:
        found.append(f"code {seen.error or '-'}, not {expected.code}")
    job = case.message["id"]
    about = [
        r for r in told if r.event == expected.event and r.fields["task_id"] == job
    ]
    if not about:
        found.append(f"no {expected.event} was sent")
    found += [
        f"the server was told {r.fields['status']}, not {expected.told}"
        for r in about
        if r.fields["status"] != expected.told
    ]
    found += [f"{r.event} was not signed" for r in about if not r.verified]
    return found


def duplicate_faults(case: Case, bucket: Bucket) -> list[str]:
    """Return the faults of a duplicate's deletion, which must be done and undoable."""
    if case.expected.told != "DUPLICATE" or case.upload is None:
        return []
    found = []
    if not bucket.is_deleted(case.upload.key):
        found.append("the duplicate was not deleted")
    if bucket.kept_version(case.upload.key, case.upload.content) is None:
        found.append("no version is left to restore")
    return found


def redelivery_faults(
    case: Case, before: Listing, after: Listing, told: Sequence[Received]
) -> list[str]:
    """Return every effect that happened twice after a message was redelivered."""
    found = [f"{key} was written again" for key, _, _ in sorted(after - before)]
    found += [f"{key} has gone" for key, _, _ in sorted(before - after)]
    job = case.message["id"]
    ids = {
        r.webhook_id
        for r in told
        if r.event == case.expected.event and r.fields["task_id"] == job
    }
    if len(ids) != 1:
        found.append(f"the server saw {len(ids)} different webhook ids")
    return found
