import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { S3Client } from '@aws-sdk/client-s3';
import { settingsOf } from '../settings/settings.js';
import { ObjectsService } from './objects.service.js';

describe('ObjectsService', () => {
  let status = 200;
  const s3 = createServer((_, response) => {
    response.writeHead(status, { etag: '"e"', 'last-modified': 'Sat, 21 Nov 2026 00:00:01 GMT' }).end();
  });
  const objects = () => {
    const { port } = s3.address() as AddressInfo;
    const client = new S3Client({
      region: 'ap-northeast-2',
      endpoint: `http://127.0.0.1:${port}`,
      forcePathStyle: true,
      credentials: { accessKeyId: 'example', secretAccessKey: 'example' },
    });
    const names = { SQS_QUEUE_URL: 'q', S3_BUCKET_NAME: 'bucket', WEBHOOK_SECRET: 's' };
    return new ObjectsService(client, settingsOf(names));
  };
  before(() => new Promise<void>((listening) => s3.listen(0, '127.0.0.1', listening)));
  after(() => s3.close());

  for (const region of ['ap-northeast-2', 'us-east-1']) {
    it(`signs the regional address of a bucket in ${region}, which redirects no page`, async () => {
      const credentials = { accessKeyId: 'example', secretAccessKey: 'example' };
      const names = { SQS_QUEUE_URL: 'q', S3_BUCKET_NAME: 'bucket', WEBHOOK_SECRET: 's' };
      const signing = new ObjectsService(new S3Client({ region, credentials }), settingsOf(names));

      const address = new URL(await signing.signDownload('previews/노래 1.opus'));

      assert.equal(address.host, `bucket.s3.${region}.amazonaws.com`);
      assert.equal(decodeURIComponent(address.pathname), '/previews/노래 1.opus');
      assert.equal(address.searchParams.get('X-Amz-Expires'), '300');
    });
  }

  it('describes what is stored', async () => {
    status = 200;

    const lastModified = Date.parse('2026-11-21T00:00:01Z');
    assert.deepEqual(await objects().describe('key'), { etag: '"e"', lastModified });
  });

  it('tells a missing object from one that it may not look at', async () => {
    status = 404;
    assert.equal(await objects().describe('key'), null);

    status = 403;
    await assert.rejects(objects().describe('key'), { status: 503, message: /does not let this server/ });
  });
});
