import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { DataSource } from 'typeorm';
import { StemFile } from '../stems/stem-file.entity.js';
import { completion, HASH, question, Server } from '../testing/harness.js';
import { UpkeepService } from './upkeep.service.js';

const MINUTE_MS = 60_000;

describe('messages that never left', () => {
  const server = new Server();
  before(() => server.start());
  after(() => server.stop());

  const ids = () => server.queue.inputs.map((input) => JSON.parse(String(input['MessageBody'])).id);
  const resend = async (minutes: number) => {
    const before = ids().length;
    await server.app.get(UpkeepService).turn(new Date(Date.now() + minutes * MINUTE_MS));
    return ids().slice(before);
  };
  /** Uploads that the queue refused. */
  const stuck = async (count: number) => {
    server.queue.failure = new Error('unreachable');
    const taskIds: unknown[] = [];
    for (let index = 0; index < count; index += 1) {
      const wish = { userId: 'user', trackId: 'stuck', original_filename: 'a.wav', sha256: HASH };
      const { body } = await server.post('/stems/upload', wish);
      server.objects.stored.set(body.filepath, { etag: '"e"', lastModified: 1_000 });
      const refused = await server.post('/stems/upload-complete', { userId: 'user', stemId: body.stemId });
      assert.equal(refused.status, 503);
      taskIds.push((await server.stem(body.stemId))['taskId']);
    }
    server.queue.failure = null;
    return taskIds;
  };

  it('are sent when their request has given up, and once', async () => {
    const sent = await server.upload();
    const waiting = await stuck(1);

    assert.deepEqual(await resend(0), []);
    assert.deepEqual(await resend(2), waiting);
    assert.deepEqual(await resend(3), []);
    assert.ok(!waiting.includes(sent['taskId']));
  });

  it('are sent a few at a time', async () => {
    const waiting = await stuck(25);

    assert.deepEqual((await resend(2)).length, 20);
    assert.deepEqual((await resend(2)).length, 5);
    assert.deepEqual(new Set(ids().slice(-25)), new Set(waiting));
  });

  it('wait on while the queue is away', async () => {
    const waiting = await stuck(2);
    server.queue.failure = new Error('still unreachable');

    assert.deepEqual(await resend(2), []);
    server.queue.failure = null;
    assert.deepEqual(new Set(await resend(2)), new Set(waiting));
  });

  it('are not sent for a stem that WaveFlow has asked about', async () => {
    const [taskId] = await stuck(1);
    const { body } = await server.get('/stems?userId=user&trackId=stuck');
    const stem = body.find((one: { taskId: unknown }) => one.taskId === taskId);
    await server.deliver('hash-check', question(stem));

    assert.deepEqual(await resend(2), []);
  });

  it('may ask for mixes, too', async () => {
    const stem = await server.upload('mixed');
    await server.deliver('completion', completion(stem, 'SUCCESS'));
    server.queue.failure = new Error('unreachable');
    const wish = { userId: 'user', stageId: 'late', stemIds: [stem.stemId] };
    const { status, body } = await server.post('/mixes', wish);
    server.queue.failure = null;

    assert.deepEqual([status, body.state], [202, 'queued']);
    assert.deepEqual(await resend(2), [body.taskId]);
    assert.deepEqual(await resend(2), []);
  });

  it('are sent by a timer, so that a silent queue does not hold up the start', async () => {
    const waiting = await stuck(1);
    await server.app
      .get(DataSource)
      .manager.update(StemFile, { taskId: String(waiting[0]) }, { requestedAt: '2026-01-01T00:00:00Z' });
    mock.timers.enable({ apis: ['setTimeout'] });
    const late = new Server(server.databaseFile);
    late.queue.silent = true;
    try {
      await late.start();
      assert.deepEqual(late.queue.inputs, []);

      mock.timers.tick(MINUTE_MS);
      await late.queue.called;
    } finally {
      mock.timers.reset();
      await late.app.close();
    }

    assert.deepEqual(late.queue.inputs.map((input) => JSON.parse(String(input['MessageBody'])).id), waiting);
  });
});
