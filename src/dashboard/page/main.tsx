/** Where the page begins. */
import { render } from "preact";
import { App } from "./app.tsx";
import { startClock } from "./clock.ts";
import { startKeyboard } from "./keyboard.ts";
import { startTheme } from "./preferences.ts";
import { startSession } from "./session.ts";

startTheme();
startClock();
startKeyboard();
startSession();
const root = document.getElementById("page");
if (root !== null) render(<App />, root);
