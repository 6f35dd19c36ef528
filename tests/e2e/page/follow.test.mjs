// Checks of the page's one stream, with a fake of the browser's fetch.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { AT_ONCE, Follower } from "../../../local/page/src/follow.js";

const opened = [];

/** Hold one request for events until a test answers it. */
function open(url, { signal }) {
  const ids = new URL(url, "http://page").searchParams.getAll("job_id");
  return new Promise((answer) => opened.push({ ids, signal, refuse: () => answer(new Response("{}", { status: 404 })), tell: () => answer(told()) }));
}

/** Return a stream with one event, which stays open. */
const told = () => new Response(new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('id: 1\ndata: {"job_id": "a"}\n\n')) }));

const many = (count) => Array.from({ length: count }, (_, n) => `job-${n}`);
const settle = () => new Promise((done) => setImmediate(done));

beforeEach(() => {
  opened.length = 0;
  globalThis.fetch = open;
  mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
});
afterEach(() => mock.timers.reset());

test("the page follows no more jobs than the API allows", () => {
  const follower = new Follower(() => {}, () => {});

  follower.follow(many(AT_ONCE + 50));

  assert.equal(opened.length, 1);
  assert.equal(opened[0].ids.length, 20);
  assert.equal(opened[0].ids.at(-1), "job-69"); // the oldest job
});

test("jobs beyond the limit are followed when others end, all by one stream", async () => {
  const follower = new Follower(() => {}, () => {});
  const jobs = many(AT_ONCE + 50);
  follower.follow(jobs);

  for (let ended = 1; ended <= 50; ended += 1) follower.follow(jobs.slice(0, -ended));
  assert.equal(opened.length, 1);
  opened[0].tell();
  await settle();
  mock.timers.tick(2000);
  follower.follow(jobs.slice(0, -50));

  assert.equal(opened.length, 2);
  assert.deepEqual(opened[1].ids, jobs.slice(0, -50));
  assert.ok(!opened[0].signal.aborted); // the new stream has told nothing yet
  opened[1].tell();
  await settle();
  assert.ok(opened[0].signal.aborted);
});

test("a full stream is not opened again for jobs that must wait", async () => {
  const follower = new Follower(() => {}, () => {});
  follower.follow(many(AT_ONCE + 50));
  opened[0].tell();
  await settle();

  mock.timers.tick(10_000);
  follower.follow(many(AT_ONCE + 50));

  assert.equal(opened.length, 1);
});

test("a job that ends leaves the stream of the others open", () => {
  const follower = new Follower(() => {}, () => {});

  follower.follow(["a", "b"]);
  follower.follow(["a"]);

  assert.equal(opened.length, 1);
});

test("uploads that follow each other do not cut a stream off before its first event", () => {
  const follower = new Follower(() => {}, () => {});
  const jobs = many(10);

  for (let arrived = 1; arrived <= 10; arrived += 1) {
    follower.follow(jobs.slice(0, arrived));
    mock.timers.tick(1000);
  }

  assert.equal(opened.length, 1);
  assert.ok(!opened[0].signal.aborted);
});

test("a refused stream is not asked for again each second", async () => {
  let refusals = 0;
  const follower = new Follower(() => {}, () => { refusals += 1; });
  follower.follow(["a"]);

  opened[0].refuse();
  await settle();
  for (let second = 0; second < 4; second += 1) {
    mock.timers.tick(1000);
    follower.follow(["a"]);
  }
  assert.equal(opened.length, 1);
  mock.timers.tick(1000);
  follower.follow(["a"]);

  assert.equal(refusals, 1);
  assert.equal(opened.length, 2);
});
