/** The checker sees each broken promise about doorbells, views and failures, and none where none is broken. */
import { describe } from "vitest";
import { brokenBy, DAY, EMPTY, NAMES, type Play, textOf, VIEW } from "./play.ts";

describe("doorbells", () => {
  const rung = (play: Play): void => {
    play.connect();
    play.hears(VIEW);
    play.rings(1);
  };
  brokenBy([
    {
      name: "first, repeated when due, and again for news after a drain",
      invariant: null,
      play(play) {
        rung(play);
        play.nowMs += 30_000;
        play.rings(2);
        play.nowMs += 60_000;
        play.rings(3);
        play.hears({ ...VIEW, revision: 3, through: 2, told: 1, drains: 1 });
        play.rings(4);
      },
    },
    {
      name: "before anything is settled",
      invariant: 7,
      play(play) {
        play.checker.daemonUp(play.daemon, true);
        play.checker.lifecycle(play.daemon, "reconciling");
        play.hears(VIEW);
        play.rings(1);
      },
    },
    {
      name: "for what the daemon knows to be drained",
      invariant: 6,
      play(play) {
        rung(play);
        play.hears(EMPTY);
        play.nowMs += DAY;
        play.rings(2);
      },
    },
    {
      name: "with a count that is not so",
      invariant: 6,
      play(play) {
        play.connect();
        play.hears(VIEW);
        play.rings(1, { open: 2 });
      },
    },
    {
      name: "with a text in it",
      invariant: 5,
      play(play) {
        play.connect();
        play.hears(VIEW);
        play.rings(1, { senders: [{ from: textOf(1), count: 1 }] });
      },
    },
    {
      name: "repeated too soon",
      invariant: 6,
      play(play) {
        rung(play);
        play.nowMs += 29_000;
        play.rings(2);
      },
    },
    {
      name: "repeated without growing gaps",
      invariant: 6,
      play(play) {
        rung(play);
        play.nowMs += 30_000;
        play.rings(2);
        play.nowMs += 30_000;
        play.rings(3);
      },
    },
    {
      name: "for more signals while one stands",
      invariant: 6,
      play(play) {
        rung(play);
        play.hears({ ...VIEW, revision: 2, through: 2, open: 2, senders: [{ from: "", count: 2 }] });
        play.rings(2, { open: 2 });
      },
    },
    {
      name: "at once for what a drain knowingly left",
      invariant: 6,
      play(play) {
        rung(play);
        play.hears({ ...VIEW, revision: 2, through: 1, told: 1, drains: 1 });
        play.rings(2);
      },
    },
    {
      name: "while another is under way",
      invariant: 6,
      play(play) {
        play.connect();
        play.hears(VIEW);
        const bell = { ring: 1, attempt: 1, ...NAMES, ...VIEW };
        play.checker.rang(play.daemon, bell);
        play.checker.rang(play.daemon, { ...bell, ring: 2 });
      },
    },
  ]);
});

describe("the rest", () => {
  brokenBy([
    {
      name: "a view that contradicts itself",
      invariant: 6,
      play: (play) => play.start({ ...VIEW, open: 3 }),
    },
    {
      name: "a view that goes back",
      invariant: 3,
      play(play) {
        play.start(EMPTY);
        play.start(VIEW);
      },
    },
    {
      name: "two views of one revision",
      invariant: 6,
      play(play) {
        play.start(VIEW);
        play.start({ ...VIEW, through: 2 });
      },
    },
    {
      name: "a crowd of daemons that dial at once",
      invariant: 7,
      play(play) {
        for (let i = 0; i < 21; i++) play.checker.dialled(play.daemon, true);
      },
    },
    {
      name: "as many, spread out",
      invariant: null,
      play(play) {
        for (let i = 0; i < 21; i++) {
          play.checker.dialled(play.daemon, true);
          play.nowMs += 10;
        }
      },
    },
    {
      name: "a failure outside the closed set",
      invariant: 9,
      play: (play) => play.refuses("status", {}, { code: "odd" as never, message: "?" }),
    },
    {
      name: "a bug that reaches a peer",
      invariant: 9,
      play: (play) => play.refuses("status", {}, { code: "internal", message: "?" }),
    },
    {
      name: "an error class outside the closed set",
      invariant: 9,
      play: (play) => play.checker.errorCounted(play.daemon, { code: "internal", message: "?" }),
    },
    {
      name: "a crash of the parts",
      invariant: 0,
      play: (play) => play.checker.broke(play.daemon, "connected may not lead to nowhere"),
    },
  ]);
});
