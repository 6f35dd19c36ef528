import { dotted, sentenceOf, t } from "../i18n.js";
import { nameOf, ofJob } from "../store.js";
import { signed } from "./strip.js";

/** Return notes about a mix that was rendered: format, loudness before and after, and what became of each stem. */
export function rendered(row, result) {
  const { mix, stems, sample_rate: rate } = result;
  const names = row.stems.map((id) => (ofJob(id) ? nameOf(ofJob(id)) : id.slice(0, 8)));
  const muted = names.filter((_, n) => stems[n].muted);
  const said = [t("noteRendered", { channels: t(mix.channels === 1 ? "mono" : "stereo"), format: t(mix.format), rate: rate / 1000 })];
  if (muted.length) said.push(t("noteWithout", { names: muted.join(", ") }));
  const whole = (result.warnings ?? []).filter((code) => !code.includes(":"));
  return [said.join(" "), ...loudness(mix), ...whole.map(sentence), ...stems.flatMap((stem, n) => stemNotes(stem, names[n]))];
}

/** Return the loudness of the stems' sum and of the file; behind a limiter the sum's is an estimate. */
function loudness({ loudness: { integrated, true_peak: peak }, loudness_target: target, applied_gain_db: gain, limiter_db: limiter }) {
  if (integrated === null || peak === null) return [];
  const after = t("noteAfter", { integrated: signed(integrated), peak: signed(peak) });
  if (!gain && !limiter) return [after];
  const before = { integrated: signed(integrated - gain), peak: signed(peak - gain + limiter) };
  return [[t(limiter ? "noteBeforeAbout" : "noteBefore", before), after, ...changes({ target, gain, limiter })].join(" ")];
}

function changes({ target, gain, limiter }) {
  const amount = Math.abs(gain).toFixed(1);
  if (!target) return [t("noteFull", { gain: amount })];
  const turned = t("noteGain", { gain: amount, way: t(gain < 0 ? "turnedDown" : "turnedUp") });
  return limiter ? [turned, t("noteLimiter", { limiter: limiter.toFixed(1) })] : [turned];
}

const stemNotes = ({ warnings }, name) => warnings.map((code) => t("noteStem", { name, sentence: sentenceOf(`STEM_${code}`) ?? sentence(code) }));

const sentence = (code) => sentenceOf(code) ?? dotted(code);
