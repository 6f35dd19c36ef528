import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DataSource } from 'typeorm';
import { MixService } from '../mixes/mix.service.js';
import { Mix } from '../mixes/mix.entity.js';
import { StemFile } from '../stems/stem-file.entity.js';
import { StemFileService } from '../stems/stem-file.service.js';
import { UploadService } from '../stems/upload.service.js';
import { completion, mixing, question, Server } from '../testing/harness.js';
import { FakePostgres } from '../testing/postgres.js';
import type { CompletionDto } from './dto/completion.dto.js';
import type { HashCheckDto } from './dto/hash-check.dto.js';
import type { MixingCompleteDto } from './dto/mixing-complete.dto.js';
import type { ObjectsService } from '../aws/objects.service.js';
import type { SqsService } from './sqs.service.js';
import { Transactions } from './transactions.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';

const STEM = {
  ...{ stemId: 's', userId: 'u', trackId: 't', filepath: 'users/u/t/s/a.wav', taskId: 'hash-s-1' },
  ...{ uploadPath: 'users/u/t/s/a.wav', etag: '"e"', isOriginal: false },
  state: 'queued' as const,
};

describe('transactions on PostgreSQL', () => {
  let postgres: FakePostgres;
  let dataSource: DataSource;
  let transactions: Transactions;
  before(async () => {
    postgres = new FakePostgres();
    dataSource = await postgres.dataSource();
    transactions = new Transactions(dataSource);
    postgres.find(dataSource, StemFile, STEM);
    postgres.find(dataSource, Mix, { taskId: 'mix-1', userId: 'u', stemPaths: [] });
  });
  after(() => dataSource.destroy());

  const statements = async (work: () => Promise<unknown>) => {
    const from = postgres.sql.length;
    await work();
    return postgres.sql.slice(from);
  };
  const objects = { describe: async () => ({ etag: '"e"', lastModified: 1 }) } as unknown as ObjectsService;
  const sqs = { sendHashGenerationRequest: async () => undefined } as unknown as SqsService;
  const stems = () => dataSource.getRepository(StemFile);
  const uploads = () => new UploadService(stems(), transactions, objects, sqs);
  const mixes = () => new MixService(dataSource.getRepository(Mix), stems(), transactions, sqs);
  const LOCKS: [string, string, () => Promise<unknown>][] = [
    ['a question', 'stem_file', () => new StemFileService(transactions).decide(question(STEM) as unknown as HashCheckDto)],
    ['a completion', 'stem_file', () => transactions.run((manager) =>
      new StemFileService(transactions).settle(manager, completion(STEM, 'SUCCESS') as unknown as CompletionDto))],
    ['the end of a mix', 'mix', () => transactions.run((manager) =>
      mixes().settle(manager, mixing('mix-1', 'SUCCESS') as unknown as MixingCompleteDto))],
    ['an upload that is complete', 'stem_file', () =>
      uploads().complete({ userId: 'u', stemId: 's' })],
  ];
  for (const [what, table, work] of LOCKS) {
    it(`lock the row that ${what} is about, so that no process overwrites another's`, async () => {
      const sql = await statements(work);

      const begun = sql.findIndex((line) => line.startsWith('START TRANSACTION'));
      const read = sql.slice(begun).find((line) => line.includes(`FROM "${table}"`));
      assert.match(read ?? '', /FOR UPDATE$/);
    });
  }

  it('do not wait for each other', async () => {
    let finish = (): void => undefined;
    const slow = transactions.run(() => new Promise<void>((resolve) => (finish = resolve)));

    await transactions.run((manager) => manager.existsBy(WebhookDelivery, { webhookId: 'x' }));
    await transactions.read(() => dataSource.manager.existsBy(WebhookDelivery, { webhookId: 'x' }));

    finish();
    await slow;
  });

  it('are not needed for looking', async () => {
    const sql = await statements(async () => {
      await uploads().find('u', 's');
      await uploads().list('u', 't');
      await mixes().find('u', 'mix-1');
    });

    assert.equal(sql.length, 3);
    assert.ok(sql.every((line) => line.startsWith('SELECT') && !line.includes('FOR UPDATE')));
  });

  const FAILURES: [string, string, boolean][] = [
    ['a unique index', '23505', true],
    ['a missing value', '23502', false],
    ['a lost connection', '08006', false],
  ];
  for (const [what, code, isRunAgain] of FAILURES) {
    it(`are ${isRunAgain ? '' : 'not '}run again after ${what}`, async () => {
      let runs = 0;
      postgres.failure = { begins: 'SELECT', code };
      const done = transactions.run((manager) => {
        runs += 1;
        return manager.existsBy(WebhookDelivery, { webhookId: 'x' });
      });

      await (isRunAgain ? done : assert.rejects(done));

      assert.equal(runs, isRunAgain ? 2 : 1);
    });
  }
});

describe('transactions on the example’s database', () => {
  const server = new Server();
  before(() => server.start());
  after(() => server.stop());

  const insert = (webhookId: string) => (manager: DataSource['manager']) =>
    manager.insert(WebhookDelivery, { webhookId, taskId: 't', receivedAt: 'now' });

  it('are run again when a unique index refuses what another has written', async () => {
    const transactions = server.app.get(Transactions, { strict: false });
    await transactions.run(insert('taken'));
    const wanted = ['taken', 'free'];

    await transactions.run((manager) => insert(wanted.shift() ?? '')(manager));

    assert.deepEqual(wanted, []);
  });

  it('give up what a unique index refuses again and again', async () => {
    const transactions = server.app.get(Transactions, { strict: false });
    let runs = 0;

    const refused = transactions.run((manager) => {
      runs += 1;
      return insert('taken')(manager);
    });

    await assert.rejects(refused, /unique constraint/i);
    assert.equal(runs, 3);
  });

  it('have an index that allows one original per user, track and content', async () => {
    const { manager } = server.app.get(DataSource);
    const copy = (stemId: string, more: Partial<StemFile> = {}) =>
      manager.insert(StemFile, {
        ...{ stemId, userId: 'u', trackId: 't', audioHash: 'h', isOriginal: true },
        ...{ filepath: 'f', originalFilename: 'f', uploadPath: 'f', uploadFilename: 'f' },
        ...more,
      });

    await copy('first');
    await copy('copy', { isOriginal: false });
    await copy('of another user', { userId: 'v' });
    await copy('in another track', { trackId: 'v' });
    await copy('of other bytes', { audioHash: 'i' });
    await assert.rejects(copy('second'), /unique constraint/i);
  });
});
