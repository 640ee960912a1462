/** A plan as a person reads it before it is run: files whole, commands as they would be typed. */
import { posixLine } from "../../clients/hook-command.ts";
import type { Argv, Plan, Step } from "../../launchers/plan.ts";
import { windowsWord } from "../../launchers/task-scheduler/task-xml.ts";
import type { Ink } from "../layout.ts";

export function planText(plan: Plan, ink: Ink, platform: NodeJS.Platform = process.platform): string {
  return plan.map((step) => `${ink.bold(step.says)}\n${stepText(step, platform)}`).join("");
}

function stepText(step: Step, platform: NodeJS.Platform): string {
  switch (step.do) {
    case "write":
      return `  ${step.path}\n${indented(step.text)}`;
    case "remove":
      return `  ${step.path}\n`;
    case "run": {
      const alike = step.powershell === undefined ? "" : `  # or in PowerShell:\n  ${step.powershell}\n`;
      return `  ${lineOf(step.argv, platform)}\n${alike}`;
    }
  }
}

function lineOf(argv: Argv, platform: NodeJS.Platform): string {
  return platform === "win32" ? argv.map(windowsWord).join(" ") : posixLine(argv);
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "    ");
}
