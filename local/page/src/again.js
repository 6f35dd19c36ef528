import * as api from "./api.js";
import { hasStandin } from "./bench.js";
import { changed, rows } from "./store.js";

const LOOK_MS = 500;
const TELLING = ["completion", "mixing-complete"]; // a question is asked anew each time

/** Return a row's second delivery that is still under way. */
export const delivering = (row) => row.notes.find((each) => each.kind === "again" && each.status === "RUNNING");

/** Deliver a row's message once more, and note how far it is until it has ended. */
export async function deliverAgain(row) {
  const told = await telling(row);
  const delivery = await api.again(row.jobId);
  const note = { kind: "again", status: "RUNNING", states: [], written: [] };
  row.notes.push(note);
  try {
    while (note.status === "RUNNING" && rows.includes(row)) {
      Object.assign(note, await api.againNow(row.jobId, delivery));
      changed(row);
      if (note.status === "RUNNING") await new Promise((done) => setTimeout(done, LOOK_MS));
    }
    note.repeats = (await telling(row)).slice(told.length).map((webhook) => webhook.repeated);
  } catch (error) {
    row.notes.splice(row.notes.indexOf(note), 1); // how it ended is not known
    throw error;
  }
}

async function telling(row) {
  if (!hasStandin()) return []; // another server keeps its webhooks to itself
  const received = await api.webhooks(row.jobId);
  return received.filter(({ event }) => TELLING.includes(event));
}
