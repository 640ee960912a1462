/**
 * Whether anybody listens on a local socket. Sends nothing.
 */
import { connect } from "node:net";
import { errnoOf } from "../host/fs-error.ts";

const PROBE_MS_MAX = 1000;

/**
 * @returns false only if the system says that nobody listens: a listener too busy to answer in time is alive,
 *   and its socket must not be taken from it
 */
export function socketAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(PROBE_MS_MAX, () => settle(true));
    socket.once("connect", () => settle(true));
    socket.once("error", (error) => settle(!["ECONNREFUSED", "ENOENT", "ENOTSOCK"].includes(errnoOf(error))));
  });
}
