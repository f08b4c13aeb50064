// The keyboard: one key or two, where nobody is writing.
import { help } from "./shell";
import { choose, href, visit } from "./store";

const places: Record<string, string> = { o: "/", e: "/#environments", p: "/#pools", h: "/history", t: "/health" };
const between = 1500; // milliseconds that the second key may take

let first = -between; // when g was pressed

/** listen acts on keys. */
export function listen(): void {
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || writing(e.target) || document.querySelector("dialog[open]")) return;
    const place = e.timeStamp - first < between ? places[e.key] : undefined;
    first = e.key === "g" ? e.timeStamp : -between;
    if (place) visit(href(place));
    else if (e.key === "/") document.querySelector<HTMLElement>("[data-search]")?.focus();
    else if (e.key === "?") help.value = true;
    else if (e.key === "r") choose({ range: undefined, from: undefined, to: undefined }, true);
    else return;
    e.preventDefault();
  });
}

const writing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));
