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
const request = { ...owner, original_filename, sha256 };
const { stemId, filepath, upload } = await call('/stems/upload', request);
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

async function finished(path) {
  for (;;) {
    const row = await call(path);
    if (row.state !== 'queued' && row.state !== 'processing') {
      return row;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const { userId } = owner;
await call('/stems/upload-complete', { userId, stemId });
const stem = await finished(`/stems/${stemId}?userId=${userId}`);
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
  const media = await call(`/stems/${stemId}/media?userId=${userId}`);
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

  const stemIds = stems.filter(({ state }) => state === 'completed').map((one) => one.stemId).slice(0, 64);
  const wish = { userId, stemIds, mix: { loudness: { integrated: -14 } } };
  const { taskId } = await call('/mixes', { ...wish, stageId: 'stage1' });
  console.log(`8. mix of ${stemIds.length}: ${await heard(taskId)}`);

  if (stemIds.length > 1) {
    const players = stemIds.map((name) => ({ name, stemIds: [name] }));
    for (const practice of await call('/stages/stage1/practice-mixes', { ...wish, players })) {
      const mine = practice.stems.find(({ mute }) => mute);
      console.log(`9. all but ${mine.originalFilename}: ${await heard(practice.taskId)}`);
    }
  }
}

/** A mix's loudness as WaveFlow measured it, and the size of its file. */
async function heard(taskId) {
  const { state, facts, warnings, errorCode } = await finished(`/mixes/${taskId}?userId=${userId}`);
  if (state === 'error') {
    return errorCode;
  }
  const { audio } = await call(`/mixes/${taskId}/media?userId=${userId}`);
  const { integrated, true_peak } = facts.loudness;
  const levels = `${integrated} LUFS, ${true_peak} dBTP, gain ${facts.applied_gain_db} dB`;
  const { byteLength } = await (await download(audio)).arrayBuffer();
  return [levels, `${byteLength} bytes`, ...warnings].join(', ');
}
