// The beginning of the app: a report when a document lies in the page, else the page of a server.
import { render } from "preact";
import { App } from "./app";
import { inside, served } from "./source";
import type { AnyDocument } from "./view";

const TOKEN = "maspo-token";

function start(): void {
  const root = document.getElementById("app");
  if (root === null) return;
  root.textContent = "";
  document.documentElement.classList.remove("elsewhere");
  const data = document.getElementById("maspo-document");
  if (data !== null) {
    const found = JSON.parse(data.textContent ?? "null") as AnyDocument;
    render(<App source={inside(found)} first={found} />, root);
    return;
  }
  // Given once by whoever started the server; it leaves the address, so that no copied link carries it.
  const token = kept(/[#&]token=([^&]+)/.exec(location.hash)?.[1]);
  // It leaves the address; the place that the address leads to stays.
  const place = location.hash.replace(/&?token=[^&]+/, "");
  if (location.hash.includes("token=")) history.replaceState(null, "", location.pathname + location.search + (place === "#" ? "" : place));
  render(<App source={served(token)} first={null} />, root);
}

/** The token, which this tab keeps, so that a page that is loaded again may still decide. */
function kept(given: string | undefined): string {
  try {
    if (given) sessionStorage.setItem(TOKEN, given);
    return given ?? sessionStorage.getItem(TOKEN) ?? "";
  } catch {
    return given ?? ""; // a browser that keeps nothing
  }
}

start();
