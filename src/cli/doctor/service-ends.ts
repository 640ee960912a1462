/** What the end of a service means in words: its exit status, or what the service manager says instead. One table. */
import { EXIT, FINAL_STATUSES } from "../exit-status.ts";

export interface ServiceEnd {
  /** To stand behind "it ended with": `exit status 78: its configuration is at fault`. */
  readonly words: string;
  /** Started again it would only say the same. */
  readonly isFinal: boolean;
}

const STATUS_WORDS: { readonly [status: number]: string } = {
  [EXIT.usage]: "its command line is at fault, and no start mends that",
  [EXIT.data]: "what it was given to read is broken",
  [EXIT.noInput]: "something that it needs does not exist",
  [EXIT.noUser]: "its address is not known, or takes no more",
  [EXIT.unavailable]: "a part that it needs is not there",
  [EXIT.software]: "a bug in Prism",
  [EXIT.osError]: "the system refused something, as a port that is taken",
  [EXIT.cantCreate]: "another process holds its place",
  [EXIT.ioError]: "the disk is full or broken",
  [EXIT.tempFail]: "something was not ready",
  [EXIT.protocol]: "the other side speaks another version",
  [EXIT.noPermission]: "a token or the system says no",
  [EXIT.config]: "its configuration is at fault or its persona archived, and no start mends that",
  126: "its program may not be executed",
  127: "its program was not found",
  // systemd's own. Source: systemd.exec(5), "Process Exit Codes".
  200: "its folder can't be entered",
  203: "its program could not be started",
  217: "its user is not known",
};

/** Words of systemd's `Result`. Source: systemd.service(5), $SERVICE_RESULT. */
const RESULT_WORDS: { readonly [result: string]: string } = {
  watchdog: "it hung, and was ended by its watchdog",
  timeout: "it did not say in time that it is ready, or did not end in time",
  signal: "something killed it",
  "core-dump": "it crashed",
  "oom-kill": "the host ran out of memory",
  "start-limit-hit": "it failed so often that the system tries no more",
  protocol: "it ended without saying that it was ready",
  resources: "the host has no room for it",
};

/** @param why as a launcher's status says it: `exit status 78`, `watchdog`, `last result 78` */
export function serviceEnd(why: string): ServiceEnd {
  const status = Number(/^(?:exit status|last result) (\d+)$/.exec(why)?.[1] ?? Number.NaN);
  const meaning = STATUS_WORDS[status] ?? RESULT_WORDS[why];
  return {
    words: meaning === undefined ? why : `${why}: ${meaning}`,
    isFinal: (FINAL_STATUSES as readonly number[]).includes(status),
  };
}
