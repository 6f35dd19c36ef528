// Checks of where two versions lie beside each other, and how loud and how late each is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pairsOf } from "../../../local/page/src/versions/pairs.js";
import { beforeOf, placeOf, spanOf, startsOf, volumesOf } from "../../../local/page/src/versions/timeline.js";

const facts = (duration) => ({ duration });

test("a time is carried over by the match that holds it", () => {
  const matches = [{ before: 0, after: 15, seconds: 30 }, { before: 30, after: 53.5, seconds: 20 }];

  assert.deepEqual([15, 20, 53.5, 60].map((after) => beforeOf({ matches }, after)), [0, 5, 30, 36.5]);
  assert.equal(beforeOf({ matches }, 3), 0); // what was put in front has no older time
  assert.equal(beforeOf({}, 3), 3); // two recordings that have nothing in common
});

test("a late version begins before the line of the newer one, and both fit", () => {
  const report = { offset_ms: -2_000, before: facts(10), after: facts(8) };

  assert.deepEqual(spanOf(report), { start: -2, end: 8 });
  assert.deepEqual(placeOf({ start: 3, end: 4 }, spanOf(report)), { left: 50, width: 10 });
});

test("the louder version is turned down, never the quieter one up", () => {
  assert.deepEqual(volumesOf({ gain_db: 0 }), { before: 1, after: 1 });
  assert.equal(volumesOf({ gain_db: -20 }).before, 0.1);
  assert.equal(volumesOf({ gain_db: 20 }).after, 0.1);
  assert.deepEqual(volumesOf({}), { before: 1, after: 1 });
});

test("aligning delays the version that is early, and cuts nothing", () => {
  assert.deepEqual(startsOf({ offset_ms: 25.0567891 }), { before: 25.057, after: 0 });
  assert.deepEqual(startsOf({ offset_ms: -25 }), { before: 0, after: 25 });
});

test("stems of two mixes are paired by their job, else by their name", () => {
  const rows = [["1", "kick.wav"], ["2", "voice.wav"], ["3", "voice.wav"], ["4", "choir.wav"]].map(([jobId, name]) => ({ jobId, name }));
  const [kick, old, voice, choir] = rows;
  const [before, after] = [["1", "2"], ["1", "3", "4"]].map((stems) => ({ kind: "mix", stems }));

  assert.deepEqual(pairsOf(before, after, rows), [
    { before, after }, { before: kick, after: kick }, { before: old, after: voice }, { before: null, after: choir },
  ]);
  assert.deepEqual(pairsOf(after, before, rows).at(-1), { before: choir, after: null });
  assert.deepEqual(pairsOf(kick, before, rows), [{ before: kick, after: before }]);
});
