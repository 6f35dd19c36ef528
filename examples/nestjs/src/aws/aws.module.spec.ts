import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { SFNClient } from '@aws-sdk/client-sfn';
import { VerdictService } from '../waveflow/verdict.service.js';
import { QUICK } from './aws.module.js';

const ANSWERED_WITHIN_MS = 15_000;

describe('AWS clients', () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
  before(() => new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening)));
  after(() => {
    sockets.forEach((socket) => socket.destroy());
    silent.close();
  });

  it('give up a service that takes the connection and says nothing', async () => {
    const { port } = silent.address() as AddressInfo;
    const client = new SFNClient({
      ...QUICK,
      maxAttempts: 1,
      requestHandler: { ...QUICK.requestHandler, requestTimeout: 200 },
      region: 'ap-northeast-2',
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: 'example', secretAccessKey: 'example' },
    });
    const begun = Date.now();

    await assert.rejects(new VerdictService(client).answer('token', { verdict: 'new' }), { status: 503 });

    const { connectionTimeout, requestTimeout } = QUICK.requestHandler;
    assert.ok(Date.now() - begun < requestTimeout);
    assert.ok(QUICK.maxAttempts * (connectionTimeout + requestTimeout) < ANSWERED_WITHIN_MS);
  });
});
