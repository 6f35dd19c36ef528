// Server-sent events over fetch: unlike `EventSource`, fetch carries a bearer token.
const RETRY_MS = 1000; // until the server names another pause
const PASSING = [429, 502, 503, 504];

/**
 * Read a stream of server-sent events; return a function that ends the reading.
 *
 * `onEvent` gets `{ type, data, id }`. A stream that ends or breaks is resumed by `Last-Event-ID`.
 * `onEnd` gets the response after which nothing more will come: 204, or a refusal.
 */
export function readEvents(url, { headers = {}, onEvent, onEnd }) {
  const closing = new AbortController();
  const stream = { id: "", retryMs: RETRY_MS };
  (async () => {
    while (!closing.signal.aborted) {
      const resumed = stream.id ? { "Last-Event-ID": stream.id } : {};
      const answer = await fetch(url, { headers: { ...headers, ...resumed }, signal: closing.signal }).catch(() => null);
      if (closing.signal.aborted) return;
      const passes = !answer || PASSING.includes(answer.status);
      if (!passes && answer.status !== 200) return onEnd(answer);
      if (!passes) await readBody(answer.body, { stream, onEvent, signal: closing.signal });
      const askedMs = 1000 * Number(answer?.headers.get("Retry-After") ?? 0);
      await pause(Math.max(stream.retryMs, askedMs || 0), closing.signal);
    }
  })();
  return () => closing.abort();
}

/** Pass on each event of a body, until the body ends, breaks or is no longer wanted. */
async function readBody(body, { stream, onEvent, signal }) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true }));
    if (done) return;
    const blocks = (text + value).split(/\r?\n\r?\n/);
    text = blocks.pop();
    for (const event of blocks.map((block) => parsed(block, stream)).filter(Boolean)) {
      if (signal.aborted) return;
      onEvent(event);
    }
  }
}

/** Return the event of a block, if there is one; note the id and the pause that the block names. */
function parsed(block, stream) {
  const data = [];
  let type = "message";
  for (const line of block.split(/\r?\n/)) {
    const [, name, value = ""] = line.match(/^(\w+)(?:: ?(.*))?$/) ?? []; // a comment begins with a colon
    if (name === "data") data.push(value);
    else if (name === "event") type = value;
    else if (name === "id") stream.id = value;
    else if (name === "retry" && /^\d+$/.test(value)) stream.retryMs = Number(value);
  }
  return data.length ? { type, data: data.join("\n"), id: stream.id } : null;
}

const pause = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => resolve(clearTimeout(timer)), { once: true });
  });
