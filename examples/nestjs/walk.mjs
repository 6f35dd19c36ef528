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

function end(reason) {
  console.error(reason);
  process.exit(1);
}

async function call(path, body) {
  const init = body && {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  const answer = await fetch(`${server}${path}`, init).catch(() => end(`No server answers at ${server}: npm start`));
  if (!answer.ok) {
    end(`${path}: ${answer.status} ${await answer.text()}`);
  }
  return answer.json();
}

const original_filename = basename(file);
const content = await readFile(file).catch(({ message }) => end(message));
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
  end(`The bucket refused the file: ${sent.status} ${await sent.text()}`);
}
console.log('2. the file is in the bucket');

/** The newest of each row that the server has told. In a browser: new EventSource(…), see the README. */
const rows = new Map();
const waiting = new Map();
const { userId } = owner;
const stop = new AbortController();
const events = await fetch(`${server}/events?userId=${userId}`, { signal: stop.signal });
const following = follow(events.body.pipeThrough(new TextDecoderStream())).catch((error) => {
  if (!stop.signal.aborted) {
    throw error;
  }
});

async function follow(parts) {
  let text = '';
  for await (const part of parts) {
    const blocks = (text + part).split('\n\n');
    text = blocks.pop();
    for (const { id, row } of blocks.flatMap(rowOf)) {
      rows.set(id, row);
      waiting.get(id)?.();
    }
  }
  end('The server has ended the events');
}

function rowOf(block) {
  const [, type, data] = /^event: (stem|mix)\n(?:id: .*\n)?data: (.*)$/m.exec(block) ?? [];
  const row = type && JSON.parse(data);
  return row ? [{ id: type === 'stem' ? row.stemId : row.taskId, row }] : [];
}

async function finished(id) {
  for (;;) {
    const row = rows.get(id);
    if (row?.state !== undefined && !['uploading', 'queued', 'processing'].includes(row.state)) {
      return row;
    }
    await new Promise((told) => waiting.set(id, told));
  }
}

await call('/stems/upload-complete', { userId, stemId });
const stem = await finished(stemId);
console.log(`3. ${stem.state} ${stem.duplicateOf ?? stem.errorCode ?? ''}`.trimEnd());

async function download(url) {
  const answer = await fetch(url);
  if (!answer.ok) {
    end(`The bucket refused a result: ${answer.status} ${await answer.text()}`);
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

stop.abort();
await following;

/** A mix's loudness as WaveFlow measured it, and the size of its file. */
async function heard(taskId) {
  const { state, facts, warnings, errorCode } = await finished(taskId);
  if (state === 'error') {
    return errorCode;
  }
  const { audio } = await call(`/mixes/${taskId}/media?userId=${userId}`);
  const { integrated, true_peak } = facts.loudness;
  const levels = `${integrated} LUFS, ${true_peak} dBTP, gain ${facts.applied_gain_db} dB`;
  const { byteLength } = await (await download(audio)).arrayBuffer();
  return [levels, `${byteLength} bytes`, ...warnings].join(', ');
}
