import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Server } from './testing/harness.js';

type Json = Record<string, any>;

describe('the OpenAPI document', () => {
  const server = new Server();
  let document: Json;
  before(async () => {
    await server.start();
    document = (await server.get('/docs/openapi.json')).body;
  });
  after(() => server.stop());

  const schemaOf = (path: string, method: string, status: number): Json =>
    document['paths'][path][method].responses[status].content['application/json'].schema;
  const resolved = ({ $ref }: Json): Json => document['components'].schemas[String($ref).split('/').pop() ?? ''];

  it('has every route of the browser, and none of WaveFlow’s webhooks', () => {
    assert.deepEqual(Object.keys(document['paths']).sort(), [
      ...['/comparisons', '/comparisons/{taskId}', '/comparisons/{taskId}/document'],
      ...['/events', '/limits', '/mixes', '/mixes/{taskId}', '/mixes/{taskId}/media', '/stages/{stageId}/practice-mixes'],
      ...['/stems', '/stems/upload', '/stems/upload-complete', '/stems/{stemId}', '/stems/{stemId}/media'],
    ]);
  });

  it('says of every answer what is in it', () => {
    for (const [path, methods] of Object.entries<Json>(document['paths'])) {
      for (const [method, { responses }] of Object.entries<Json>(methods)) {
        for (const [status, { content }] of Object.entries<Json>(responses)) {
          assert.ok(content !== undefined, `${method} ${path} ${status}`);
        }
      }
    }
  });

  it('has exactly the fields of the stem and of the mix that are answered', async () => {
    const stem = await server.upload();
    await server.tell(stem, 'SUCCESS');
    const wish = { userId: 'user', stageId: 'stage', stemIds: [stem.stemId], mix: {} };
    const mix = (await server.post('/mixes', wish)).body;
    const answers: [Json, string, string, number][] = [
      [await server.stem(stem.stemId), '/stems/{stemId}', 'get', 200],
      [stem, '/stems/upload-complete', 'post', 202],
      [mix, '/mixes', 'post', 202],
      [(await server.get(`/stems/${stem.stemId}/media?userId=user`)).body, '/stems/{stemId}/media', 'get', 200],
    ];
    for (const [answer, path, method, status] of answers) {
      const { properties, required } = resolved(schemaOf(path, method, status));
      assert.deepEqual(Object.keys(answer).sort(), Object.keys(properties).sort(), path);
      assert.deepEqual([...required].sort(), Object.keys(properties).sort(), path);
    }
  });

  it('names no column that is the server’s own business', async () => {
    const { stemId } = await server.upload();
    const text = JSON.stringify([await server.stem(stemId), (await server.get('/stems?userId=user&trackId=track')).body]);

    for (const name of ['etag', 'uploadPath', 'uploadFilename', 'uploadedAt', 'sentAt', 'isOriginal']) {
      assert.ok(!text.includes(`"${name}"`), name);
    }
  });

  it('is shown at /docs from the server’s own files', async () => {
    const url = await server.app.getUrl();
    const page = await (await fetch(`${url}/docs`)).text();
    const addresses = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '');

    assert.ok(addresses.some((address) => address.includes('swagger-ui-bundle.js')));
    for (const address of addresses) {
      const answer = await fetch(new URL(address, `${url}/docs`));
      assert.equal(new URL(answer.url).origin, url, address);
      assert.equal(answer.status, 200, address);
    }
    const started = await (await fetch(`${url}/docs/swagger-ui-init.js`)).text();
    assert.match(started, /"validatorUrl": null/);
  });
});

describe('a wrong request', () => {
  const server = new Server();
  before(() => server.start());
  after(() => server.stop());

  const WRONG: [string, Json, string][] = [
    ['/stems/upload', { userId: 'a b' }, "userId must be 1 to 128 letters, digits, '.', '_' or '-', and not '.' or '..'"],
    ['/stems/upload', { sha256: 'x' }, 'sha256 must be a SHA-256 of 64 hexadecimal digits in lower case'],
    ['/stems/upload', { original_filename: '' }, 'original_filename must be text of at least one character, without control characters'],
    ['/mixes', { stemIds: ['a b'] }, "each value in stemIds must be 1 to 128 letters, digits, '.', '_' or '-'"],
  ];
  for (const [path, body, sentence] of WRONG) {
    it(`is refused in words: ${sentence}`, async () => {
      const { message } = (await server.post(path, body)).body;

      assert.ok(message.includes(sentence), message.join('\n'));
      assert.ok(!message.join().includes('regular expression'));
    });
  }
});
