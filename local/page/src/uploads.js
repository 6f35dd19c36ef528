import * as api from "./api.js";
import { t } from "./i18n.js";
import { add, changed } from "./store.js";
import { trouble } from "./trouble.js";

const $ = (id) => document.getElementById(id);
const AT_ONCE = 3; // a browser opens six connections; one is the stream's
const waiting = [];
let running = 0;

/** Upload files in order, with the faults that are switched on. */
export async function take(files) {
  const kept = [...files].filter((file) => !file.name.startsWith("."));
  if ($("asleep").checked) await api.sleep().catch((error) => trouble(t("switching"), error));
  for (const file of kept) {
    const twins = $("twins").checked ? [file, file] : [file];
    const made = twins.map((each) => [add({ name: each.name, size: each.size }), spoilt(each), $("music").checked]);
    waiting.push(...made);
  }
  next();
}

/** Upload dropped files, and every file inside dropped folders. */
export async function takeDropped({ items, files }) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return take(files);
  const lists = await Promise.all(entries.map(filesOf));
  take(lists.flat());
}

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!batch.length) break;
    found.push(...batch);
  }
  return (await Promise.all(found.map(filesOf))).flat();
}

function spoilt(file) {
  const parts = $("spoil").checked ? [new Blob([new Uint8Array(64).fill(37)]), file.slice(64)] : [file];
  const whole = new Blob(parts);
  return $("cut").checked ? whole.slice(0, Math.ceil(whole.size / 2)) : whole;
}

function next() {
  while (running < AT_ONCE && waiting.length) {
    running += 1;
    send(...waiting.shift()).finally(() => {
      running -= 1;
      next();
    });
  }
}

async function send(row, blob, analysis) {
  const onProgress = (share) => {
    row.sent = share;
    changed(row);
  };
  try {
    const told = await api.upload(blob, row.name, { analysis, onProgress });
    row.jobId = told.job_id;
  } catch (error) {
    row.failedUpload = error;
  }
  changed(row);
}
