// Who is there? The server asks for a token, or sends to somebody who knows.
import { useState } from "preact/hooks";
import { ask, reason } from "./api";
import { Copy } from "./parts";
import { identify, locked, me, path, query, visit } from "./store";
import { wake } from "./stream";

export function Login() {
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const ways = me.value?.login ?? ["token"];
  const send = async (e: SubmitEvent) => {
    e.preventDefault();
    const token = String(new FormData(e.target as HTMLFormElement).get("token") ?? "").trim();
    setBusy(true);
    try {
      await ask("/api/v1/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }) });
      setProblem(undefined);
      locked.value = false;
      if (path.peek() === "/login") visit(onward());
      await identify();
      wake();
    } catch (e) {
      setProblem(reason(e));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="login card">
      <h1>Majordomo</h1>
      {ways.includes("oidc") && (
        <p>
          <a class="button primary" href={`/login/oidc?${new URLSearchParams({ to: onward() })}`}>
            Log in with your account
          </a>
        </p>
      )}
      {ways.includes("token") && (
        <form onSubmit={send}>
          <p class="field">
            <label for="token">Token of your cluster</label>
            <input id="token" name="token" type="password" required autocomplete="off" spellcheck={false} aria-describedby="token-hint" />
            <small id="token-hint" class="muted">
              It is asked who it belongs to and what that person may see. This makes one:
            </small>
          </p>
          <Copy text="kubectl create token jenkins-viewer" />
          {problem && (
            <p class="problem" role="alert">
              {problem}
            </p>
          )}
          <div class="actions">
            <button type="submit" class="primary" disabled={busy}>
              Log in with the token
            </button>
          </div>
        </form>
      )}
      {ways.length === 0 && <p>Nobody can log in here: the server offers no way.</p>}
    </div>
  );
}

/** onward is where somebody wanted to go: a path of this server, whatever the address says. */
function onward(): string {
  if (path.peek() !== "/login") return location.pathname + location.search;
  try {
    const to = new URL(query.peek().get("to") ?? "/", location.origin);
    return to.origin === location.origin && to.pathname !== "/login" ? to.pathname + to.search : "/";
  } catch {
    return "/";
  }
}

export async function logout(): Promise<void> {
  await ask("/api/v1/session", { method: "DELETE" });
  locked.value = true;
  await identify();
}
