// Checks of the page's reader of server-sent events, with a fake of the browser's fetch.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { readEvents } from "../../../local/page/src/events.js";

const PROOF = { Authorization: "Bearer one" };
let asked, answers, seen, ended, close;

/** Return a response whose body arrives in these pieces, and then ends or breaks. */
function streamed(pieces, { breaks = false } = {}) {
  const encoded = pieces.map((piece) => (typeof piece === "string" ? new TextEncoder().encode(piece) : piece));
  const body = new ReadableStream({
    pull(controller) {
      if (encoded.length) controller.enqueue(encoded.shift());
      else if (breaks) controller.error(new TypeError("network error"));
      else controller.close();
    },
  });
  return new Response(body, { status: 200 });
}

const refusal = (status, headers = {}) => new Response(status === 204 ? null : "{}", { status, headers });
const settle = () => new Promise((done) => setImmediate(done));
const pass = async (ms) => {
  await settle();
  mock.timers.tick(ms);
  await settle();
};
const read = () => {
  close = readEvents("http://api/stream", { headers: PROOF, onEvent: (event) => seen.push(event), onEnd: ({ status }) => ended.push(status) });
};

beforeEach(() => {
  [asked, seen, ended] = [[], [], []];
  globalThis.fetch = async (url, options) => {
    asked.push(options);
    const next = answers.shift();
    if (next instanceof Error) throw next;
    return next ?? new Promise(() => {});
  };
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => {
  close();
  mock.timers.reset();
});

test("events are read however the network cuts the stream, Korean letters included", async () => {
  const bytes = new TextEncoder().encode('id: 4\r\ndata: {"message": "분석 중"}\r\n\r\n: still here\n\nevent: gone\ndata: a\ndata: b\n\n');
  answers = [streamed([...bytes].map((byte) => Uint8Array.of(byte)))];

  read();
  await pass(0);

  assert.deepEqual(seen, [
    { type: "message", data: '{"message": "분석 중"}', id: "4" },
    { type: "gone", data: "a\nb", id: "4" },
  ]);
});

test("a stream that ends is resumed behind the last event, with the token", async () => {
  answers = [streamed(["retry: 500\n\nid: 4\ndata: x\n\n"]), refusal(204)];

  read();
  await pass(499);
  assert.equal(asked.length, 1);
  await pass(1);

  assert.deepEqual(asked.map(({ headers }) => headers), [PROOF, { ...PROOF, "Last-Event-ID": "4" }]);
  assert.deepEqual(ended, [204]);
});

test("a stream that breaks, and a network that is away, are tried again", async () => {
  answers = [streamed(["id: 1\ndata: x\n\nid: 2\ndata: ha"], { breaks: true }), new TypeError("no network"), streamed(["id: 2\ndata: half\n\n"])];

  read();
  await pass(1000);
  await pass(1000);

  assert.deepEqual(seen.map(({ data }) => data), ["x", "half"]);
  assert.equal(asked[2].headers["Last-Event-ID"], "1");
});

test("a server that is busy names the pause", async () => {
  answers = [refusal(503, { "Retry-After": "5" }), refusal(429, { "Retry-After": "5" }), streamed(["data: x\n\n"])];

  read();
  await pass(4999);
  assert.equal(asked.length, 1);
  await pass(1);
  assert.equal(asked.length, 2);
  await pass(5000);

  assert.equal(seen.length, 1);
  assert.deepEqual(ended, []);
});

test("a refusal is told once, and not asked for again", async () => {
  answers = [refusal(401)];

  read();
  await pass(60_000);

  assert.deepEqual(ended, [401]);
  assert.equal(asked.length, 1);
});

test("a reader that was closed tells nothing more", async () => {
  let give;
  answers = [new Promise((done) => { give = done; })];
  read();

  close();
  give(refusal(404));
  await pass(60_000);

  assert.ok(asked[0].signal.aborted);
  assert.deepEqual([ended, asked.length], [[], 1]);
});
