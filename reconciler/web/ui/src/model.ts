// What the API answers: the forms of package window, with times as texts in RFC 3339.

export type Time = string;

export interface State {
  version: number;
  at: Time;
  program: Program;
  source: Source;
  environments: Environment[] | null;
  pools: Pool[] | null;
  masters: Master[] | null;
}

export interface Program {
  version: string;
  revision?: string;
  started: Time;
  leader: boolean;
  memory: number;
  goroutines: number;
  panics: number;
  alive?: string;
  phases?: { name: string; count: number; mean: number }[];
}

export interface Source {
  url?: string;
  ref?: string;
  revision?: string;
  commit?: Commit;
  lastSuccess?: Time;
  error?: string;
  fetches: number;
  failures: number;
}

export interface Commit {
  revision: string;
  author?: string;
  time?: Time;
  subject?: string;
  url?: string;
}

export interface Environment {
  name: string;
  cluster?: string;
  path?: string;
  state: string;
  reason?: string;
  revision?: string;
  commit?: Commit;
  next?: Time;
  objects: { total: number; ready: number; failed: number; refused: number };
  lastSync?: Sync;
  repairs: number;
  lastDrift?: Drift;
  fights?: Fight[];
  held?: { hash: string; reason: string; objects: string[] | null };
  history?: Past[];
  conditions?: Condition[];
}

export interface Sync {
  time?: Time;
  trigger?: string;
  duration?: string;
  created: number;
  updated: number;
  pruned: number;
  failed: number;
}

export interface Drift {
  time?: Time;
  object?: string;
  fields?: string[];
  manager?: string;
}

export interface Fight {
  object: string;
  manager?: string;
  fields?: string[];
}

export interface Past {
  revision: string;
  time?: Time;
  duration: string;
  result: string;
  changes: number;
}

export interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
  lastTransitionTime: Time;
}

export interface Counts {
  queued: number;
  busy: number;
  idle: number;
  starting: number;
  draining: number;
  offline: number;
  desired: number;
  min: number;
  max: number;
}

export interface Pool extends Counts {
  environment: string;
  namespace: string;
  name: string;
  target: string;
  jenkins: string;
  labels: string[] | null;
  executors: number;
  priority?: string;
  state: string;
  reason?: string;
  oldestQueued?: Time;
  replicas: number;
  floor?: { agents: number; until?: Time; reason?: string };
  decision?: Decision;
  notScaledDown?: string;
  notScaledUp?: string;
  history?: { at: Time; from: number; to: number; reason: string }[];
  rollout?: { phase: string; updated: number; total: number; since?: Time; reason?: string };
  agents?: Agent[];
  agentsOmitted?: number;
  unmatched?: Unmatched[];
  startups?: Durations;
  waits?: Durations;
  conditions?: Condition[];
}

export interface Durations {
  count: number;
  mean: number;
  p50: number;
  p95: number;
  bounds: number[] | null;
  counts: number[] | null;
}

export interface Decision {
  at: Time;
  from: number;
  to: number;
  term: string;
  reason: string;
  terms?: { name: string; agents: number; reason?: string }[];
  limits?: { name: string; value: number; cut?: boolean; reason?: string }[];
  gates?: { name: string; open: boolean; reason?: string }[];
  next?: Time;
  nextReason?: string;
  spec?: string;
}

export interface Agent {
  name: string;
  node?: string;
  state: string;
  since?: Time;
  build?: string;
  reason?: string;
}

export interface Unmatched {
  label: string;
  items: number;
  why?: string;
}

export interface Master {
  environment: string;
  namespace: string;
  url: string;
  up: boolean;
  reason?: string;
  version?: string;
  lastRead?: Time;
}

export interface Entry {
  id: number;
  at: Time;
  kind: string;
  environment?: string;
  pool?: string;
  text: string;
  revision?: string;
  actor?: string;
  from?: number;
  to?: number;
  bad?: boolean;
}

export interface Series {
  pool: string;
  step: number;
  at: number[] | null;
  queued: number[];
  oldest: number[];
  busy: number[];
  idle: number[];
  starting: number[];
  draining: number[];
  offline: number[];
  desired: number[];
  min: number[];
  max: number[];
  cost: { hours: number; busy: number; idle: number; fixed: number };
}

export interface Sample {
  at: number;
  pools: Record<string, Counts & { oldest: number }>;
}

export interface Change {
  version: number;
  at: Time;
  program?: Program;
  source?: Source;
  environments?: Environment[] | null;
  pools?: Pool[] | null;
  masters?: Master[] | null;
  gone?: { environments?: string[] | null; pools?: string[] | null };
}

export interface Me {
  user?: string;
  anonymous: boolean;
  login?: string[] | null;
  can?: { environments?: Record<string, string[]> | null; pools?: Record<string, string[]> | null };
}

export interface Plan {
  environment: string;
  at: Time;
  commit?: string;
  line?: string;
  steps: Step[] | null;
}

export interface Step {
  op: string;
  object: string;
  reason?: string;
  fields?: { path: string; from?: unknown; to?: unknown; text?: string }[];
  text?: string;
}

export const key = (p: { environment: string; namespace: string; name: string }): string => `${p.environment}/${p.namespace}/${p.name}`;

/** called is what the command line calls a pool. */
export const called = (p: { environment: string; name: string }): string => `${p.environment}/${p.name}`;
