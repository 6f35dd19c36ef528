"""Stand in for S3, SQS, Step Functions, Secrets Manager and Lambda on loopback."""

from waveflow_local.engine.moto.lean import import_interpreter

import_interpreter()
