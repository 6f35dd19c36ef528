// Checks of groups that play together, with fake players on a fake clock.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { players } from "../../../local/page/src/player.js";
import { Group, IN_STEP_S } from "../../../local/page/src/together.js";

class FakeMedia extends EventTarget {
  paused = true;
  error = null;
  readyState = 1;
  starts = [];
  #at = 0;
  #since = 0;
  constructor(duration, { late = [] } = {}) {
    super();
    Object.assign(this, { duration, late });
  }
  get currentTime() {
    return Math.min(this.duration, this.paused ? this.#at : this.#at + Math.max(0, performance.now() / 1000 - this.#since));
  }
  set currentTime(at) {
    this.#at = at;
    this.#since = performance.now() / 1000;
    queueMicrotask(() => this.dispatchEvent(new Event("seeked")));
  }
  get ended() {
    return this.currentTime >= this.duration;
  }
  async play() {
    this.starts.push(this.#at);
    this.paused = false;
    this.#since = performance.now() / 1000 + (this.late.shift() ?? 0);
  }
  pause() {
    this.#at = this.currentTime;
    this.paused = true;
  }
}

let clock = 0;
const group = (...media) => {
  media.forEach((each, n) => players.set(`stem-${n}`, { media: each }));
  return new Group(media.map((_, n) => `stem-${n}`));
};
const settle = async () => { for (let n = 0; n < 20; n += 1) await Promise.resolve(); };
const pass = async (ms) => {
  for (let passed = 0; passed < ms; passed += 50) {
    clock += 50;
    mock.timers.tick(50);
    await settle();
  }
};
const apart = (...media) => Math.abs(media[0].currentTime - media[1].currentTime);

beforeEach(() => {
  players.clear();
  clock = 0;
  mock.method(performance, "now", () => clock);
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test("a stem that starts 46 ms late is brought into step", async () => {
  const drums = new FakeMedia(60);
  const bass = new FakeMedia(60, { late: [0.046] });

  group(drums, bass).toggle();
  await pass(1000);

  assert.ok(apart(drums, bass) < IN_STEP_S, `${apart(drums, bass)} s apart`);
  assert.ok(IN_STEP_S <= 0.01);
});

test("stems that start late five times on a busy machine are brought into step at last", async () => {
  const drums = new FakeMedia(60);
  const bass = new FakeMedia(60, { late: Array(5).fill(0.068) });

  group(drums, bass).toggle();
  await pass(30000);

  assert.ok(apart(drums, bass) < IN_STEP_S, `${apart(drums, bass)} s apart`);
});

test("players that never agree do not make the group stutter for ever", async () => {
  const drums = new FakeMedia(60);
  const bass = new FakeMedia(60, { late: Array(100).fill(0.046) });

  group(drums, bass).toggle();
  await pass(50000);

  assert.ok(drums.starts.length <= 8, `${drums.starts.length} starts`);
  assert.ok(!drums.paused && !bass.paused);
});

test("a group resumed behind its shortest stem's end leaves that stem silent", async () => {
  const short = new FakeMedia(5);
  const long = new FakeMedia(60);
  const played = group(short, long);
  await played.toggle();
  await pass(4000);
  short.currentTime = 5;
  short.paused = true;
  long.currentTime = 7;
  await played.toggle();

  await played.toggle();
  await pass(500);

  assert.equal(short.paused, true);
  assert.ok(long.currentTime > 7.3, String(long.currentTime));
});

test("a person who moves one stem moves the whole group, as often as wanted", async () => {
  const drums = new FakeMedia(60);
  const bass = new FakeMedia(60);
  group(drums, bass).toggle();
  await pass(1000);

  for (const at of [30, 10, 40, 20, 50]) {
    bass.currentTime = at;
    await pass(500);

    assert.ok(drums.currentTime > at && drums.currentTime < at + 1, String(drums.currentTime));
    assert.ok(apart(drums, bass) < IN_STEP_S);
  }
});
