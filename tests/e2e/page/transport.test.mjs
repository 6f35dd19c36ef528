// Checks of the time axis: which marks a span of a recording gets, and in which words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clock } from "../../../local/page/src/dom.js";

globalThis.Audio = class {};
globalThis.localStorage = { getItem: () => "en" };
const { marks } = await import("../../../local/page/src/transport.js");

const words = (span, pixels) => {
  const { times, digits } = marks(span, pixels);
  return times.map((each) => clock(each, digits));
};

test("a song gets round times, far enough apart to be read", () => {
  assert.deepEqual(words({ start: 0, end: 240 }, 400), ["0:00", "1:00", "2:00", "3:00", "4:00"]);
  assert.deepEqual(words({ start: 0, end: 6 }, 800), ["0:00", "0:01", "0:02", "0:03", "0:04", "0:05", "0:06"]);
});

test("a single cycle's marks have the digits that tell them apart", () => {
  const told = words({ start: 75.3, end: 75.5 }, 800);

  assert.deepEqual(told.slice(0, 3), ["1:15.30", "1:15.32", "1:15.34"]);
  assert.equal(new Set(told).size, told.length);
});

test("hours are told as hours", () => {
  assert.deepEqual(words({ start: 0, end: 6 * 3600 }, 350), ["0:00", "2:00:00", "4:00:00", "6:00:00"]);
  assert.equal(clock(3661), "1:01:01");
});
