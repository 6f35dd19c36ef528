import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { S3Client } from '@aws-sdk/client-s3';
import type { LoggerService } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { Webhook } from 'standardwebhooks';
import { DataSource } from 'typeorm';
import { AppModule } from '../app.module.js';
import { configure, OPTIONS } from '../application.js';
import { ObjectsService, type StoredObject } from '../aws/objects.service.js';
import { settings, settingsOf } from '../settings/settings.js';
import { StemFile } from '../stems/stem-file.entity.js';

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const OLD_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
export const HASH = 'a'.repeat(64);

type Json = Record<string, unknown>;

/** Takes commands as an AWS client does; may refuse them, or never answer. */
export class FakeClient {
  readonly inputs: Json[] = [];
  failure: Error | null = null;
  silent = false;
  /** Settled by the first command. */
  readonly called: Promise<void>;
  private call!: () => void;

  constructor() {
    this.called = new Promise((resolve) => {
      this.call = resolve;
    });
  }

  send(command: { input: Json }): Promise<object> {
    if (this.failure !== null) {
      return Promise.reject(this.failure);
    }
    this.inputs.push(command.input);
    this.call();
    return this.silent ? new Promise(() => undefined) : Promise.resolve({});
  }
}

export class FakeObjects extends ObjectsService {
  readonly stored = new Map<string, StoredObject>();

  override describe(key: string): Promise<StoredObject | null> {
    return Promise.resolve(this.stored.get(key) ?? null);
  }
}

/** Keeps what would have been printed. */
export class FakeLog implements LoggerService {
  readonly lines: string[] = [];
  readonly log = this.keep.bind(this);
  readonly warn = this.keep.bind(this);
  readonly error = this.keep.bind(this);

  private keep(...parts: unknown[]): void {
    this.lines.push(parts.map(String).join(' '));
  }
}

export interface Reply {
  status: number;
  // Answers are looked at field by field; a type would only repeat the tests.
  body: any;
}

/** The real application on a free port, with fake queues and Step Functions. */
export class Server {
  readonly queue = new FakeClient();
  readonly steps = new FakeClient();
  readonly log = new FakeLog();
  objects!: FakeObjects;
  app!: NestExpressApplication;

  constructor(
    readonly databaseFile = join(tmpdir(), `waveflow-${randomUUID()}.sqlite`),
    private readonly environment: NodeJS.ProcessEnv = {},
  ) {}

  async start(): Promise<this> {
    const told = settingsOf({
      SQS_QUEUE_URL: 'http://queue.invalid',
      S3_BUCKET_NAME: 'bucket',
      WEBHOOK_SECRET: `${OLD_SECRET} ${SECRET}`,
      DATABASE_FILE: this.databaseFile,
      ...this.environment,
    });
    const credentials = { accessKeyId: 'example', secretAccessKey: 'example' };
    this.objects = new FakeObjects(new S3Client({ region: told.region, credentials }), told);
    const testing = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(settings.KEY).useValue(told)
      .overrideProvider(SQSClient).useValue(this.queue)
      .overrideProvider(SFNClient).useValue(this.steps)
      .overrideProvider(ObjectsService).useValue(this.objects)
      .setLogger(this.log)
      .compile();
    this.app = configure(testing.createNestApplication<NestExpressApplication>(OPTIONS));
    await this.app.listen(0, '127.0.0.1');
    return this;
  }

  async stop(): Promise<void> {
    await this.app.close();
    rmSync(this.databaseFile, { force: true });
  }

  get(path: string): Promise<Reply> {
    return this.call(path, { method: 'GET' });
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const all = { 'content-type': 'application/json', ...headers };
    return this.call(path, { method: 'POST', body: text, headers: all });
  }

  /** Deliver a webhook as WaveFlow does. */
  deliver(event: string, body: unknown, id: string = randomUUID()): Promise<Reply> {
    const text = JSON.stringify(body);
    return this.post(`/webhook/${event}`, text, signed(text, { id }));
  }

  /** Upload one file and say so. */
  async upload(
    trackId = 'track',
    lastModified = 1_000,
    userId = 'user',
  ): Promise<Json & { stemId: string }> {
    const wish = { userId, trackId, original_filename: 'take 1.wav', sha256: HASH };
    const { body } = await this.post('/stems/upload', wish);
    this.objects.stored.set(body.filepath, { etag: `"${body.stemId}"`, lastModified });
    const { stemId } = body;
    return (await this.post('/stems/upload-complete', { userId, stemId })).body;
  }

  /** Ask about a stem; the reply holds the verdict that was sent, if one was. */
  async ask(stem: Json, more: object = {}): Promise<Reply & { verdict: Json | undefined }> {
    const before = this.steps.inputs.length;
    const reply = await this.deliver('hash-check', { ...question(stem), ...more });
    const verdict = this.steps.inputs.length > before ? this.verdicts().at(-1) : undefined;
    return { ...reply, verdict };
  }

  /** Tell how the work on a stem ended. */
  tell(stem: Json, status: keyof typeof RESULTS, result: Json = {}): Promise<Reply> {
    return this.deliver('completion', completion(stem, status, result));
  }

  async stem(stemId: string): Promise<Json> {
    return (await this.get(`/stems/${stemId}?userId=user`)).body;
  }

  /** A stem's row in the database, with what no page is shown. */
  row(stemId: string): Promise<StemFile> {
    return this.app.get(DataSource).manager.findOneByOrFail(StemFile, { stemId });
  }

