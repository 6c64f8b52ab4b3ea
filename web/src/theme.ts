// Light or dark: as the system says, until the reader says otherwise.

const KEY = "maspo-theme";
export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export function theme(): Theme {
  try {
    const found = localStorage.getItem(KEY);
    return THEMES.find((one) => one === found) ?? "auto";
  } catch {
    return "auto"; // a browser that keeps nothing for files
  }
}

export function applyTheme(chosen: Theme = theme()): void {
  document.documentElement.dataset.theme = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // nothing is kept, and nothing is lost
  }
}
