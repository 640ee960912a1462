/**
 * Two versions of Prism side by side, as during every upgrade: hub and daemon, daemon and command line. What has a
 * protocol in common talks; what has none says so in one sentence that names both, and which one to upgrade.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { homeAt, ipcPathOf } from "../../src/host/home.ts";
import { callIpc } from "../../src/net/ipc-client.ts";
import { EXECUTABLE, endStarted, run, scratch, start } from "../support/prism-process.ts";
import { untilSo } from "../support/until.ts";
import { bundled } from "../support/variant.ts";

/** One that speaks one version more than this build, and down to `oldest`. */
const later = (version: string, oldest: number) =>
  bundled({
    name: version,
    version,
    changes: [
      { file: "domain/verbs.ts", from: "HUB_PROTOCOL: number = 1;", to: "HUB_PROTOCOL: number = 2;" },
      {
        file: "domain/verbs.ts",
        from: "HUB_PROTOCOL_MIN: number = 1;",
        to: `HUB_PROTOCOL_MIN: number = ${oldest};`,
      },
      { file: "ipc.ts", from: "IPC_PROTOCOL: number = 1;", to: "IPC_PROTOCOL: number = 2;" },
      { file: "ipc.ts", from: "IPC_PROTOCOL_MIN: number = 1;", to: `IPC_PROTOCOL_MIN: number = ${oldest};` },
    ],
  });

const ASK_MS_MAX = 30_000;

const place = scratch();
const shop = place.folder("shop");
const remove: (() => void)[] = [];

/** How each is called, by what it speaks. */
const commands: Record<string, readonly [string, ...string[]]> = { "1": [EXECUTABLE] };
let version = "";

beforeAll(async () => {
  for (const [speaks, made] of [
    ["1 to 2", await later("7.0.0", 1)],
    ["2", await later("8.0.0", 2)],
  ] as const) {
    commands[speaks] = made.command;
    remove.push(made.remove);
  }
  version = JSON.parse((await run(place.folder("none"), ["version", "--json"])).out).version;
});

afterAll(() => {
  endStarted();
  for (const each of remove) each();
  place.remove();
});

interface Here {
  readonly lifecycle: { readonly state: string };
  readonly hub: { readonly lastError: { readonly message: string; readonly hint: string } | null };
}

/** A home with a hub and a daemon of these versions, and the command line of each. */
async function opened(hub: string, daemon: string) {
  const home = place.folder(`home-${hub}-${daemon}`.replaceAll(" ", ""));
  const call = (speaks: string) => {
    const [command, ...before] = commands[speaks] ?? [EXECUTABLE];
    return { command, with: (...words: readonly string[]) => [...before, ...words] };
  };
  const { command: hubCommand, with: hubWords } = call(hub);
  const listening = await start(home, hubWords("hub", "--listen", "127.0.0.1:0"), { command: hubCommand });
  const env = { PRISM_HUB: String(listening.facts["url"]) };
  const { command, with: words } = call(daemon);
  const who = ["--persona", "ann", "--project", shop, "--surface", "terminal"];
  const standing = await start(home, words("daemon", ...who), { command, env });
  const ask = async (speaks: string, ...typed: readonly string[]) => {
    const asked = call(speaks);
    const { out } = await run(home, asked.with(...typed, "--json"), { command: asked.command, env });
    return JSON.parse(out);
  };
  return {
    home,
    ask,
    here: async (speaks: string): Promise<Here | undefined> => (await ask(speaks, "status")).here[0],
    async end() {
      await standing.kill("SIGTERM");
      await listening.kill("SIGTERM");
    },
  };
}

test.each([
  ["1", "1 to 2"],
  ["1 to 2", "1"],
  ["2", "1 to 2"],
])(
  "a hub that speaks %s and a daemon that speaks %s talk, and so does who asks that daemon",
  async (hub, daemon) => {
    const { ask, here, end } = await opened(hub, daemon);
    await untilSo(
      () => here(hub),
      (now) => now?.lifecycle.state === "connected",
    );
    const { id } = await ask(hub, "signal", "ann@shop", "hello");
    const { signals } = await ask(daemon, "drain", "--persona", "ann", "--project", "shop");
    expect(signals).toMatchObject([{ id, text: "hello" }]);
    await end();
  },
);

test.each([
  ["1", "2", "upgrade the hub, on its host: prism upgrade FILE"],
  ["2", "1", "upgrade Prism on this host: prism upgrade FILE"],
])(
  "a hub that speaks %s and a daemon that speaks %s say so, and which is to be upgraded",
  async (hub, daemon, hint) => {
    const { here, end } = await opened(hub, daemon);
    const versions: Record<string, string> = { "1": version, "2": "8.0.0" };
    const told = await untilSo(
      () => here(daemon),
      (now) => now?.hub.lastError !== null && now?.hub.lastError !== undefined,
    );
    const message = `the daemon (prism ${versions[daemon]}) speaks version ${daemon} of the hub's protocol, and the hub (prism ${versions[hub]}) speaks version ${hub}`;
    expect(told?.hub.lastError).toMatchObject({ message, hint });
    await end();
  },
);

test("a daemon that speaks 2 alone tells who asks it by version 1 the same, over its own socket", async () => {
  const { home, end } = await opened("2", "2");
  const address = { persona: "ann", project: "shop" };
  const who = { version, role: "test", address, openTimeoutMs: ASK_MS_MAX };
  const path = ipcPathOf(homeAt(home), "local", address);
  await expect(callIpc(path, who, "status", {}, ASK_MS_MAX)).rejects.toMatchObject({
    code: "protocol_mismatch",
    message: `the daemon (prism 8.0.0) speaks version 2 of the local protocol, and the caller (prism ${version}) speaks version 1`,
  });
  await end();
});
