/** Verbs that ask a hub, from the typed words to the page: over the hub's real edge, with a service that is told what to say. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { PrismError } from "../../../src/domain/errors.ts";
import type { SessionReport, StatusAnswer } from "../../../src/domain/verbs.ts";
import { openHubServer } from "../../../src/hub/server.ts";
import { hasOpenssl, makeCertificates } from "../../support/certificates.ts";
import { FakeHubService } from "../../support/fake-hub-service.ts";
import { typed } from "../../support/fake-runtime.ts";
import { openTestServer, type TestServer, TOKEN } from "../../support/test-server.ts";

let hub: TestServer;
afterEach(() => hub?.server.close("the test is over"));

const env = () => ({ PRISM_TOKEN: TOKEN, PRISM_HUB: hub.server.url });

const DAEMON: SessionReport = {
  session: "s1",
  kind: "daemon",
  address: "reviewer@shop",
  surface: "exec",
  host: "vm",
  root: null,
  version: "1.0.0",
  liveness: "alive",
  connected: true,
  master: false,
  startedAtMs: 0,
  lastHeardAtMs: 0,
};

function statusWith(some: Partial<StatusAnswer>): StatusAnswer {
  return {
    hub: { id: "h", version: "1.0.0", protocol: 1, nowMs: 0, startedAtMs: 0 },
    tenant: "local",
    agents: [],
    daemons: [],
    waiting: [],
    ...some,
  };
}

describe("status", () => {
  it("shows what a session says of itself without obeying it", async () => {
    hub = await openTestServer();
    const posing = { ...DAEMON, surface: "x\nWaiting\n  all is well", host: "\u001b[2Jhost" };
    hub.service.answers.status = { ok: statusWith({ daemons: [posing] }) };
    const { out } = await typed(["status"], { env: env() });
    expect(out).toContain("x\\u000aWaiting\\u000a  all is well   \\u001b[2Jhost");
    expect(out.match(/^Waiting$/gm)).toHaveLength(1);
    expect(out).not.toContain("\u001b");
  });

  it("counts what one answer could not hold", async () => {
    hub = await openTestServer();
    const omitted = { agents: 0, daemons: 2_500, waiting: 1 };
    hub.service.answers.status = { ok: statusWith({ daemons: [DAEMON], omitted }) };
    const { out } = await typed(["status"], { env: env() });
    expect(out).toContain(
      "Not shown: 0 agents, 2500 daemons, 1 mailbox; narrow it with --persona or --project\n",
    );
  });

  it("counts the senders that it does not name", async () => {
    hub = await openTestServer();
    const waiting = {
      to: "reviewer@shop",
      open: 9,
      urgent: 0,
      pending: 9,
      delivered: 0,
      oldestAtMs: 0,
      senders: [
        { from: "planner@shop", count: 3 },
        { from: "", count: 2 },
      ],
    };
    hub.service.answers.status = { ok: statusWith({ waiting: [waiting] }) };
    const { out } = await typed(["status"], { env: env() });
    expect(out).toContain("planner@shop 3, nobody named 2, others 4\n");
  });
});

describe("status of stopped pairs", () => {
  it("is a section of its own, where there are any", async () => {
    hub = await openTestServer();
    const loops = [
      { between: ["a@shop", "b@shop"] as const, answers: 60, stoppedAtMs: 0, opensAtMs: 300_000 },
      { between: ["c@shop", "c@shop"] as const, answers: 12, stoppedAtMs: 0, opensAtMs: 30_000 },
    ];
    hub.service.answers.status = { ok: statusWith({ loops }) };
    const { out } = await typed(["status"], { env: env() });
    expect(out).toContain(
      "Stopped from answering each other\n  PAIR                ANSWERS   STOPPED    OPENS\n",
    );
    expect(out).toContain("  a@shop and b@shop   60        just now   in 5 min\n");
    expect(out).toContain("  c@shop to itself    12        just now   in 30 s\n");
    hub.service.answers.status = { ok: statusWith({}) };
    expect((await typed(["status"], { env: env() })).out).not.toContain("Stopped");
  });
});

describe("status of archived personas", () => {
  it("is a section of its own, where there are any", async () => {
    hub = await openTestServer();
    const archived = [
      { address: "ada@shop", archivedAtMs: 0, open: 2 },
      { address: "bob@shop", archivedAtMs: 0, open: 0 },
    ];
    const omitted = { agents: 0, daemons: 0, waiting: 0, archived: 1 };
    hub.service.answers.status = { ok: statusWith({ archived, omitted }) };
    const { out } = await typed(["status"], { env: env() });
    expect(out).toContain(
      "Archived\n  PERSONA    SINCE      OPEN\n  ada@shop   just now   2\n  bob@shop   just now\n",
    );
    expect(out).toContain("1 archived persona; narrow it");
    hub.service.answers.status = { ok: statusWith({}) };
    expect((await typed(["status"], { env: env() })).out).not.toContain("Archived");
  });
});

describe("drain", () => {
  it("says what wants no answer, and what is for another session alone", async () => {
    hub = await openTestServer();
    const signal = {
      ...{ id: "k7qd-1", to: "reviewer@shop", from: "planner@shop", urgency: "normal", state: "drained" },
      ...{ acceptedAtMs: 0, expiresAtMs: 1, deliveredAtMs: null, drainedAtMs: 0, expiredAtMs: null },
      ...{ replyTo: null, final: true, text: "merged" },
    } as const;
    hub.service.answers.drain = {
      ok: { signals: [signal], key: "k1", remaining: 0, elsewhere: 1, repeated: false },
    };
    const words = ["drain", "--persona", "reviewer", "--project", "shop"];
    const { out } = await typed(words, { env: env() });
    expect(out).toContain("planner@shop to reviewer@shop  no answer wanted\n");
    expect(out).toContain("| merged\n");
    expect(out).toMatch(/^Every line that begins with a bar was written by the sender named above it/);
    expect(out).not.toContain("Answer a signal only if");
    const open = {
      signals: [{ ...signal, final: false }],
      key: "k1",
      remaining: 0,
      elsewhere: 0,
      repeated: false,
    };
    hub.service.answers.drain = { ok: open };
    expect((await typed(words, { env: env() })).out).toContain("Answer a signal only if it wants an answer");
    // A person sees what is whose.
    expect((await typed(words, { env: env(), terminal: true })).out).not.toContain("Every line");
    expect(out).toContain("nothing more waits; 1 signal for another live session alone\n");
    hub.service.answers.drain = {
      ok: { signals: [], key: "k1", remaining: 0, elsewhere: 0, repeated: false },
    };
    expect((await typed(words, { env: env() })).out).toBe("nothing waits\n");
  });
});

describe("signal", () => {
  it("is sent final only where it was asked for: an older hub does not know the word", async () => {
    hub = await openTestServer();
    hub.service.answers.signal = {
      error: { code: "matter_closed", message: 'signal "k7qd-1" was final', hint: "leave it at that" },
    };
    const { status, err } = await typed(["signal", "a@shop", "hi", "--final", "--reply-to", "k7qd-1"], {
      env: env(),
    });
    expect(status).toBe(65);
    expect(err).toBe('prism: signal "k7qd-1" was final\n  hint: leave it at that\n');
    await typed(["signal", "a@shop", "hi"], { env: env() });
    const asked = hub.service.asked.filter((call) => call.verb === "signal").map((call) => call.params);
    expect(asked).toMatchObject([{ final: true, replyTo: "k7qd-1" }, { text: "hi" }]);
    expect(asked[1]).not.toHaveProperty("final");
  });
});

describe("wrap", () => {
  it("says that an address takes no more signals, also if no session was left", async () => {
    hub = await openTestServer();
    hub.service.answers.wrap = { ok: { wrapped: [] } };
    const words = ["wrap", "--persona", "reviewer", "--project", "shop"];
    expect((await typed(words, { env: env() })).out).toBe(
      "wrapped reviewer@shop; no session was left to end\n",
    );
    hub.service.answers.wrap = { ok: { wrapped: ["s1", "s2"] } };
    expect((await typed(words, { env: env() })).out).toBe(
      "wrapped reviewer@shop; ended 2 sessions: s1, s2\n",
    );
    hub.service.answers.wrap = { ok: { wrapped: [] } };
    expect((await typed(["wrap", "--session", "s1"], { env: env() })).out).toBe(
      "that session had ended already\n",
    );
  });
});

describe("failures of a hub", () => {
  it("say when a target was last heard from (invariant 4)", async () => {
    hub = await openTestServer();
    hub.service.answers.signal = {
      error: {
        code: "target_stale",
        message: "reviewer@shop was not heard from",
        hint: "start it",
        target: { address: "reviewer@shop", state: "stale", lastHeardAtMs: 1_795_000_000_000 },
      },
    };
    const { status, err } = await typed(["signal", "reviewer@shop", "hi"], { env: env() });
    expect(status).toBe(75);
    expect(err).toMatch(
      /^prism: reviewer@shop was not heard from\n {2}last heard from: 2026-\d\d-\d\d \d\d:\d\d:\d\d\n {2}hint: start it\n$/,
    );
  });

  it("a hub that goes down is no hub, and nobody's Ctrl-C", async () => {
    hub = await openTestServer();
    hub.service.answers.signal = { error: { code: "interrupted", message: "the hub is shutting down" } };
    const { status, err } = await typed(["signal", "reviewer@shop", "hi", "--key", "k1"], { env: env() });
    expect(status).toBe(69);
    expect(err).toContain("does not answer: the hub is shutting down");
    expect(err).toContain("--key k1");
  });

  it("tell the key of what may be lost as data, too", async () => {
    hub = await openTestServer();
    hub.service.answers.drain = { error: { code: "interrupted", message: "the hub is shutting down" } };
    const words = ["drain", "--persona", "reviewer", "--project", "shop", "--key", "k1", "--json"];
    const { out } = await typed(words, { env: env() });
    expect(JSON.parse(out)).toMatchObject({ error: { code: "hub_unreachable", key: "k1" } });
    const status = await typed(["status", "--json"], { env: { ...env(), PRISM_HUB: "http://127.0.0.1:9" } });
    expect(JSON.parse(status.out).error).not.toHaveProperty("key");
  });

  it("a token from the environment is mended there: a file would not be read", async () => {
    hub = await openTestServer();
    const wrong = { ...env(), PRISM_TOKEN: "wrong-token" };
    const { status, err } = await typed(["status"], { env: wrong });
    expect(status).toBe(77);
    expect(err).toContain("does not know the token in PRISM_TOKEN\n");
    expect(err).toContain("unset that");
  });

  it("doctor gives a sick hub's own reason, and its exit status", async () => {
    hub = await openTestServer();
    hub.service.healthy = async () => {
      throw new PrismError("storage_full", "the disk is full", { hint: "free some space" });
    };
    const { status, out } = await typed(["doctor", "--json", "--hub", hub.server.url], {
      env: { PRISM_TOKEN: TOKEN },
    });
    const checks: { name: string }[] = JSON.parse(out).checks;
    expect(checks.find(({ name }) => name === "hub")).toEqual({
      name: "hub",
      verdict: "fail",
      finding: `the hub at ${hub.server.url} is not well: the disk is full`,
      remedy: "free some space",
      code: "storage_full",
      topic: "hub",
    });
    expect(status).toBe(74);
  });
});

it("doctor looks at the disk on which the hub of this host keeps its store", async () => {
  const home = mkdtempSync(join(tmpdir(), "prism-home-"));
  const dataDir = mkdtempSync(join(tmpdir(), "prism-data-"));
  const hubFile = { url: "http://127.0.0.1:9", pid: 1, dataDir };
  writeFileSync(join(home, "hub.json"), JSON.stringify(hubFile));
  const { out } = await typed(["doctor", "--json"], { env: { PRISM_HOME: home } });
  const checks: { name: string; finding: string }[] = JSON.parse(out).checks;
  expect(checks.find(({ name }) => name === "disk")?.finding).toContain(`free in ${dataDir}`);
});

describe.skipIf(!hasOpenssl)("a certificate that is not trusted", () => {
  it("is not mended by starting another hub", async () => {
    const certificates = makeCertificates();
    const { folder } = certificates;
    const server = await openHubServer({
      service: new FakeHubService(),
      bearerOf: () => ({ tenant: "local", scope: "home" }),
      listen: { host: "127.0.0.1", port: 0 },
      tls: { certFile: join(folder, "server.pem"), keyFile: join(folder, "server.key") },
      plaintext: false,
      version: "1.0.0",
      log() {},
    });
    try {
      writeFileSync(join(folder, "hub.json"), JSON.stringify({ url: server.url }));
      const here = { PRISM_TOKEN: TOKEN, PRISM_HOME: folder };
      const { status, err } = await typed(["status"], { env: here });
      expect(status).toBe(69);
      expect(err).toContain("is not trusted");
      expect(err).toContain("--tls-ca FILE\n");
      const { out } = await typed(["doctor"], { env: here });
      expect(out).toContain("--tls-ca FILE\n");
      expect(out).not.toContain("start it");
      const inTheClear = server.url.replace("https:", "http:");
      const plain = await typed(["status", "--hub", inTheClear], { env: here });
      expect(plain.status).toBe(69);
      expect(plain.err).toContain("write https:// if it serves TLS");
    } finally {
      await server.close("the test is over");
      certificates.remove();
    }
  });
});

it("a key that was sent before promises nothing of a signal that is over", async () => {
  hub = await openTestServer();
  const answer = { id: "a-1", to: "reviewer@shop", acceptedAtMs: 0, expiresAtMs: 1, duplicate: true };
  hub.service.answers.signal = { ok: { ...answer, state: "drained" } };
  const words = ["signal", "reviewer@shop", "hi", "--key", "k"];
  expect((await typed(words, { env: env() })).out).toBe(
    "accepted a-1 for reviewer@shop\n  this key was sent before: drained\n",
  );
  hub.service.answers.signal = { ok: { ...answer, state: "delivered" } };
  expect((await typed(words, { env: env() })).out).toContain("delivered, kept until ");
});

it("an empty drain that could not be printed has nothing to be given again", async () => {
  hub = await openTestServer();
  const flush = async () => {
    throw new PrismError("storage_full", "could not write to standard output: the disk is full");
  };
  const words = ["drain", "--persona", "reviewer", "--project", "shop"];
  hub.service.answers.drain = { ok: { signals: [], key: "k1", remaining: 0, elsewhere: 0, repeated: false } };
  expect((await typed(words, { env: env(), flush })).err).not.toContain("--key");
  const signal = {
    id: "a-1",
    to: "reviewer@shop",
    from: null,
    urgency: "normal" as const,
    state: "drained" as const,
    acceptedAtMs: 0,
    expiresAtMs: 1,
    deliveredAtMs: null,
    drainedAtMs: 0,
    expiredAtMs: null,
    replyTo: null,
    final: false,
    text: "t",
  };
  hub.service.answers.drain = {
    ok: { signals: [signal], key: "k1", remaining: 0, elsewhere: 0, repeated: false },
  };
  expect((await typed(words, { env: env(), flush })).err).toContain("--key k1 gives the same signals again");
});
