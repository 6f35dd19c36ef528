import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Settings } from './settings.js';

const NAMES = { SQS_QUEUE_URL: 'q', S3_BUCKET_NAME: 'b' };

describe('settings', () => {
  const SECRETS: [string, string[]][] = [
    ['whsec_a', ['whsec_a']],
    ['whsec_a whsec_b', ['whsec_a', 'whsec_b']],
    [' whsec_a,whsec_b\n', ['whsec_a', 'whsec_b']],
    ['{"current": "a", "previous": ""}', ['a']],
    ['{"current": "a", "previous": "b"}', ['a', 'b']],
  ];
  for (const [text, secrets] of SECRETS) {
    it(`reads the secrets ${JSON.stringify(text)}`, () => {
      assert.deepEqual(new Settings({ ...NAMES, WEBHOOK_SECRET: text }).webhookSecrets, secrets);
    });
  }

  it('names what is missing', () => {
    assert.throws(() => new Settings(NAMES), /WEBHOOK_SECRET/);
    assert.throws(() => new Settings({ WEBHOOK_SECRET: ' ' }), /SQS_QUEUE_URL, S3_BUCKET_NAME, WEBHOOK_SECRET/);
  });

  it('refuses a port that is none', () => {
    assert.throws(() => new Settings({ ...NAMES, WEBHOOK_SECRET: 'a', PORT: 'http' }), /PORT/);
  });
});
