// The beginning of the page: a report when a document lies in it, else the page of a server.
import { render } from "preact";
import { App } from "./app";
import { inside, served } from "./source";
import { applyTheme } from "./theme";
import type { AnyDocument } from "./view";

/** Milliseconds that the first picture is waited for, at most. */
const PATIENCE = 100;

function start(): void {
  const root = document.getElementById("app");
  if (root === null) return;
  root.textContent = "";
  const data = document.getElementById("maspo-document");
  if (data !== null) {
    const found = JSON.parse(data.textContent ?? "null") as AnyDocument;
    render(<App source={inside(found)} first={found} />, root);
    return;
  }
  // Given once by whoever started the server; it leaves the address, so that no copied link carries it.
  const token = /[#&]token=([^&]+)/.exec(location.hash)?.[1] ?? "";
  // It leaves the address; the place that the address leads to stays.
  const place = location.hash.replace(/&?token=[^&]+/, "");
  if (token) history.replaceState(null, "", location.pathname + location.search + (place === "#" ? "" : place));
  render(<App source={served(token)} first={null} />, root);
}

/** What the outcome is stands in the page of a report before any script: it is painted first, then the rest is made. */
function startOncePainted(): void {
  const painted = document.querySelector("#app > *") !== null && !location.hash && document.visibilityState === "visible";
  if (!painted) return start();
  let begun = false;
  const once = () => {
    if (!begun) start();
    begun = true;
  };
  requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, PATIENCE);
}

applyTheme();
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startOncePainted);
else startOncePainted();
