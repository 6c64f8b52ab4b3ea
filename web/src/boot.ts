// Runs before anything is painted: chooses the theme, and begins the app once the first frame of the page is there.
import { applyTheme } from "./theme";

/** Milliseconds that the first frame is waited for, at most. */
const PATIENCE = 100;

applyTheme();
// A link may lead to another page than the one that lies here as text.
const elsewhere = !/^(?:#\/?(?:overview)?)?$/.test(location.hash);
document.documentElement.classList.toggle("elsewhere", elsewhere);

/** Let the app run: until now its text was no script, so that reading it held nothing up. */
function begin(): void {
  const script = document.createElement("script");
  script.textContent = document.getElementById("maspo-app")?.textContent ?? "";
  document.body.append(script);
}

function beginOncePainted(): void {
  const painted = document.querySelector("#app > *") !== null && !elsewhere && document.visibilityState === "visible";
  if (!painted) return begin();
  let begun = false;
  const once = () => {
    if (!begun) begin();
    begun = true;
  };
  requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, PATIENCE);
}

document.addEventListener("DOMContentLoaded", beginOncePainted);
