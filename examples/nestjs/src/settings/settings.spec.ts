import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settingsOf } from './settings.js';

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
      assert.deepEqual(settingsOf({ ...NAMES, WEBHOOK_SECRET: text }).webhookSecrets, secrets);
    });
  }

  it('names what is missing', () => {
    assert.throws(() => settingsOf(NAMES), /: WEBHOOK_SECRET should not be empty$/);
    assert.throws(() => settingsOf({ WEBHOOK_SECRET: ' ' }), /SQS_QUEUE_URL .*S3_BUCKET_NAME .*WEBHOOK_SECRET/);
  });

  const settings = (more: NodeJS.ProcessEnv) => settingsOf({ ...NAMES, WEBHOOK_SECRET: 'a', ...more });

  it('ask for everything by themselves, and for nothing where told so', () => {
    const none = settings({ ZOOM_LEVELS: '', SPLIT_CHANNELS: 'false', PREVIEWS: '', AUDIO_ID: 'false' });

    assert.deepEqual(settings({}).options, {
      ...{ zoomLevels: [256, 1024, 4096], splitChannels: true, previews: ['opus', 'mp3'], audioId: true },
    });
    assert.deepEqual(none.options, { zoomLevels: [], splitChannels: false, previews: [], audioId: false });
    assert.deepEqual(settings({ ZOOM_LEVELS: ' 64, 65536 ' }).options.zoomLevels, [64, 65_536]);
    assert.deepEqual(settings({ PREVIEWS: 'mp3' }).options.previews, ['mp3']);
  });

  const WRONG: [string, string[]][] = [
    ['ZOOM_LEVELS', ['63', '65537', '256.5', 'x', '1024,256', '256,256', '256,1000', '64,128,256,512']],
    ['PREVIEWS', ['flac', 'opus,opus', 'opus mp3']],
    ['AUDIO_ID', ['yes', '']],
    ['SPLIT_CHANNELS', ['1']],
    ['CORS_ORIGINS', ['*', 'example.com', 'https://example.com/', 'https://a.example,https://b.example/x']],
  ];
  for (const [name, texts] of WRONG) {
    it(`refuse ${name} that WaveFlow or a browser would refuse later`, () => {
      for (const text of texts) {
        assert.throws(() => settings({ [name]: text }), new RegExp(`${name} must`), text);
      }
    });
  }

  it('refuses a port that is none', () => {
    assert.throws(() => settingsOf({ ...NAMES, WEBHOOK_SECRET: 'a', PORT: 'http' }), /PORT must be/);
  });
});
