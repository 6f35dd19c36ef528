import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { validateSync, type ValidatorOptions } from 'class-validator';
import { MixRequestDto } from '../mixes/mixes.dto.js';
import { settingsOf } from '../settings/settings.js';
import { compared, completion, FakeClient, mixing, OUTPUTS, question, SUM } from '../testing/harness.js';
import { CompletionDto } from './dto/completion.dto.js';
import { ComparisonCompleteDto } from './dto/comparison-complete.dto.js';
import { HashCheckDto } from './dto/hash-check.dto.js';
import { MixOptionsDto } from './dto/mix-options.dto.js';
import { MixingCompleteDto } from './dto/mixing-complete.dto.js';
import { SqsService } from './sqs.service.js';

type Json = Record<string, unknown>;

const HERE = fileURLToPath(new URL('../../../../docs/schemas/', import.meta.url));
const SCHEMAS = process.env['WAVEFLOW_SCHEMAS'] ?? HERE;
const skip = existsSync(SCHEMAS) ? false : 'the schemas are in the WaveFlow repository';

const load = (name: string): ValidateFunction =>
  new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(`${SCHEMAS}${name}.json`, 'utf8')));

const accepts = (dto: ClassConstructor<object>, body: Json, options: ValidatorOptions = {}): boolean =>
  validateSync(plainToInstance(dto, body), options).length === 0;

const STEM = {
  ...{ userId: 'user', trackId: 'track', stemId: 'stem', filepath: 'users/user/a.wav' },
  ...{ requestedAt: '2026-11-21T00:00:00Z', originalFilename: 'a.wav', taskId: 'hash-stem-1' },
};
const SAMPLES: [string, ClassConstructor<object>, Json][] = [
  ['hash-check', HashCheckDto, question(STEM)],
  ['completion', CompletionDto, completion(STEM, 'SUCCESS')],
  ['completion', CompletionDto, completion(STEM, 'SUCCESS', { dedupe: { refused: 'OFF', would_delete: true } })],
  ['completion', CompletionDto, completion(STEM, 'SUCCESS', OUTPUTS)],
  ['completion', CompletionDto, { ...completion(STEM, 'SUCCESS'), backfill: true }],
  ['completion', CompletionDto, completion(STEM, 'DUPLICATE')],
  ['completion', CompletionDto, completion(STEM, 'FAILURE')],
  ['mixing-complete', MixingCompleteDto, mixing('mix-stage-1', 'SUCCESS')],
  ['mixing-complete', MixingCompleteDto, mixing('mix-stage-1', 'SUCCESS', OUTPUTS)],
  ['mixing-complete', MixingCompleteDto, mixing('mix-stage-1', 'SUCCESS', SUM)],
  ['mixing-complete', MixingCompleteDto, mixing('mix-stage-1', 'SUCCESS', { ...SUM, stems: SUM.stems.toReversed() })],
  ['mixing-complete', MixingCompleteDto, mixing('mix-stage-1', 'FAILURE')],
  ['mixing-complete', MixingCompleteDto, mixing('mix-stage-1', 'FAILURE', { stem_count: 0, stem_paths: [] })],
  ['comparison-complete', ComparisonCompleteDto, compared('compare-stage-1', 'SUCCESS')],
  ['comparison-complete', ComparisonCompleteDto, compared('compare-stage-1', 'FAILURE')],
];

// Beyond and at the ends of what the contract allows.
const NUMBERS = [
  ...[-1, -0.5, 0, 1, 2, 3, 32, 33, 63, 64, 65_536, 65_537, 3_999, 4_000, 4_001, 768_000, 768_001, 1e15, 2 ** 70],
  ...[-600_001, -600_000, -60.1, -60, -30.1, -30, -9.1, -9, -8, -7.9, -1.1, -0.4, 1.1, 12, 12.1, 600_000, 600_000.1],
  ...[22_050, 44_100, 48_000, 88_200, 96_000, 192_000],
];
const texts = (text: string): string[] => [
  ...['', ' ', 'a b', '.', 'g'.repeat(64), 'A'.repeat(64), 'a'.repeat(128), 'a'.repeat(129)],
  ...['a'.repeat(256), 'a'.repeat(257), `${text}\n`, ` ${text}`, text.toUpperCase()],
];

function others(value: unknown): unknown[] {
  const ofItsType = typeof value === 'number' ? NUMBERS : typeof value === 'string' ? texts(value) : [];
  const ofOthers = [null, 7, 1.5, 'text', true, [], [1], [null], [[]], [{}], {}].filter((other) => kind(other) !== kind(value));
  return [...ofItsType, ...ofOthers];
}

/** The sample with one field missing, null, of another type or out of range, for every field. */
function* variants(body: Json): Generator<[string, Json]> {
  for (const [name, value] of Object.entries(body)) {
    const { [name]: _, ...without } = body;
    yield [`without ${name}`, without];
    for (const other of others(value)) {
      yield [`${name}: ${JSON.stringify(other)}`, { ...body, [name]: other }];
    }
    if (kind(value) === 'object') {
      for (const [what, inner] of variants(value as Json)) {
        yield [`${name}: ${what}`, { ...body, [name]: inner }];
      }
    }
    if (kind(value) === 'objects') {
      const [first, ...rest] = value as Json[];
      for (const [what, inner] of variants(first ?? {})) {
        yield [`${name}[0]: ${what}`, { ...body, [name]: [inner, ...rest] }];
      }
    }
  }
}

