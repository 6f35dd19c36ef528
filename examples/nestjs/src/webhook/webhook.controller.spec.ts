import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { completion, OLD_SECRET, question, Server, signed } from '../testing/harness.js';

const MINUTE_MS = 60_000;

describe('webhooks', () => {
  const server = new Server();
  before(() => server.start());
  after(() => server.stop());

  const told = async (headers: (text: string) => Record<string, string>, more: object = {}) => {
    const stem = await server.upload();
    const text = JSON.stringify({ ...completion(stem, 'SUCCESS'), ...more });
    const reply = await server.post('/webhook/completion', text, headers(text));
    return { ...reply, state: (await server.stem(stem.stemId))['state'] };
  };

  it('accepts either secret while one is rotated', async () => {
    const byNew = await told((text) => signed(text, { id: 'rotated-1' }));
    const byOld = await told((text) => signed(text, { id: 'rotated-2', secret: OLD_SECRET }));

    assert.deepEqual([byNew.status, byNew.state], [200, 'completed']);
    assert.deepEqual([byOld.status, byOld.state], [200, 'completed']);
  });

  it('accepts one right signature among several', async () => {
    const reply = await told((text) => {
      const headers = signed(text, { id: 'several' });
      return { ...headers, 'webhook-signature': `v1,AAAA ${headers['webhook-signature']}` };
    });

    assert.equal(reply.status, 200);
  });

  const REFUSED: [string, RegExp, (text: string) => Record<string, string>][] = [
    ['another secret', /No matching signature/, (text) => signed(text, { secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' })],
    ['a changed body', /No matching signature/, (text) => signed(`${text} `)],
    ['an old timestamp', /too old/, (text) => signed(text, { at: new Date(Date.now() - 6 * MINUTE_MS) })],
    ['a future timestamp', /too new/, (text) => signed(text, { at: new Date(Date.now() + 6 * MINUTE_MS) })],
    ['a mistyped timestamp', /Invalid/, (text) => ({ ...signed(text), 'webhook-timestamp': 'soon' })],
    ['no headers', /Missing/, () => ({})],
    ['an id of another delivery', /No matching/, (text) => ({ ...signed(text), 'webhook-id': 'x' })],
  ];
  for (const [what, reason, headers] of REFUSED) {
    it(`refuses ${what} with 401 and changes nothing`, async () => {
      const reply = await told(headers);

      assert.equal(reply.status, 401);
      assert.match(reply.body.message, reason);
      assert.equal(reply.state, 'queued');
    });
  }

  it('refuses a body that is not JSON', async () => {
    const reply = await server.post('/webhook/completion', '{"stemId":', signed('{"stemId":'));
    const form = await server.post('/webhook/completion', 'a=b', {
      ...signed('a=b'),
      'content-type': 'text/plain',
    });

    assert.equal(reply.status, 400);
    assert.equal(form.status, 401);
  });

  it('names missing and mistyped fields, not their values', async () => {
    const stem = await server.upload();
    const asked = question(stem, { audio_hash: 'tampered', file_size: '1024', task_id: undefined });

    const reply = await server.deliver('hash-check', asked);

    assert.equal(reply.status, 400);
    assert.match(reply.body.message.join(), /audio_hash.*|file_size|task_id/);
    for (const name of ['audio_hash', 'file_size', 'task_id']) {
      assert.ok(reply.body.message.some((line: string) => line.startsWith(name)), name);
    }
    assert.doesNotMatch(JSON.stringify(reply.body), /tampered|token-/);
    assert.equal((await server.stem(stem.stemId))['state'], 'queued');
  });

  for (const event of ['hash-check', 'completion', 'mixing-complete', 'comparison-complete']) {
    it(`refuses a ${event} that is empty, a list or null`, async () => {
      for (const body of [{}, [], null]) {
        const reply = await server.deliver(event, body);
        assert.equal(reply.status, 400, JSON.stringify(body));
      }
    });
  }

  it('checks the result by the status', async () => {
    const stem = await server.upload();
    const wrong = { ...completion(stem, 'FAILURE'), status: 'SUCCESS' };

    const reply = await server.deliver('completion', wrong);

    assert.equal(reply.status, 400);
    assert.match(reply.body.message.join(), /result.audio_data_hash/);
  });

  it('refuses a status that is the name of something else', async () => {
    const stem = await server.upload();
    for (const status of ['toString', 'constructor', '__proto__', 'hasOwnProperty', '', null, 7, ['SUCCESS']]) {
      const reply = await server.deliver('completion', { ...completion(stem, 'SUCCESS'), status });

      assert.equal(reply.status, 400, String(status));
      assert.match(reply.body.message.join(), /status must be one of/);
    }
  });

  const nested = (open: string, close: string, depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;

  it('drops the fields that are not its own, however deep they are', async () => {
    for (const [open, close] of [['[', ']'], ['{"a":', '}']] as const) {
      const stem = await server.upload();
      const text = JSON.stringify(completion(stem, 'SUCCESS'));
      const more = `"mine":${nested(open, close, 50_000)},"__proto__":{"status":"FAILURE"},"toString":1,`;
      const body = text.replace('{', `{${more}`);

      const reply = await server.post('/webhook/completion', body, signed(body, { id: `deep-${stem.stemId}` }));

      assert.deepEqual([reply.status, reply.body.message], [200, 'applied']);
      assert.equal((await server.stem(stem.stemId))['state'], 'completed');
    }
  });

  it('refuses fields of its own that are nested without end', async () => {
    const stem = await server.upload();
    const text = JSON.stringify(completion(stem, 'SUCCESS'));
    for (const field of ['"warnings":', '"format":']) {
      const body = text.replace(field, `${field}${nested('[', ']', 50_000)},"x":`);

      const reply = await server.post('/webhook/completion', body, signed(body));

      assert.equal(reply.status, 400);
      assert.match(String(reply.body.message), /nested deeper/);
    }
    assert.equal((await server.stem(stem.stemId))['state'], 'queued');
  });

  it('answers 404 for what it does not know and keeps running', async () => {
    const unknown = { stemId: 'nobody', userId: 'user', trackId: 'track', filepath: 'a', taskId: 't', requestedAt: '2026-11-21T00:00:00Z', originalFilename: 'a' };
    const mix = { stageId: 'nobody', status: 'FAILURE', task_id: 't', result: (completion(unknown, 'FAILURE') as { result: object }).result };

    const replies = [
      await server.deliver('hash-check', question(unknown)),
      await server.deliver('completion', completion(unknown, 'SUCCESS')),
      await server.deliver('mixing-complete', mix),
    ];

    assert.deepEqual(replies.map(({ status }) => status), [404, 404, 404]);
    assert.equal((await server.get('/stems?userId=user&trackId=track')).status, 200);
    for (const reason of ['No stem nobody', 'No mix t']) {
      assert.ok(server.log.lines.some((line) => line.includes(`: ${reason}`)), reason);
    }
  });

  it('takes a repeated completion for what it is', async () => {
    const stem = await server.upload();

    const first = await server.deliver('completion', completion(stem, 'SUCCESS'), 'same-id');
    const again = await server.deliver('completion', completion(stem, 'FAILURE'), 'same-id');

    assert.equal(first.body.message, 'applied');
    assert.deepEqual([again.status, again.body.message], [200, 'repeated']);
    assert.equal((await server.stem(stem.stemId))['state'], 'completed');
  });

  it('remembers nothing of a delivery that it refused', async () => {
    const stem = await server.upload();
    const unknown = { ...completion(stem, 'SUCCESS'), stemId: 'nobody' };

    const refused = await server.deliver('completion', unknown, 'refused-id');
    const taken = await server.deliver('completion', completion(stem, 'SUCCESS'), 'refused-id');

    assert.equal(refused.status, 404);
    assert.equal(taken.body.message, 'applied');
  });

  it('answers a question once; a replay is refused', async () => {
    const stem = await server.upload('replayed');
    const text = JSON.stringify(question(stem));
    const headers = signed(text, { id: 'asked' });

    const first = await server.post('/webhook/hash-check', text, headers);
    const sent = server.steps.inputs.length;
    const replay = await server.post('/webhook/hash-check', text, headers);

    assert.equal(first.status, 200);
    assert.equal(replay.status, 401);
    assert.match(replay.body.message, /already/);
    assert.equal(server.steps.inputs.length, sent);
  });

  it('answers each question with its own token', async () => {
    const stem = await server.upload('tokens');
    const asked = ['token-1', 'token-2'].map((task_token) => question(stem, { task_token }));

    for (const body of asked) {
      await server.deliver('hash-check', body);
    }

    const answers = server.steps.inputs.slice(-2);
    assert.deepEqual(answers.map((input) => input['taskToken']), ['token-1', 'token-2']);
    assert.deepEqual(server.verdicts().slice(-2), [{ verdict: 'new' }, { verdict: 'new' }]);
  });

  it('never prints a task token', async () => {
    const stem = await server.upload('silent');
    server.steps.failure = Object.assign(new Error("Invalid Token: 'token-secret'"), { name: 'InvalidToken' });

    await server.deliver('hash-check', question(stem, { task_token: 'token-secret' }));
    server.steps.failure = null;

    assert.ok(server.log.lines.some((line) => line.includes('InvalidToken')));
    assert.doesNotMatch(server.log.lines.join('\n'), /token-/);
  });

});
