import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DataSource } from 'typeorm';
import { completion, HASH, OUTPUTS, Server } from '../testing/harness.js';
import { SqsService, type AskedStem } from '../waveflow/sqs.service.js';
import { StemFile } from './stem-file.entity.js';

const ZOOM = 'waveforms/stem_zoom_1';
const STORED = {
  zoomLevels: [256, 1024].map((samplesPerPixel) => ({
    ...{ samplesPerPixel, path: `${ZOOM}/${samplesPerPixel}_split.dat`, bytes: 1_060, length: 259, channels: 2 },
  })),
  previews: OUTPUTS.previews,
  audioId: OUTPUTS.audio_id,
};
const NAMES = ['zoomLevels', 'previews', 'audioId'] as const;

describe('outputs of options', () => {
  const server = new Server();
  before(() => server.start());
  after(() => server.stop());

  type Row = Record<string, unknown> & { stemId: string };
  const outputs = (row: Record<string, unknown>) => Object.fromEntries(NAMES.map((name) => [name, row[name]]));
  const media = (stemId: string, userId = 'user') => server.get(`/stems/${stemId}/media?userId=${userId}`);
  /** A result of another job for the same stem, time and bytes. */
  const redraw = (stem: Row, more: Record<string, unknown> = {}, top: object = {}) =>
    server.deliver('completion', {
      ...completion({ ...stem, taskId: `backfill-${stem.stemId}` }, 'SUCCESS', more),
      timestamp: String(stem['requestedAt']).replace('Z', '+00:00'),
      ...top,
    });

  it('are asked for by every message that can bring them', async () => {
    const stem = (await server.upload()) as unknown as AskedStem;
    const sqs = server.app.get(SqsService, { strict: false });
    await sqs.sendAudioAnalysisRequest(stem);
    await sqs.sendDuplicateFileRequest(stem, { audio_hash: HASH });

    const sent = server.queue.inputs.slice(-3).map((input) => JSON.parse(String(input['MessageBody'])).kwargs);
    const options = sent.map(({ waveform, previews, audio_id }) => ({ waveform, previews, audio_id }));
    const waveform = { zoom_levels: [256, 1024, 4096], split_channels: true };
    const wanted = { waveform, previews: ['opus', 'mp3'], audio_id: true };
    assert.deepEqual(options, [wanted, wanted, { waveform: undefined, previews: undefined, audio_id: undefined }]);
  });

  it('are stored as they came, failed ones as null', async () => {
    const [full, failed, older] = [await server.upload(), await server.upload(), await server.upload()];

    await server.tell(full, 'SUCCESS', { ...OUTPUTS, mine: 1 });
    await server.tell(failed, 'SUCCESS', { zoom_levels: null, previews: { opus: null, mp3: null }, audio_id: null });
    await server.tell(older, 'SUCCESS');

    assert.deepEqual(outputs(await server.stem(full.stemId)), STORED);
    assert.deepEqual(outputs(await server.stem(failed.stemId)), {
      ...{ zoomLevels: null, previews: { opus: null, mp3: null }, audioId: null },
    });
    assert.deepEqual(outputs(await server.stem(older.stemId)), { zoomLevels: null, previews: null, audioId: null });
  });

  it('go with a stem that was deleted as a duplicate', async () => {
    const stem = await server.upload();
    await server.tell(stem, 'SUCCESS', OUTPUTS);

    await server.tell(stem, 'DUPLICATE');

    const row = await server.stem(stem.stemId);
    assert.deepEqual(outputs(row), { zoomLevels: null, previews: null, audioId: null });
    assert.equal((await media(stem.stemId)).status, 404);
  });

  it('of a redraw under another task_id are taken over, and nothing else changes', async () => {
    const stem = await server.upload();
    await server.tell(stem, 'SUCCESS');
    const before = await server.row(stem.stemId);
    const path = 'waveforms/stem_waveform_2.json';

    const { body } = await redraw(stem, { ...OUTPUTS, waveform_data_path: path, num_peaks: 4_000, duration: 9 });

    assert.equal(body.message, 'applied');
    const after = { ...(await server.row(stem.stemId)) };
    const { changedAt } = after;
    assert.deepEqual(after, { ...before, ...STORED, waveformDataPath: path, numPeaks: 4_000, changedAt });
  });

  it('of a redraw never change the state', async () => {
    const [failed, waiting] = [await server.upload('redrawn'), await server.upload('redrawn')];
    for (const stem of [failed, waiting]) {
      await server.ask(stem);
    }
    await server.tell(failed, 'FAILURE');

    for (const stem of [failed, waiting]) {
      assert.equal((await redraw(stem, OUTPUTS)).body.message, 'applied');
    }

    const rows = [await server.stem(failed.stemId), await server.stem(waiting.stemId)];
    assert.deepEqual(rows.map((row) => row['state']), ['error', 'processing']);
    assert.deepEqual(rows.map(outputs), [STORED, STORED]);
    assert.equal(rows[0]?.['errorCode'], 'CORRUPT_AUDIO');
  });

  it('that a redraw was not asked for or could not make stay', async () => {
    const stem = await server.upload();
    await server.tell(stem, 'SUCCESS', OUTPUTS);
    const mp3 = { path: 'previews/stem_1.mp3', bytes: 30_000, duration: 1.5 };

    await redraw(stem);
    assert.deepEqual(outputs(await server.stem(stem.stemId)), STORED);

    await redraw(stem, { zoom_levels: null, audio_id: null, previews: { opus: null, mp3 } });
    const both = { ...STORED, previews: { ...STORED.previews, mp3 } };
    assert.deepEqual(outputs(await server.stem(stem.stemId)), both);

    await redraw(stem, { previews: { opus: OUTPUTS.previews.opus } });
    assert.deepEqual(outputs(await server.stem(stem.stemId)), both);
  });

  it('of other bytes, of another time and of a deleted duplicate change nothing', async () => {
    const [stem, deleted] = [await server.upload(), await server.upload()];
    await server.tell(stem, 'SUCCESS');
    await server.tell(deleted, 'DUPLICATE');
    const before = [await server.stem(stem.stemId), await server.stem(deleted.stemId)];

    const replies = [
      await redraw(stem, { ...OUTPUTS, audio_data_hash: 'b'.repeat(64) }),
      await redraw(stem, OUTPUTS, { timestamp: '2026-11-21T00:00:00Z' }),
      await redraw(stem, OUTPUTS, { timestamp: null }),
      await redraw(deleted, OUTPUTS),
    ];

    assert.deepEqual(replies.map(({ body }) => body.message), Array(4).fill('ignored'));
    assert.deepEqual([await server.stem(stem.stemId), await server.stem(deleted.stemId)], before);
  });

  it('of a restored duplicate come with its state', async () => {
    const stem = await server.upload();
    await server.tell(stem, 'DUPLICATE');

    await redraw(stem, { ...OUTPUTS, dedupe: { refused: 'RESTORED' } });

    const row = await server.stem(stem.stemId);
    assert.deepEqual([row['state'], outputs(row)], ['completed', STORED]);
  });

  it('are handed out by short-lived addresses of the row’s own keys', async () => {
    const stem = await server.upload();
    const early = await media(stem.stemId);
    await server.tell(stem, 'SUCCESS', OUTPUTS);

    const { body } = await media(stem.stemId);

    assert.equal(early.status, 404);
    const { waveform, audio, zoomLevels, previews } = body;
    const addresses = [waveform, audio, ...zoomLevels.map((level: { url: string }) => level.url), previews.opus.url];
    assert.deepEqual(addresses.map((address) => new URL(address).pathname), [
      '/waveforms/stem_waveform_1.json',
      `/${String(stem['filepath'])}`,
      ...[`/${ZOOM}/256_split.dat`, `/${ZOOM}/1024_split.dat`, '/previews/stem_1.opus'],
    ]);
    for (const address of addresses) {
      const { origin, searchParams } = new URL(address);
      assert.equal(origin, 'https://bucket.s3.ap-northeast-2.amazonaws.com');
      assert.equal(searchParams.get('X-Amz-Expires'), String(body.expiresInSeconds));
      assert.equal(searchParams.get('x-id'), 'GetObject');
    }
    const { url: _, ...level } = zoomLevels[0];
    assert.deepEqual(level, { samplesPerPixel: 256, bytes: 1_060, length: 259, channels: 2 });
    assert.deepEqual([previews.opus.duration, previews.mp3], [1.5, null]);
  });

  it('are handed out to the owner only, whatever the request names', async () => {
    const stem = await server.upload();
    await server.tell(stem, 'SUCCESS', OUTPUTS);

    assert.equal((await media(stem.stemId, 'other')).status, 404);
    assert.equal((await media('nobody')).status, 404);
    assert.equal((await server.get(`/stems/${stem.stemId}/media`)).status, 400);
    const { body } = await media(stem.stemId, 'user&key=mixed/theirs.wav&path=mixed/theirs.wav');
    assert.doesNotMatch(JSON.stringify(body), /theirs/);
  });

  it('are never kept by a cache or written to the log', async () => {
    const stem = await server.upload();
    await server.tell(stem, 'SUCCESS', OUTPUTS);

    const answer = await fetch(`${await server.app.getUrl()}/stems/${stem.stemId}/media?userId=user`);

    assert.match(await answer.text(), /X-Amz-Signature/);
    assert.equal(answer.headers.get('cache-control'), 'private, no-store');
    assert.doesNotMatch(server.log.lines.join('\n'), /X-Amz-/);
  });
});

