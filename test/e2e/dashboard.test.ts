/**
 * The dashboard of the built executable, asked as a browser asks it: three daemons of which one is held up and one is
 * killed, the hub's end, the door, and a day that outlives the page and its daemon.
 */
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { HistorySummary, PersonaHistory, RecentSignals } from "../../src/dashboard/api.ts";
import type { Overview, PersonaView, SignalTrace } from "../../src/domain/overview.ts";
import { endStarted, type Program, run, scratch, start } from "../support/prism-process.ts";
import { ask } from "../support/test-server.ts";
import { untilSo } from "../support/until.ts";

const place = scratch();
afterAll(() => {
  endStarted();
  place.remove();
});

interface Page {
  readonly program: Program;
  readonly url: string;
  readonly link: string;
  get<T>(path: string): Promise<T>;
  overview(): Promise<Overview>;
}

/** Comes by the link as a browser does, and keeps its cookie. */
async function openPage(home: string): Promise<Page> {
  const program = await start(home, ["dashboard", "--listen", "127.0.0.1:0"]);
  const { url, link } = program.facts as { readonly url: string; readonly link: string };
  const { status, headers } = await ask(link, { method: "GET" });
  expect(status).toBe(303);
  const cookie = String(headers["set-cookie"]).split(";", 1)[0] ?? "";
  const get = async <T>(path: string): Promise<T> => {
    const answer = await ask(`${url}${path}`, { method: "GET", headers: { Cookie: cookie } });
    expect(answer.status).toBe(200);
    return JSON.parse(answer.text) as T;
  };
  return { program, url, link, get, overview: () => get<Overview>("/api/overview") };
}

const of = ({ personas }: Overview, persona: string): PersonaView | undefined =>
  personas.find((view) => view.persona === persona);

function daemonArgs(home: string, persona: string): string[] {
  const project = place.folder(join(`${home.split("/").at(-1)}-work`, "shop"));
  return ["daemon", "--persona", persona, "--project", project, "--surface", "terminal", "--host", "here"];
}

