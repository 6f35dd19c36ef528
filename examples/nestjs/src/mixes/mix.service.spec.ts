import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { completion, mixing, OUTPUTS, Server } from '../testing/harness.js';

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
    const told = await server.deliver('mixing-complete', {
      stageId: 'stage',
      status: 'SUCCESS',
      task_id: body.taskId,
      mixed_file_path: 'mixed/stage_mixed_1.wav',
      waveform_data_path: 'waveforms/stage_mixed_waveform_1.json',
      stem_count: 2,
      stem_paths: body.stemPaths,
      duration: 1.5,
      sample_rate: 44_100,
      channels: 1,
      warnings: [],
    });

    assert.equal(status, 202);
    assert.equal(message.task, 'app.tasks.mix_stems_and_upload');
    assert.deepEqual(message.kwargs.stem_paths, [b['filepath'], a['filepath']]);
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

  it('never files a failure over a success', async () => {
    const { body } = await wish([(await drawn()).stemId]);
    await server.deliver('mixing-complete', mixing(body.taskId, 'SUCCESS'));

    const told = await server.deliver('mixing-complete', mixing(body.taskId, 'FAILURE'));

    assert.equal(told.body.message, 'ignored');
    const mix = (await server.get(`/mixes/${body.taskId}?userId=user`)).body;
    assert.deepEqual([mix.state, mix.errorCode], ['completed', null]);
  });

  it('shows a mix to its owner only', async () => {
    const { body } = await wish([(await drawn()).stemId]);
    await server.deliver('mixing-complete', mixing(body.taskId, 'SUCCESS'));

    assert.equal((await server.get(`/mixes/${body.taskId}?userId=other`)).status, 404);
    assert.equal((await server.get(`/mixes/${body.taskId}/media?userId=other`)).status, 404);
    assert.equal((await server.get(`/mixes/${body.taskId}`)).status, 400);
    assert.equal((await server.get(`/mixes/${body.taskId}?userId=user`)).status, 200);
  });

  it('asks for every output but split channels, and hands out what came', async () => {
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
