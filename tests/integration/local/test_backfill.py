"""Back-fill a bucket of stems on the engine, half of them drawn before."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.processes import eventually
from support.stack import ROOT
from support.world import wav
from waveflow_local.cli.app import app

STEMS = int(os.environ.get("WAVEFLOW_BACKFILL", "20"))  # 200 in `make soak`
COLUMNS = ("userId", "trackId", "stemId", "filepath", "timestamp", "original_filename")
COMMAND = Path(sys.executable).with_name("waveflow")
TOOK = re.compile(r"in \d.*$", re.MULTILINE)


def backfill(world, *arguments):
    """Run the command on the engine, and return its exit code and output."""
    ended = CliRunner(env={"AWS_ENDPOINT_URL": world.pipeline.endpoint}).invoke(
        app, ["ops", "backfill", *map(str, arguments), "--stack", "local"]
    )
    # The stages run in this process, and print their metrics there too.
    said = [
        x for x in ended.stdout.splitlines(keepends=True) if not x.startswith('{"_aws"')
    ]
    return ended.exit_code, "".join(said)


def table(path, messages):
    """Write a server's table of stems as CSV."""
    rows = [",".join(message[name] for name in COLUMNS) for message in messages]
    path.write_text("\n".join([",".join(COLUMNS), *rows, ""]), "utf-8")
    return path


def versions(world):
    """Return the versions of each waveform document of the stems."""
    listed = world.s3.list_object_versions(
        Bucket=world.bucket, Prefix="waveforms/fill-"
    )
    found = defaultdict(list)
    for entry in listed.get("Versions", []):
        found[entry["Key"]].append(entry["VersionId"])
    return dict(found)


@pytest.fixture(scope="module")
def bucket(world):
    """Fill the bucket with stems, of which the first half is drawn already."""
    messages = [world.new_stem(stemId=f"fill-{n}") for n in range(STEMS)]
    for number, message in enumerate(messages):
        world.put(message["filepath"], wav(seed=number))
    for message in messages[: STEMS // 2]:
        world.pipeline.send(json.dumps(message))
    eventually(lambda: len(world.keys("waveforms/fill-")) == STEMS // 2)
    for message in messages[: STEMS // 2]:
        eventually(lambda stem=message["stemId"]: world.told(stem, "completion"))
    return messages


@pytest.fixture(scope="module")
def filled(world, bucket, tmp_path_factory):
    """Back-fill the bucket: look, run, and run once more under another journal."""
    manifest = table(tmp_path_factory.mktemp("tables") / "stems.csv", bucket)
    before = versions(world)
    looked = backfill(world, manifest, "--dry-run")
    untouched = versions(world)
    ran = backfill(world, manifest)
    again = backfill(world, manifest, "--journal", manifest.with_name("second"))
    return before, untouched, looked, ran, again


@pytest.mark.skipif(STEMS != 20, reason="the page shows twenty stems")
def test_the_reports_are_those_of_the_page(filled):
    """An operator compares the terminal with the page before the first real run."""
    page = (ROOT / "docs/backfill.md").read_text("utf-8")
    shown = re.findall(r"```console\n\$ .*?\n(.*?)```", page, re.DOTALL)
    _, _, looked, ran, _ = filled

    assert [code for code, _ in (looked, ran)] == [0, 0]
    printed = [TOOK.sub("in …", said) for _, said in (looked, ran)]
    assert printed == [TOOK.sub("in …", said) for said in shown]


def test_what_is_missing_is_drawn_once_and_what_is_current_stays(world, filled):
    """The first day with WaveFlow: half of the bucket has no waveform."""
    before, untouched, _, _, (_, again) = filled
    after = versions(world)

    assert untouched == before
    assert len(before) == STEMS // 2
    assert len(after) == STEMS
    assert before.items() <= after.items()
    # The queue and the pipe had the live uploads alone.
    assert len(world.started) == STEMS // 2
    assert {len(each) for each in after.values()} == {1}
    assert re.search(rf"drawn +0  .*\ncurrent +{STEMS}\n", again)


@pytest.mark.usefixtures("filled")
def test_the_server_hears_of_a_back_fill_once_for_each_stem(world, bucket):
    """A user must get no mail about a stem that an operator had drawn."""
    told = [world.told(message["stemId"], "completion") for message in bucket]
    lives, fills = told[: STEMS // 2], told[STEMS // 2 :]

    assert {len(each) for each in told} == {1}
    assert not any("backfill" in body for [body] in lives)
    for [body], message in zip(fills, bucket[STEMS // 2 :], strict=True):
        assert body["backfill"] is True
        assert body["status"] == "SUCCESS"
        assert re.fullmatch(r"backfill-[0-9a-f]{12}-\d+", body["task_id"])
        assert body["original_filename"] == message["original_filename"]
        assert body["timestamp"] == message["timestamp"]
        assert not world.told(message["stemId"], "hash-check")


def test_a_faulty_manifest_is_told_line_by_line(world, tmp_path):
    """An operator mends all faulty lines at once, and nothing was started meanwhile."""
    manifest = table(tmp_path / "stems.csv", [world.new_stem(timestamp="soon")] * 2)
    env = os.environ | {"AWS_ENDPOINT_URL": world.pipeline.endpoint}

    ended = subprocess.run(
        [COMMAND, *("ops", "backfill", manifest, "--stack", "local")],
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )

    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        f"waveflow: {manifest} has 2 faulty lines; nothing was done.",
        "  line 2 has an invalid timestamp.",
        "  line 3 has an invalid timestamp.",
    ]
    assert not list(tmp_path.glob("*journal*"))


def test_a_run_that_is_interrupted_goes_on_by_the_same_command(world, tmp_path):
    """An operator who goes home must lose nothing, and be told how to go on."""
    messages = [world.new_stem(stemId=f"cut-{n}") for n in range(6)]
    for number, message in enumerate(messages):
        world.put(message["filepath"], wav(seed=100 + number))
    manifest = table(tmp_path / "stems.csv", messages)
    journal = tmp_path / "stems.csv.backfill-journal"
    env = os.environ | {"AWS_ENDPOINT_URL": world.pipeline.endpoint}
    command = ("ops", "backfill", manifest, "--stack", "local", "--at-once", "1")

    with subprocess.Popen(
        [COMMAND, *command], stderr=subprocess.PIPE, text=True, env=env
    ) as running:
        eventually(lambda: journal.exists() and '"start"' in journal.read_text())
        running.send_signal(signal.SIGINT)
        _, said = running.communicate()
    code, report = backfill(world, manifest)

    assert running.returncode == 130
    assert "start the same command again for the rest" in said
    assert "Traceback" not in said
    assert (code, report.splitlines()[0].split()[:2]) == (0, ["drawn", "6"])
    told = [world.told(message["stemId"], "completion") for message in messages]
    assert {len(each) for each in told} == {1}
