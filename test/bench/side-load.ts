/**
 * A process of its own that keeps other personas' traffic running beside a measurement: signals at a steady
 * rate to ten recipients that drain them. Started by the bench, as `node side-load.ts PORT RATE`, the token in
 * its environment; ends when it is told to, and says then what it really achieved.
 */
import { openLeanCaller } from "./hub-load.ts";
import { openRecipient } from "./recipient.ts";

const RECIPIENTS = 10;
const TICK_MS = 5;
const TEXT = "x".repeat(256);

async function main(): Promise<void> {
  const hub = { port: Number(process.argv[2]), token: process.env["BENCH_TOKEN"] ?? "" };
  const perTick = (Number(process.argv[3]) * TICK_MS) / 1000;
  let arrived = 0;
  for (let recipient = 0; recipient < RECIPIENTS; recipient++) {
    await openRecipient(hub, `beside${recipient}`, (count) => {
      arrived += count;
    });
  }
  const sender = await openLeanCaller(hub);
  const startedAt = performance.now();
  let sent = 0;
  setInterval(() => {
    // By the clock, not by ticks: a late tick sends what is missing, but never a burst after a long stall.
    const due = Math.floor(((performance.now() - startedAt) / TICK_MS) * perTick);
    sent = Math.max(sent, due - 4 * perTick);
    for (; sent < due; sent++) {
      sender.call("signal", `{"to":"beside${sent % RECIPIENTS}@bench","text":"${TEXT}"}`, () => {});
    }
    sender.flush();
  }, TICK_MS);
  process.once("SIGTERM", () => {
    const perSecond = (arrived / (performance.now() - startedAt)) * 1000;
    process.stdout.write(`${JSON.stringify({ perSecond })}\n`, () => process.exit(0));
  });
  console.log("running");
}

await main();
