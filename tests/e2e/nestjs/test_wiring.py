"""The README's steps for a team: the listed folders are enough, and compile."""

import json
import os
import re
import shutil
import uuid

import pytest
import requests
from support.node import ROOT, compiled
from support.processes import Program, free_port, listens
from support.recorder import Passed
from support.stack import Stack, load

EXAMPLE = ROOT / "examples" / "nestjs"
README = (EXAMPLE / "README.md").read_text("utf-8")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SETTINGS = {
    "SQS_QUEUE_URL": "http://127.0.0.1:9/queue",
    "S3_BUCKET_NAME": "bucket",
    "WEBHOOK_SECRET": SECRET,
    "CORS_ORIGINS": "https://page.example",
}
SERVICES = """
import { Injectable, Module } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { CompletionDto } from './waveflow/dto/completion.dto.js';
import type {
  Applied, ComparisonReceiver, Decision, MixReceiver, StemReceiver,
} from './webhook/receivers.js';

@Injectable()
export class StemFileService implements StemReceiver {
  async decide(): Promise<Decision> {
    return { verdict: 'hold' };
  }

  async settle(manager: EntityManager, completion: CompletionDto): Promise<Applied> {
    await manager.query('SELECT 1');
    return completion.status === 'SUCCESS' ? 'applied' : 'ignored';
  }
}

@Injectable()
export class MixService implements MixReceiver {
  async settle(): Promise<Applied> {
    return 'ignored';
  }
}

@Injectable()
export class ComparisonService implements ComparisonReceiver {
  async settle(): Promise<Applied> {
    return 'ignored';
  }
}

@Module({ providers: [StemFileService], exports: [StemFileService] })
export class StemsModule {}

@Module({ providers: [MixService], exports: [MixService] })
export class MixesModule {}

@Module({ providers: [ComparisonService], exports: [ComparisonService] })
export class ComparisonsModule {}
"""
IMPORTS = """
import { Module } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { AwsModule } from './aws/aws.module.js';
import { WebhookModule } from './webhook/webhook.module.js';
import {
  ComparisonService, ComparisonsModule, MixesModule, MixService,
  StemFileService, StemsModule,
} from './services.js';
"""
DATABASE = """
const database: TypeOrmModuleOptions =
  { type: 'sqljs', autoLoadEntities: true, synchronize: true };
"""
START = """
import 'reflect-metadata';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { settings, type Settings } from './settings/settings.js';
"""
STRICTER_THAN_US = """
app.setGlobalPrefix('api');
const strict = { whitelist: true, forbidNonWhitelisted: true };
app.useGlobalPipes(new ValidationPipe(strict));
await app.listen(Number(process.env['PORT']), '127.0.0.1');
"""


def printed(readme, name):
    """Return the README's block of TypeScript that begins with a file's name."""
    block = rf"^( *)```ts\n *// {name}\n(.*?)^ *```$"
    found = re.search(block, readme, re.MULTILINE | re.DOTALL)
    assert found, name
    return "\n".join(line[len(found[1]) :] for line in found[2].splitlines()) + "\n"


@pytest.fixture(scope="module")
def application(nestjs_app, tmp_path_factory):
    """Return a built application of the listed folders and two services."""
    [line] = [line for line in README.splitlines() if line.startswith("2. Copy ")]
    folders = re.findall(r"`(src/[\w/]+)`", line)
    project = tmp_path_factory.mktemp("wired") / "wired"
    project.mkdir()
    for name in ("package.json", "tsconfig.json", "tsconfig.build.json"):
        shutil.copy2(EXAMPLE / name, project / name)
    without_tests = shutil.ignore_patterns("*.spec.ts")
    for folder in folders:
        shutil.copytree(EXAMPLE / folder, project / folder, ignore=without_tests)
    module = IMPORTS + DATABASE + printed(README, "app.module.ts")
    main = START + printed(README, "main.ts") + STRICTER_THAN_US
    postgres = (
        "import type { TypeOrmModuleOptions } from '@nestjs/typeorm';\n"
        f"export {printed(README, 'database.ts')}"
    )
    sources = {"services": SERVICES, "app.module": module, "main": main}
    for name, text in {**sources, "postgres": postgres}.items():
        (project / "src" / f"{name}.ts").write_text(text, "utf-8")
    return compiled(project, within=nestjs_app)


