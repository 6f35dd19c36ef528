import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Server } from './testing/harness.js';

const PAGE = 'https://page.example';

describe('pages of other origins', () => {
  const open = new Server(undefined, { CORS_ORIGINS: `${PAGE},http://localhost:5173` });
  const closed = new Server();
  before(() => Promise.all([open.start(), closed.start()]));
  after(() => Promise.all([open.stop(), closed.stop()]));

  const ask = async (server: Server, origin: string, method: string, path: string) => {
    const headers = {
      ...{ origin, 'access-control-request-method': 'POST' },
      'access-control-request-headers': 'content-type,authorization',
    };
    const { headers: answered } = await fetch(`${await server.app.getUrl()}${path}`, { method, headers });
    return (name: string) => answered.get(`access-control-${name}`);
  };

  it('may upload and read when they are in the settings', async () => {
    for (const origin of [PAGE, 'http://localhost:5173']) {
      const preflight = await ask(open, origin, 'OPTIONS', '/stems/upload');
      const read = await ask(open, origin, 'GET', '/stems?userId=user&trackId=track');

      assert.equal(preflight('allow-origin'), origin);
      assert.match(preflight('allow-methods') ?? '', /GET.*POST/);
      assert.equal(preflight('allow-headers'), 'content-type,authorization');
      assert.equal(read('allow-origin'), origin);
    }
  });

  it('may not when they are not', async () => {
    const others: [Server, string][] = [[open, 'https://evil.example'], [open, 'null'], [closed, PAGE]];
    for (const [server, origin] of others) {
      for (const method of ['OPTIONS', 'GET']) {
        const allowed = await ask(server, origin, method, '/stems?userId=user&trackId=track');
        assert.equal(allowed('allow-origin'), null, `${method} ${origin}`);
      }
    }
  });
});
