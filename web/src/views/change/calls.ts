/** The calls of this view, as `docs/reference/explorer-api.md` has them. */
import { call, type Progress, type Token } from '../../lib/api';
import type { Sweep } from './open';

export interface Moved {
  readonly id: number;
  readonly before: number;
  readonly after: number;
  readonly logit_before: number;
  readonly logit_after: number;
}

export interface Effect {
  readonly id: number;
  readonly against?: number;
  /** bits */
  readonly kl: number;
  readonly logit_before: number;
  readonly logit_after: number;
  readonly entropy_before: number;
  readonly entropy_after: number;
  readonly tokens: readonly Moved[];
  readonly up: readonly Moved[];
  readonly down: readonly Moved[];
}

export interface PartValue {
  readonly kind: 'token' | 'position' | 'head' | 'mlp' | 'bias';
  readonly name: string;
  readonly layer: number;
  readonly head: number;
  /** its share of the logit */
  readonly value: number;
  /** of the vector that it wrote */
  readonly length?: number;
}

export interface Parts {
  readonly id: number;
  readonly against?: number;
  readonly position: number;
  readonly logit: number;
  readonly sum: number;
  readonly parts: readonly PartValue[];
  /** [stage][token] */
  readonly stream: {
    readonly logits: readonly (readonly number[])[];
    readonly lengths: readonly (readonly number[])[];
  };
}

export interface Swept {
  readonly id: number;
  readonly against?: number;
  readonly clean: number;
  readonly corrupted: number;
  /** [layer][token or head] */
  readonly values: readonly (readonly number[])[];
  readonly restored: readonly (readonly number[])[];
}

export interface HeadScore {
  readonly layer: number;
  readonly head: number;
  readonly previous: number;
  readonly induction: number;
  readonly duplicate: number;
  readonly first: number;
}

export function effect(body: object, signal: AbortSignal): Promise<Effect> {
  return call('effect', body, { signal });
}

export function parts(body: object, signal: AbortSignal): Promise<Parts> {
  return call('parts', body, { signal });
}

export interface SweepAsked {
  readonly model: string;
  readonly ids: readonly number[];
  readonly from_ids: readonly number[];
  readonly over: Sweep;
  readonly by: 'runs' | 'gradient';
}

export function sweep(asked: SweepAsked, signal: AbortSignal, progress: Progress): Promise<Swept> {
  return call('sweep', asked, { signal, progress });
}

const scores = new Map<string, readonly HeadScore[]>();

/** Scores of all heads: they belong to the model, so they are asked for once. */
export async function headScores(
  model: string,
  signal: AbortSignal,
  progress: Progress,
): Promise<readonly HeadScore[]> {
  const known = scores.get(model);
  if (known) {
    return known;
  }
  const { heads } = await call<{ heads: readonly HeadScore[] }>(
    'heads',
    { model },
    { signal, progress },
  );
  scores.set(model, heads);
  return heads;
}

export async function tokenize(
  model: string,
  text: string,
  signal?: AbortSignal,
): Promise<readonly Token[]> {
  return (await call<{ tokens: Token[] }>('tokenize', { model, text }, { signal })).tokens;
}
