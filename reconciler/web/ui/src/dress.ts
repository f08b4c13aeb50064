// The theme: that of the system, or the one that the person has chosen.
import { signal } from "@preact/signals";

export const theme = signal(document.documentElement.dataset.theme ?? "auto");

const after: Record<string, string> = { auto: "light", light: "dark", dark: "auto" };

/** cycleTheme takes the next theme, and remembers it. */
export function cycleTheme(): void {
  theme.value = after[theme.value] ?? "auto";
  if (theme.value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
  try {
    localStorage.setItem("theme", theme.value);
  } catch {
    // Storage is forbidden: the choice lasts as long as the page.
  }
}
