import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { getMetadataArgsStorage } from 'typeorm';
import { completion, HASH, OUTPUTS, question, Server } from '../testing/harness.js';
import { StemFile } from './stem-file.entity.js';

const WISH = { userId: 'user', trackId: 'track', original_filename: '한글 take.WAV', sha256: HASH };
const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';

describe('uploads', () => {
  const server = new Server();
  before(() => server.start());
  after(() => server.stop());

  const sent = () => server.queue.inputs.map((input) => JSON.parse(String(input['MessageBody'])));
  const complete = (stemId: string) =>
    server.post('/stems/upload-complete', { userId: 'user', stemId });

  const sign = async (more: object = {}) =>
    (await server.post('/stems/upload', { ...WISH, ...more })).body;
  const arrive = (key: string, etag: string, lastModified = 1_000) =>
    server.objects.stored.set(key, { etag, lastModified });

  it('signs one key and one content below the user, and limits the size', async () => {
    const { body } = await server.post('/stems/upload', WISH);

    const policy = JSON.parse(Buffer.from(body.upload.fields.Policy, 'base64').toString());
    assert.match(body.filepath, new RegExp(`^users/user/track/${body.stemId}/${UUID}\\.WAV$`));
    assert.equal(body.upload.fields.key, body.filepath);
    assert.equal(body.upload.fields['X-Amz-Algorithm'], 'AWS4-HMAC-SHA256');
    for (const condition of [
      ['starts-with', '$key', 'users/user/track/'],
      ['content-length-range', 1, 100 * 2 ** 20],
      { key: body.filepath },
      { 'x-amz-checksum-algorithm': 'SHA256' },
      { 'x-amz-checksum-sha256': Buffer.from(HASH, 'hex').toString('base64') },
    ]) {
      assert.ok(
        policy.conditions.some((one: unknown) => JSON.stringify(one) === JSON.stringify(condition)),
        JSON.stringify(condition),
      );
    }
  });

  it('refuses names that could leave the prefix', async () => {
    for (const name of ['../other', 'a/b', '.', '..', '', 'x'.repeat(129)]) {
      for (const field of ['userId', 'trackId']) {
        const reply = await server.post('/stems/upload', { ...WISH, [field]: name });
        assert.equal(reply.status, 400, `${field} ${name}`);
      }
    }
    assert.equal((await server.post('/stems/upload', { ...WISH, trackId: '...' })).status, 201);
  });

  it('refuses file names that a database cannot keep', async () => {
    for (const name of ['', 'a\0.wav', 'a\nb.wav', '\ud800.wav', 'x'.repeat(256), 7, null]) {
      const reply = await server.post('/stems/upload', { ...WISH, original_filename: name });
      assert.equal(reply.status, 400, JSON.stringify(name));
    }
    for (const name of ['😀'.repeat(127), '노래'.normalize('NFD'), '../../x.wav', ' ']) {
      const reply = await server.post('/stems/upload', { ...WISH, original_filename: name });
      assert.equal(reply.status, 201, name);
    }
  });

  it('refuses an upload whose content is not named', async () => {
    for (const sha256 of [undefined, '', 'A'.repeat(64), 'a'.repeat(63)]) {
      assert.equal((await server.post('/stems/upload', { ...WISH, sha256 })).status, 400);
    }
  });

  it('never signs a key twice, so the copy that stays keeps its bytes', async () => {
    const first = await sign();
    const again = await sign({ stemId: first.stemId });

    assert.equal(again.stemId, first.stemId);
    assert.notEqual(again.filepath, first.filepath);
    assert.equal(again.upload.fields.key, again.filepath);
  });

  it('keeps the stored file until its replacement has arrived', async () => {
    const stem = await server.upload();
    await server.deliver('completion', completion(stem, 'SUCCESS'));
    const next = await sign({ stemId: stem.stemId, original_filename: 'take 2.flac' });

    const early = await complete(stem.stemId);
    const before = await server.stem(stem.stemId);
    arrive(next.filepath, (await server.row(stem.stemId)).etag ?? '');
    const { body } = await complete(stem.stemId);

    assert.equal(early.status, 409);
    assert.deepEqual([before['filepath'], before['state']], [stem['filepath'], 'completed']);
    assert.equal(before['originalFilename'], 'take 1.wav');
    assert.deepEqual([body.filepath, body.state], [next.filepath, 'queued']);
    assert.equal(body.originalFilename, 'take 2.flac');
    assert.equal(sent().at(-1).kwargs.filepath, next.filepath);
  });

  it('refuses a completion while another upload takes its place', async () => {
    const first = await sign();
    arrive(first.filepath, '"first"');
    let next = { filepath: '' };
    const stored = server.objects.describe.bind(server.objects);
    server.objects.describe = async (key) => {
      next = await sign({ stemId: first.stemId });
      return stored(key);
    };

    const reply = await complete(first.stemId).finally(() => {
      server.objects.describe = stored;
    });

    assert.equal(reply.status, 409);
    assert.equal((await server.row(first.stemId)).uploadPath, next.filepath);
    assert.equal((await server.stem(first.stemId))['state'], 'uploading');
  });

  it('replaces the file of an own stem in its own track only', async () => {
    const { stemId } = await sign();

    for (const other of [{ userId: 'other' }, { trackId: 'other' }, { stemId: 'nobody' }]) {
      assert.equal((await server.post('/stems/upload', { ...WISH, stemId, ...other })).status, 404);
    }
    assert.equal((await server.post('/stems/upload', { ...WISH, stemId: null })).status, 400);
  });

  it('begins a new request without anything of the old file', async () => {
    const old = await server.upload('reset');
    await server.deliver('hash-check', question(old));
    await server.deliver(
      'completion',
      completion(old, 'SUCCESS', { ...OUTPUTS, warnings: ['TRUNCATED'], dedupe: { refused: 'OFF' } }),
    );
    const filled = await server.row(old.stemId);
    const next = await sign({ trackId: 'reset', stemId: old.stemId });
    arrive(next.filepath, '"other"', 9_000);

    await complete(old.stemId);

    const row = await server.row(old.stemId);
    const request = ['filepath', 'originalFilename', 'state', 'uploadPath', 'uploadFilename'];
    request.push('stemId', 'userId', 'trackId', 'etag', 'uploadedAt', 'taskId', 'requestedAt', 'sentAt', 'changedAt');
    const columns = getMetadataArgsStorage().columns.filter(({ target }) => target === StemFile);
    const results = columns.map(({ propertyName }) => propertyName).filter((name) => !request.includes(name));
    assert.deepEqual([filled.isOriginal, filled.audioHash, filled.duration], [true, HASH, 1.5]);
    assert.ok(results.length > 10);
    assert.deepEqual(
      results.map((name) => [name, row[name as keyof StemFile]]),
      results.map((name) => [name, name === 'isOriginal' ? false : null]),
    );
  });

  it('lists the stems of one user only', async () => {
    await sign({ trackId: 'listed' });
    await sign({ trackId: 'listed', userId: 'other' });

    const { body } = await server.get('/stems?userId=user&trackId=listed');

    assert.deepEqual(body.map((stem: { userId: string }) => stem.userId), ['user']);
  });

  it('keeps the place of the bytes that a deleted duplicate was equal to', async () => {
    const stem = await server.upload();

    await server.deliver('completion', completion(stem, 'DUPLICATE'));

    const row = await server.stem(stem.stemId);
    assert.deepEqual([row['duplicateOf'], row['duplicateOfPath']], ['other', 'users/user/track/other.wav']);
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
      ...['waveform', 'previews', 'audio_id'],
    ]);
  });

  it('sends nothing for a stem that is done, and a new request for new bytes', async () => {
    const stem = await server.upload();
    await server.deliver('completion', completion(stem, 'SUCCESS'));
    const before = sent().length;

    await complete(stem.stemId);
    assert.equal(sent().length, before);

    arrive(String(stem['filepath']), '"other"', 9_000);
    const { body } = await complete(stem.stemId);
    assert.equal(sent().length, before + 1);
    assert.equal(body.state, 'queued');
    assert.notEqual(body.taskId, stem['taskId']);
  });

  it('says of a deleted duplicate what it is, however often it is asked', async () => {
    const stem = await server.upload();
    await server.deliver('completion', completion(stem, 'DUPLICATE'));
    server.objects.stored.delete(String(stem['filepath']));
    const before = sent().length;

    const again = await complete(stem.stemId);
    const next = await sign({ stemId: stem.stemId });
    const early = await complete(stem.stemId);

    assert.deepEqual([again.status, again.body.state], [202, 'duplicate']);
    assert.equal(early.status, 409);
    assert.notEqual(next.filepath, stem['filepath']);
    assert.equal(sent().length, before);
  });

  it('keeps an upload that the queue did not take, and sends it later', async () => {
    const { body } = await server.post('/stems/upload', WISH);
    arrive(body.filepath, '"e"');
    server.queue.failure = new Error('unreachable');

    const refused = await complete(body.stemId);
    server.queue.failure = null;
    const taken = await complete(body.stemId);

    assert.equal(refused.status, 503);
    assert.equal(taken.status, 202);
    assert.equal(sent().at(-1).kwargs.stemId, body.stemId);
  });

  it('writes nothing when it is only looked at', async (test) => {
    const stem = await server.upload();
    if (!existsSync(server.databaseFile)) {
      test.skip('this database is not a file');
      return;
    }
    const written = () => statSync(server.databaseFile, { bigint: true }).mtimeNs;
    const before = written();

    await server.get(`/stems/${stem.stemId}?userId=user`);
    await server.get('/stems?userId=user&trackId=track');
    assert.equal(written(), before);

    await sign();
    assert.notEqual(written(), before);
  });

  it('shows a stem to its owner only', async () => {
    const stem = await server.upload();

    assert.equal((await server.get(`/stems/${stem.stemId}?userId=other`)).status, 404);
  });
});
