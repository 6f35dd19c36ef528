import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { completion, HASH, Server } from '../testing/harness.js';
import { SqsService, type AskedStem } from '../waveflow/sqs.service.js';

describe('results', () => {
  let server: Server;
  let track = 0;
  before(async () => {
    server = await new Server().start();
  });
  after(() => server.stop());

  const upload = (lastModified?: number) => server.upload(`results-${track}`, lastModified);
  const newTrack = () => {
    track += 1;
  };
  const ask = (stem: { stemId: string }, more: object = {}) => server.ask(stem, more);
  const naming = (stem: Record<string, unknown>) => ({
    verdict: 'duplicate',
    duplicate_of: { stemId: stem['stemId'], filepath: stem['filepath'] },
  });
  const tell: Server['tell'] = (...parts) => server.tell(...parts);

  it('forgets a survivor that WaveFlow did not find', async () => {
    newTrack();
    const [gone, kept, third] = [await upload(1_000), await upload(2_000), await upload(3_000)];
    await ask(gone);
    await ask(kept);

    await tell(kept, 'SUCCESS', { dedupe: { refused: 'NO_SURVIVOR' } });

    assert.equal((await server.stem(kept.stemId))['dedupeRefused'], 'NO_SURVIVOR');
    assert.deepEqual((await ask(third)).verdict, naming(kept));
  });

  it('forgets the survivor that it named, not one that was accepted meanwhile', async () => {
    newTrack();
    const [gone, copy, kept, last] = [
      await upload(1_000),
      await upload(2_000),
      await upload(3_000),
      await upload(4_000),
    ];
    await ask(gone);
    await ask(copy);
    await tell(gone, 'FAILURE');
    await ask(kept);

    await tell(copy, 'SUCCESS', { dedupe: { refused: 'NO_SURVIVOR' } });

    assert.equal((await server.row(kept.stemId)).isOriginal, true);
    assert.deepEqual((await ask(last)).verdict, naming(kept));
  });

  it('believes nothing of a request that it did not make', async () => {
    const wish = { userId: 'user', trackId: 'foreign', original_filename: 'a.wav', sha256: HASH };
    const { body } = await server.post('/stems/upload', wish);
    const untouched = await server.stem(body.stemId);
    const foreign = { ...untouched, stemId: body.stemId, taskId: 'foreign', requestedAt: 'now' };

    assert.deepEqual((await ask(foreign)).verdict, { verdict: 'hold' });
    assert.deepEqual((await ask({ ...foreign, filepath: 'x' } as never)).verdict, { verdict: 'hold' });
    for (const status of ['SUCCESS', 'DUPLICATE', 'FAILURE'] as const) {
      assert.equal((await tell(foreign, status)).body.message, 'ignored');
    }
    assert.deepEqual(await server.stem(body.stemId), untouched);
  });

  it('files what comes back of a message that went past the question', async () => {
    newTrack();
    const [drawn, deleted] = [await upload(1_000), await upload(2_000)];
    const sqs = server.app.get(SqsService, { strict: false });
    const idOf = () => JSON.parse(String(server.queue.inputs.at(-1)?.['MessageBody'])).id;

    await sqs.sendAudioAnalysisRequest(drawn as unknown as AskedStem, { audio_hash: HASH });
    const told = [await tell({ ...drawn, taskId: idOf() } as typeof drawn, 'SUCCESS')];
    await sqs.sendDuplicateFileRequest(deleted as unknown as AskedStem, { audio_hash: HASH });
    told.push(await tell({ ...deleted, taskId: idOf() } as typeof deleted, 'DUPLICATE'));

    assert.deepEqual(told.map(({ body }) => body.message), ['applied', 'applied']);
    assert.equal((await server.stem(drawn.stemId))['state'], 'completed');
    assert.equal((await server.stem(deleted.stemId))['state'], 'duplicate');
  });

  it('has nothing to send of a stem that was never asked about', async () => {
    const stem = { ...(await upload()), taskId: null } as unknown as AskedStem;

    const sent = server.app.get(SqsService, { strict: false }).sendAudioAnalysisRequest(stem);

    await assert.rejects(sent, /has no request to send/);
  });

  it('keeps SUCCESS and DUPLICATE against a later FAILURE', async () => {
    newTrack();
    const [drawn, deleted] = [await upload(), await upload()];
    await tell(drawn, 'SUCCESS');
    await tell(deleted, 'DUPLICATE');

    const replies = [await tell(drawn, 'FAILURE'), await tell(deleted, 'FAILURE')];

    assert.deepEqual(replies.map(({ body }) => body.message), ['ignored', 'ignored']);
    assert.equal((await server.stem(drawn.stemId))['state'], 'completed');
    assert.equal((await server.stem(deleted.stemId))['state'], 'duplicate');
  });

  it('files a deletion even after SUCCESS, because the file is gone', async () => {
    newTrack();
    const stem = await upload();
    await tell(stem, 'SUCCESS');

    await tell(stem, 'DUPLICATE');

    assert.equal((await server.stem(stem.stemId))['state'], 'duplicate');
    assert.equal((await server.stem(stem.stemId))['waveformDataPath'], null);
  });

  it('shows a deleted duplicate again once it is restored, redelivered or redrawn', async () => {
    newTrack();
    const [redelivered, redrawn] = [await upload(), await upload()];
    const restored = { dedupe: { refused: 'RESTORED' } };
    await tell(redelivered, 'DUPLICATE');
    await tell(redrawn, 'DUPLICATE');

    await tell(redelivered, 'SUCCESS', restored);
    const drawing = { ...redrawn, taskId: `process_audio_analysis-${redrawn.stemId}-1` };
    const { requestedAt } = redrawn as unknown as { requestedAt: string };
    const timestamp = requestedAt.replace('Z', '+00:00');
    const reply = await server.deliver('completion', {
      ...completion(drawing as typeof redrawn, 'SUCCESS', restored),
      timestamp,
    });

    assert.equal(reply.body.message, 'applied');
    for (const { stemId } of [redelivered, redrawn]) {
      const row = await server.stem(stemId);
      assert.deepEqual([row['state'], row['duplicateOfPath']], ['completed', null]);
      assert.equal(row['waveformDataPath'], 'waveforms/stem_waveform_1.json');
    }
  });

  it('keeps a DUPLICATE against every other SUCCESS', async () => {
    newTrack();
    const stem = await upload();
    await tell(stem, 'DUPLICATE');
    const foreign = { ...stem, taskId: 'redraw' } as typeof stem;
    const restored = { refused: 'RESTORED' };

    const replies = [
      await tell(stem, 'SUCCESS'),
      await tell(stem, 'SUCCESS', { dedupe: { refused: 'ORDER' } }),
      await tell(stem, 'SUCCESS', { dedupe: restored, audio_data_hash: 'f'.repeat(64) }),
      await tell(foreign, 'SUCCESS', { dedupe: restored }),
    ];

    assert.deepEqual(replies.map(({ body }) => body.message), Array(4).fill('ignored'));
    assert.equal((await server.stem(stem.stemId))['state'], 'duplicate');
  });

  it('lets a redrive fail in the same way again', async () => {
    newTrack();
    const stem = await upload();
    const failed = completion(stem, 'FAILURE');
    await server.deliver('completion', failed, `failure-${stem.stemId}`);
    await ask(stem);

    const again = await server.deliver('completion', failed, `failure-${stem.stemId}`);

    assert.equal(again.body.message, 'applied');
    assert.equal((await server.stem(stem.stemId))['state'], 'error');
  });

  it('holds questions and ignores results of a replaced upload', async () => {
    newTrack();
    const stem = await upload();
    const old = { ...stem, taskId: 'hash-of-an-earlier-upload' };

    assert.deepEqual((await ask(old)).verdict, { verdict: 'hold' });
    assert.equal((await tell(old, 'FAILURE')).body.message, 'ignored');
    assert.equal((await server.stem(stem.stemId))['state'], 'queued');
  });

  it('stores what the completion says', async () => {
    newTrack();
    const stem = await upload();
    await ask(stem);

    await tell(stem, 'SUCCESS', { warnings: ['TRUNCATED'] });

    const row = await server.stem(stem.stemId);
    assert.equal(row['audioHash'], HASH);
    assert.equal(row['waveformDataPath'], 'waveforms/stem_waveform_1.json');
    assert.deepEqual(row['warnings'], ['TRUNCATED']);
    assert.deepEqual([row['duration'], row['sampleRate'], row['numPeaks']], [1.5, 44_100, 1024]);
  });
});
