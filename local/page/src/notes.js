import { dotted, failed, sentenceOf, t } from "./i18n.js";
import { now, ofJob } from "./store.js";

/** Return notes about a row's file: sentences, or a failure with its technical detail. */
export function notes(row) {
  const end = now(row);
  const said = [];
  if (row.lost) said.push(t("noteLost"));
  if (row.failedUpload) said.push(failed(t("upload"), row.failedUpload));
  if (end?.status === "failed") said.push(failure(end.error));
  if (row.undone) said.push(t("noteUndone", { name: survivor(end?.result ?? {}) }));
  else if (end?.status === "completed") said.push(...done(row, end));
  for (const each of row.notes) said.push(TOLD[each.kind](each));
  if (row.unplayable) said.push(t("notePlay"));
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
  if (row.kind === "mix") return [t("noteMix", { rate: result.sample_rate / 1000 })];
  const said = [result.dedupe ? t("noteRefused", { reason: t(result.dedupe.refused) }) : t("noteDone")];
  for (const code of result.warnings ?? []) said.push(sentenceOf(code) ?? dotted(code));
  return said;
}

function survivor(result) {
  const stem = result.duplicate_of?.stemId;
  return ofJob(stem)?.name ?? stem?.slice(0, 8) ?? "?";
}

const TOLD = {
  redelivered: ({ status, states, written, repeats }) => {
    if (status === "RUNNING") return t("noteRedeliveredRunning", { state: states.at(-1) ?? "" });
    const wrote = written.length ? t("noteRedeliveredWritten", { list: written.join(", ") }) : t("noteRedeliveredNothing");
    return [t("noteRedelivered", { states: states.join(" → ") }), wrote, ...sameId(repeats)].join(" ");
  },
  redrawn: ({ status, states }) => {
    if (status === "RUNNING") return t("noteRedrawing", { state: states.at(-1) ?? "" });
    return t(status === "SUCCEEDED" ? "noteRedrawn" : "noteNotRedrawn");
  },
  error: ({ what, error }) => failed(t(what), error),
};

/** Return a sentence about the webhooks' ids, only where webhooks were seen. */
function sameId(repeats) {
  if (!repeats?.length) return [];
  return [t(repeats.every(Boolean) ? "noteSameId" : "noteOtherId")];
}
