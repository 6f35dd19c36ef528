import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Follower } from '../testing/follower.js';
import { mixing, Server } from '../testing/harness.js';
import { UpkeepService } from './upkeep.service.js';

const MINUTE_MS = 60_000;

describe('what WaveFlow never answered', () => {
  const server = new Server(undefined, { ANSWER_WITHIN_MINUTES: '30' });
  before(() => server.start());
  after(() => server.stop());

  const pass = (minutes: number) => server.app.get(UpkeepService).turn(new Date(Date.now() + minutes * MINUTE_MS));
  const stateOf = async (stemId: string) => {
    const { state, errorCode } = await server.stem(stemId);
    return [state, errorCode];
  };
  /** A completion that this server refuses, because a field is mistyped. */
  const refused = async (stem: Record<string, unknown> & { stemId: string }) => {
    const { status } = await server.tell(stem, 'SUCCESS', { file_size: 'many' });
    assert.equal(status, 400);
  };

  it('becomes an error after the time, and says why', async () => {
    const [lost, asked, done] = [await server.upload('lost'), await server.upload('lost'), await server.upload('lost')];
    await server.ask(asked);
    await refused(asked);
    await server.tell(done, 'SUCCESS');

    await pass(29);
    assert.deepEqual(await stateOf(lost.stemId), ['queued', null]);
    assert.deepEqual(await stateOf(asked.stemId), ['processing', null]);

    await pass(31);
    assert.deepEqual(await stateOf(lost.stemId), ['error', 'NO_ANSWER']);
    assert.deepEqual(await stateOf(asked.stemId), ['error', 'NO_ANSWER']);
    assert.deepEqual(await stateOf(done.stemId), ['completed', null]);
    assert.match(String((await server.stem(lost.stemId))['errorMessage']), /within 30 minutes .*ask again/);
    assert.ok(server.log.lines.some((line) => line.includes('2 rows of UploadService got no answer')));
  });

  it('is told to the page that follows', async () => {
    const stem = await server.upload();
    const page = new Follower(server);
    await page.ready();

    await pass(31);

    const { data } = await page.first(({ data }) => data.stemId === stem.stemId && data.state === 'error');
    assert.equal(data.errorCode, 'NO_ANSWER');
    await page.leave();
  });

  it('is completed all the same by a late result, for example after a redrive', async () => {
    const stem = await server.upload();
    await pass(31);

    await server.tell(stem, 'SUCCESS');

    assert.deepEqual(await stateOf(stem.stemId), ['completed', null]);
  });

  it('may be asked for again, as a new request', async () => {
    const stem = await server.upload();
    await pass(31);

    const { body } = await server.post('/stems/upload-complete', { userId: 'user', stemId: stem.stemId });

    assert.deepEqual([body.state, body.errorCode], ['queued', null]);
    assert.notEqual(body.taskId, stem['taskId']);
  });

  it('leaves the next copy of the same bytes to be tried', async () => {
    const [first, second] = [await server.upload('copies', 1_000), await server.upload('copies', 2_000)];
    await server.ask(first);
    await pass(31);

    assert.deepEqual((await server.ask(second)).verdict, { verdict: 'new' });
  });

  it('is not what the queue has not taken yet', async () => {
    server.queue.failure = new Error('unreachable');
    const { body } = await server.post('/stems/upload', {
      ...{ userId: 'user', trackId: 'away', original_filename: 'a.wav', sha256: 'a'.repeat(64) },
    });
    server.objects.stored.set(body.filepath, { etag: '"e"', lastModified: 1_000 });
    await server.post('/stems/upload-complete', { userId: 'user', stemId: body.stemId });

    await pass(31);
    server.queue.failure = null;

    assert.deepEqual(await stateOf(body.stemId), ['queued', null]);
  });

  it('may be a mix, which a late result completes, too', async () => {
    const stem = await server.upload('mixed');
    await server.tell(stem, 'SUCCESS');
    const { taskId } = (await server.post('/mixes', { userId: 'user', stageId: 'stage', stemIds: [stem.stemId] })).body;
    const mix = async () => (await server.get(`/mixes/${taskId}?userId=user`)).body;

    await pass(29);
    assert.equal((await mix()).state, 'queued');
    await pass(31);
    assert.deepEqual([(await mix()).state, (await mix()).errorCode], ['error', 'NO_ANSWER']);

    await server.deliver('mixing-complete', mixing(taskId, 'SUCCESS'));
    assert.deepEqual([(await mix()).state, (await mix()).errorCode], ['completed', null]);
  });
});
