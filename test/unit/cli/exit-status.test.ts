import { expect, it } from "vitest";
import { ConfigError, EXIT, EXIT_STATUSES, exitStatusOf } from "../../../src/cli/exit-status.ts";
import { ERROR_CODES, PrismError } from "../../../src/domain/errors.ts";

it("every failure has a status of sysexits(3), or a shell's own for an interrupt", () => {
  for (const code of ERROR_CODES) {
    const status = exitStatusOf(new PrismError(code, "x"));
    expect(status, code).toBe(EXIT_STATUSES[code]);
    expect(status === 130 || (status >= 64 && status <= 78), code).toBe(true);
  }
});

it("whatever the code, a fault of the configuration is EX_CONFIG", () => {
  expect(exitStatusOf(new ConfigError(new PrismError("invalid_argument", "x")))).toBe(EXIT.config);
  expect(exitStatusOf(new PrismError("invalid_argument", "x"))).toBe(EXIT.usage);
});

it("what is no failure of ours is a bug", () => {
  expect([exitStatusOf(new TypeError("x")), exitStatusOf("x"), exitStatusOf(undefined)]).toEqual([
    70, 70, 70,
  ]);
});
