/** A service as `prism service install` would have it kept, and the nastiest words that one can hold. */
import fc from "fast-check";
import type { LauncherSpec } from "../../src/launchers/spec.ts";

export const daemonSpec: LauncherSpec = {
  name: "prism-daemon-local-reviewer",
  owner: { kind: "daemon", home: "/home/ann/.prism", tenant: "local", persona: "reviewer", project: "shop" },
  about: "Prism daemon: rings reviewer@shop in /home/ann/shop",
  program: ["/usr/local/bin/prism", "daemon", "--persona", "reviewer", "--project", "/home/ann/shop"],
  env: { PATH: "/usr/local/bin:/usr/bin" },
  logPath: "/home/ann/.prism/log/prism-daemon-local-reviewer.log",
  startsOthers: true,
};

export const hubSpec: LauncherSpec = {
  name: "prism-hub",
  owner: { kind: "hub", home: "/home/ann/.prism" },
  about: "Prism hub: keeps signals between AI agents",
  program: ["/usr/local/bin/prism", "hub"],
  env: {},
  logPath: "/home/ann/.prism/log/prism-hub.log",
  startsOthers: false,
};

const TRICKS = [
  ..." \"'`\\$%&<>;:|@!+-#~*?()[]{}=,^",
  "%h",
  "%%",
  "$HOME",
  "$(id)",
  "$$",
  "\\n",
  "\\x41",
  "\\",
  '\\"',
  '\\\\"',
  "--",
  "-->",
  "]]>",
  "&amp;",
  "<string>",
  "\u00e4\u00f6",
  "\u{1f514}",
  "\u200f",
  "prism-service {}",
];

/** Any text that a service's file may hold. */
export const hostileWord = fc
  .array(
    fc.oneof(
      { weight: 1, arbitrary: fc.string({ unit: "grapheme" }) },
      { weight: 4, arbitrary: fc.constantFrom(...TRICKS) },
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join("").replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, ""));

export const hostileSpec: fc.Arbitrary<LauncherSpec> = fc
  .record({
    words: fc.array(hostileWord, { maxLength: 6 }),
    path: hostileWord,
    value: hostileWord,
    home: hostileWord,
  })
  .map(({ words, path, value, home }) => ({
    ...daemonSpec,
    owner: { ...daemonSpec.owner, home: `/h/${home}` },
    about: `Prism daemon: rings reviewer@shop in /${path}`,
    program: [`/opt/${path.replaceAll("/", "")}/prism`, ...words],
    env: { PATH: `/bin:/${value}`, PRISM_HOME: value },
    logPath: `/home/ann/${path}.log`,
  }));