@pytest.fixture(scope="module")
def server(application, tmp_path_factory):
    """Return the address of the running application."""
    port = free_port()
    program = Program(
        ["node", "dist/main.js"],
        log=tmp_path_factory.mktemp("log") / "server.log",
        env={**SETTINGS, "PORT": str(port), "PATH": os.environ["PATH"]},
        cwd=application,
    )
    try:
        program.wait_until(lambda: listens(port))
        yield f"http://127.0.0.1:{port}/api/webhook"
    finally:
        program.stop()


def deliver(server, **changes):
    """Send a signed completion, and return the application's answer."""
    payload = {
        "stemId": "stem",
        "status": "SUCCESS",
        "task_id": "task",
        "result": {
            "audio_data_hash": "a" * 64,
            "waveform_data_path": "waveforms/stem_waveform_1.json",
            "file_size": 1,
            "duration": 1,
            "sample_rate": 8000,
            "num_peaks": 1,
            "channels": 1,
            "format": "wav",
            "peak": 1,
            "warnings": [],
        },
        **changes,
    }
    headers = {"webhook-id": uuid.uuid4().hex, "content-type": "application/json"}
    sent = Passed("/completion", headers, json.dumps(payload).encode())
    url = f"{server}/completion"
    return requests.post(url, data=sent.body, headers=sent.signed(SECRET), timeout=20)


def test_what_the_readme_lists_takes_a_webhook(server):
    """A team copies the listed folders, and must need no other file."""
    answer = deliver(server)

    assert (answer.status_code, answer.json()["message"]) == (200, "applied")


def test_an_application_stricter_than_the_example_takes_what_is_carried(server):
    """A strict application must not refuse the fields that its server once added."""
    answer = deliver(server, stageId="stage", mine={"deep": [1]})

    assert (answer.status_code, answer.json()["message"]) == (200, "applied")


def test_the_readmes_body_limit_takes_the_longest_webhook(server):
    """Express refuses 100 kB by itself, and a refused webhook is never sent again."""
    answer = deliver(server, stageId="stage", mine="x" * 262_144)

    assert (answer.status_code, answer.json()["message"]) == (200, "applied")


def test_an_application_with_pipes_of_its_own_still_refuses_by_name(server):
    """An application with pipes of its own must still name the wrong field."""
    answer = deliver(server, task_id=7)

    assert answer.status_code == 400
    assert answer.json()["message"][0].startswith("task_id ")


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("https://page.example", "https://page.example"), ("https://evil.example", None)],
)
def test_the_readmes_lines_let_in_the_pages_of_the_settings(server, origin, allowed):
    """A front-end on another origin must pass the preflight, and no other page may."""
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}

    answer = requests.options(f"{server}/completion", headers=asks, timeout=20)

    assert answer.headers.get("access-control-allow-origin") == allowed


def test_the_bucket_rule_of_the_readme_is_the_rule_of_the_stack():
    """A page must read the same results from an own bucket as from the stack's."""
    [printed_rule] = json.loads(
        re.findall(r"```json\n(\[\n.*?)```", README, re.DOTALL)[0]
    )

    stack = Stack(load(), UploadOrigins="https://page.example").resources["Bucket"]
    [rule] = stack["Properties"]["CorsConfiguration"]["CorsRules"]
    assert printed_rule["AllowedOrigins"] == rule["AllowedOrigins"]
    assert printed_rule["ExposeHeaders"] == rule["ExposedHeaders"]
    assert printed_rule["AllowedHeaders"] == rule["AllowedHeaders"]
    assert printed_rule["MaxAgeSeconds"] == rule["MaxAge"]
    # The HTTP API of the stack uploads in parts by PUT, this server does not.
    assert {*printed_rule["AllowedMethods"], "PUT"} == set(rule["AllowedMethods"])


def test_the_loop_of_the_readme_is_the_loop_of_the_service():
    """A team copies the loop of practice mixes, which must be the tested loop."""
    service = (EXAMPLE / "src" / "mixes" / "mix.service.ts").read_text("utf-8")

    loop = " ".join(printed(README, "mix.service.ts").split())
    assert loop in " ".join(service.split())


def test_both_readmes_print_the_same_code():
    """A reader of the translation must not copy older code."""
    korean = (EXAMPLE / "README.ko.md").read_text("utf-8")
    code = re.compile(r"^ *```\w+\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

    assert code.findall(korean) == code.findall(README)
