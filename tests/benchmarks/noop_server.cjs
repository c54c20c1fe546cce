// The least that a server on the TypeScript SDK can be: one tool that does nothing.
// Found by NODE_PATH; with --check it only proves that the SDK is there.
const { Server } = require("@modelcontextprotocol/sdk/server/index.js");
const { StdioServerTransport } = require("@modelcontextprotocol/sdk/server/stdio.js");
const { CallToolRequestSchema, ListToolsRequestSchema } = require("@modelcontextprotocol/sdk/types.js");

if (!process.argv.includes("--check")) {
  const server = new Server({ name: "noop", version: "1" }, { capabilities: { tools: {} } });
  const tool = { name: "nothing", description: "Does nothing.", inputSchema: { type: "object", properties: {} } };
  server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools: [tool] }));
  server.setRequestHandler(CallToolRequestSchema, async () => ({ content: [{ type: "text", text: "nothing" }] }));
  server.connect(new StdioServerTransport());
}
