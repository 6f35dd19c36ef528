// The server and the bucket, as a page uses them.
import { sentence, words } from './words.js';

/** Your page takes both from its login and its address. */
export const owner = { userId: 'user1', trackId: 'track1' };

/** Call a route of the server; an error says in words what was wrong. */
export async function call(path, body) {
  const headers = { 'content-type': 'application/json' };
  const init = body && { method: 'POST', headers, body: JSON.stringify(body) };
  const answer = await fetch(path, init).catch(() => { throw new Error(words.offline); });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new Error([told.message ?? `${words.refused} (${answer.status})`].flat().join(' '));
  }
  return told;
}

/** Upload a file, and ask WaveFlow to look at it; `started` gets the stem's id, `progressed` the share that is sent. */
export async function upload(file, { started, progressed }) {
  if (!crypto.subtle) throw new Error(words.insecure);
  const content = await file.arrayBuffer().catch(() => { throw new Error(words.unreadable); }); // a folder, for one
  const digest = await crypto.subtle.digest('SHA-256', content);
  const sha256 = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const { stemId, upload: form } = await call('/stems/upload', { ...owner, original_filename: file.name, sha256 });
  started(stemId);
  await send(form, file, progressed);
  return call('/stems/upload-complete', { userId: owner.userId, stemId });
}

/** Post the signed form to the bucket: by XMLHttpRequest, because `fetch` tells no progress. */
function send({ url, fields }, file, progressed) {
  const form = new FormData();
  Object.entries(fields).forEach(([name, value]) => form.append(name, value));
  form.append('file', file); // the file comes last
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => progressed(loaded / total);
    request.onerror = () => reject(new Error(words.offline));
    request.onload = () => {
      const code = /<Code>(\w+)</.exec(request.responseText)?.[1] ?? request.status; // S3 answers in XML
      if (request.status < 300) resolve();
      else reject(new Error(sentence(code)));
    };
    request.open('POST', url);
    request.send(form);
  });
}

/** Hear what becomes of the user's stems; `ready` says whether nothing was missed, `lost` that nothing is heard. */
export function follow(heard) {
  const events = new EventSource(`/events?userId=${owner.userId}`);
  events.addEventListener('ready', ({ data }) => heard.ready(JSON.parse(data).resumed));
  events.addEventListener('stem', ({ data }) => heard.stem(JSON.parse(data)));
  events.onerror = () => {
    heard.lost();
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, 3000, heard); // else the browser connects again
  };
}
