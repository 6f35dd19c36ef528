import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Server } from '../testing/harness.js';

describe('page', () => {
  const server = new Server(undefined, { MAX_FILE_SIZE_MB: '7' });
  before(() => server.start());
  after(() => server.stop());

  it('is told the limit, because the bucket refuses a large file only after it was sent', async () => {
    assert.deepEqual((await server.get('/limits')).body, { maxUploadBytes: 7 * 2 ** 20 });
  });

  it('is served whole: what its files name is there', async () => {
    const read = async (path: string) => {
      const answer = await fetch(`${await server.app.getUrl()}${path}`);
      assert.equal(answer.status, 200, path);
      return answer.text();
    };
    const page = await read('/');
    const named = [...page.matchAll(/(?:href|src)="(\w+\.\w+)"|"(\/vendor\/[^"]+)"/g)];
    const paths = named.map(([, own, vendor]) => vendor ?? `/${own}`);

    assert.deepEqual(paths, ['/style.css', '/vendor/wavesurfer.js/wavesurfer.esm.js', '/app.js']);
    await Promise.all(paths.map(read));
  });
});
