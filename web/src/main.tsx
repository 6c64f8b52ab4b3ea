// The beginning of the app: a report when a document lies in the page, else the page of a server.
import { render } from "preact";
import { App } from "./app";
import { inside, served } from "./source";
import type { AnyDocument } from "./view";

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
  const token = /[#&]token=([^&]+)/.exec(location.hash)?.[1] ?? "";
  // It leaves the address; the place that the address leads to stays.
  const place = location.hash.replace(/&?token=[^&]+/, "");
  if (token) history.replaceState(null, "", location.pathname + location.search + (place === "#" ? "" : place));
  render(<App source={served(token)} first={null} />, root);
}

start();
