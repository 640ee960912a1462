/**
 * Every verb, in the order and groups in which help lists them. Each is loaded when it is called, so that a
 * daemon holds nothing of the hub and the hub nothing of the tour (memory is counted per daemon).
 */
import type { VerbEntry, VerbEntryGroup } from "./verb.ts";

export const VERB_GROUPS: readonly VerbEntryGroup[] = [
  {
    title: "First minute",
    verbs: [
      {
        name: "up",
        summary: "see the whole path at work, on this host, at once",
        load: async () => (await import("./up.ts")).up,
      },
    ],
  },
  {
    title: "Speak",
    verbs: [
      {
        name: "signal",
        summary: "tell a persona something, durably",
        load: async () => (await import("./signal.ts")).signal,
      },
      {
        name: "signal-status",
        summary: "ask what became of a signal",
        load: async () => (await import("./signal-status.ts")).signalStatus,
      },
      {
        name: "drain",
        summary: "take the signals that wait, oldest first",
        load: async () => (await import("./drain.ts")).drain,
      },
      {
        name: "history",
        summary: "read past signals again, newest first",
        load: async () => (await import("./history.ts")).history,
      },
      {
        name: "wrap",
        summary: "end a session, or a persona's watch over a project",
        load: async () => (await import("./wrap.ts")).wrap,
      },
    ],
  },
  {
    title: "See",
    verbs: [
      {
        name: "status",
        summary: "who is registered and alive, and what waits for whom",
        load: async () => (await import("./status.ts")).status,
      },
      {
        name: "top",
        summary: "every persona of this host on one screen, as it is now",
        load: async () => (await import("./top.ts")).top,
      },
      {
        name: "watch",
        summary: "what happens at the personas of this host, as it happens",
        load: async () => (await import("./watch.ts")).watch,
      },
      {
        name: "dashboard",
        summary: "see every persona of this host in a browser, as it happens",
        load: async () => (await import("./dashboard.ts")).dashboard,
      },
      {
        name: "logs",
        summary: "what the programs of this host have logged, and as it comes",
        load: async () => (await import("./logs.ts")).logs,
      },
      {
        name: "metrics",
        summary: "what the daemons of this host count, as a page for Prometheus",
        load: async () => (await import("./metrics.ts")).metrics,
      },
      {
        name: "metrics serve",
        summary: "one address at which Prometheus reads all of them",
        load: async () => (await import("./metrics/serve.ts")).metricsServe,
      },
    ],
  },
  {
    title: "Personas",
    verbs: [
      {
        name: "persona create",
        summary: "from a folder to an agent that can be woken, in one step",
        load: async () => (await import("./persona/create.ts")).personaCreate,
      },
      {
        name: "persona destroy",
        summary: "take all of that back",
        load: async () => (await import("./persona/destroy.ts")).personaDestroy,
      },
      {
        name: "persona archive",
        summary: "take one off duty, and keep everything",
        load: async () => (await import("./persona/archive.ts")).personaArchive,
      },
      {
        name: "persona restore",
        summary: "put it back on duty",
        load: async () => (await import("./persona/restore.ts")).personaRestore,
      },
      {
        name: "persona list",
        summary: "all of them, and how each fares",
        load: async () => (await import("./persona/list.ts")).personaList,
      },
      {
        name: "persona show",
        summary: "all that is known of one",
        load: async () => (await import("./persona/show.ts")).personaShow,
      },
    ],
  },
  {
    title: "Set up",
    verbs: [
      {
        name: "surface add",
        summary: "set an agent up in the program that it lives in",
        load: async () => (await import("./surface/add.ts")).surfaceAdd,
      },
      {
        name: "surface remove",
        summary: "take that back, to the byte",
        load: async () => (await import("./surface/remove.ts")).surfaceRemove,
      },
      {
        name: "surface list",
        summary: "what is set up where, and whether it still stands",
        load: async () => (await import("./surface/list.ts")).surfaceList,
      },
    ],
  },
  {
    title: "Run",
    verbs: [
      {
        name: "hub",
        summary: "keep signals safe and push them to daemons",
        load: async () => (await import("./hub.ts")).hub,
      },
      {
        name: "daemon",
        summary: "stand watch for one persona in one project",
        load: async () => (await import("./daemon.ts")).daemon,
      },
      {
        name: "mcp",
        summary: "serve the verbs to an agent, over stdio",
        load: async () => (await import("./mcp.ts")).mcp,
      },
      {
        name: "hook",
        summary: "serve the hooks of an agent's client",
        load: async () => (await import("./hook.ts")).hook,
      },
    ],
  },
  {
    title: "Install",
    verbs: [
      {
        name: "install",
        summary: "put prism where a user's programs are",
        load: async () => (await import("./install.ts")).installOf(VERB_GROUPS),
      },
      {
        name: "upgrade",
        summary: "replace it by another version, and start all on that",
        load: async () => (await import("./upgrade.ts")).upgrade,
      },
      {
        name: "uninstall",
        summary: "leave nothing of it but the data",
        load: async () => (await import("./uninstall.ts")).uninstallOf(VERB_GROUPS),
      },
    ],
  },
  {
    title: "Care",
    verbs: [
      {
        name: "service install",
        summary: "have this host keep a hub or a daemon alive",
        load: async () => (await import("./service/install.ts")).serviceInstall,
      },
      {
        name: "service uninstall",
        summary: "stop one, and take it out of this host's keeping",
        load: async () => (await import("./service/uninstall.ts")).serviceUninstall,
      },
      {
        name: "service restart",
        summary: "start what this host keeps alive anew, one by one",
        load: async () => (await import("./service/restart.ts")).serviceRestart,
      },
      {
        name: "service status",
        summary: "what this host keeps alive, and how it fares",
        load: async () => (await import("./service/status.ts")).serviceStatus,
      },
      {
        name: "service keep",
        summary: "keep one alive where the system can't: on Windows",
        load: async () => (await import("./service/keep.ts")).serviceKeep,
      },
      {
        name: "doctor",
        summary: "check this host, and say what to mend",
        load: async () => (await import("./doctor.ts")).doctor,
      },
      {
        name: "completions",
        summary: "what makes a shell complete verbs, flags and names",
        load: async () => (await import("./completions.ts")).completionsOf(VERB_GROUPS),
      },
      {
        name: "man",
        summary: "the manual, as a page for man",
        load: async () => (await import("./man.ts")).manOf(VERB_GROUPS),
      },
      {
        name: "licenses",
        summary: "the licences of all that lies in this executable",
        load: async () => (await import("./licenses.ts")).licenses,
      },
    ],
  },
];

/** By name; some names are of two words. */
export const VERBS_BY_NAME: ReadonlyMap<string, VerbEntry> = new Map(
  VERB_GROUPS.flatMap((group) => group.verbs.map((entry) => [entry.name, entry] as const)),
);