describe("the dashboard", () => {
  test("shows who is well, held up, killed and stopped, what waits for whom, and that the hub is gone", async () => {
    const home = place.folder("shown");
    const hub = await start(home, ["hub", "--listen", "127.0.0.1:0"]);
    const [well, held, killed] = [
      await start(home, daemonArgs(home, "well")),
      await start(home, daemonArgs(home, "held")),
      await start(home, daemonArgs(home, "killed")),
    ];
    const page = await openPage(home);
    const all = await untilSo(
      page.overview,
      ({ personas, hub: view }) => view.daemons === 3 && personas.length === 3,
    );
    expect(all.personas.map(({ standing }) => standing)).toEqual(["well", "well", "well"]);
    expect(all.hub).toMatchObject({ answers: true, url: hub.facts["url"] });

    const sent = await run(home, [
      "signal",
      "well@shop",
      "marked-secret-text",
      "--from",
      "killed@shop",
      "--json",
    ]);
    const { id } = JSON.parse(sent.out) as { readonly id: string };
    const rung = await untilSo(page.overview, (overview) => of(overview, "well")?.lastOutcome === "taken");
    expect(of(rung, "well")).toMatchObject({
      ...{ standing: "waiting", pending: 1, senders: [{ from: "killed@shop", count: 1 }] },
      surface: { name: "terminal", path: "standard output" },
    });
    const signals = await page.get<RecentSignals>("/api/signals?key=local/well@shop");
    expect(signals.signals).toMatchObject([{ id, from: "killed@shop" }]);
    expect(JSON.stringify(signals)).not.toContain("marked-secret");
    const trace = await untilSo(
      () => page.get<SignalTrace>(`/api/signal/${id}`),
      // The daemon tells the hub of its ring a moment after it rang.
      ({ steps }) => steps.some(({ name }) => name === "receipt"),
    );
    expect(trace.signal.state).toBe("delivered");
    expect(trace.steps.map(({ name }) => name)).toEqual([
      "accepted",
      "pushed",
      "acknowledged",
      "rung",
      "receipt",
    ]);

    held.child.kill("SIGSTOP");
    await killed.kill("SIGKILL");
    const hurt = await untilSo(
      page.overview,
      (overview) =>
        ["held", "killed"].every((persona) => of(overview, persona)?.standing === "deaf") &&
        of(overview, "held")?.state === "silent" &&
        of(overview, "killed")?.state === "down",
    );
    expect(of(hurt, "held")).toMatchObject({ standing: "deaf", pid: held.pid });
    expect(of(hurt, "held")?.reason).toContain(`process ${held.pid}`);
    expect(of(hurt, "killed")).toMatchObject({
      standing: "deaf",
      pid: null,
      root: expect.stringMatching(/shop$/),
    });
    expect(of(hurt, "killed")?.remedy).toContain(
      `prism daemon --persona killed --project ${of(hurt, "killed")?.root}`,
    );
    held.child.kill("SIGCONT");
    await untilSo(page.overview, (overview) => of(overview, "held")?.standing === "well");

    expect((await run(home, ["wrap", "--persona", "held", "--project", "shop"])).status).toBe(0);
    // Its daemon's end is seen at once, and why it ended with the hub's next word.
    await untilSo(
      page.overview,
      (overview) =>
        of(overview, "held")?.standing === "off" &&
        of(overview, "held")?.reason?.includes("ended in order") === true,
    );

    await hub.kill("SIGKILL");
    // First the connection is gone; then nobody listens any more.
    const lost = await untilSo(
      page.overview,
      ({ hub: view }) => !view.answers && view.reason?.includes("ECONNREFUSED") === true,
    );
    expect(of(lost, "well")?.state).not.toBe("silent");
    await page.program.kill("SIGTERM");
    expect(page.program.errors()).toBe("");
    await well.kill("SIGTERM");
  });

  test("keeps the day over a restart of the page and of the daemon", async () => {
    const home = place.folder("day");
    await start(home, ["hub", "--listen", "127.0.0.1:0"]);
    const first = await start(home, daemonArgs(home, "reviewer"));
    await run(home, ["signal", "reviewer@shop", "look here", "--from", "planner@shop"]);
    await untilSo(
      async () => first.lines.length,
      (lines) => lines > 0,
    );
    await first.kill("SIGTERM");
    const page = await openPage(home);
    const rings = async (from: Page): Promise<number> => {
      const { samples } = await from.get<PersonaHistory>("/api/history?key=local/reviewer@shop");
      return samples.reduce((sum, { rung }) => sum + rung, 0);
    };
    expect(await rings(page)).toBe(1);
    const second = await start(home, daemonArgs(home, "reviewer"));
    await page.program.kill("SIGTERM");
    const again = await openPage(home);
    expect(await rings(again)).toBe(1);
    const { personas } = await again.get<HistorySummary>("/api/history");
    expect(
      personas.map(({ key, rung }) => [key, rung.reduce((sum: number, count) => sum + (count ?? 0), 0)]),
    ).toEqual([["local/reviewer@shop", 1]]);
    await second.kill("SIGTERM");
  });

  test("lets in by one link once, and nobody else; its page is one document that asks nobody", async () => {
    const home = place.folder("door");
    const page = await openPage(home);
    expect((await ask(page.link, { method: "GET" })).status).toBe(403);
    expect((await ask(`${page.url}/api/overview`, { method: "GET" })).status).toBe(401);
    expect((await ask(page.url, { method: "GET", headers: { Host: "evil.example" } })).status).toBe(403);
    expect((await ask(page.url, { method: "GET", headers: { Origin: "http://evil.example" } })).status).toBe(
      403,
    );
    expect((await ask(`${page.url}/api/overview`, { method: "POST" })).status).toBe(405);
    // Without a hub, a daemon or a token it still opens, and says what is missing.
    const { hub, personas } = await page.overview();
    expect(personas).toEqual([]);
    expect(hub).toMatchObject({ answers: false, reason: expect.stringContaining("no hub was ever started") });

    const opened = await start(home, ["dashboard"]);
    const { headers } = await ask(String(opened.facts["link"]), { method: "GET" });
    const cookie = String(headers["set-cookie"]).split(";", 1)[0] ?? "";
    const { text, headers: said } = await ask(String(opened.facts["url"]), {
      method: "GET",
      headers: { Cookie: cookie },
    });
    expect(text).toContain('<div id="page">');
    expect(text).not.toMatch(/(src|href)="(?!data:|#)/);
    expect(String(said["content-security-policy"])).toContain("default-src 'none'");
    const elsewhere = await run(home, ["dashboard", "--listen", "0.0.0.0:0", "--no-open"]);
    expect(elsewhere.status).toBe(64);
    expect(elsewhere.err).toContain("SSH tunnel");
  });
});
