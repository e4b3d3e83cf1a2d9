// Loaded into fauxqs before its own code. It mends what SQS does otherwise, and lets a test turn the engine's clock.
//  - It listens on the loopback interface alone.
//  - A long poll whose caller has gone takes no message (fauxqs leases it to nobody).
//  - Asked to, it gives several messages of one group in a batch, as SQS does; what comes back takes its old place.
//  - POST /stop lets its clock stand still, for leases, delays and deduplication alike; POST /pass?ms=N turns it on.
//  - POST /groups?batch=true|false says which of the two it does.
//  - GET /waiters?queue=NAME says how many long polls wait for a queue, and that nothing can be received from it.
import { createServer } from "node:http";
import { registerHooks } from "node:module";

const now = Date.now.bind(Date);
let passed = 0;
let stopped;
Date.now = () => (stopped ?? now()) + passed;

const state = (globalThis.sqsHooks = { queues: new Map(), groupBatches: false });

const replaced = (source, text, by) => {
  if (!source.includes(text)) throw new Error(`fauxqs has changed: no '${text}' in it.`);
  return source.replaceAll(text, by);
};

const changes = {
  "/app.js": (source) => replaced(source, 'host: "0.0.0.0"', 'host: "127.0.0.1"'),
  "/sqs/sqsStore.js": (source) =>
    replaced(
      replaced(source, "group.unshift(entry.message);", "group.push(entry.message); group.sort((one, other) => (one.sequenceNumber < other.sequenceNumber ? -1 : 1));"),
      "break;\n            }\n            // Clean up empty groups",
      "if (!globalThis.sqsHooks.groupBatches) break;\n            }\n            // Clean up empty groups",
    ) + "\nconst create = SqsStore.prototype.createQueue;\nSqsStore.prototype.createQueue = function (...all) { const made = create.apply(this, all); globalThis.sqsHooks.queues.set(made.name, made); return made; };\n",
  "/sqs/actions/receiveMessage.js": (source) =>
    replaced(
      replaced(source, "receiveMessage(body, store)", "receiveMessage(body, store, request)"),
      "await queue.waitForMessages(waitTimeSeconds);",
      `const { socket } = request.raw;
        const gone = () => queue.notifyWaiters();
        socket.once("close", gone);
        await queue.waitForMessages(waitTimeSeconds);
        socket.off("close", gone);
        if (socket.destroyed) return {};`,
    ),
};

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    const name = Object.keys(changes).find((end) => url.endsWith(`/fauxqs/dist${end}`));
    return name ? { ...loaded, source: changes[name](loaded.source.toString()) } : loaded;
  },
});

const waiters = (queue) => {
  queue.processTimers();
  return queue.hasAvailableFifoMessages() ? "has messages" : String(queue.pollWaiters.length);
};

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://127.0.0.1");
  if (pathname === "/stop") stopped ??= now();
  if (pathname === "/pass") passed += Number(searchParams.get("ms"));
  if (pathname === "/groups") state.groupBatches = searchParams.get("batch") === "true";
  response.end(pathname === "/waiters" ? waiters(state.queues.get(searchParams.get("queue"))) : "");
}).listen(Number(process.env.SQS_HOOKS_PORT), "127.0.0.1");
