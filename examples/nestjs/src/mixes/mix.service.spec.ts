import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { completion, mixing, OUTPUTS, Server, SUM } from '../testing/harness.js';

describe('mixes', () => {
  const server = new Server();
  before(() => server.start());
  after(() => server.stop());

  const drawn = async () => {
    const stem = await server.upload();
    await server.deliver('completion', completion(stem, 'SUCCESS'));
    return stem;
  };
  const wish = (stemIds: string[]) =>
    server.post('/mixes', { userId: 'user', stageId: 'stage', stemIds });

  it('asks for the stems in the given order and files the result', async () => {
    const [a, b] = [await drawn(), await drawn()];

    const { status, body } = await wish([b.stemId, a.stemId]);
    const message = JSON.parse(String(server.queue.inputs.at(-1)?.['MessageBody']));
    const { stem_paths } = message.kwargs;
    const told = await server.deliver('mixing-complete', mixing(body.taskId, 'SUCCESS', { stem_count: 2, stem_paths }));

    assert.equal(status, 202);
    assert.equal(message.task, 'app.tasks.mix_stems_and_upload');
    assert.deepEqual(stem_paths, [b['filepath'], a['filepath']]);
    assert.deepEqual([message.kwargs.mix, message.kwargs.stems], [undefined, undefined]);
    assert.equal(told.body.message, 'applied');
    const mix = (await server.get(`/mixes/${body.taskId}?userId=user`)).body;
    assert.equal(mix.state, 'completed');
  });

  it('refuses stems that are not there, not done or not this user’s', async () => {
    const waiting = await server.upload();

    assert.equal((await wish([waiting.stemId])).status, 409);
    assert.equal((await wish(['nobody'])).status, 409);
    assert.equal((await wish([])).status, 400);
  });

  it('files a failure, and a success after it', async () => {
    const { body } = await wish([(await drawn()).stemId]);

    await server.deliver('mixing-complete', mixing(body.taskId, 'FAILURE', { stem_count: 0, stem_paths: [] }));
    const failed = (await server.get(`/mixes/${body.taskId}?userId=user`)).body;
    await server.deliver('mixing-complete', mixing(body.taskId, 'SUCCESS'));
    const healed = (await server.get(`/mixes/${body.taskId}?userId=user`)).body;

    assert.deepEqual([failed.state, failed.errorCode], ['error', 'CORRUPT_AUDIO']);
    assert.deepEqual([healed.state, healed.errorCode], ['completed', null]);
  });

  it('shows a refusal on the row of its own request', async () => {
    const { stemId } = await drawn();
    const [first, second] = [(await wish([stemId])).body, (await wish([stemId])).body];
    await server.deliver('mixing-complete', mixing(first.taskId, 'SUCCESS'));
    const { result } = mixing(second.taskId, 'FAILURE') as { result: object };
    const error_message = 'Another mix was made for this stage and timestamp.';
    const refused = { ...result, error_code: 'INVALID_MESSAGE', error_message };

    await server.deliver('mixing-complete', mixing(second.taskId, 'FAILURE', { result: refused }));

    const rows = (await server.get('/mixes?userId=user&stageId=stage')).body.slice(0, 2);
    assert.deepEqual(rows.map(({ taskId, state, errorCode, errorMessage }: Record<string, unknown>) => [taskId, state, errorCode, errorMessage]), [
      [second.taskId, 'error', 'INVALID_MESSAGE', error_message],
      [first.taskId, 'completed', null, null],
    ]);
  });

  it('takes the outputs of a redraw, and nothing else of it', async () => {
    const { body } = await wish([(await drawn()).stemId]);
    const mixed_file_path = 'mixed/stage_mixed_7.wav';
    await server.deliver('mixing-complete', mixing(body.taskId, 'SUCCESS', { mixed_file_path }));
    const before = (await server.get(`/mixes/${body.taskId}?userId=user`)).body;
    const redraw = (more: object) =>
      server.deliver('mixing-complete', mixing('redraw-1', 'SUCCESS', { ...OUTPUTS, ...SUM, duration: 9, ...more }));

    const others = [await redraw({ mixed_file_path: 'mixed/stage_mixed_8.wav' }), await redraw({ mixed_file_path, stageId: 'other' })];
    const unknown = await server.deliver('mixing-complete', mixing('redraw-1', 'FAILURE', { mixed_file_path }));
    const told = await redraw({ mixed_file_path, waveform_data_path: 'waveforms/stage_mixed_waveform_7.json' });

    const after = (await server.get(`/mixes/${body.taskId}?userId=user`)).body;
    assert.deepEqual([...others, unknown].map(({ status }) => status), [404, 404, 404]);
    assert.equal(told.body.message, 'applied');
    assert.deepEqual([after.audioId, after.zoomLevels.length, after.previews.opus], [OUTPUTS.audio_id, 2, OUTPUTS.previews.opus]);
    const { audioId, zoomLevels, previews, changedAt } = before;
    assert.deepEqual([audioId, zoomLevels, previews], [null, null, null]);
    assert.deepEqual({ ...after, audioId, zoomLevels, previews, changedAt }, {
      ...before,
      waveformDataPath: 'waveforms/stage_mixed_waveform_7.json',
    });
  });

  it('never files a failure over a success', async () => {
    const { body } = await wish([(await drawn()).stemId]);
    await server.deliver('mixing-complete', mixing(body.taskId, 'SUCCESS'));

    const told = await server.deliver('mixing-complete', mixing(body.taskId, 'FAILURE'));

    assert.equal(told.body.message, 'ignored');
    const mix = (await server.get(`/mixes/${body.taskId}?userId=user`)).body;
    assert.deepEqual([mix.state, mix.errorCode], ['completed', null]);
  });

  it('takes a webhook of 64 stems with the longest keys', async () => {
    const { body } = await wish([(await drawn()).stemId]);
    const stem_paths = Array.from({ length: 64 }, (_, index) => `users/${index + 10}/${'가'.repeat(338)}`);
    const warnings = stem_paths.map((path) => `RESAMPLED:${path}`);
    const told = mixing(body.taskId, 'SUCCESS', { stem_paths, stem_count: 64, warnings });

    const reply = await server.deliver('mixing-complete', told);

    assert.ok(Buffer.byteLength(JSON.stringify(told)) > 128 * 1024);
    assert.deepEqual([reply.status, reply.body.message], [200, 'applied']);
  });

  it('shows a mix to its owner only', async () => {
    const { body } = await wish([(await drawn()).stemId]);
    await server.deliver('mixing-complete', mixing(body.taskId, 'SUCCESS'));

    assert.equal((await server.get(`/mixes/${body.taskId}?userId=other`)).status, 404);
    assert.equal((await server.get(`/mixes/${body.taskId}/media?userId=other`)).status, 404);
    assert.equal((await server.get(`/mixes/${body.taskId}`)).status, 400);
    assert.equal((await server.get(`/mixes/${body.taskId}?userId=user`)).status, 200);
  });

  it('asks for every output of a classic mix but split channels, and hands out what came', async () => {
    const { body } = await wish([(await drawn()).stemId]);
    const { kwargs } = JSON.parse(String(server.queue.inputs.at(-1)?.['MessageBody']));
    const early = await server.get(`/mixes/${body.taskId}/media?userId=user`);

    await server.deliver('mixing-complete', mixing(body.taskId, 'SUCCESS', OUTPUTS));
    const mix = (await server.get(`/mixes/${body.taskId}?userId=user`)).body;
    const media = (await server.get(`/mixes/${body.taskId}/media?userId=user`)).body;

    assert.deepEqual(
      [kwargs.waveform, kwargs.previews, kwargs.audio_id],
      [{ zoom_levels: [256, 1024, 4096] }, ['opus', 'mp3'], true],
    );
    assert.equal(early.status, 404);
    assert.equal(mix.audioId, OUTPUTS.audio_id);
    assert.match(media.audio, /\/mixed\/stage_mixed_1\.wav\?/);
    assert.match(media.waveform, /\/waveforms\/stage_mixed_waveform_1\.json\?/);
    assert.match(media.zoomLevels[0].url, /\/waveforms\/stem_zoom_1\/256_split\.dat\?/);
    assert.match(media.previews.opus.url, /\/previews\/stem_1\.opus\?/);
  });

  it('mixes no stem of another user', async () => {
    const { stemId } = await drawn();
    const theirs = { userId: 'other', stageId: 'stage', stemIds: [stemId] };

    assert.equal((await server.post('/mixes', theirs)).status, 409);
  });
});
