"""Firefox and WebKitGTK under WebDriver, by the protocols that both speak themselves.

Firefox takes the commands of WebDriver at a socket of its own, named Marionette, which
geckodriver only translates; Debian has no geckodriver. WebKitGTK takes HTTP.
"""

import base64
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests

from support.processes import HANGS_S, Program, eventually, free_port, listens

SIZE = (1280, 900)  # pixels of a window
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # W3C's name of an element's id
_PREFERENCES = {
    "marionette.port": 0,  # Firefox chooses, and writes the port into its profile
    "media.autoplay.default": 0,
    "intl.accept_languages": "en-US",
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
# The path of each command over HTTP, and the command's name for Marionette.
_COMMANDS = {
    "url": "Navigate",
    "refresh": "Refresh",
    "execute/sync": "ExecuteScript",
    "element": "FindElement",
    "element/{id}/value": "ElementSendKeys",
    "element/{id}/click": "ElementClick",
    "actions": "PerformActions",
    "window/rect": "SetWindowRect",
}


class _Line(Protocol):
    """Connection to a browser that takes commands of WebDriver."""

    def __call__(self, path: str, **given: Any) -> Any: ...


class Tab:
    """Tab of a browser, and the actions of a person who uses the tab."""

    def __init__(self, line: _Line, *, picture: Callable[[], str]) -> None:
        self._line = line
        self._picture = picture

    def open(self, url: str) -> None:
        """Load a page."""
        self._line("url", url=url)

    def reload(self) -> None:
        """Load the page again."""
        self._line("refresh")

    def run(self, script: str, *given: object) -> Any:
        """Return the value of a function's body that runs in the page."""
        return self._line("execute/sync", script=script, args=list(given))

    def until(self, script: str, *given: object) -> Any:
        """Return the first truthy value of a function's body that runs in the page."""
        return eventually(
            lambda: self.run(script, *given),
            otherwise=lambda: f"{script}\n{self.run('return document.body.innerText')}",
        )

    def click(self, css: str) -> None:
        """Click an element, as a person does with the mouse."""
        self._line("element/{id}/click", id=self._find(css))

    def choose(self, css: str, file: Path) -> None:
        """Choose a file for an input."""
        self._line("element/{id}/value", id=self._find(css), text=str(file))

    def drag(self, css: str, *, start: float, end: float) -> None:
        """Drag the mouse over an element, between two shares of the element's width."""
        box = self.run(_BOX, css)
        y = round(box["y"] + box["height"] / 2)
        from_x, to_x = (round(box["x"] + box["width"] * at) for at in (start, end))
        steps = [
            {"type": "pointerMove", "duration": 0, "x": from_x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerMove", "duration": 50, "x": to_x, "y": y},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "actions": steps}
        self._line("actions", actions=[mouse])

    def photograph(self, path: Path) -> None:
        """Write a picture of the window."""
        path.write_bytes(base64.b64decode(self._picture()))

    def _find(self, css: str) -> str:
        found = self._line("element", using="css selector", value=css)
        return str(found[_ELEMENT])


_BOX = """
const box = document.querySelector(arguments[0]);
box.scrollIntoView({ block: "center" });
const { x, y, width, height } = box.getBoundingClientRect();
return { x, y, width, height };
"""


@contextmanager
def firefox(folder: Path) -> Iterator[Tab]:
    """Run Firefox without a screen, with a profile below `folder`."""
    program = _need("firefox-esr", "firefox")
    profile = folder / "firefox"
    profile.mkdir()
    lines = [
        f"user_pref({json.dumps(name)}, {json.dumps(value)});"
        for name, value in _PREFERENCES.items()
    ]
    (profile / "user.js").write_text("\n".join(lines))
    command = [program, "--headless", "--marionette", "--no-remote"]
    running = Program(
        [*command, "--profile", str(profile)],
        log=folder / "firefox.log",
        env={**os.environ, "HOME": str(folder)},
        cwd=folder,
    )
    try:
        chosen = profile / "MarionetteActivePort"
        running.wait_until(lambda: chosen.exists() and chosen.read_text().strip())
        with socket.create_connection(("127.0.0.1", int(chosen.read_text()))) as line:
            yield _firefox_tab(line)
    finally:
        running.stop()


def _firefox_tab(line: socket.socket) -> Tab:
    line.settimeout(HANGS_S)
    stream = line.makefile("rwb")
    _read(stream)  # Firefox says first which protocol it speaks

    def ask(name: str, **given: Any) -> Any:
        body = json.dumps([0, 1, f"WebDriver:{name}", given]).encode()
        stream.write(b"%d:%b" % (len(body), body))
        stream.flush()
        _, _, error, answer = _read(stream)
        assert error is None, error
        return answer["value"] if set(answer or {}) == {"value"} else answer

    ask("NewSession", capabilities={"alwaysMatch": {}})
    ask("SetWindowRect", width=SIZE[0], height=SIZE[1])
    return Tab(
        lambda path, **given: ask(_COMMANDS[path], **given),
        picture=lambda: ask("TakeScreenshot", full=False),
    )


def _read(stream: Any) -> Any:
    """Return a message of Marionette: its length in digits, a colon and JSON."""
    digits = b""
    while (digit := stream.read(1)) != b":":
        assert digit, "Firefox has closed the connection"
        digits += digit
    return json.loads(stream.read(int(digits)))


@contextmanager
def webkit(folder: Path) -> Iterator[Tab]:
    """Run WebKitGTK's small browser on a screen that nobody sees."""
    driver, screen = _need("WebKitWebDriver"), _need("Xvfb")
    env = {**os.environ, "HOME": str(folder), "LANG": "C.UTF-8", "LANGUAGE": "en"}
    size = "x".join(map(str, (*SIZE, 24)))
    shown = Program(
        [screen, "-displayfd", "1", "-screen", "0", size, "-nolisten", "tcp"],
        log=folder / "screen.log",
        env=env,
        cwd=folder,
    )
    try:
        shown.wait_until(lambda: shown.output.endswith("\n"))
        number = shown.output.split()[-1]
        with _webkit_tab(driver, folder, {**env, "DISPLAY": f":{number}"}) as tab:
            yield tab
    finally:
        shown.stop()


@contextmanager
def _webkit_tab(driver: str, folder: Path, env: dict[str, str]) -> Iterator[Tab]:
    port = free_port()
    running = Program(
        [driver, f"--port={port}", "--host=127.0.0.1"],
        log=folder / "webkit.log",
        env=env,
        cwd=folder,
    )
    session = ""

    def ask(path: str, *, method: str = "POST", **given: Any) -> Any:
        at = f"http://127.0.0.1:{port}/session{session}{path.format(**given)}"
        body = None if method == "GET" else json.dumps(given)
        answer = requests.request(method, at, data=body, timeout=HANGS_S)
        assert answer.ok, answer.text
        return answer.json()["value"]

    try:
        running.wait_until(lambda: listens(port))
        session = f"/{ask('', capabilities={'alwaysMatch': {}})['sessionId']}"
        ask("/window/rect", width=SIZE[0], height=SIZE[1])
        yield Tab(
            lambda path, **given: ask(f"/{path}", **given),
            picture=lambda: ask("/screenshot", method="GET"),
        )
        ask("", method="DELETE")
    finally:
        running.stop()


def _need(*names: str) -> str:
    """Return a program; skip the test where none of the names is installed."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"{names[0]} is not installed; this test drives it.")
    return found
