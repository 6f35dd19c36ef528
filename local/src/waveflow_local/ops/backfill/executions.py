"""Start a back-fill's executions and learn their ends, within AWS's quotas."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from waveflow.adapters.aws_errors import AWS_ERRORS
from waveflow.api.adapters.executions import ERRORS, StepFunctionsMachine
from waveflow.errors import StorageUnavailableError
from waveflow.events.fields import JsonObject

from waveflow_local.ops.rerun import CODES, ENDED_BADLY
from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# ListExecutions has 2 calls a second for the whole account: one list of up to 1,000
# executions tells of all that run, where DescribeExecution would tell of one each.
POLL_S = 2.0
PAGE = 1000
MAX_PAGES = 3
DESCRIBED = 2  # of those that a poll's lists do not show
CLOCKS_S = 120.0  # by which this machine's clock may differ from AWS's
PATIENCE = 60  # refusals in a row, after which somebody has to look


class Executions:
    """Hold the executions that run, by name, with the time of each start.

    Parameters
    ----------
    poll_s
        Seconds between two lists, longer after a list of many pages.
    """

    def __init__(
        self,
        sfn: "SFNClient",
        machine_arn: str,
        *,
        poll_s: float = POLL_S,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.running: dict[str, float] = {}
        self._sfn, self._machine_arn = sfn, machine_arn
        self._machine = StepFunctionsMachine(sfn, machine_arn)
        self._poll_s, self._clock, self._sleep = poll_s, clock, sleep
        self._due = clock() + poll_s
        self._refused = 0

    def start(self, name: str, record: JsonObject, *, at: float) -> None:
        """Start an execution; one of this name that was started before goes on.

        Parameters
        ----------
        at
            Seconds since 1970 at which the start was first tried.
        """
        while True:
            try:
                self._machine.start(name, record)
            except StorageUnavailableError as exc:
                self._wait_after(exc)
            else:
                break
        self._refused = 0
        self.running[name] = at

    def ends(self) -> Iterator[tuple[str, str]]:
        """Yield name and error code of each execution that ended, if a list is due.

        The code of a success is empty.
        """
        if not self.running or self._clock() < self._due:
            return
        try:
            ended = self._look()
        except StorageUnavailableError as exc:
            self._wait_after(exc)
            return
        self._refused = 0
        for name, code in ended.items():
            del self.running[name]
            yield name, code

    def wait(self) -> None:
        """Sleep until the next list is due."""
        self._sleep(max(0.0, self._due - self._clock()))

    def _wait_after(self, refusal: StorageUnavailableError) -> None:
        self._refused += 1
        if self._refused >= PATIENCE:
            raise LocalError(f"{refusal} Start the same command again later.")
        self._due = self._clock() + self._poll_s
        self.wait()

    def _look(self) -> dict[str, str]:
        unseen, ended, pages = dict(self.running), dict[str, str](), 0
        oldest = min(self.running.values()) - CLOCKS_S
        for page in self._pages():
            pages += 1
            for listed in page:
                if unseen.pop(listed["name"], None) is None:
                    continue
                code = self._code(listed["name"], listed["status"])
                if code is not None:
                    ended[listed["name"]] = code
            if page and page[-1]["startDate"].timestamp() < oldest:
                break
        self._due = self._clock() + self._poll_s * max(1, pages)
        return ended | self._described(list(unseen)[:DESCRIBED])

    def _pages(self) -> Iterator[list[Any]]:
        """Yield the executions of the machine, the newest first, and few pages."""
        token: dict[str, Any] = {}
        for _ in range(MAX_PAGES):
            try:
                answer: Any = self._sfn.list_executions(
                    stateMachineArn=self._machine_arn, maxResults=PAGE, **token
                )
            except AWS_ERRORS as exc:
                raise ERRORS.translated(exc) from exc
            yield answer["executions"]
            if not answer.get("nextToken"):
                return
            token = {"nextToken": answer["nextToken"]}

    def _code(self, name: str, status: str) -> str | None:
        """Return the error code of an ended execution; None while one runs."""
        if status == "SUCCEEDED":
            return ""
        if status != "FAILED":
            return status if status in ENDED_BADLY else None
        described = self._machine.describe(name)
        if described is None or described.status != "FAILED":
            return None  # the list is ahead of this read
        return CODES.get(described.error, described.error or status)

    def _described(self, names: list[str]) -> dict[str, str]:
        """Read some executions that no list shows: they are very new, or old."""
        ended: dict[str, str] = {}
        for name in names:
            described = self._machine.describe(name)
            code = self._code(name, described.status) if described else None
            if code is None:
                # The next poll asks for others first.
                self.running[name] = self.running.pop(name)
            else:
                ended[name] = code
        return ended
