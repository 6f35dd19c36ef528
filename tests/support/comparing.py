"""Compare versions by the stage, in a bucket in memory that changes at bad moments."""

from waveflow.ports import Policy
from waveflow.stages.compare import compare_pairs

from support.memory import MemoryObjects
from support.records import SENT, compare_request
from support.simulation.traffic import tiny_wav

A, B, MIX = "audio/a.wav", "audio/b.wav", "mixed/stage1_mixed_1.wav"
DOCUMENT = f"comparisons/stage1_{SENT}.json"
ONE, TWO = tiny_wav(1), tiny_wav(2)
POLICY = Policy(
    allowed_prefixes=("audio/",),
    max_file_bytes=len(ONE),
    dedupe_mode="delete",
    verdict_mode="callback",
)
SAME = {"before": A, "after": B}
NEW, REMOVED = {"before": None, "after": A}, {"before": MIX, "after": None}


class Bucket(MemoryObjects):
    """Hold objects in memory, and change one between two calls of a stage."""

    changed: tuple[str, bytes | None] | None = None  # once a read begins
    damaged = 0  # reads that flip a bit
    is_late = False  # another request's document comes between look and write

    def read(self, key, *, etag, size=None):
        """Change the object, or damage the transfer."""
        if self.changed:
            other, body = self.changed
            if body is None:
                self.versions[other].append(None)
            elif self.body(other) != body:
                self.put(other, body)
        body = bytearray(b"".join(super().read(key, etag=etag, size=size)))
        if self.damaged:
            self.damaged -= 1
            body[44] ^= 1
        yield bytes(body)

    def publish(self, key, content, **how):
        """Let another request write its document just before."""
        if self.is_late:
            self.put(key, b"another", {"waveflow-request": "0" * 64})
        super().publish(key, content, **how)


def filled_bucket():
    """Return a bucket that holds two equal stems and a mix."""
    bucket = Bucket(checksums=True)
    for key, body in {A: ONE, B: ONE, MIX: TWO}.items():
        bucket.put(key, body)
    return bucket


def run(objects, *pairs, policy=POLICY, **fields):
    """Compare pairs, and return what the stage hands to the machine."""
    request = compare_request(pairs=list(pairs), **fields)
    return compare_pairs(request, objects=objects, policy=policy)
