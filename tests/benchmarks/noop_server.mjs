// The least that a server on the TypeScript SDK can be: one tool that does nothing.
// Runs where the SDK is found: beside the node_modules whose folder is the first argument.
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const { Server } = require("@modelcontextprotocol/server");
const { StdioServerTransport } = require("@modelcontextprotocol/server/stdio");

const server = new Server({ name: "noop", version: "1" }, { capabilities: { tools: {} } });
const tool = { name: "nothing", description: "Does nothing.", inputSchema: { type: "object", properties: {} } };
server.setRequestHandler("tools/list", async () => ({ tools: [tool] }));
server.setRequestHandler("tools/call", async () => ({ content: [{ type: "text", text: "nothing" }] }));
server.connect(new StdioServerTransport());
