// Checks of the page's one stream, with a fake of the browser's EventSource.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { AT_ONCE, Follower } from "../../../local/page/src/follow.js";

class FakeEventSource {
  static CLOSED = 2;
  static opened = [];
  readyState = 0;
  constructor(url) {
    this.ids = new URL(url, "http://page").searchParams.getAll("job_id");
    FakeEventSource.opened.push(this);
  }
  close() {
    this.readyState = FakeEventSource.CLOSED;
  }
  refuse() {
    this.readyState = FakeEventSource.CLOSED;
    this.onerror({ target: this });
  }
}

const many = (count) => Array.from({ length: count }, (_, n) => `job-${n}`);
const { opened } = FakeEventSource;

beforeEach(() => {
  opened.length = 0;
  globalThis.EventSource = FakeEventSource;
  mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
});
afterEach(() => mock.timers.reset());

test("the page follows no more jobs than the API allows", () => {
  const follower = new Follower(() => {}, () => {});

  follower.follow(many(AT_ONCE + 50));

  assert.equal(opened.length, 1);
  assert.equal(opened[0].ids.length, 200);
  assert.equal(opened[0].ids.at(-1), "job-249"); // the oldest job
});

test("jobs beyond the limit are followed when others end, all by one stream", () => {
  const follower = new Follower(() => {}, () => {});
  const jobs = many(AT_ONCE + 50);
  follower.follow(jobs);

  for (let ended = 1; ended <= 50; ended += 1) follower.follow(jobs.slice(0, -ended));
  assert.equal(opened.length, 1);
  mock.timers.tick(2000);
  follower.follow(jobs.slice(0, -50));

  assert.equal(opened.length, 2);
  assert.deepEqual(opened[1].ids, jobs.slice(0, -50));
  assert.equal(opened[0].readyState, FakeEventSource.CLOSED);
});

test("a job that ends leaves the stream of the others open", () => {
  const follower = new Follower(() => {}, () => {});

  follower.follow(["a", "b"]);
  follower.follow(["a"]);

  assert.equal(opened.length, 1);
});

test("a refused stream is not asked for again each second", () => {
  let refusals = 0;
  const follower = new Follower(() => {}, () => { refusals += 1; });
  follower.follow(["a"]);

  opened[0].refuse();
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
