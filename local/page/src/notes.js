import { bytes } from "./dom.js";
import { dotted, failed, sentenceOf, t } from "./i18n.js";
import { rendered } from "./mixer/result.js";
import { nameOf, now, ofJob, rows } from "./store.js";

/** Return notes about a row's file: sentences, or a failure with its technical detail. */
export function notes(row) {
  const end = now(row);
  const said = [];
  if (row.lost) said.push(t("noteLost"));
  if (row.tooLarge) said.push(t("noteTooLarge", { size: bytes(row.tooLarge.size), most: bytes(row.tooLarge.most) }));
  if (row.failedUpload) said.push(failed(t("upload"), row.failedUpload));
  if (end?.status === "failed") said.push(failure(end.error));
  if (row.undone) said.push({ text: t("noteUndone", { name: survivor(end?.result ?? {}) }), detail: t("noteUndoneDetail") });
  else if (end?.status === "completed") said.push(...done(row, end));
  for (const each of row.notes) said.push(TOLD[each.kind](each));
  if (row.unplayable) said.push(t(row.unplayable));
  return said;
}

/** Return the reader's sentence of an error code, and the technical message behind it. */
function failure({ code, message }) {
  const text = t("noteFailed", { message: sentenceOf(code) ?? dotted(message) });
  return { text, detail: `${code}: ${message}` };
}

function done(row, end) {
  const result = end.result ?? {};
  if (end.outcome === "HELD") return [t("noteHeld")];
  if (end.outcome === "DUPLICATE") return [t("noteDuplicate", { name: survivor(result) })];
  if (row.asked) return [...rendered(row, result), ...twins(row, result)];
  return [drawnFrom(row, result), ...warnings(result), ...twins(row, result)];
}

function drawnFrom(row, { dedupe, sample_rate: rate }) {
  if (row.kind === "mix") return t("noteMix", { rate: rate / 1000 });
  if (!dedupe) return t("noteDone");
  const { refused: code } = dedupe;
  return { text: t("noteRefused", { reason: t(code) }), detail: t("noteRefusedDetail", { code }) };
}

/** Return a sentence for each warning code; a mix tells a code once for each stem. */
function warnings(result) {
  const codes = new Set((result.warnings ?? []).map((warning) => warning.split(":")[0]));
  return [...codes].map((code) => sentenceOf(code) ?? dotted(code));
}

/** Name the other rows with the same sound, in whichever file it lies. */
function twins(row, { audio_id: sound }) {
  if (!sound) return [];
  const same = rows.filter((each) => each.jobId !== row.jobId && now(each)?.result?.audio_id === sound);
  return same.length ? [t("noteTwins", { names: same.map(nameOf).join(", ") })] : [];
}

function survivor(result) {
  const stem = result.duplicate_of?.stemId;
  return ofJob(stem)?.name ?? stem?.slice(0, 8) ?? "?";
}

const TOLD = {
  redelivered: ({ status, states, written, repeats }) => {
    if (status === "RUNNING") return way(t("noteRedeliveredRunning"), states);
    const wrote = written.length ? t("noteRedeliveredWritten", { list: written.join(", ") }) : t("noteRedeliveredNothing");
    return way(`${t("noteRedelivered")} ${wrote}`, states, sameId(repeats));
  },
  redrawn: ({ status, states }) => {
    if (status === "RUNNING") return way(t("noteRedrawing"), states);
    return t(status === "SUCCEEDED" ? "noteRedrawn" : "noteNotRedrawn");
  },
  error: ({ what, error }) => failed(t(what), error),
};

/** Return a note whose detail is the way through the state machine. */
const way = (text, states, more = []) => ({ text, detail: states.length ? [`${states.join(" → ")}.`, ...more].join(" ") : "" });

/** Return a sentence about the webhooks' ids, only where webhooks were seen. */
function sameId(repeats) {
  if (!repeats?.length) return [];
  return [t(repeats.every(Boolean) ? "noteSameId" : "noteOtherId")];
}
