import { addressOf, credentials } from "./session.js";

const TOKEN = "studio"; // one track: what is uploaded twice here is a duplicate
const LINK_MS = 8 * 60_000; // a signed URL is valid for ten minutes
const links = new Map();
// At 64 frames a point a bass string's single cycles show; each level is eight times the level before.
const OUTPUTS = { zoom_levels: [64, 512, 4096], split_channels: true, previews: ["opus", "mp3"], audio_id: true };

/** Ask the API; throw a Failure for a refusal, a cut answer or no network. */
export async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const kind = body === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await fetched(addressOf(path), {
    method,
    headers: { ...credentials(), ...kind },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 204) return null;
  const told = await answer.json().catch(() => null); // cut off, or of a server in between
  if (!answer.ok || told === null) throw new Failure({ ...told, status: answer.status });
  return told;
}

/** Return the signed URL of a file; a link or a player cannot send a token, and a redirect would lose the origin. */
export function link(path) {
  const known = links.get(path);
  if (known && Date.now() - known.at < LINK_MS) return known.url;
  const url = ask(`${path}${path.includes("?") ? "&" : "?"}json=true`).then((told) => told.url);
  links.set(path, { at: Date.now(), url });
  url.catch(() => links.delete(path));
  return url;
}

/** Load the file of a path into this page; return an address of the loaded bytes. */
async function local(path) {
  const answer = await fetched(addressOf(path), { headers: credentials() });
  if (!answer.ok) throw new Failure({ status: answer.status });
  return URL.createObjectURL(await answer.blob());
}

const fetched = (url, options) =>
  fetch(url, options).catch((cause) => {
    throw new Failure({ code: "NETWORK", cause });
  });

/** Return a file's bytes from `start` up to `end`; a server without ranges sends the whole file. */
export async function bytes(path, start, end) {
  const answer = await fetched(await link(path), { headers: { Range: `bytes=${start}-${end - 1}` } });
  if (!answer.ok) throw new Failure({ status: answer.status });
  const body = await answer.arrayBuffer().catch((cause) => {
    throw new Failure({ code: "NETWORK", cause });
  });
  return answer.status === 206 ? body : body.slice(start, end);
}

/** Carry a refusal: the server's sentence, or a code that the page puts in words. */
export class Failure extends Error {
  constructor({ code = "UNREADABLE", status = 0, detail = "", cause }) {
    super(detail, { cause });
    Object.assign(this, { code, status });
  }
}

/** Upload one file, whose verdict the platform's server gives; `analysis` asks for tempo, key and loudness too. */
export function upload(blob, name, { analysis, onProgress }) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append("file", blob, name);
    const request = new XMLHttpRequest();
    const asked = Object.entries({ ...OUTPUTS, ...(analysis ? { analysis } : {}) }).flatMap(([name, value]) => [value].flat().map((each) => [name, each]));
    request.open("POST", addressOf(`/tokens/${TOKEN}/upload-audio?${new URLSearchParams([["verdict", "platform"], ...asked])}`));
    for (const [name, value] of Object.entries(credentials())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    request.onerror = () => reject(new Failure({ code: "NETWORK" }));
    request.onload = () => {
      const { status, response } = request;
      if (status === 200 && response) resolve(response);
      else reject(new Failure({ ...response, status }));
    };
    request.send(form);
  });
}

export const result = (id) => ask(`/tokens/analysis-result/${id}`);
/** Return the path of a row's waveform document; only the local route has a later delivery's. */
const documentPath = ({ drawn, jobId }) => (drawn ? `/local/waveform/${jobId}` : `/tokens/analysis-waveform/${jobId}`);
export const waveform = (row) => ask(documentPath(row));
/** Return an address of the waveform document's bytes, for a link that cannot send a token. */
export const waveformUrl = (row) => local(documentPath(row));
/** Mix the files of some jobs; without `mix` and `stems` the mix is the classic one. */
export const mix = (ids, asked = {}) => ask(`/tokens/${TOKEN}/mix`, { job_ids: ids, ...asked, ...OUTPUTS });
/** Compare the files of jobs, pair by pair. */
export const compare = (pairs) => ask(`/tokens/${TOKEN}/compare`, { pairs });
export const comparison = (id) => ask(`/tokens/analysis-comparison/${id}`);
export const audioPath = (id, download = false) => `/tokens/analysis-audio/${id}${download ? "?download=true" : ""}`;
export const previewPath = (id, form) => `/tokens/analysis-preview/${id}/${form}`;
export const zoomPath = (id, samplesPerPixel) => `/tokens/analysis-zoom/${id}/${samplesPerPixel}`;
/** Return an address of the waveform's picture, which the server draws. */
export const pictureUrl = (id) => local(`/local/picture/${id}.svg`);
export const status = () => ask("/local/status");
export const webhooks = (id) => ask(`/local/webhooks?subject=${id}`);
export const behaviour = () => ask("/local/behaviour");
export const behave = (rule) => ask("/local/behaviour", rule, "PUT");
/** Let every function sleep, as after weeks without a call. */
export const sleep = () => ask("/local/asleep", {}, "PUT");
export const answer = (id, verdict, of) => ask("/local/answer", { job_id: id, verdict, duplicate_of: of ?? null });
export const redeliver = (id) => ask(`/local/again/${id}`, {});
export const redeliveryState = (id, delivery) => ask(`/local/again/${id}/now`, delivery);
export const undo = (id) => ask(`/local/undo/${id}`, {});
