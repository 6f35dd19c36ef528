// Checks of players whose URLs are signed for ten minutes, with fakes of the browser's fetch and Audio.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { renew, sound } from "../../../local/page/src/sound.js";

const MINUTE = 60_000;
let signed, away, stem = 0;

class FakeAudio extends EventTarget {
  paused = true;
  currentTime = 0;
  canPlayType = () => "probably";
  async play() {
    this.paused = false;
  }
}

const settle = () => new Promise((done) => setImmediate(done));
const row = () => ({ jobId: `job-${(stem += 1)}` });
const kind = (url) => url.split("?")[0].split("/").at(-1);

beforeEach(() => {
  [signed, away] = [[], []];
  globalThis.Audio = FakeAudio;
  globalThis.fetch = async (path) => {
    if (away.includes(kind(path))) return new Response('{"code": "NO_RESULT"}', { status: 404 });
    signed.push(kind(path));
    return Response.json({ url: `http://bucket/${kind(path)}?${signed.length}` });
  };
  mock.timers.reset();
  mock.timers.enable({ apis: ["Date"], now: 0 });
});

test("a player gets a signed URL, asked for as JSON", async () => {
  const media = await sound(row(), { opus: {}, mp3: {} }, assert.fail);

  assert.equal(media.src, "http://bucket/opus?1");
});

test("a preview that cannot be played gives way to the next file", async () => {
  const media = await sound(row(), { opus: {}, mp3: {} }, assert.fail);

  media.dispatchEvent(new Event("error"));
  await settle();

  assert.equal(media.src, "http://bucket/mp3?2");
});

test("a play that is pressed while the next file is on its way waits for that file", async () => {
  const media = await sound(row(), { opus: {}, mp3: {} }, assert.fail);

  media.dispatchEvent(new Event("error"));
  await renew(media);

  assert.equal(media.src, "http://bucket/mp3?2");
});

test("a preview that is gone gives way to the next file, the last says so", async () => {
  const said = [];
  const own = row();
  away = ["opus"];
  const media = await sound(own, { opus: {} }, (word) => said.push(word));
  assert.equal(media.src, `http://bucket/${own.jobId}?1`);

  media.dispatchEvent(new Event("error"));
  await settle();

  assert.deepEqual(said, ["notePlay"]);
});

test("files that are all read and never played tell of the loudspeaker, not of the kind of file", async () => {
  const said = [];
  const media = await sound(row(), { opus: {}, mp3: {} }, (word) => said.push(word));

  for (const _ of ["opus", "mp3", "the file itself"]) {
    media.dispatchEvent(new Event("loadedmetadata"));
    Object.assign(media, { error: { code: 3 } }).dispatchEvent(new Event("error"));
    await settle();
  }

  assert.deepEqual(said, ["noteNoSound"]);
});

test("a URL that ended while its file played is signed again, at the same place", async () => {
  const media = await sound(row(), { opus: {}, mp3: {} }, assert.fail);
  Object.assign(media, { paused: false, currentTime: 95 });
  mock.timers.tick(11 * MINUTE);

  media.dispatchEvent(new Event("error"));
  await settle();

  assert.deepEqual([media.src, media.currentTime, media.paused], ["http://bucket/opus?2", 95, false]);
});

test("an old URL is signed again before a play, a young one is kept", async () => {
  const media = await sound(row(), { opus: {} }, assert.fail);
  mock.timers.tick(7 * MINUTE);
  await renew(media);
  assert.deepEqual(signed, ["opus"]);

  mock.timers.tick(2 * MINUTE);
  await renew(media);

  assert.equal(media.src, "http://bucket/opus?2");
});

test("a network that is away leaves a player its URL", async () => {
  const media = await sound(row(), { opus: {} }, assert.fail);
  mock.timers.tick(9 * MINUTE);
  away = ["opus"];

  await renew(media);

  assert.equal(media.src, "http://bucket/opus?1");
});
