// Checks of what the mixer asks for, and of what it says about a rendered mix.
import assert from "node:assert/strict";
import { test } from "node:test";

Object.defineProperty(globalThis, "localStorage", { value: { getItem: () => "en", setItem() {} } });
const { audible, decibels, place, stemsOf } = await import("../../../local/page/src/mixer/strip.js");
const { rendered } = await import("../../../local/page/src/mixer/result.js");

const stems = (...strips) => strips.map((strip, n) => ({ key: `${n}`, jobId: `job-${n}`, strip }));

/** Return the notes of a mix of two stems. */
function notes({ warnings = [], stem = [], ...mix }) {
  const facts = { channels: 2, format: "wav24", loudness_target: null, applied_gain_db: 0, limiter_db: 0, ...mix };
  const heard = [{ muted: false, warnings: stem }, { muted: true, warnings: [] }];
  return rendered({ stems: ["drums", "voice"] }, { mix: facts, stems: heard, sample_rate: 44_100, warnings });
}

const loudness = { integrated: -14.02, true_peak: -1.04 };

test("a stem that nobody touched is no part of the request", () => {
  assert.deepEqual(stemsOf(stems(undefined, { gain: 0, pan: null, offset: 0 }), { mono: false }), []);
});

test("pan 0 is asked for, and no pan is not: a mono stem is 3 dB lower with it", () => {
  const asked = stemsOf(stems({ pan: 0 }, { pan: null, gain: -3 }), { mono: false });

  assert.deepEqual(asked, [{ job_id: "job-0", pan: 0 }, { job_id: "job-1", gain_db: -3 }]);
});

test("a mono mix takes no pan, which the API would refuse", () => {
  assert.deepEqual(stemsOf(stems({ pan: 0.5, invert: true }), { mono: true }), [{ job_id: "job-0", invert: true }]);
});

test("solo mutes the others, and a muted stem stays silent on solo", () => {
  const rows = stems({ solo: true }, {}, { solo: true, mute: true });

  assert.deepEqual(audible(rows).map((row) => row.key), ["0"]);
  assert.deepEqual(stemsOf(rows, { mono: false }), [{ job_id: "job-1", mute: true }, { job_id: "job-2", mute: true }]);
});

test("levels and places are read out as musicians say them", () => {
  assert.deepEqual([-60, 0, 12].map(decibels), ["−60.0 dB", "0.0 dB", "+12.0 dB"]);
  assert.deepEqual([null, 0, -0.35, 1].map(place), ["off", "centre", "left 35 %", "right 100 %"]);
});

test("a plain gain tells the loudness before exactly", () => {
  const said = notes({ loudness, loudness_target: { integrated: -14, true_peak: -1 }, applied_gain_db: 4 });

  assert.equal(said[1], "The sum of the stems: −18.0 LUFS, peaks at −5.0 dBTP. This file: −14.0 LUFS, peaks at −1.0 dBTP. Turned up by 4.0 dB.");
});

test("behind a limiter the loudness before is an estimate, and is called one", () => {
  const target = { loudness_target: { integrated: -14, true_peak: -1 }, applied_gain_db: 9, limiter_db: 3.2 };
  const said = notes({ loudness, ...target, warnings: ["LOUDNESS_LIMITED", "RESAMPLED:voice"] });

  assert.match(said[1], /about −23\.0 LUFS, peaks at about −6\.8 dBTP\./);
  assert.match(said[1], /Turned up by 9\.0 dB\. The limiter took 3\.2 dB off the highest peak\.$/);
  assert.match(said[2], /^The loudness is out of reach/);
  assert.equal(said.length, 3);
});

test("a mix that would clip says by how much it was turned down", () => {
  assert.match(notes({ loudness, applied_gain_db: -2.5 })[1], /Turned down by 2\.5 dB, so that nothing clips\.$/);
});

test("silence has no figures, and a stem's fault names the stem", () => {
  const silence = { integrated: null, true_peak: null };
  const said = notes({ loudness: silence, warnings: ["LOUDNESS_UNKNOWN"], stem: ["ANTI_PHASE", "CHANNELS_MIXED"] });

  assert.equal(said[0], "Stereo, WAV, 24 bits, 44.1 kHz. Without voice.");
  assert.match(said[1], /no loudness|silent or too short/);
  assert.deepEqual(said.slice(2), [
    "drums: Left and right cancel each other out in mono.",
    "drums: It has more than two channels; their mean is in the mix.",
  ]);
});
