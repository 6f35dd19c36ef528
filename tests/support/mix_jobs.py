"""Two jobs with a file each, and what the HTTP API starts to mix their files."""

from waveflow.api.interfaces import Execution
from waveflow.api.jobs.context import JobContext
from waveflow.api.jobs.ids import Seal
from waveflow.api.jobs.service import Jobs
from waveflow.api.mix_schemas import MixBody

SEAL = Seal(lambda: ("one" * 15,))
JOBS = ["0f0f0f0f-0000-4000-8000-00000000000" + digit for digit in "12"]
CONTEXT = JobContext(owner="anna", token_id="t1")


class Stems:
    """Machine that knows two jobs with a file each, and keeps what is started."""

    def __init__(self):
        self.started = []

    def describe(self, name):
        """Return the execution of a job; None for a mix that nobody asked for yet."""
        if name not in JOBS:
            return None
        context = {"owner": "anna", "token_id": "t1", "key": f"audio/{name}"}
        return Execution(name=name, status="SUCCEEDED", record={"api": context})

    def start(self, _name, record):
        """Keep the record of an execution."""
        self.started.append(record)
        return True


class Marks:
    """Bucket that takes the mark of a job's start, and keeps nothing."""

    def put(self, _key, _body, **_options):
        """Take a small object."""


def mixed(**asked):
    """Return the record of a mix that has an Idempotency-Key."""
    machine = Stems()
    jobs = Jobs(machine, objects=None, uploads=Marks(), seal=SEAL, max_file_bytes=1)
    jobs.mix(CONTEXT, MixBody(job_ids=JOBS, **asked), idempotency_key="k")
    return machine.started[0]
