// What the platform's page does, step by step: node walk.mjs FILE [SERVER]
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

const [file, server = 'http://127.0.0.1:3000'] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node walk.mjs FILE [SERVER]');
  process.exit(2);
}
const owner = { userId: 'user1', trackId: 'track1' };

async function call(path, body) {
  const init = body && {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  const answer = await fetch(`${server}${path}`, init);
  if (!answer.ok) {
    throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  }
  return answer.json();
}

const original_filename = basename(file);
const content = await readFile(file);
// In a browser: crypto.subtle.digest('SHA-256', await file.arrayBuffer())
const sha256 = createHash('sha256').update(content).digest('hex');
const wish = { ...owner, original_filename, sha256 };
const { stemId, filepath, upload } = await call('/stems/upload', wish);
console.log(`1. ${filepath} is signed`);

const form = new FormData();
for (const [name, value] of Object.entries(upload.fields)) {
  form.append(name, value);
}
form.append('file', new Blob([content]), original_filename); // the file comes last
const sent = await fetch(upload.url, { method: 'POST', body: form });
if (!sent.ok) {
  throw new Error(`The bucket refused the file: ${sent.status} ${await sent.text()}`);
}
console.log('2. the file is in the bucket');

let stem = await call('/stems/upload-complete', { userId: owner.userId, stemId });
while (stem.state === 'queued' || stem.state === 'processing') {
  await new Promise((resolve) => setTimeout(resolve, 200));
  stem = await call(`/stems/${stemId}?userId=${owner.userId}`);
}
console.log(`3. ${stem.state} ${stem.duplicateOf ?? stem.errorCode ?? ''}`.trimEnd());

async function download(url) {
  const answer = await fetch(url);
  if (!answer.ok) {
    throw new Error(`The bucket refused a result: ${answer.status} ${await answer.text()}`);
  }
  return answer;
}

async function sizes(named) {
  const told = named.map(async ([name, { url }]) => {
    const { byteLength } = await (await download(url)).arrayBuffer();
    return `${name} (${byteLength} bytes)`;
  });
  return (await Promise.all(told)).join(', ') || 'none';
}

if (stem.state === 'completed') {
  const media = await call(`/stems/${stemId}/media?userId=${owner.userId}`);
  const { peaks, duration } = await (await download(media.waveform)).json();
  console.log(`4. ${peaks.length} peaks of ${duration} s, the first: ${peaks.slice(0, 8).join(' ')}`);

  const levels = (media.zoomLevels ?? []).map((level) => [level.samplesPerPixel, level]);
  console.log(`5. samples per pixel: ${await sizes(levels)}`);
  const previews = Object.entries(media.previews ?? {}).filter(([, preview]) => preview !== null);
  console.log(`6. previews: ${await sizes(previews)}`);

  const stems = await call(`/stems?${new URLSearchParams(owner)}`);
  const { audioId, sameRecordingAs } = stems.find((one) => one.stemId === stemId);
  const older = sameRecordingAs.map(({ originalFilename }) => originalFilename);
  console.log(`7. ${audioId ?? 'no identity'}${older.length > 0 ? `, the same recording as ${older.join(', ')}` : ''}`);
}
