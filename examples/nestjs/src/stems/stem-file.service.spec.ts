import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { question, Server } from '../testing/harness.js';
import type { HashCheckDto } from '../waveflow/dto/hash-check.dto.js';
import { StemFileService } from './stem-file.service.js';

describe('verdicts', () => {
  let server: Server;
  let track = 0;
  before(async () => {
    server = await new Server().start();
  });
  after(() => server.stop());

  const upload = (lastModified?: number) => server.upload(`verdicts-${track}`, lastModified);
  const newTrack = () => {
    track += 1;
  };
  const ask = (stem: { stemId: string }, more: object = {}) => server.ask(stem, more);
  const naming = (stem: Record<string, unknown>) => ({
    verdict: 'duplicate',
    duplicate_of: { stemId: stem['stemId'], filepath: stem['filepath'] },
  });
  const tell: Server['tell'] = (...parts) => server.tell(...parts);

  it('calls a second copy a duplicate of the first', async () => {
    newTrack();
    const first = await upload(1_000);
    const second = await upload(2_000);

    assert.deepEqual((await ask(first)).verdict, { verdict: 'new' });
    assert.deepEqual((await ask(second)).verdict, naming(first));
    assert.equal((await server.stem(second.stemId))['duplicateOf'], first.stemId);
  });

  it('never calls a stem a duplicate of itself', async () => {
    newTrack();
    const stem = await upload();

    assert.deepEqual((await ask(stem)).verdict, { verdict: 'new' });
    assert.deepEqual((await ask(stem)).verdict, { verdict: 'new' });
    await tell(stem, 'SUCCESS');
    assert.deepEqual((await ask(stem)).verdict, { verdict: 'new' });
  });

  it('lets the same bytes be new in another track', async () => {
    newTrack();
    await ask(await upload());
    newTrack();

    assert.deepEqual((await ask(await upload())).verdict, { verdict: 'new' });
  });

  it('lets the same bytes be new for another user, who must not learn of the first', async () => {
    newTrack();
    await ask(await upload());
    const theirs = await server.upload(`verdicts-${track}`, 2_000, 'other');

    assert.deepEqual((await ask(theirs)).verdict, { verdict: 'new' });
  });

  it('never lets twins name each other, whoever is asked about first', async () => {
    for (const [firstTime, secondTime] of [[1_000, 1_000], [1_000, 2_000], [2_000, 1_000]]) {
      newTrack();
      const twins = [await upload(firstTime), await upload(secondTime)];
      const before = server.steps.inputs.length;

      await Promise.all(twins.map((twin) => ask(twin)));

      const verdicts = server.verdicts().slice(before);
      const duplicates = verdicts.filter(({ verdict }) => verdict === 'duplicate');
      assert.equal(verdicts.length, 2);
      assert.ok(duplicates.length <= 1, JSON.stringify(verdicts));
    }
  });

  it('has one original among many copies asked about at once', async () => {
    newTrack();
    const copies: Record<string, unknown>[] = [];
    for (let age = 0; age < 8; age += 1) {
      copies.push(await upload(1_000 * age));
    }
    const service = server.app.get(StemFileService);

    const decisions = await Promise.all(
      copies.map((copy) => service.decide(question(copy) as unknown as HashCheckDto)),
    );

    const rows = await Promise.all(copies.map((copy) => server.row(String(copy['stemId']))));
    const original = rows.findIndex(({ isOriginal }) => isOriginal);
    assert.equal(rows.filter(({ isOriginal }) => isOriginal).length, 1);
    assert.deepEqual(
      decisions,
      rows.map((_, index) => (index <= original ? { verdict: 'new' } : naming({ ...rows[original] }))),
    );
  });

  it('does not name a younger upload as the survivor', async () => {
    newTrack();
    const older = await upload(1_000);
    const younger = await upload(2_000);
    await ask(younger);

    assert.deepEqual((await ask(older)).verdict, { verdict: 'new' });
  });

  it('breaks a tie of time by the bytes of the key', async () => {
    newTrack();
    const [a, b] = [await upload(1_000), await upload(1_000)];
    const [low, high] = String(a['filepath']) < String(b['filepath']) ? [a, b] : [b, a];
    await ask(low);

    assert.deepEqual((await ask(high)).verdict, naming(low));
  });

  it('gives the same answer after a crash between row and answer', async () => {
    newTrack();
    const first = await upload(1_000);
    const second = await upload(2_000);
    await ask(first);
    server.steps.failure = new Error('connection reset');

    const lost = await ask(second);
    server.steps.failure = null;
    const again = await ask(second);

    assert.equal(lost.status, 503);
    assert.deepEqual(again.verdict, naming(first));
  });

  it('keeps rows over a restart', async () => {
    newTrack();
    const first = await upload(1_000);
    const second = await upload(2_000);
    await ask(first);
    const restarted = await new Server(server.databaseFile).start();

    await restarted.deliver('hash-check', question(second));
    const verdicts = restarted.verdicts();
    await restarted.app.close();

    assert.deepEqual(verdicts, [naming(first)]);
  });

  it('tries the next copy when the first has failed', async () => {
    newTrack();
    const first = await upload(1_000);
    const second = await upload(2_000);
    await ask(first);
    await tell(first, 'FAILURE');

    assert.deepEqual((await ask(second)).verdict, { verdict: 'new' });
  });

  it('leaves a row alone that is done, however often it is asked about', async () => {
    newTrack();
    const [drawn, deleted] = [await upload(1_000), await upload(2_000)];
    await tell(drawn, 'SUCCESS');
    await tell(deleted, 'DUPLICATE');
    const before = [await server.stem(drawn.stemId), await server.stem(deleted.stemId)];

    await ask(drawn, { audio_hash: 'b'.repeat(64) });
    await ask(deleted, { audio_hash: 'b'.repeat(64) });

    assert.deepEqual([await server.stem(drawn.stemId), await server.stem(deleted.stemId)], before);
  });

  it('never offers a completed stem for deletion', async () => {
    newTrack();
    const first = await upload(1_000);
    const second = await upload(2_000);
    await ask(first);
    await ask(second);
    await tell(second, 'SUCCESS', { dedupe: { refused: 'REPORT', would_delete: true } });

    assert.deepEqual((await ask(second)).verdict, { verdict: 'new' });
  });

  it('refuses to judge a file that is not the stored one', async () => {
    newTrack();
    const stem = await upload();

    const reply = await ask(stem, { filepath: 'users/user/other.wav' });

    const sent = server.steps.inputs.at(-1);
    assert.equal(reply.status, 200);
    assert.equal(sent?.['error'], 'NoVerdict');
    assert.match(String(sent?.['cause']), /another filepath/);
    assert.equal((await server.stem(stem.stemId))['state'], 'queued');
  });
});
