// The page. What the server has rendered stays until the first answer is there; then this takes its place.
import { effect } from "@preact/signals";
import { render } from "preact";
import { ask, reason } from "./api";
import { EnvironmentView } from "./environment";
import { Health } from "./health";
import { History } from "./history";
import { listen } from "./keys";
import { Login } from "./login";
import type { Entry } from "./model";
import { Overview } from "./overview";
import { Empty } from "./parts";
import { PoolView } from "./pool";
import { forget } from "./series";
import { Shell } from "./shell";
import { arrivals, arrive, connection, identify, locked, path, read, remember, route, state } from "./store";
import { follow, load } from "./stream";

function App() {
  if (locked.value || route.value.view === "login")
    return (
      <main id="main">
        <Login />
      </main>
    );
  return <Shell>{state.value ? <View /> : <p class="muted">Asking for the state…</p>}</Shell>;
}

function View() {
  const r = route.value;
  switch (r.view) {
    case "overview":
      return <Overview />;
    case "environment":
      return <EnvironmentView key={r.environment} name={r.environment} />;
    case "pool":
      return <PoolView key={path.value} name={`${r.environment}/${r.namespace}/${r.pool}`} />;
    case "history":
      return <History />;
    case "health":
      return <Health />;
    default:
      return <Empty>There is no such page.</Empty>;
  }
}

async function start(root: HTMLElement): Promise<void> {
  window.addEventListener("popstate", read);
  listen();
  await Promise.all([
    identify(),
    load().catch((e) => {
      connection.value = { mode: "stale", cause: reason(e) };
    }),
  ]);
  root.replaceChildren();
  render(<App />, root);
  if (location.hash) requestAnimationFrame(arrive);
  follow();
  titled();
  catchUp();
}

/** catchUp asks for what may have happened unseen, whenever the stream begins anew. */
function catchUp(): void {
  effect(() => {
    if (arrivals.value > 1) forget();
    ask<{ items: Entry[] | null }>("/api/v1/timeline?limit=50").then(
      (a) => remember(a.items ?? []),
      () => undefined, // the timeline is a part of the page; the view of history says why it is not there
    );
  });
}

/** titled keeps the title of the window in line with the view. */
function titled(): void {
  effect(() => {
    const r = route.value;
    const name = r.view === "environment" ? r.environment : r.view === "pool" ? r.pool : r.view === "overview" ? "" : r.view;
    document.title = name ? `${name} · Majordomo` : "Majordomo";
  });
}

const root = document.getElementById("app");
if (root) void start(root);
