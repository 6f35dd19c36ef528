import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DataSource, In } from 'typeorm';
import { Server } from '../testing/harness.js';
import { Mix } from './mix.entity.js';

type Json = Record<string, unknown>;

describe('practice mixes', () => {
  const server = new Server();
  const [drums, overheads, bass, click] = ['drums', 'overheads', 'bass', 'click'] as const;
  const paths = new Map<string, unknown>();
  const ids = new Map<string, string>();
  before(async () => {
    await server.start();
    for (const name of [drums, overheads, bass, click]) {
      const stem = await server.upload();
      await server.tell(stem, 'SUCCESS');
      ids.set(name, stem.stemId);
      paths.set(name, stem['filepath']);
    }
  });
  after(() => server.stop());

  const idsOf = (...names: string[]) => names.map((name) => ids.get(name));
  const BAND: [string, string[]][] = [['민아', [drums, overheads]], ['Joon', [bass]]];
  const post = (more: Json = {}, stageId = 'stage') => server.post(`/stages/${stageId}/practice-mixes`, {
    userId: 'user',
    stemIds: idsOf(drums, overheads, bass, click),
    players: BAND.map(([name, stems]) => ({ name, stemIds: idsOf(...stems) })),
    ...more,
  });
  const messages = (count: number) =>
    server.queue.inputs.slice(-count).map((input) => JSON.parse(String(input['MessageBody'])));

  it('mute the stems of one player each', async () => {
    const { status, body } = await post();

    const sent = messages(2);
    assert.equal(status, 202);
    const taskIds = body.map(({ taskId }: Json) => taskId);
    const rows = await server.app.get(DataSource).manager.findBy(Mix, { taskId: In(taskIds) });
    assert.ok(rows.every(({ sentAt }) => sentAt !== null));
    assert.deepEqual(body.map(({ player }: Json) => player), ['민아', 'Joon']);
    assert.deepEqual(sent.map(({ id }) => id), body.map(({ taskId }: Json) => taskId));
    for (const { kwargs } of sent) {
      assert.deepEqual(kwargs.stem_paths, [...paths.values()]);
    }
    assert.deepEqual(sent.map(({ kwargs }) => kwargs.stems), [
      [{ path: paths.get(drums), mute: true }, { path: paths.get(overheads), mute: true }],
      [{ path: paths.get(bass), mute: true }],
    ]);
    assert.notEqual(sent[0].kwargs.timestamp, sent[1].kwargs.timestamp);
  });

  it('keep the faders of the stage', async () => {
    const mix = { format: 'flac16', loudness: { integrated: -16 } };
    const stems = [{ stemId: ids.get(drums), gain_db: -3 }, { stemId: ids.get(click), mute: true }];

    await post({ mix, stems });

    const [withoutDrums, withoutBass] = messages(2).map(({ kwargs }) => kwargs);
    assert.deepEqual([withoutDrums.mix, withoutBass.mix], [mix, mix]);
    assert.deepEqual(withoutDrums.stems, [
      { path: paths.get(drums), gain_db: -3, mute: true },
      { path: paths.get(overheads), mute: true },
      { path: paths.get(click), mute: true },
    ]);
    assert.deepEqual(withoutBass.stems, [
      { path: paths.get(bass), mute: true },
      { path: paths.get(drums), gain_db: -3 },
      { path: paths.get(click), mute: true },
    ]);
  });

  it('are listed with their player', async () => {
    await post({}, 'listed');

    const { body } = await server.get('/mixes?userId=user&stageId=listed');

    assert.deepEqual(body.map(({ player }: Json) => player), ['Joon', '민아']);
    assert.deepEqual(body[0].stems.map(({ mute }: Json) => mute ?? false), [false, false, true, false]);
  });

  it('are all written down, or none', async () => {
    const { stemId } = await server.upload();
    const players = [{ name: 'late', stemIds: [stemId] }, { name: 'Joon', stemIds: idsOf(bass) }];
    const before = server.queue.inputs.length;

    const { status } = await post({ stemIds: [...idsOf(drums, bass), stemId], players }, 'none');

    assert.equal(status, 409);
    assert.equal(server.queue.inputs.length, before);
    assert.deepEqual((await server.get('/mixes?userId=user&stageId=none')).body, []);
  });

  it('are sent later when the queue is away', async () => {
    server.queue.failure = new Error('unreachable');

    const { status, body } = await post({}, 'away').finally(() => {
      server.queue.failure = null;
    });

    assert.equal(status, 202);
    const taskIds = body.map(({ taskId }: Json) => taskId);
    const rows = await server.app.get(DataSource).manager.findBy(Mix, { taskId: In(taskIds) });
    assert.deepEqual(rows.map(({ state, sentAt }) => [state, sentAt]), [['queued', null], ['queued', null]]);
  });

  const player = (more: Json) => [{ name: 'Joon', stemIds: idsOf(bass), ...more }];
  const REFUSED: [string, () => Json, RegExp][] = [
    ['a player of everything', () => ({ players: player({ stemIds: idsOf(drums, overheads, bass, click) }) }), /leave a stem/],
    ['a player beside muted stems', () => ({
      players: player({ stemIds: idsOf(drums, overheads, bass) }),
      stems: [{ stemId: ids.get(click), mute: true }],
    }), /leave a stem/],
    ['a stem that is not in the mix', () => ({ players: player({ stemIds: ['other'] }) }), /stems of stemIds/],
    ['a player without stems', () => ({ players: player({ stemIds: [] }) }), /players.0.stemIds/],
    ['a player without a name', () => ({ players: player({ name: '' }) }), /players.0.name/],
    ['a name twice', () => ({ players: [...player({}), ...player({})] }), /unique/],
    ['an unknown member', () => ({ players: player({ solo: true }) }), /property solo should not exist/],
    ['no player', () => ({ players: [] }), /players/],
    ['players that are no list', () => ({ players: 7 }), /players/],
    ['players that are no objects', () => ({ players: [null, 7, []] }), /players/],
  ];
  for (const [what, more, reason] of REFUSED) {
    it(`refuse ${what}`, async () => {
      const { status, body } = await post(more());

      assert.equal(status, 400);
      assert.match(body.message.join(' '), reason);
    });
  }

  it('refuse a stage that is none', async () => {
    assert.equal((await post({}, 'a%20b')).status, 400);
  });
});
