"""Name the local pipeline's parts, which AWS would name on a real account."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

ACCOUNT = "123456789012"  # moto's default account
REGION: Final = "ap-northeast-2"
PARTITION = "aws"
STACK = "waveflow"
BUCKET = "waveflow-local"
LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 4566
ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"
ACCESS_KEY = "test"
SECRET_KEY = "test"  # noqa: S105 - guards loopback only
# "waveflow-local-development-key" in base64: fixed, so that a .env stays valid.
WEBHOOK_SECRET = "whsec_d2F2ZWZsb3ctbG9jYWwtZGV2ZWxvcG1lbnQta2V5"  # noqa: S105
# "waveflow-external-development-key" in base64: signs an external server's reports.
EXTERNAL_SECRET = "whsec_d2F2ZWZsb3ctZXh0ZXJuYWwtZGV2ZWxvcG1lbnQta2V5"  # noqa: S105
PROJECT_ROOT = Path(__file__).resolve().parents[3]


class LocalError(Exception):
    """Report a mistake that the user can mend, shown as one line of text.

    `details` are further lines, where a mistake has several places.
    """

    exit_code = 1
    details: tuple[str, ...] = ()


class UsageMistakeError(LocalError):
    """Report options or arguments that no command can obey, whatever the files hold."""

    exit_code = 2


@dataclass(frozen=True)
class Project:
    """Find the template and the Lambda handlers in one checkout."""

    root: Path = PROJECT_ROOT

    @property
    def template(self) -> Path:
        """Return the path of the SAM template."""
        return self._existing(self.root / "template.yaml")

    def handler(self, stage: str) -> Path:
        """Return the path of the Lambda handler of a stage."""
        return self._existing(self.root / "functions" / stage / "app.py")

    def file(self, relative: str) -> Path:
        """Return the path of a file that the template names."""
        return self._existing(self.root / relative)

    @staticmethod
    def _existing(path: Path) -> Path:
        if not path.is_file():
            raise LocalError(f"{path} is missing; run waveflow from a whole checkout.")
        return path


def arn(service: str, resource: str) -> str:
    """Return the ARN that a resource has in the local engine."""
    return f"arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{resource}"


def web_address(text: str) -> str:
    """Return an HTTP address without the slash at its end, or refuse the address."""
    try:
        parts = urlsplit(text)
        is_http = parts.scheme in {"http", "https"}
        is_good = is_http and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise UsageMistakeError(f"{text!r} is no address, as {DEFAULT_ENDPOINT} is.")
    return text.rstrip("/")


def endpoint(port: int) -> str:
    """Return the URL under which the local engine answers."""
    return f"http://{LOOPBACK}:{port}"


MACHINE_ARN = arn("states", f"stateMachine:{STACK}")
DEFAULT_ENDPOINT = endpoint(DEFAULT_PORT)
