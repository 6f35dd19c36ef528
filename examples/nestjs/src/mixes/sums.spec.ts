import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { mixing, Server, SUM } from '../testing/harness.js';

type Json = Record<string, unknown>;

describe('sums', () => {
  const server = new Server();
  let stems: (Json & { stemId: string })[];
  let ids: string[];
  before(async () => {
    await server.start();
    stems = [await server.upload(), await server.upload(), await server.upload()];
    for (const stem of stems) {
      await server.tell(stem, 'SUCCESS');
    }
    ids = stems.map(({ stemId }) => stemId);
  });
  after(() => server.stop());

  const post = (more: Json, stageId = 'stage') =>
    server.post('/mixes', { userId: 'user', stageId, stemIds: ids, ...more });
  const sent = () => JSON.parse(String(server.queue.inputs.at(-1)?.['MessageBody'])).kwargs;
  const list = async (stageId: string, userId = 'user') =>
    (await server.get(`/mixes?userId=${userId}&stageId=${stageId}`)).body;
  const pathOf = (index: number) => stems[index]?.['filepath'];

  it('are asked for by stem ids, and the message names their paths', async () => {
    const mix = { channels: 2, format: 'flac24', sample_rate: 'highest', loudness: { integrated: -14, true_peak: -1.5 } };
    const levels = { gain_db: -3, pan: -0.2, invert: true, offset_ms: 12 };

    const { status } = await post({ mix, stems: [{ stemId: ids[2], ...levels }, { stemId: ids[0], mute: true }] });

    const { stem_paths, mix: asked, stems: named, waveform } = sent();
    assert.equal(status, 202);
    assert.deepEqual(stem_paths, [pathOf(0), pathOf(1), pathOf(2)]);
    assert.deepEqual(asked, mix);
    assert.deepEqual(named, [{ path: pathOf(2), ...levels }, { path: pathOf(0), mute: true }]);
    assert.deepEqual(waveform, { zoom_levels: [256, 1024, 4096], split_channels: true });
  });

  it('of one channel have no channels to split', async () => {
    await post({ mix: { channels: 1 } });
    assert.deepEqual(sent().waveform, { zoom_levels: [256, 1024, 4096] });

    await post({ stems: [{ stemId: ids[0], gain_db: -6 }] });
    assert.equal(sent().waveform.split_channels, true);
  });

  it('are listed for a stage with options, facts and names, newest first', async () => {
    const mix = { loudness: { integrated: -14 } };
    const two = { stemIds: [ids[1], ids[0]], mix, stems: [{ stemId: ids[0], mute: true }, { stemId: ids[1], gain_db: 1 }] };
    const { body: first } = await post(two, 'listed');
    const { body: second } = await post({}, 'listed');
    await post({}, 'another');

    await server.deliver('mixing-complete', mixing(first.taskId, 'SUCCESS', { ...SUM, stageId: 'listed' }));

    const [newest, oldest] = await list('listed');
    assert.deepEqual([newest.taskId, oldest.taskId], [second.taskId, first.taskId]);
    assert.deepEqual([newest.state, newest.mix, newest.facts], ['queued', null, null]);
    assert.deepEqual([oldest.state, oldest.mix, oldest.facts], ['completed', mix, SUM.mix]);
    const originalFilename = 'take 1.wav';
    assert.deepEqual(oldest.stems, [
      { stemId: ids[1], originalFilename, gain_db: 1, facts: SUM.stems[0] },
      { stemId: ids[0], originalFilename, mute: true, facts: SUM.stems[1] },
    ]);
    assert.deepEqual(newest.stems[0], { stemId: ids[0], originalFilename, facts: null });
    assert.deepEqual((await server.get(`/mixes/${first.taskId}?userId=user`)).body, oldest);
  });

  it('are listed for their owner only', async () => {
    await post({}, 'owned');

    assert.deepEqual(await list('owned', 'other'), []);
    assert.equal((await server.get('/mixes?userId=user')).status, 400);
    assert.equal((await server.get('/mixes?stageId=owned')).status, 400);
  });

  it('of one stage never share a time, even of two users at once', async () => {
    const theirs = await server.upload('track', 1_000, 'other');
    await server.tell(theirs, 'SUCCESS');
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const from = server.queue.inputs.length;
    try {
      const replies = await Promise.all([
        ...[1, 2, 3].map(() => post({}, 'at-once')),
        post({ userId: 'other', stemIds: [theirs.stemId] }, 'at-once'),
      ]);
      assert.deepEqual(replies.map(({ status }) => status), [202, 202, 202, 202]);
    } finally {
      mock.timers.reset();
    }

    const messages = server.queue.inputs.slice(from).map((input) => JSON.parse(String(input['MessageBody'])));
    assert.equal(new Set(messages.map(({ kwargs }) => kwargs.timestamp)).size, 4);
    assert.equal(new Set(messages.map(({ id }) => id)).size, 4);
  });

  it('may mute a stem that is not done, and play none', async () => {
    const waiting = await server.upload();
    const theirs = await server.upload('track', 1_000, 'other');
    const mixed = (stem: Json & { stemId: string }, mute: boolean) =>
      post({ stemIds: [ids[0], stem.stemId], stems: [{ stemId: stem.stemId, mute }] });

    assert.equal((await mixed(waiting, true)).status, 202);
    assert.equal((await mixed(waiting, false)).status, 409);
    assert.equal((await mixed(theirs, true)).status, 409);
  });

  const one = (levels: Json) => ({ stems: [{ stemId: 'ID', ...levels }] });
  const REFUSED: [string, Json, RegExp][] = [
    ['a pan in one channel', { mix: { channels: 1 }, ...one({ pan: 0 }) }, /no pan/],
    ['a stem that is not in the mix', { stems: [{ stemId: 'other' }] }, /stems of stemIds/],
    ['a stem without a name', { stems: [{ gain_db: 1 }] }, /stems of stemIds/],
    ['a path', one({ path: 'users/user/track/a.wav' }), /property path should not exist/],
    ['a stem twice', { stems: [{ stemId: 'ID' }, { stemId: 'ID', mute: true }] }, /unique/],
    ['only muted stems', { stemIds: ['ID'], ...one({ mute: true }) }, /not all be muted/],
    ['a gain out of range', one({ gain_db: 12.5 }), /stems.0.gain_db/],
    ['a gain that is text', one({ gain_db: '3' }), /stems.0.gain_db/],
    ['an offset beyond ten minutes', one({ offset_ms: -600_001 }), /stems.0.offset_ms/],
    ['an unknown member of a stem', one({ solo: true }), /property solo should not exist/],
    ['an unknown member of the mix', { mix: { gain_db: 1 } }, /mix.property gain_db should not exist/],
    ['an unknown member of the request', { stem: [] }, /property stem should not exist/],
    ['a target without loudness', { mix: { loudness: { true_peak: -1 } } }, /mix.loudness.integrated/],
    ['a format that is none', { mix: { format: 'mp3' } }, /mix.format/],
    ['a rate that is none', { mix: { sample_rate: 22_050 } }, /mix.sample_rate/],
    ['three channels', { mix: { channels: 3 } }, /mix.channels/],
    ['options that are null', { mix: null, stems: null }, /mix .*stems/],
    ['options that are no objects', { mix: [], stems: [null, 7, 'ID'] }, /mix .*stems/],
  ];
  for (const [what, more, reason] of REFUSED) {
    it(`refuse ${what}, and nothing is sent`, async () => {
      const before = server.queue.inputs.length;

      const { status, body } = await post(JSON.parse(JSON.stringify(more).replaceAll('"ID"', `"${ids[0]}"`)));

      assert.equal(status, 400);
      assert.match(body.message.join(' '), reason);
      assert.equal(server.queue.inputs.length, before);
    });
  }
});
