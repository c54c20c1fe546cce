// The TypeScript client at a server: node drive.mjs MODULES VERSION NOTES (URL | COMMAND ARGUMENT ...)
// Says in JSON what it met; what that has to be, the test says that starts this.
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const MODERN = "2026-07-28";
const [modules, version, notes, target, ...rest] = process.argv.slice(2);
const { resolve } = createRequire(join(modules, "any.js"));
const load = (name) => import(pathToFileURL(resolve(name)));
const { Client, StreamableHTTPClientTransport } = await load("@modelcontextprotocol/client");
const { StdioClientTransport } = await load("@modelcontextprotocol/client/stdio");

const overHttp = target.startsWith("http");
const asked =
  version === MODERN ? { versionNegotiation: { mode: { pin: MODERN } } } : { supportedProtocolVersions: [version] };
const client = new Client({ name: "typescript", version: "1" }, asked);
const transport = overHttp
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
// Over HTTP an older client's cancelling belongs to no call where there are no sessions; the closed stream does.
if (!overHttp || version === MODERN) await noted("stopped");
met.after = (await read("far:short")).content[0].text;
await client.close();
await noted("stopped");
console.log(JSON.stringify(met));
