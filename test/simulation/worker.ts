/** Runs the jobs it is sent, one at a time, on a core of its own. */
import { parentPort } from "node:worker_threads";
import { type Job, runJob } from "./tally.ts";

parentPort?.on("message", (job: Job) => parentPort?.postMessage(runJob(job)));
