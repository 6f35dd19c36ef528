import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { completion, Server } from '../testing/harness.js';
import { UploadService } from './upload.service.js';

const WISH = { userId: 'user', trackId: 'track', original_filename: '한글 take.WAV' };

describe('uploads', () => {
  const server = new Server();
  before(() => server.start());
  after(() => server.stop());

  const sent = () => server.queue.inputs.map((input) => JSON.parse(String(input['MessageBody'])));
  const complete = (stemId: string) =>
    server.post('/stems/upload-complete', { userId: 'user', stemId });

  it('signs one key below the user, and limits the size', async () => {
    const { body } = await server.post('/stems/upload', WISH);

    const policy = JSON.parse(Buffer.from(body.upload.fields.Policy, 'base64').toString());
    assert.equal(body.filepath, `users/user/track/${body.stemId}.WAV`);
    assert.equal(body.upload.fields.key, body.filepath);
    assert.equal(body.upload.fields['X-Amz-Algorithm'], 'AWS4-HMAC-SHA256');
    for (const condition of [
      ['starts-with', '$key', 'users/user/track/'],
      ['content-length-range', 1, 100 * 2 ** 20],
      { key: body.filepath },
    ]) {
      assert.ok(
        policy.conditions.some((one: unknown) => JSON.stringify(one) === JSON.stringify(condition)),
        JSON.stringify(condition),
      );
    }
  });

  it('refuses names that could leave the prefix', async () => {
    for (const trackId of ['../other', 'a/b', '', 'x'.repeat(129)]) {
      assert.equal((await server.post('/stems/upload', { ...WISH, trackId })).status, 400, trackId);
    }
  });

  it('does not ask about a file that has not arrived', async () => {
    const { body } = await server.post('/stems/upload', WISH);

    assert.equal((await complete(body.stemId)).status, 409);
    assert.equal((await complete('nobody')).status, 404);
  });

  it('sends the same message when asked twice', async () => {
    const stem = await server.upload();

    await complete(stem.stemId);

    const [first, second] = sent().slice(-2);
    assert.deepEqual(first, second);
    assert.equal(first.id, stem['taskId']);
    assert.equal(first.task, 'app.tasks.generate_hash_and_webhook');
    assert.deepEqual(Object.keys(first.kwargs), [
      ...['userId', 'trackId', 'stemId', 'filepath', 'timestamp', 'original_filename'],
    ]);
  });

  it('sends nothing for a stem that is done, and a new request for new bytes', async () => {
    const stem = await server.upload();
    await server.deliver('completion', completion(stem, 'SUCCESS'));
    const before = sent().length;

    await complete(stem.stemId);
    assert.equal(sent().length, before);

    server.objects.stored.set(String(stem['filepath']), { etag: '"other"', lastModified: 9_000 });
    const { body } = await complete(stem.stemId);
    assert.equal(sent().length, before + 1);
    assert.equal(body.state, 'queued');
    assert.notEqual(body.taskId, stem['taskId']);
  });

  it('keeps an upload that the queue did not take, and sends it later', async () => {
    const { body } = await server.post('/stems/upload', WISH);
    server.objects.stored.set(body.filepath, { etag: '"e"', lastModified: 1_000 });
    server.queue.failure = new Error('unreachable');

    const refused = await complete(body.stemId);
    server.queue.failure = null;
    const taken = await complete(body.stemId);

    assert.equal(refused.status, 503);
    assert.equal(taken.status, 202);
    assert.equal(sent().at(-1).kwargs.stemId, body.stemId);
  });

  it('sends what has waited too long when it starts', async () => {
    const stem = await server.upload();
    const before = sent().length;

    await server.app.get(UploadService).onApplicationBootstrap();
    assert.equal(sent().length, before);

    const now = Date.now;
    Date.now = () => now() + 20 * 60_000;
    await server.app.get(UploadService).onApplicationBootstrap();
    Date.now = now;
    assert.ok(sent().slice(before).some((message) => message.id === stem['taskId']));
  });

  it('shows a stem to its owner only', async () => {
    const stem = await server.upload();

    assert.equal((await server.get(`/stems/${stem.stemId}?userId=other`)).status, 404);
    assert.equal((await server.get(`/stems/${stem.stemId}/waveform?userId=user`)).status, 404);
    await server.deliver('completion', completion(stem, 'SUCCESS'));
    const { body } = await server.get(`/stems/${stem.stemId}/waveform?userId=user`);
    assert.match(body.url, /waveforms\/stem_waveform_1\.json\?.*X-Amz-Signature=/);
  });
});
