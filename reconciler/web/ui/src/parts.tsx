// The small things that all views are made of.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { clock, coarse, full, link, plain, seconds, short, span } from "./format";
import type { Commit } from "./model";
import { environmentPath, poolPath } from "./route";
import { href, now, utc, visit } from "./store";

/** A leads to another view without loading the page anew; with a modifier key it is a link like any other. */
export function A({ to, children, ...rest }: { to: string; children: ComponentChildren; class?: string; current?: boolean; label?: string }) {
  const address = href(to);
  const follow = (e: MouseEvent) => {
    if (e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    visit(address);
  };
  return (
    <a href={address} onClick={follow} class={rest.class} aria-current={rest.current ? "page" : undefined} aria-label={rest.label}>
      {children}
    </a>
  );
}

/** Out leads away, where the address is one that a page may lead to. */
export function Out({ to, children, class: c }: { to?: string; children: ComponentChildren; class?: string }) {
  const address = link(to);
  if (!address) return <span class={c}>{children}</span>;
  return (
    <a href={address} class={c} rel="noopener noreferrer" target="_blank">
      {children}
    </a>
  );
}

/** Text is a text of somebody else: whatever it holds, it is shown as it is and stays in its place. */
export const Text = ({ children }: { children: string | undefined }) => <bdi>{plain(children)}</bdi>;

/** Word is a state: a word with a sign of its own, so that nobody needs its colour. */
export const Word = ({ of, small }: { of: string; small?: boolean }) => (
  <span class={`word is-${of.toLowerCase().replace(/[^a-z]/g, "")}${small ? " small" : ""}`}>{plain(of)}</span>
);

/** Ago is how long ago a moment was. */
export function Ago({ at, bare }: { at: string | undefined; bare?: boolean }) {
  const t = seconds(at);
  if (t === undefined) return <span class="muted">never</span>;
  return (
    <time dateTime={at} title={full(t, utc.value)}>
      {coarse(now.value - t)}
      {bare ? "" : " ago"}
    </time>
  );
}

/** Until is how long it takes until a moment comes. */
export function Until({ at }: { at: string | undefined }) {
  const t = seconds(at);
  if (t === undefined) return <span class="muted">not planned</span>;
  return (
    <time dateTime={at} title={full(t, utc.value)}>
      {t <= now.value ? "now" : `in ${span(t - now.value)}`}
    </time>
  );
}

/** At is a moment on the clock. */
export function At({ at }: { at: string | number | undefined }) {
  const t = typeof at === "number" ? at : seconds(at);
  if (t === undefined) return <span class="muted">–</span>;
  const [near, exact] = [clock(t, now.peek(), utc.value), full(t, utc.value)];
  return (
    <time dateTime={new Date(t * 1000).toISOString()} title={exact}>
      {near}
    </time>
  );
}

/** Revision is a commit: its number, and where it can be read. */
export function Revision({ of, commit }: { of?: string; commit?: Commit }) {
  const name = of ?? commit?.revision;
  if (!name) return <span class="muted">no commit yet</span>;
  return (
    <Out to={commit?.url} class="mono">
      {short(name)}
    </Out>
  );
}

/** Story is who has committed what, and when. */
export function Story({ commit }: { commit?: Commit }) {
  if (!commit?.subject && !commit?.author) return null;
  return (
    <>
      <span class="subject">
        <Text>{commit.subject}</Text>
      </span>{" "}
      <span class="muted">
        <Text>{commit.author}</Text>
        {seconds(commit.time) !== undefined && (
          <>
            , <Ago at={commit.time} />
          </>
        )}
      </span>
    </>
  );
}

/** Of names the environment or pool that something is about. */
export function Of({ environment, pool }: { environment?: string; pool?: string }) {
  if (pool) return <A to={poolPath(pool)}>{plain(pool.split("/").pop())}</A>;
  if (environment) return <A to={environmentPath(environment)}>{plain(environment)}</A>;
  return null;
}

/** Fact is a name and what it is, in a list of such. */
export const Fact = ({ name, children }: { name: string; children: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

/** Section is a part of a view, with its heading and what can be done beside it. */
export function Section({
  id,
  title,
  note,
  tools,
  children,
}: {
  id: string;
  title: string;
  note?: ComponentChildren;
  tools?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section aria-labelledby={id}>
      <div class="heading">
        <h2 id={id} tabIndex={-1}>
          {title}
        </h2>
        {note && <span class="muted">{note}</span>}
        {tools && <div class="tools">{tools}</div>}
      </div>
      {children}
    </section>
  );
}

/** Empty says why nothing is here, and which command changes that. */
export const Empty = ({ children, command }: { children: ComponentChildren; command?: string }) => (
  <div class="empty">
    <p>{children}</p>
    {command && <Copy text={command} />}
  </div>
);

/** Copy is a command that can be taken along. */
export function Copy({ text, children }: { text: string; children?: ComponentChildren }) {
  const [done, setDone] = useState(false);
  const code = useRef<HTMLElement>(null);
  const take = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 2000);
    } catch {
      // Without a clipboard, which needs a secure connection, the text is marked: the person copies it by hand.
      if (code.current) getSelection()?.selectAllChildren(code.current);
    }
  };
  return (
    <span class="copy">
      <code ref={code}>{text}</code>
      <button type="button" class="quiet" onClick={take}>
        {done ? "copied" : (children ?? "copy")}
      </button>
    </span>
  );
}

/** Dialog is a window in front of the page. Escape and the button close it; the browser keeps the focus inside, and gives it back. */
export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    box.current?.showModal();
  }, []);
  return (
    <dialog ref={box} onClose={close} aria-labelledby="dialog-title">
      <div class="heading">
        <h2 id="dialog-title">{title}</h2>
      </div>
      {children}
      <button type="button" class="quiet close" onClick={() => box.current?.close()} aria-label="close">
        ✕
      </button>
    </dialog>
  );
}
