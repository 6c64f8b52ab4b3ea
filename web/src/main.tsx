// The beginning of the page: a report when a document lies in it, else the page of a server.
import { render } from "preact";
import { App } from "./app";
import { inside, served } from "./source";
import { applyTheme } from "./theme";
import type { AnyDocument } from "./view";

function start(): void {
  applyTheme();
  const root = document.getElementById("app");
  if (root === null) return;
  const data = document.getElementById("maspo-document");
  if (data !== null) {
    const found = JSON.parse(data.textContent ?? "null") as AnyDocument;
    render(<App source={inside(found)} first={found} />, root);
    return;
  }
  // Given once by whoever started the server; it leaves the address, so that no copied link carries it.
  const token = /[#&]token=([^&]+)/.exec(location.hash)?.[1] ?? "";
  if (token) history.replaceState(null, "", location.pathname + location.search);
  render(<App source={served(token)} first={null} />, root);
}

start();