describe('the same recording', () => {
  const server = new Server();
  before(() => server.start());
  after(() => server.stop());

  let next = 0;
  const drawn = async (track: string, uploadedAt: number, userId = 'singer', audio_id: string | null = OUTPUTS.audio_id) => {
    const stem = await server.upload(track, uploadedAt, userId);
    next += 1;
    // Another wrapping: other bytes, the same sound.
    const audio_data_hash = String(next).padStart(64, '0');
    await server.tell(stem, 'SUCCESS', { audio_id, audio_data_hash });
    return stem.stemId;
  };
  const listed = async (track: string, userId = 'singer') => {
    const { body } = await server.get(`/stems?userId=${userId}&trackId=${track}`);
    return new Map(body.map((stem: { stemId: string; sameRecordingAs: { stemId: string }[] }) => [
      stem.stemId,
      stem.sameRecordingAs.map(({ stemId }) => stemId),
    ]));
  };

  it('names the older stems of one user, oldest first, in any track', async () => {
    const second = await drawn('track', 2_000);
    const first = await drawn('another-track', 1_000);
    const third = await drawn('track', 3_000);
    const other = await drawn('track', 4_000, 'singer', `pkt1:${HASH}`);

    assert.deepEqual(await listed('track'), new Map([[second, [first]], [third, [first, second]], [other, []]]));
    assert.deepEqual(await listed('another-track'), new Map([[first, []]]));
    const { body } = await server.get('/stems?userId=singer&trackId=track');
    const named = body.find(({ stemId }: { stemId: string }) => stemId === second);
    assert.deepEqual(named.sameRecordingAs, [
      { stemId: first, trackId: 'another-track', originalFilename: 'take 1.wav' },
    ]);
  });

  it('never tells one user of another', async () => {
    const first = await drawn('shared', 1_000, 'first-user');
    const second = await drawn('shared', 2_000, 'second-user');
    const again = await drawn('shared', 3_000, 'second-user');

    assert.deepEqual(await listed('shared', 'first-user'), new Map([[first, []]]));
    assert.deepEqual(await listed('shared', 'second-user'), new Map([[second, []], [again, [second]]]));
  });

  it('is nothing that two stems without an identity share', async () => {
    const [first, second] = [await drawn('unknown', 1_000, 'singer', null), await drawn('unknown', 2_000, 'singer', null)];

    assert.deepEqual(await listed('unknown'), new Map([[first, []], [second, []]]));
  });

  it('is found by an index of user and identity', () => {
    const { indices } = server.app.get(DataSource).getMetadata(StemFile);

    const columns = indices.map((index) => index.columns.map(({ propertyName }) => propertyName));
    assert.ok(columns.some((names) => names.join() === 'userId,audioId'));
  });
});
