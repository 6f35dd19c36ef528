import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it, mock } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { StemFile } from '../stems/stem-file.entity.js';
import { Follower, type Told } from '../testing/follower.js';
import { mixing, Server } from '../testing/harness.js';
import { EventsService } from './events.service.js';

describe('events', () => {
  const server = new Server();
  const followers: Follower[] = [];
  before(() => server.start());
  afterEach(() => Promise.all(followers.splice(0).map((follower) => follower.leave())));
  after(() => server.stop());

  const follow = (userId?: string, lastEventId?: string) => {
    const follower = new Follower(server, userId, lastEventId);
    followers.push(follower);
    return follower;
  };
  const is = (stemId: string, state: string) => ({ type, data }: Told) =>
    type === 'stem' && data.stemId === stemId && data.state === state;
  const states = ({ told }: Follower, stemId: string) => {
    const all = told.filter(({ data }) => data.stemId === stemId).map(({ data }) => data.state);
    return all.filter((state, index) => state !== all[index - 1]);
  };
  /** Write as another process does: without a word to this process. */
  const write = (stemId: string, row: Partial<StemFile>) =>
    server.app.get(DataSource).createQueryBuilder().update(StemFile).set(row).where({ stemId }).callListeners(false).execute();
  const following = () => server.app.get(EventsService).following.size;
  const released = async () => {
    for (let waited = 0; waited < 5_000 && following() > 0; waited += 10) {
      await delay(10);
    }
    return following() === 0;
  };

  it('tell a page what becomes of its stem, as the stem’s own address shows it', async () => {
    const page = follow();
    assert.deepEqual((await page.ready()).data, { resumed: false });

    const stem = await server.upload();
    await page.first(is(stem.stemId, 'queued'));
    await server.ask(stem);
    await page.first(is(stem.stemId, 'processing'));
    await server.tell(stem, 'SUCCESS');
    const { data } = await page.first(is(stem.stemId, 'completed'));

    assert.deepEqual(states(page, stem.stemId).slice(-3), ['queued', 'processing', 'completed']);
    assert.deepEqual(data, await server.stem(stem.stemId));
    assert.deepEqual(data, (await server.get('/stems?userId=user&trackId=track')).body[0]);
  });

  it('tell what becomes of a mix', async () => {
    const page = follow();
    await page.ready();
    const stem = await server.upload('mixed');
    await server.tell(stem, 'SUCCESS');

    const wish = { userId: 'user', stageId: 'stage', stemIds: [stem.stemId] };
    const { taskId } = (await server.post('/mixes', wish)).body;
    await page.first(({ type, data }) => type === 'mix' && data.state === 'queued');
    await server.deliver('mixing-complete', mixing(taskId, 'SUCCESS'));

    const { data } = await page.first(({ type, data }) => type === 'mix' && data.state === 'completed');
    assert.deepEqual(data, (await server.get(`/mixes/${taskId}?userId=user`)).body);
  });

  it('are of the page’s own user alone', async () => {
    const [mine, theirs] = [follow('user'), follow('other')];
    await Promise.all([mine.ready(), theirs.ready()]);

    const own = await server.upload('shared', 1_000, 'user');
    const foreign = await server.upload('shared', 1_000, 'other');
    await mine.first(is(own.stemId, 'queued'));
    await theirs.first(is(foreign.stemId, 'queued'));

    assert.ok(mine.told.every(({ data }) => data.userId !== 'other'));
    assert.ok(theirs.told.every(({ data }) => data.userId !== 'user'));
  });

  it('leave a stem alone that was only sent again', async () => {
    const stem = await server.upload('again');
    const { changedAt } = await server.stem(stem.stemId);

    await server.post('/stems/upload-complete', { userId: 'user', stemId: stem.stemId });

    assert.equal((await server.stem(stem.stemId))['changedAt'], changedAt);
  });

  it('go on where a page that lost its connection has stopped', async () => {
    const page = follow();
    await page.ready();
    const stem = await server.upload();
    const { id } = await page.first(is(stem.stemId, 'queued'));
    await page.leave();
    await server.tell(stem, 'FAILURE');

    const again = follow('user', id);

    assert.deepEqual((await again.ready()).data, { resumed: true });
    await again.first(is(stem.stemId, 'error'));
    assert.deepEqual(states(again, stem.stemId), ['error']);
    assert.ok(Number((await again.ready()).id) >= Number(id));
  });

  it('leave out what a page had been told long before', async () => {
    const old = await server.upload();
    await write(old.stemId, { changedAt: '2026-01-01T00:00:00.000Z' });
    const stem = await server.upload();

    const again = follow('user', String(Date.now()));
    await again.first(is(stem.stemId, 'queued'));

    assert.deepEqual(states(again, old.stemId), []);
  });

  for (const id of ['', 'x', '-1', '1.5', '99999999999999']) {
    it(`tell a page to list again after the id ${JSON.stringify(id)}, which is none of theirs`, async () => {
      assert.deepEqual((await follow('user', id).ready()).data, { resumed: false });
    });
  }

  it('tell a page to list again when it has missed very much', async () => {
    const { manager } = server.app.get(DataSource);
    const many = Array.from({ length: 501 }, (_, index) => ({
      ...{ stemId: `many-${index}`, userId: 'many', trackId: 't' },
      ...{ filepath: 'f', originalFilename: 'f', uploadPath: 'f', uploadFilename: 'f' },
    }));
    await manager.insert(StemFile, many);

    const again = follow('many', String(Date.now()));

    assert.deepEqual((await again.ready()).data, { resumed: false });
  });

  it('tell also what another server process has written', async () => {
    const stem = await server.upload();
    const page = follow();
    await page.ready();

    await write(stem.stemId, { state: 'error', changedAt: new Date().toISOString() });

    await page.first(is(stem.stemId, 'error'));
  });

  it('release a page that has left', async () => {
    const pages = [follow(), follow(), follow('other')];
    await Promise.all(pages.map((page) => page.ready()));
    assert.equal(following(), 2);

    await Promise.all(pages.map((page) => page.leave()));

    assert.ok(await released());
  });

  it('refuse a page without a user before they begin', async () => {
    const { status, body } = await server.get('/events');

    assert.equal(status, 400);
    assert.match(String(body.message), /userId/);
  });
});

describe('events of a quiet night', () => {
  const server = new Server();
  before(() => server.start());
  after(() => server.stop());

  it('keep the connection by a comment that moves the id on', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const events = server.app.get(EventsService);
    const beats: object[] = [];

    const page = events.follow('user').subscribe((event) => beats.push(event));
    mock.timers.tick(15_000);
    page.unsubscribe();
    mock.timers.reset();

    const [beat] = beats.filter((event) => 'comment' in event);
    assert.deepEqual(Object.keys(beat ?? {}), ['id', 'comment']);
    assert.equal(events.following.size, 0);
  });
});

describe('a server that stops', () => {
  it('ends the streams of its pages, and so can stop', async () => {
    const server = await new Server().start();
    const page = new Follower(server);
    await page.ready();

    await server.stop();

    await page.ended;
  });
});
