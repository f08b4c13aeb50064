import { render } from "preact";
import { signal } from "@preact/signals";
import type { State } from "./model";

const state = signal<State | undefined>(undefined);

function App() {
  const s = state.value;
  if (!s) return null;
  return (
    <main id="main">
      <h1>Majordomo</h1>
      <ul>
        {(s.environments ?? []).map((e) => <li key={e.name}>{e.name}: {e.state} {e.reason}</li>)}
      </ul>
      <ul>
        {(s.pools ?? []).map((p) => <li key={p.name}>{p.name}: {p.state}, {p.busy} busy of {p.desired}</li>)}
      </ul>
    </main>
  );
}

async function start() {
  const root = document.getElementById("app");
  if (!root) return;
  const answer = await fetch("/api/v1/state");
  if (!answer.ok) return;
  state.value = await answer.json();
  root.replaceChildren();
  render(<App />, root);
}

start();