  /** The verdicts sent so far, oldest first. */
  verdicts(): Json[] {
    const outputs = this.steps.inputs.map((input) => input['output'] as string | undefined);
    return outputs.filter((output) => output !== undefined).map((output) => JSON.parse(output));
  }

  private async call(path: string, init: RequestInit): Promise<Reply> {
    const response = await fetch(`${await this.app.getUrl()}${path}`, init);
    return { status: response.status, body: await response.json() };
  }
}

export function signed(
  body: string,
  { id = 'delivery', secret = SECRET, at = new Date() }: { id?: string; secret?: string; at?: Date } = {},
): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
}

/** The question that WaveFlow asks about a stem. */
export function question(stem: Json, more: Json = {}): Json {
  const { userId, trackId, stemId, filepath } = stem;
  return {
    ...{ userId, trackId, stemId, filepath },
    status: 'hash_generated',
    audio_hash: HASH,
    timestamp: stem['requestedAt'],
    original_filename: stem['originalFilename'],
    task_token: `token-${randomUUID()}`,
    task_id: stem['taskId'],
    execution_arn: 'arn:aws:states:ap-northeast-2:123456789012:execution:waveflow:1',
    file_size: 1024,
    ...more,
  };
}

const RESULTS = {
  SUCCESS: {
    audio_data_hash: HASH,
    waveform_data_path: 'waveforms/stem_waveform_1.json',
    file_size: 1024,
    duration: 1.5,
    sample_rate: 44_100,
    num_peaks: 1024,
    channels: 2,
    format: 'WAV',
    peak: 0.5,
    warnings: [],
  },
  FAILURE: {
    error: 'CorruptAudioError',
    error_code: 'CORRUPT_AUDIO',
    error_message: 'The data ends inside a header.',
    stage: 'waveform',
    retryable: false,
  },
  DUPLICATE: {
    error: 'Duplicate',
    error_code: 'DUPLICATE_FILE',
    error_message: 'The same file is already there.',
    duplicate_of: { stemId: 'other', filepath: 'users/user/track/other.wav' },
    audio_data_hash: HASH,
  },
};

/** What the options of a message bring into its result. */
export const OUTPUTS = {
  zoom_levels: [256, 1024].map((samples_per_pixel) => ({
    ...{ samples_per_pixel, path: `waveforms/stem_zoom_1/${samples_per_pixel}_split.dat` },
    ...{ bytes: 1_060, length: 259, channels: 2 },
  })),
  previews: { opus: { path: 'previews/stem_1.opus', bytes: 18_000, duration: 1.5 }, mp3: null },
  audio_id: `pcm1:${HASH}`,
};

/** What a mix of two stems, the second muted, says beside its outputs. */
export const SUM = {
  mix: {
    ...{ channels: 2, format: 'flac24', sample_rate: 48_000, applied_gain_db: -4.2, limiter_db: 1.5 },
    loudness_target: { integrated: -14, true_peak: -1 },
    loudness: {
      ...{ integrated: -14, range: 3.5, momentary_max: -10.5, short_term_max: -12.5, true_peak: -1.02 },
      reason: null,
    },
  },
  stems: [
    { muted: false, duration: 1.5, peak: 0.75, warnings: ['CHANNELS_MIXED'] },
    { muted: true, duration: null, peak: null, warnings: [] },
  ],
};

/** How WaveFlow tells the end of an upload. */
export function completion(stem: Json, status: keyof typeof RESULTS, result: Json = {}): Json {
  const { userId, trackId, stemId } = stem;
  return {
    ...{ userId, trackId, stemId, status },
    timestamp: '2026-11-21T00:00:00Z',
    task_id: stem['taskId'],
    original_filename: stem['originalFilename'],
    processing_time: 0.5,
    audio_wave_path: status === 'SUCCESS' ? RESULTS.SUCCESS.waveform_data_path : null,
    result: { ...RESULTS[status], ...result },
  };
}

/** How WaveFlow tells the end of a mix. */
export function mixing(taskId: string, status: 'SUCCESS' | 'FAILURE', more: Json = {}): Json {
  const mixed = status === 'SUCCESS';
  return {
    ...{ stageId: 'stage', status, task_id: taskId },
    mixed_file_path: mixed ? 'mixed/stage_mixed_1.wav' : null,
    waveform_data_path: mixed ? 'waveforms/stage_mixed_waveform_1.json' : null,
    upstreamId: null,
    stem_count: 1,
    stem_paths: ['users/user/track/stem.wav'],
    timestamp: '2026-11-21T00:00:00Z',
    processing_time: mixed ? 0.5 : null,
    duration: mixed ? 1.5 : null,
    sample_rate: mixed ? 44_100 : null,
    channels: mixed ? 1 : null,
    warnings: [],
    ...(mixed ? {} : { result: RESULTS.FAILURE }),
    ...more,
  };
}

/** How WaveFlow tells the end of a comparison. */
export function compared(taskId: string, status: 'SUCCESS' | 'FAILURE', more: Json = {}): Json {
  const succeeded = status === 'SUCCESS';
  return {
    ...{ stageId: 'stage', status, task_id: taskId },
    comparison_path: succeeded ? 'comparisons/stage_1.json' : null,
    statuses: succeeded ? ['changed'] : [],
    upstreamId: null,
    timestamp: '2026-11-21T00:00:00Z',
    warnings: [],
    ...(succeeded ? {} : { result: RESULTS.FAILURE }),
    ...more,
  };
}
