import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { compared, completion, mixing, Server } from '../testing/harness.js';
import { ComparisonService } from './comparison.service.js';

describe('comparisons', () => {
  const server = new Server();
  before(() => server.start());
  after(() => server.stop());

  const drawn = async (userId = 'user') => {
    const stem = await server.upload('track', 1_000, userId);
    await server.deliver('completion', completion(stem, 'SUCCESS'));
    return stem;
  };
  const wish = (pairs: object[], more: object = {}) =>
    server.post('/comparisons', { userId: 'user', stageId: 'stage', pairs, ...more });
  const sent = () => JSON.parse(String(server.queue.inputs.at(-1)?.['MessageBody']));
  const shown = async (taskId: string) => (await server.get(`/comparisons/${taskId}?userId=user`)).body;

  it('asks with keys of stems and mixes in the given order, and files the statuses', async () => {
    const [a, b] = [await drawn(), await drawn()];
    const mix = (await server.post('/mixes', { userId: 'user', stageId: 'stage', stemIds: [a.stemId] })).body;
    await server.deliver('mixing-complete', mixing(mix.taskId, 'SUCCESS'));

    const { status, body } = await wish([{ before: a.stemId, after: b.stemId }, { before: mix.taskId, after: null }]);
    const message = sent();
    const told = await server.deliver('comparison-complete', compared(body.taskId, 'SUCCESS', { statuses: ['changed', 'removed'] }));

    assert.deepEqual([status, body.state], [202, 'queued']);
    assert.deepEqual([message.task, message.id], ['app.tasks.compare_mixes', body.taskId]);
    assert.deepEqual(message.kwargs.pairs, [
      { before: a['filepath'], after: b['filepath'] },
      { before: 'mixed/stage_mixed_1.wav', after: null },
    ]);
    assert.equal(told.body.message, 'applied');
    const row = await shown(body.taskId);
    assert.deepEqual([row.state, row.statuses], ['completed', ['changed', 'removed']]);
    const { url } = (await server.get(`/comparisons/${body.taskId}/document?userId=user`)).body;
    assert.match(url, /comparisons\/stage_1\.json\?/);
  });

  it('refuses versions that are not there, not done or not this user’s', async () => {
    const [own, waiting, others] = [await drawn(), await server.upload(), await drawn('other')];

    for (const after of ['nobody', waiting.stemId, others.stemId]) {
      assert.equal((await wish([{ before: own.stemId, after }])).status, 409, after);
    }
    for (const pairs of [[], [{}], [{ before: null, after: null }], [{ befor: own.stemId }], Array(65).fill({ after: own.stemId })]) {
      assert.equal((await wish(pairs)).status, 400, JSON.stringify(pairs).slice(0, 80));
    }
  });

  it('gives each request of a stage a time of its own', async () => {
    const pair = { after: (await drawn()).stemId };

    const times = [await wish([pair]), await wish([pair])].map(({ body }) => body.requestedAt);

    assert.equal(new Set(times).size, 2);
  });

  it('files a failure, a success after it, and no failure over that', async () => {
    const { taskId } = (await wish([{ after: (await drawn()).stemId }])).body;

    await server.deliver('comparison-complete', compared(taskId, 'FAILURE'));
    const failed = await shown(taskId);
    await server.deliver('comparison-complete', compared(taskId, 'SUCCESS'));
    const late = await server.deliver('comparison-complete', compared(taskId, 'FAILURE'));
    const healed = await shown(taskId);

    assert.deepEqual([failed.state, failed.errorCode], ['error', 'CORRUPT_AUDIO']);
    assert.deepEqual([late.body.message, healed.state, healed.errorCode], ['ignored', 'completed', null]);
  });

  it('shows a comparison to its owner only, and no document before its end', async () => {
    const { taskId } = (await wish([{ after: (await drawn()).stemId }])).body;

    const replies = ['?userId=other', '/document?userId=other', '/document?userId=user'].map((rest) =>
      server.get(`/comparisons/${taskId}${rest}`),
    );

    assert.deepEqual((await Promise.all(replies)).map(({ status }) => status), [404, 404, 404]);
  });

  it('sends later what the queue did not take, and gives up what nobody answers', async () => {
    const pair = { after: (await drawn()).stemId };
    server.queue.failure = new Error('away');
    const { taskId } = (await wish([pair])).body;
    server.queue.failure = null;
    const service = server.app.get(ComparisonService);

    await service.resend(new Date(Date.now() + 1_000).toISOString(), 20);
    const message = sent();
    const count = await service.giveUp(new Date(Date.now() + 1_000).toISOString(), 'silence');

    assert.equal(message.id, taskId);
    assert.ok(count >= 1);
    assert.deepEqual([(await shown(taskId)).state, (await shown(taskId)).errorCode], ['error', 'NO_ANSWER']);
  });

  it('answers 404 to a comparison of another database', async () => {
    assert.equal((await server.deliver('comparison-complete', compared('nobody', 'SUCCESS'))).status, 404);
  });
});
