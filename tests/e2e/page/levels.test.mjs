// Checks of zoom levels that are loaded in blocks, with a fake of the browser's fetch.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Level, levelFor } from "../../../local/page/src/levels.js";

const HEADER = 24, CHANNELS = 2, POINT = 4, WHOLE = 256 * 1024;
let asked, answer;
const level = (length) => new Level("job", { samples_per_pixel: 64, bytes: HEADER + length * POINT, length, channels: CHANNELS });
const content = (length) => Int8Array.from({ length: HEADER + length * POINT }, (_, at) => (at * 7) % 251);
const points = (length, first, end) => content(length).slice(HEADER + first * POINT, HEADER + end * POINT);

/** Answer like S3; a server that knows no ranges sends the whole file. */
function serve(length, { ranges = true } = {}) {
  return async (url, { headers }) => {
    if (url.includes("json=true")) return { ok: true, json: async () => ({ url: "http://bucket/level" }) };
    asked.push(headers.Range);
    const [first, last] = headers.Range.match(/\d+/g).map(Number);
    const bytes = ranges ? content(length).slice(first, last + 1) : content(length);
    return { ok: true, status: ranges ? 206 : 200, arrayBuffer: async () => bytes.buffer };
  };
}

beforeEach(() => {
  asked = [];
  globalThis.fetch = (...given) => answer(...given);
});

test("points on both sides of a block's end are read as the file has them", async () => {
  const length = 100_000;
  const fine = level(length);
  answer = serve(length);

  assert.equal(fine.read(8_000, 8_400), null);
  await fine.load(8_000, 8_400);

  assert.deepEqual(fine.read(8_000, 8_400), points(length, 8_000, 8_400));
  assert.equal(asked.length, 2);
});

test("the last block ends with the file", async () => {
  const length = 100_000;
  const fine = level(length);
  answer = serve(length);

  await fine.load(length - 10, length);

  assert.deepEqual(fine.read(length - 10, length), points(length, length - 10, length));
  assert.ok(asked[0].endsWith(`-${HEADER + length * POINT - 1}`), asked[0]);
});

test("a small file is asked for once", async () => {
  const length = Math.floor((WHOLE - HEADER) / POINT);
  const coarse = level(length);
  answer = serve(length);

  await Promise.all([coarse.load(0, 100), coarse.load(length - 100, length)]);
  await coarse.load(0, length);

  assert.equal(asked.length, 1);
  assert.deepEqual(coarse.read(0, length), points(length, 0, length));
});

test("a server without ranges gives the same points", async () => {
  const length = 100_000;
  const fine = level(length);
  answer = serve(length, { ranges: false });

  await fine.load(50_000, 50_100);

  assert.deepEqual(fine.read(50_000, 50_100), points(length, 50_000, 50_100));
});

test("a block that failed is asked for again", async () => {
  const fine = level(100);
  answer = async () => ({ ok: false, status: 503 });
  await assert.rejects(fine.load(0, 10));
  answer = serve(100);

  await fine.load(0, 10);

  assert.deepEqual(fine.read(0, 10), points(100, 0, 10));
});

test("a person who listens through six hours keeps no more than 64 blocks", async () => {
  const length = 80 * 8192;
  const fine = level(length);
  answer = serve(length);

  for (let first = 0; first < length; first += 8192) await fine.load(first, first + 1);

  assert.equal(fine.read(0, 1), null);
  assert.deepEqual(fine.read(length - 10, length), points(length, length - 10, length));
  await fine.load(16 * 8192, length);
  assert.equal(asked.length, 80);
});

test("the coarsest level with a point for each pixel is drawn", () => {
  const levels = [64, 512, 4096].map((samplesPerPixel) => ({ samplesPerPixel }));
  const stem = { duration: 240, sample_rate: 44_100, peaks: { length: 1024 } };
  const drawn = (pixels) => levelFor(levels, stem, 1 / pixels)?.samplesPerPixel ?? null;

  assert.deepEqual([3, 5, 10, 50, 86, 87, 4096].map(drawn), [null, 4096, 4096, 512, 512, 64, 64]);
  assert.equal(levelFor([], stem, 1 / 4096), null);
});
