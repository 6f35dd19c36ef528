import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SFNClient } from '@aws-sdk/client-sfn';
import { FakeClient } from '../testing/harness.js';
import { VerdictService } from './verdict.service.js';

describe('VerdictService', () => {
  const failing = (name: string) => {
    const client = new FakeClient();
    client.failure = Object.assign(new Error('…'), { name });
    return new VerdictService(client as unknown as SFNClient);
  };

  for (const name of ['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken']) {
    it(`takes ${name} for a settled question`, async () => {
      assert.equal(await failing(name).answer('token', { verdict: 'new' }), 'settled');
      assert.equal(await failing(name).refuse('token', 'why'), 'settled');
    });
  }

  for (const name of ['ThrottlingException', 'AccessDeniedException', 'TimeoutError', 'InvalidOutput']) {
    it(`asks WaveFlow to ask again on ${name}`, async () => {
      await assert.rejects(failing(name).answer('token', { verdict: 'new' }), { status: 503 });
    });
  }

  it('sends exactly what the contract has', async () => {
    const client = new FakeClient();
    const duplicate_of = { stemId: 'a', filepath: 'users/u/a.wav' };

    await new VerdictService(client as unknown as SFNClient).answer('token', {
      verdict: 'duplicate',
      duplicate_of,
    });

    assert.deepEqual(client.inputs, [
      { taskToken: 'token', output: JSON.stringify({ verdict: 'duplicate', duplicate_of }) },
    ]);
  });
});
