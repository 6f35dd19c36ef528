const TOKEN = "studio"; // one track: what is uploaded twice here is a duplicate

/** Ask the API; a problem becomes an Error with its sentence. */
export async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.detail), { code: told.code, status: answer.status });
  return told;
}

/** Upload one file, whose verdict the platform's server gives. */
export function upload(blob, name, onProgress) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append("file", blob, name);
    const request = new XMLHttpRequest();
    request.open("POST", `/tokens/${TOKEN}/upload-audio?verdict=platform`);
    request.responseType = "json";
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    request.onerror = () => reject(new Error("network"));
    request.onload = () =>
      request.status === 200
        ? resolve(request.response)
        : reject(new Error(request.response?.detail ?? String(request.status)));
    request.send(form);
  });
}

export const result = (id) => ask(`/tokens/analysis-result/${id}`);
export const waveform = (id) => ask(`/tokens/analysis-waveform/${id}`);
export const mix = (ids) => ask(`/tokens/${TOKEN}/mix`, { job_ids: ids });
export const audioUrl = (id, download = false) => `/tokens/analysis-audio/${id}${download ? "?download=true" : ""}`;
export const documentUrl = (id) => `/tokens/analysis-waveform/${id}`;
export const pictureUrl = (id) => `/local/picture/${id}.svg`;
export const status = () => ask("/local/status");
export const webhooks = (id) => ask(`/local/webhooks?subject=${id}`);
export const behave = (rule) => ask("/local/behaviour", rule);
export const answer = (id, verdict, of) => ask("/local/answer", { job_id: id, verdict, duplicate_of: of ?? null });
export const again = (id) => ask(`/local/again/${id}`, {});
export const undo = (id) => ask(`/local/undo/${id}`, {});

/** Follow several jobs on one stream; `onMoment` gets every moment of each. */
export class Follower {
  #source = null;
  #ids = "";
  constructor(onMoment, onRefused) {
    this.onMoment = onMoment;
    this.onRefused = onRefused;
  }

  /** Follow exactly these jobs from now on. */
  follow(ids) {
    const wanted = [...ids].sort().join("&job_id=");
    if (wanted === this.#ids && this.#source?.readyState !== EventSource.CLOSED) return;
    this.#source?.close();
    this.#ids = wanted;
    this.#source = null;
    if (!wanted) return;
    this.#source = new EventSource(`/tokens/analysis-progress?job_id=${wanted}`);
    this.#source.onmessage = (event) => this.onMoment(JSON.parse(event.data));
    this.#source.onerror = ({ target }) => target.readyState === EventSource.CLOSED && this.onRefused();
  }
}
