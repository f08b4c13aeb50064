// The API of this server: every request goes there and nowhere else.

/** Refused is an answer that is no success. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

const patience = 20_000; // milliseconds until an answer has to be there

/** ask returns the JSON of an answer, or throws Refused; a server that does not answer is a Refused with status 0. */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await send(path, init);
  return answer.status === 204 ? (undefined as T) : ((await answer.json()) as T);
}

/** send returns an answer that is a success or says that nothing has changed. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(patience), ...init });
  } catch (e) {
    const late = e instanceof DOMException && e.name === "TimeoutError";
    throw new Refused(0, "Unreachable", late ? `no answer within ${patience / 1000} s` : "the server cannot be reached");
  }
  if (answer.ok || answer.status === 304) return answer;
  throw await refusal(answer);
}

async function refusal(answer: Response): Promise<Refused> {
  try {
    const { error } = (await answer.json()) as { error: { code: string; message: string; field?: string } };
    return new Refused(answer.status, error.code, error.message, error.field);
  } catch {
    return new Refused(answer.status, "Refused", `the server answers ${answer.status} ${answer.statusText}`.trim());
  }
}

/** post sends an action and returns the sentence that says what was done. */
export async function post(path: string, body: object): Promise<string> {
  const headers = { "Content-Type": "application/json" };
  const answer = await ask<{ done?: string } | undefined>(path, { method: "POST", headers, body: JSON.stringify(body) });
  return answer?.done ?? "Done.";
}

export const reason = (e: unknown): string => (e instanceof Error ? e.message : String(e));
