/**
 * Signals a second, end to end: senders over the hub's socket to 50 recipients that are connected as daemons,
 * acknowledge what is pushed to them, and drain. Each step is on disk before it is answered. A round ends when
 * the last signal sent has been drained, so nothing is counted that only waits somewhere.
 *
 * Peer: mosquitto, publish to 50 persistent sessions at QoS 1, the same texts, senders and depth.
 */

import { flushSoon, type LeanCaller, openLeanCaller } from "./hub-load.ts";
import { startMosquitto } from "./mosquitto.ts";
import { type MqttClient, openMqtt } from "./mqtt-load.ts";
import { cpuTimeNs, type Hub, makeFolder, startHub } from "./programs.ts";
import { openRecipient } from "./recipient.ts";
import { type BenchRow, median, peerOf } from "./row.ts";

const RECIPIENTS = 50;
const SENDERS = 8;
const IN_FLIGHT = 64;
const TEXT = "x".repeat(256);
const ROUND_MS = 3000;
const ROUNDS = 5;

interface Round {
  readonly perSecond: number;
  /** Share of one processor that the system under test, and this load, took. */
  readonly serverShare: number;
  readonly loadShare: number;
}

/** One system under load: sends until told to stop, and knows how many have come out at the other end. */
interface Course {
  readonly pid: number;
  begin(): void;
  /** Stops sending; settles when everything sent has arrived. */
  finish(): Promise<void>;
  arrived(): number;
}

export async function measureThroughput(): Promise<readonly BenchRow[]> {
  const hub = await startHub(makeFolder());
  const broker = await startMosquitto();
  const ours = await hubCourse(hub);
  const theirs = broker === null ? null : await brokerCourse(broker.port, broker.pid);
  const rounds: Round[] = [];
  const peerRounds: Round[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const measured = await run(ours);
    const peerMeasured = theirs === null ? null : await run(theirs);
    // The first pair warms both up.
    if (round < 0) continue;
    rounds.push(measured);
    if (peerMeasured !== null) peerRounds.push(peerMeasured);
  }
  await broker?.stop();
  await hub.stop();
  return [rowOf(rounds, peerRounds)];
}

function rowOf(rounds: readonly Round[], peerRounds: readonly Round[]): BenchRow {
  const ours = rounds.map((round) => round.perSecond);
  const theirs = peerRounds.map((round) => round.perSecond);
  const shares = `hub ${percent(rounds, "serverShare")} of a processor, load ${percent(rounds, "loadShare")}`;
  const peerShares = `mosquitto ${percent(peerRounds, "serverShare")}, load ${percent(peerRounds, "loadShare")}`;
  return {
    what: `end to end to ${RECIPIENTS} recipients, acknowledged on disk`,
    unit: "signals/s",
    value: median(ours),
    goal: { atLeast: 45_000 },
    ...(theirs.length === 0 ? {} : { peers: [peerOf("mosquitto QoS 1", { ours, theirs }, 1.5)] }),
    note: theirs.length === 0 ? `${shares}; mosquitto is not installed` : `${shares}; ${peerShares}`,
  };
}

function percent(rounds: readonly Round[], share: "serverShare" | "loadShare"): string {
  return `${Math.round(median(rounds.map((round) => round[share])) * 100)} %`;
}

async function run(course: Course): Promise<Round> {
  const cpuBefore = cpuTimeNs(course.pid);
  const ownBefore = process.cpuUsage();
  const arrivedBefore = course.arrived();
  const startedAt = performance.now();
  course.begin();
  await new Promise((wake) => setTimeout(wake, ROUND_MS));
  await course.finish();
  const spentMs = performance.now() - startedAt;
  const own = process.cpuUsage(ownBefore);
  return {
    perSecond: ((course.arrived() - arrivedBefore) / spentMs) * 1000,
    serverShare: (cpuTimeNs(course.pid) - cpuBefore) / 1e6 / spentMs,
    loadShare: (own.user + own.system) / 1000 / spentMs,
  };
}

/** What both courses share: how many are under way, and the wait until none is. */
function ledger() {
  let sent = 0;
  let arrived = 0;
  let done: (() => void) | null = null;
  return {
    sending: false,
    sent: () => sent++,
    arrive(count: number) {
      arrived += count;
      if (arrived === sent) done?.();
    },
    arrived: () => arrived,
    settled: () =>
      new Promise<void>((settle) => {
        done = settle;
        if (arrived === sent) settle();
      }),
  };
}

async function hubCourse(hub: Hub): Promise<Course> {
  const book = ledger();
  for (let recipient = 0; recipient < RECIPIENTS; recipient++) {
    await openRecipient(hub, `r${recipient}`, book.arrive);
  }
  const senders: LeanCaller[] = [];
  for (let sender = 0; sender < SENDERS; sender++) senders.push(await openLeanCaller(hub));
  let turn = 0;
  const sendOne = (sender: LeanCaller): void => {
    book.sent();
    const to = `r${turn++ % RECIPIENTS}@bench`;
    sender.call("signal", `{"to":"${to}","text":"${TEXT}"}`, () => {
      if (!book.sending) return;
      sendOne(sender);
      flushSoon(sender);
    });
  };
  return courseOf({ pid: hub.pid, book, senders, sendOne });
}

/** The same for both: every sender keeps as many under way, and each answer lets the next one go. */
function courseOf<S extends { flush(): void }>(parts: {
  readonly pid: number;
  readonly book: ReturnType<typeof ledger>;
  readonly senders: readonly S[];
  readonly sendOne: (sender: S) => void;
}): Course {
  const { pid, book, senders, sendOne } = parts;
  return {
    pid,
    begin() {
      book.sending = true;
      for (const sender of senders) {
        for (let depth = 0; depth < IN_FLIGHT; depth++) sendOne(sender);
        sender.flush();
      }
    },
    finish() {
      book.sending = false;
      return book.settled();
    },
    arrived: book.arrived,
  };
}

async function brokerCourse(port: number, pid: number): Promise<Course> {
  const book = ledger();
  for (let recipient = 0; recipient < RECIPIENTS; recipient++) {
    const client = await openMqtt({ port, clientId: `r${recipient}`, received: () => book.arrive(1) });
    await client.subscribe(`bench/r${recipient}`);
  }
  const senders: MqttClient[] = [];
  for (let sender = 0; sender < SENDERS; sender++) {
    senders.push(await openMqtt({ port, clientId: `s${sender}`, received: () => {} }));
  }
  const payload = Buffer.from(TEXT);
  let turn = 0;
  const sendOne = (sender: MqttClient): void => {
    book.sent();
    sender.publish(`bench/r${turn++ % RECIPIENTS}`, payload, () => {
      if (book.sending) sendOne(sender);
    });
  };
  return courseOf({ pid, book, senders, sendOne });
}
