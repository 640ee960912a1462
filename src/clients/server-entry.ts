/** The shim among a client's MCP servers, where these are JSON: `mcpServers.prism`. */
import { PrismError } from "../domain/errors.ts";
import { readServer } from "./hook-command.ts";
import { type Entry, type Found, type Holder, isObject } from "./text/entries.ts";

const CONTAINER = "mcpServers";
const NAME = "prism";

export function serverEntry(server: {
  readonly words: readonly string[];
  readonly home: string | undefined;
  readonly type?: "stdio";
}): Entry {
  const [command = "", ...args] = server.words;
  const start = { ...(server.type === undefined ? {} : { type: server.type }), command, args };
  return {
    role: "server",
    container: [CONTAINER],
    key: NAME,
    value: { ...start, ...(server.home === undefined ? {} : { env: { PRISM_HOME: server.home } }) },
    // A home folder that is no longer named goes; other variables in there are a person's.
    core: { ...start, env: { PRISM_HOME: server.home } },
  };
}

function serverIn(document: unknown): unknown {
  const servers = isObject(document) ? document[CONTAINER] : undefined;
  return isObject(servers) ? servers[NAME] : undefined;
}

export function serverFinder(isOurs: (holder: Holder) => boolean) {
  return (document: unknown): Found[] => {
    const holder = readServer(serverIn(document));
    return holder !== null && isOurs(holder) ? [{ role: "server", path: [CONTAINER, NAME] }] : [];
  };
}

/** @throws PrismError `already_running` if something else goes by our name */
export function serverHolders(what: string, isOurs: (holder: Holder) => boolean) {
  return (document: unknown): Holder[] => {
    const server = serverIn(document);
    if (server === undefined) return [];
    const holder = readServer(server);
    if (holder !== null) return isOurs(holder) ? [] : [holder];
    throw new PrismError(
      "already_running",
      `${what} has an MCP server "${NAME}" already that is not Prism's`,
      {
        hint: "give that one another name, then try again",
      },
    );
  };
}
