/** `prism mcp` without the command line around it: a process for real clients to start. */
import { homeAt } from "../../src/host/home.ts";
import { runShim } from "../../src/shim/shim.ts";

const { SHIM_HOME, SHIM_HUB, SHIM_TOKEN } = process.env;

await runShim({
  home: homeAt(SHIM_HOME),
  tenant: "local",
  host: "here",
  persona: "reviewer",
  project: "shop",
  root: process.cwd(),
  hub: () => ({ url: SHIM_HUB ?? "", token: SHIM_TOKEN ?? "" }),
  env: {},
  version: "1",
  log: (level, event, fields) => process.stderr.write(`${level} ${event} ${JSON.stringify(fields ?? {})}\n`),
  stdin: process.stdin,
  stdout: process.stdout,
});
