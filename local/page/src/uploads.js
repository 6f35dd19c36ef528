import * as api from "./api.js";
import { t } from "./i18n.js";
import { engine } from "./playground.js";
import { add, changed, ended, onChange, rows, waits } from "./store.js";
import { trouble } from "./trouble.js";

const $ = (id) => document.getElementById(id);
const AT_ONCE = 3; // a browser opens six connections; one is the stream's
const UNDERWAY = 8; // jobs that the engine works at; more would wait there, unseen and slowing the others
const waiting = [];
let running = 0;

/** Compare paths as people count: track 2 comes before track 10. */
const natural = new Intl.Collator(undefined, { numeric: true }).compare;
const pathOf = (file) => file.webkitRelativePath || file.name;

/** Upload chosen files in natural order. */
export const take = (files) => send([...files].map((file) => ({ file, path: pathOf(file) })));

/** Upload files in natural order, the first on top, with the faults that are switched on. */
async function send(found) {
  const kept = found.filter(({ file }) => !file.name.startsWith(".")).sort((a, b) => natural(a.path, b.path));
  const { max_file_bytes: most = Infinity } = (await engine()) ?? {};
  if ($("asleep").checked) await api.sleep().catch((error) => trouble(t("switching"), error));
  const made = [];
  for (const { file } of kept.reverse()) { // what is added last stands on top
    const tooLarge = file.size > most ? { size: file.size, most } : undefined;
    const twins = $("twins").checked ? [file, file] : [file];
    const rows = twins.map((each) => add({ name: each.name, size: each.size, tooLarge }));
    if (!tooLarge) made.unshift(...rows.map((row) => [row, spoilt(file), $("music").checked]));
  }
  waiting.push(...made);
  sendMore();
}

/** Upload dropped files, and every file inside dropped folders. */
export async function takeDropped({ items, files }) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return take(files);
  const lists = await Promise.all(entries.map(filesOf));
  send(lists.flat());
}

async function filesOf(entry) {
  if (entry.isFile) return [{ path: entry.fullPath, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) }];
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

/** Tell whether the engine has room for one more job; a job that waits for a person takes no room. */
const hasRoom = () => running + rows.filter((row) => row.jobId && !ended(row) && !waits(row)).length < UNDERWAY;

/** Send the next files while there is room; a job takes none as soon as it has waited for long. */
export function sendMore() {
  while (running < AT_ONCE && waiting.length && hasRoom()) {
    running += 1;
    upload(...waiting.shift());
  }
}

async function upload(row, blob, analysis) {
  const onProgress = (share) => {
    row.sent = share;
    changed(row);
  };
  try {
    const told = await api.upload(blob, row.name, { analysis, onProgress });
    Object.assign(row, { jobId: told.job_id, arrived: Date.now() });
  } catch (error) {
    row.failedUpload = error;
  }
  running -= 1;
  changed(row);
}

onChange(sendMore);