const kind = (value: unknown): string => {
  if (Array.isArray(value)) {
    const isOfObjects = value.some((item) => kind(item) === 'object');
    return isOfObjects ? 'objects' : value.some((item) => typeof item !== 'string') ? 'numbers' : 'array';
  }
  return value === null ? 'null' : Number.isInteger(value) ? 'integer' : typeof value;
};

describe('DTOs and WaveFlow’s schemas', { skip }, () => {
  for (const [name, dto, sample] of SAMPLES) {
    it(`agree about ${name} ${sample['status']} and every variant of it`, () => {
      const schema = load(name);

      assert.ok(schema(sample), JSON.stringify(schema.errors));
      assert.ok(accepts(dto, { ...sample, stageId: 'stage', mine: { unknown: 1 } }));
      for (const [what, body] of variants(sample)) {
        assert.equal(accepts(dto, body), schema(body), what);
      }
    });
  }

  const LOUDNESS = { integrated: -14, true_peak: -1.5 };
  const MIX = { channels: 2, format: 'wav24', sample_rate: 48_000, loudness: LOUDNESS };
  const LEVELS = { gain_db: -3.5, pan: 0.25, mute: false, invert: true, offset_ms: 12.5 };

  it('agree about the options of a mix and every variant of them', () => {
    const schema = load('mix_stems_and_upload');
    const strict = { whitelist: true, forbidNonWhitelisted: true };
    const check = (what: string, mix: unknown, levels: object) => {
      const message = { task: 'mix_stems_and_upload', stageId: 'stage', stem_paths: ['a'], mix, stems: [{ path: 'a', ...levels }] };
      const body = { userId: 'user', stageId: 'stage', stemIds: ['a', 'b'], mix, stems: [{ stemId: 'a', ...levels }] };
      assert.equal(accepts(MixRequestDto, body, strict), schema(message), what);
      return schema(message);
    };

    assert.ok(check('all', MIX, LEVELS));
    assert.ok(check('the rate of the first stem', { ...MIX, sample_rate: 'first' }, LEVELS));
    assert.ok(!check('an unknown member of mix', { ...MIX, gain_db: 1 }, LEVELS));
    assert.ok(!check('an unknown member of loudness', { ...MIX, loudness: { ...LOUDNESS, range: 7 } }, LEVELS));
    assert.ok(!check('an unknown member of stems', MIX, { ...LEVELS, solo: true }));
    // Without pan, because variants have one channel too.
    const { pan: _, ...unpanned } = LEVELS;
    for (const wish of [MIX, { ...MIX, sample_rate: 'highest' }]) {
      for (const [what, { mix }] of variants({ mix: wish })) {
        if (mix !== undefined) {
          check(what, mix, unpanned);
        }
      }
    }
    for (const [what, levels] of variants(LEVELS)) {
      check(what, MIX, levels);
    }
  });

  const OPTIONS: [string, NodeJS.ProcessEnv][] = [
    ['what the settings ask for by themselves', {}],
    ['nothing', { ZOOM_LEVELS: '', SPLIT_CHANNELS: 'false', PREVIEWS: '', AUDIO_ID: 'false' }],
  ];
  for (const [what, environment] of OPTIONS) it(`agree about the messages that ask for ${what}`, async () => {
    const queue = new FakeClient();
    const names = { SQS_QUEUE_URL: 'q', S3_BUCKET_NAME: 'b', WEBHOOK_SECRET: 's' };
    const sqs = new SqsService(queue as unknown as SQSClient, settingsOf({ ...names, ...environment }));
    const { stemId, filepath, requestedAt } = STEM;
    const audio_hash = 'a'.repeat(64);
    const mix = { stageId: 'stage', stemPaths: [filepath], taskId: STEM.taskId, requestedAt, mix: null, stems: null };
    const options = plainToInstance(MixOptionsDto, MIX);

    await sqs.sendHashGenerationRequest(STEM);
    await sqs.sendHashGenerationRequest(STEM, { num_peaks: 1 });
    await sqs.sendDuplicateFileRequest(STEM, { audio_hash, duplicate_of: { stemId, filepath } });
    await sqs.sendAudioAnalysisRequest(STEM, { audio_hash, num_peaks: 4000 });
    await sqs.sendMixRequest({ ...mix, upstreamId: null });
    await sqs.sendMixRequest({ ...mix, upstreamId: 'upstream' });
    await sqs.sendMixRequest({ ...mix, upstreamId: null, mix: options, stems: [{ path: filepath, ...LEVELS }] });

    await sqs.sendComparisonRequest({ ...mix, pairs: [{ before: filepath, after: null }, { before: null, after: 'mixed/a.wav' }] });

    assert.equal(queue.inputs.length, 8);
    for (const input of queue.inputs) {
      const { task, id, kwargs } = JSON.parse(String(input['MessageBody']));
      assert.deepEqual([id, kwargs.timestamp], [STEM.taskId, requestedAt]);
      const schema = load(task.replace('app.tasks.', ''));
      assert.ok(schema({ task, ...kwargs }), JSON.stringify(schema.errors));
    }
  });
});
