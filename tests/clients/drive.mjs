// The TypeScript client at a server: node drive.mjs MODULES VERSION NOTES STOPS (URL | COMMAND ARGUMENT ...)
// Says in JSON what it met; what that has to be, the test says that starts this. STOPS is "stops" where cancelling
// a call is expected to end its work at once.
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const MODERN = "2026-07-28";
const [modules, version, notes, stops, target, ...rest] = process.argv.slice(2);
const { resolve } = createRequire(join(modules, "any.js"));
const load = (name) => import(pathToFileURL(resolve(name)));
const { Client, StreamableHTTPClientTransport } = await load("@modelcontextprotocol/client");
const { StdioClientTransport } = await load("@modelcontextprotocol/client/stdio");

const wanted =
  version === MODERN ? { versionNegotiation: { mode: { pin: MODERN } } } : { supportedProtocolVersions: [version] };
const client = new Client({ name: "typescript", version: "1" }, { ...wanted, capabilities: { elicitation: {} } });
const questions = [];
client.setRequestHandler("elicitation/create", async (request) => {
  questions.push(request.params.message);
  return { action: "accept", content: { send: true } };
});
const transport = target.startsWith("http")
  ? new StreamableHTTPClientTransport(new URL(target))
  : new StdioClientTransport({ command: target, args: rest, env: process.env, stderr: "ignore" });

const read = (conversation, options, more = {}) =>
  client.callTool({ name: "list_messages", arguments: { conversation, ...more } }, options);

async function noted(name) {
  for (let tries = 0; !existsSync(join(notes, name)); tries += 1) {
    if (tries > 3000) throw new Error(`${name} was not noted`);
    await sleep(20);
  }
}

async function cancelled() {
  const stop = new AbortController();
  const call = read("far:endless", { signal: stop.signal }).then(
    () => "answered",
    () => "cancelled",
  );
  await noted("started");
  stop.abort();
  return call;
}

await client.connect(transport);
const heard = [];
const hear = (progress) => {
  heard.push(progress.message);
  writeFileSync(join(notes, "heard"), "");
};
const met = {
  version: client.getNegotiatedProtocolVersion(),
  tools: (await client.listTools()).tools.map((tool) => tool.name),
  called: (await read("far:short")).content[0].text,
  wrong: await read("nowhere:x"),
  slow: (await read("far:slow", { onprogress: hear })).content[0].text,
  heard,
  large: (await read("far:large", undefined, { limit: 100 })).content[0].text.length,
  unknown: await client.callTool({ name: "no_such_tool", arguments: {} }).then(
    () => null,
    (error) => error.code,
  ),
  cancelled: await cancelled(),
};
if (stops === "stops") await noted("stopped");
met.after = (await read("far:short")).content[0].text;
const text = `Seen by ${version} at ${target} ${Date.now()}`;
const message = { conversation: "local:room", text, author: "Ann", sent_at: "2026-03-10T09:00Z" };
met.written = (await client.callTool({ name: "import_message", arguments: message })).content[0].text;
met.questions = questions;
met.text = text;
await client.close();
await noted("stopped");
console.log(JSON.stringify(met));
