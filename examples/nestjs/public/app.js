// The list: files on their way, and the stems that the server knows.
import { Player } from './player.js';
import { call, follow, owner, upload } from './server.js';
import { fill, language, megabytes, sentence, words } from './words.js';

const find = (name, within = document) => within.querySelector(name);
const known = new Map(); // by stemId: the row of the list, and the server's newest words

/** Put a row at the end of the list. */
function addRow(name) {
  const row = find('#row').content.firstElementChild.cloneNode(true);
  find('.name', row).textContent = name;
  translate(row);
  find('#stems').append(row);
  return row;
}

/** Say where a file is: the bar shows a share, or just moves; `retry` is what the row's button does. */
function say(row, state, { note = '', share, retry } = {}) {
  row.dataset.state = state;
  find('.state', row).textContent = words[state];
  find('.note', row).textContent = note;
  if (share === undefined) find('progress', row).removeAttribute('value');
  else find('progress', row).value = share;
  Object.assign(find('.again', row), { hidden: !retry, onclick: retry });
}

/** Send a file; a file that is too large is refused before anybody waits for it. */
async function send(file, row, most) {
  const sizes = { size: megabytes(file.size), most: megabytes(most) };
  if (file.size > most) return say(row, 'error', { note: fill(words.tooLarge, sizes) });
  if (file.size === 0) return say(row, 'error', { note: words.empty });
  say(row, 'uploading');
  try {
    const started = (stemId) => known.set(stemId, { row });
    const progressed = (share) => say(row, 'uploading', { share });
    await upload(file, { started, progressed }); // the events tell the rest
  } catch ({ message }) {
    say(row, 'error', { note: message, retry: () => send(file, row, most) });
  }
}

/** Send files one after the other, as an album counts them: 2 before 10. */
async function sendAll(files, most) {
  const album = [...files].sort((a, b) => a.name.localeCompare(b.name, language, { numeric: true }));
  const waiting = album.map((file) => ({ file, row: addRow(file.name) }));
  waiting.forEach(({ row }) => say(row, 'waiting'));
  waiting[0]?.row.scrollIntoView({ block: 'nearest' });
  for (const { file, row } of waiting) await send(file, row, most);
}

/** Show what the server says of a stem; an upload that was given up gets no row. */
function show(stem) {
  const { row, stem: before } = known.get(stem.stemId) ?? {};
  if (stem.trackId !== owner.trackId || stem.state === 'uploading' || before?.changedAt > stem.changedAt) return;
  const shown = row ?? addRow(stem.originalFilename);
  known.set(stem.stemId, { row: shown, stem });
  say(shown, stem.state, { note: noteOf(stem) });
  find('.facts', shown).textContent = `${stem.sampleRate / 1000} kHz, ${megabytes(stem.fileSize)}`;
  if (stem.state === 'completed' && before?.state !== 'completed') openWhenSeen(shown, stem);
}

/** Return what a person wants to know about a stem beside its state. */
function noteOf(stem) {
  const { state, errorCode, dedupeRefused, warnings, sameRecordingAs } = stem;
  if (state === 'error') return sentence(errorCode);
  if (state === 'duplicate') return copyNote(known.get(stem.duplicateOf)?.stem?.originalFilename);
  if (state !== 'completed') return '';
  const names = (sameRecordingAs ?? []).map(({ originalFilename }) => originalFilename).join(', ');
  const notes = [dedupeRefused && words.kept, names && fill(words.twin, { names }), ...(warnings ?? []).map(sentence)];
  return notes.filter(Boolean).join(' ');
}

/** Name the file that stays, of a track that this page does not show too. */
const copyNote = (name) => (name ? fill(words.copy, { name }) : words.copyElsewhere);

/** Load waveform and sound once the row is about to be seen: a list may be long. */
function openWhenSeen(row, stem) {
  const fail = (note) => say(row, 'completed', { note });
  const open = () => new Player(row, stem, fail).open().catch(({ message }) => say(row, 'completed', { note: message, retry: open }));
  new IntersectionObserver(([{ isIntersecting }], observer) => {
    if (!isIntersecting) return;
    observer.disconnect();
    open();
  }, { rootMargin: '300px' }).observe(row);
}

/** Put the page's words into the elements that name them. */
function translate(within) {
  within.querySelectorAll('[data-word]').forEach((element) => { element.textContent = words[element.dataset.word]; });
}

async function list() {
  const stems = await call(`/stems?${new URLSearchParams(owner)}`);
  const sent = stems.filter(({ requestedAt }) => requestedAt !== null);
  sent.sort((a, b) => a.requestedAt.localeCompare(b.requestedAt)).forEach(show);
}

async function start() {
  document.documentElement.lang = language;
  translate(document);
  find('#language').onclick = () => {
    localStorage.setItem('language', language === 'ko' ? 'en' : 'ko');
    location.reload();
  };
  const trouble = (text) => { find('#trouble').textContent = text; };
  const { maxUploadBytes } = await call('/limits');
  find('#limit').textContent = fill(words.limit, { most: megabytes(maxUploadBytes) });
  find('#files').onchange = ({ target }) => {
    sendAll(target.files, maxUploadBytes);
    target.value = ''; // the same file may be chosen again
  };
  const mark = (isDragging) => document.body.classList.toggle('dragging', isDragging);
  document.ondragleave = () => mark(false);
  document.ondragover = (event) => {
    event.preventDefault(); // else the browser opens what is dropped
    mark(true);
  };
  document.ondrop = (event) => {
    event.preventDefault();
    mark(false);
    sendAll(event.dataTransfer.files, maxUploadBytes);
  };
  follow({
    ready: (isResumed) => {
      trouble('');
      if (!isResumed) list().catch(({ message }) => trouble(message));
    },
    stem: show,
    lost: () => trouble(words.reconnecting),
  });
}

start().catch(({ message }) => { find('#trouble').textContent = message; });
