import * as api from "./api.js";
import { hasStandin } from "./playground.js";
import { changed, rows } from "./store.js";

const LOOK_MS = 500;
const TELLING = ["completion", "mixing-complete", "comparison-complete"]; // a question is asked anew each time

/** Return the note of a row's second delivery that is still under way. */
export const delivering = (row) => row.notes.find((each) => each.kind === "redelivered" && each.status === "RUNNING");

/** Deliver a row's message once more, and note how far that delivery is until its end. */
export async function redeliver(row) {
  const told = await telling(row);
  const note = { kind: "redelivered", status: "RUNNING", states: [], written: [] };
  await follow(row, note, await api.redeliver(row.jobId));
  note.repeats = (await telling(row)).slice(told.length).map((webhook) => webhook.repeated);
}

/** Bring a row's deleted file back, and note how far its drawing is until its end. */
export async function undo(row) {
  const { drawing } = await api.undo(row.jobId);
  row.undone = true;
  await follow(row, { kind: "redrawn", status: "RUNNING", states: [], written: [] }, drawing);
}

/** Look at a delivery until its end; a waveform that was drawn makes the row playable. */
async function follow(row, note, delivery) {
  row.notes.push(note);
  try {
    while (note.status === "RUNNING" && rows.includes(row)) {
      Object.assign(note, await api.redeliveryState(row.jobId, delivery));
      if (note.status === "SUCCEEDED" && note.states.includes("Waveform")) Object.assign(row, { drawn: true, undrawable: false });
      changed(row);
      if (note.status === "RUNNING") await new Promise((done) => setTimeout(done, LOOK_MS));
    }
  } catch (error) {
    row.notes.splice(row.notes.indexOf(note), 1); // how the delivery ended is not known
    throw error;
  }
}

async function telling(row) {
  if (!hasStandin()) return []; // another server keeps its webhooks to itself
  const received = await api.webhooks(row.jobId);
  return received.filter(({ event }) => TELLING.includes(event));
}
