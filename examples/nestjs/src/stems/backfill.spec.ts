import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { DataSource } from 'typeorm';
import { Follower, type Told } from '../testing/follower.js';
import { completion, HASH, OUTPUTS, Server } from '../testing/harness.js';
import { manifestLines } from './manifest.js';
import { StemFile } from './stem-file.entity.js';

const TIME = '2024-01-01T10:00:00.000Z';

describe('a back-fill', () => {
  const server = new Server();
  const followers: Follower[] = [];
  before(() => server.start());
  afterEach(() => Promise.all(followers.splice(0).map((follower) => follower.leave())));
  after(() => server.stop());

  const stems = () => server.app.get(DataSource).getRepository(StemFile);
  const fill = (stem: Record<string, unknown>, status: 'SUCCESS' | 'FAILURE' = 'SUCCESS') =>
    server.deliver('completion', {
      ...completion({ ...stem, taskId: `backfill-1-${String(stem['stemId'])}` }, status, OUTPUTS),
      ...{ timestamp: stem['requestedAt'], backfill: true },
    });
  /** A row that the server had before it knew WaveFlow. */
  const imported = async (stemId: string) => {
    const names = { uploadPath: `old/${stemId}`, uploadFilename: 'old.wav', originalFilename: 'old.wav' };
    const row = { stemId, userId: 'user', trackId: 'old', filepath: `old/${stemId}`, requestedAt: TIME };
    return stems().save(stems().create({ ...row, ...names }));
  };

  it('renews a stem without telling its user', async () => {
    const page = new Follower(server);
    followers.push(page);
    await page.ready();
    const stem = await server.upload();
    await server.tell(stem, 'SUCCESS');
    const about = ({ data }: Told) => data.stemId === stem.stemId;
    await page.first((told) => about(told) && told.data.state === 'completed');
    const { changedAt } = await server.row(stem.stemId);
    const before = page.told.filter(about).length;

    assert.equal((await fill(stem)).body.message, 'applied');
    const other = await server.upload();
    await page.first(({ data }) => data.stemId === other.stemId);

    const row = await server.row(stem.stemId);
    assert.equal(row.audioId, OUTPUTS.audio_id);
    assert.equal(row.changedAt, changedAt);
    assert.equal(page.told.filter(about).length, before);
  });

  it('completes a row of before WaveFlow, and a failure leaves it alone', async () => {
    const [old, failed] = [await imported('old-1'), await imported('old-2')];

    assert.equal((await fill({ ...old })).body.message, 'applied');
    assert.equal((await fill({ ...failed }, 'FAILURE')).body.message, 'ignored');

    const rows = [await server.row('old-1'), await server.row('old-2')];
    assert.deepEqual(rows.map(({ state }) => state), ['completed', 'uploading']);
    assert.equal(rows[0]?.audioHash, HASH);
  });

  it('changes nothing about a request that is under way', async () => {
    const stem = await server.upload();

    assert.equal((await fill(stem)).body.message, 'ignored');
    assert.equal((await server.tell(stem, 'SUCCESS')).body.message, 'applied');
  });

  it('is of the rows that were drawn, failed or imported', async () => {
    await stems().clear();
    const [drawn, failed] = [await server.upload('a'), await server.upload('b')];
    const [waiting, duplicate] = [await server.upload('c'), await server.upload('d')];
    await server.tell(drawn, 'SUCCESS', OUTPUTS);
    await server.tell(failed, 'FAILURE');
    await server.tell(duplicate, 'DUPLICATE');
    const old = await imported('old-3');

    const lines: string[] = [];
    for await (const line of manifestLines(stems(), 1)) {
      lines.push(line);
    }

    const read = lines.map((line) => JSON.parse(line));
    const wanted = [drawn, failed, old].map(({ stemId }) => stemId).sort();
    assert.deepEqual(read.map(({ stemId }) => stemId), wanted);
    assert.ok(!wanted.includes(waiting.stemId));
    const line = read.find(({ stemId }) => stemId === drawn.stemId);
    const row = await server.row(drawn.stemId);
    assert.deepEqual(line, {
      ...{ userId: 'user', trackId: 'a', stemId: drawn.stemId, filepath: row.filepath },
      ...{ timestamp: row.requestedAt, original_filename: row.originalFilename },
      ...{ num_peaks: row.numPeaks, audio_hash: HASH, audio_id: OUTPUTS.audio_id },
    });
  });
});
