// What is around each view: the way to the others, the clock and the state of the connection.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { clock, coarse, plain, span } from "./format";
import { logout } from "./login";
import { A, Dialog } from "./parts";
import { choose, connection, fail, heard, me, notice, now, paused, route, utc } from "./store";
import { pause } from "./stream";
import { cycleTheme, theme } from "./dress";

export const help = signal(false);

export function Shell({ children }: { children: ComponentChildren }) {
  const view = route.value.view;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar">
        <nav aria-label="Views">
          <A to="/" class="brand" current={view === "overview"}>
            Majordomo
          </A>
          <A to="/#environments" current={view === "environment"}>
            Environments
          </A>
          <A to="/#pools" current={view === "pool"}>
            Pools
          </A>
          <A to="/history" current={view === "history"}>
            History
          </A>
          <A to="/health" current={view === "health"}>
            Health
          </A>
        </nav>
        <div class="tools">
          <Pulse />
          <button type="button" class="quiet" aria-pressed={paused.value} onClick={() => pause(!paused.value)}>
            {paused.value ? "Go on" : "Pause"}
          </button>
          <button
            type="button"
            class="quiet"
            onClick={() => choose({ tz: utc.value ? undefined : "utc" })}
            aria-label={utc.value ? "UTC: show local time" : "local time: show UTC"}
          >
            {utc.value ? "UTC" : "local time"}
          </button>
          <button type="button" class="quiet" onClick={cycleTheme} aria-label={`theme: ${theme.value}; change it`}>
            {theme.value === "auto" ? "theme" : theme.value}
          </button>
          <button type="button" class="quiet" onClick={() => (help.value = true)} aria-label="? Help">
            ?
          </button>
          <Person />
        </div>
      </header>
      <Banner />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Notice />
      {help.value && <Help />}
    </>
  );
}

/** Pulse tells how old what one sees is. */
function Pulse() {
  const { mode } = connection.value;
  const age = heard.value ? coarse(now.value - heard.value) : "";
  const text = { starting: "opening…", live: `live · ${age}`, polling: `polling · ${age}`, stale: `stale · ${age}`, paused: "paused" }[mode];
  return (
    <span class={`pulse is-${mode}`} title="how long ago the server was heard">
      {text}
    </span>
  );
}

/** Banner says aloud that what one sees is old, why, and when it is tried again. */
function Banner() {
  const { mode, cause, retry } = connection.value;
  if (mode !== "stale") return <div role="status" />;
  return (
    <div class="banner" role="status">
      <strong>{heard.value ? `Stale since ${clock(heard.value, now.peek(), utc.value)}` : "No answer yet"}</strong>
      <span>: {cause}. </span>
      <span aria-hidden="true">{retry && retry > now.value ? `Next try in ${span(retry - now.value)}.` : "Trying…"}</span>
    </div>
  );
}

function Person() {
  const m = me.value;
  if (!m) return null;
  if (m.anonymous) return m.login?.length ? <A to="/login">Log in</A> : null;
  return (
    <button type="button" class="quiet" onClick={() => logout().catch(fail)} title="log out" aria-label={`${plain(m.user)}: log out`}>
      {plain(m.user)}
    </button>
  );
}

function Notice() {
  const n = notice.value;
  return (
    <div class="notices" role="status" aria-live="polite">
      {n && <p class={n.bad ? "notice bad" : "notice"}>{n.text}</p>}
    </div>
  );
}

const keys: [string, string][] = [
  ["/", "search or filter"],
  ["g o", "overview"],
  ["g e", "environments"],
  ["g p", "pools"],
  ["g h", "history"],
  ["g t", "Majordomo itself"],
  ["r", "back to the newest hour"],
  ["?", "this help"],
  ["Esc", "close"],
];

function Help() {
  return (
    <Dialog title="Keys" close={() => (help.value = false)}>
      <dl class="keys">
        {keys.map(([k, what]) => (
          <div key={k}>
            <dt>
              {k.split(" ").map((part) => (
                <kbd key={part}>{part}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p class="muted">Drag over a chart to zoom into it. All that you choose is in the address: copy it to show somebody the same.</p>
    </Dialog>
  );
}
