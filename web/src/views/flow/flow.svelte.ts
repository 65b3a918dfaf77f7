/** What the Flow view has asked of the server about the present text, and what is open in it. */
import { call, tensors, type Guess, type Lens } from '../../lib/api';
import { row, tensor, type Tensor } from '../../lib/binary';
import type { Kind } from '../../lib/colour';
import { session } from '../../lib/session.svelte';
import { norm, scaleEnd } from '../../lib/strip';

/** A vector for each token: one column of strips, with its own scale. */
export interface Strips {
  readonly hook: string;
  readonly label: string;
  readonly kind: Kind;
  readonly tensor: Tensor;
  /** where the scale ends */
  readonly end: number;
}

/** A cell that the person points at or asks about. */
export interface Cell {
  readonly hook: string;
  readonly index: readonly number[];
  readonly value: number;
}

/** What a closed block shows of one token. */
export interface Wrote {
  readonly attention: number;
  readonly mlp: number;
}

/** A number of the model's configuration. */
export function shape(name: string): number {
  const value = session.info?.config[name];
  return typeof value === 'number' ? value : 0;
}

export function strips(tensor: Tensor, label: string, kind: Kind): Strips {
  return { hook: tensor.name, label, kind, tensor, end: scaleEnd(tensor.data) };
}

/** Activations of the present text by hook. */
export async function capture(
  hooks: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Tensor>> {
  const { model } = session.address;
  return (await tensors('capture', { model, ids: session.ids, hooks }, signal)).arrays;
}

export interface Overview {
  readonly run: string;
  readonly texts: readonly string[];
  /** embedding, and the position's vector where the model has one */
  readonly before: readonly Strips[];
  readonly after: readonly Strips[];
  /** [layer][token] */
  readonly wrote: readonly (readonly Wrote[])[];
  /** the largest of all shares: the height of a whole bar */
  readonly most: number;
}

interface Summary {
  readonly layers: readonly {
    readonly resid_pre: readonly number[];
    readonly attn_out: readonly number[];
    readonly mlp_out: readonly number[];
    readonly resid_post: readonly number[];
  }[];
}

/** What the model would say at each stage: the most work by far, so it comes after the rest. */
export function lens(signal: AbortSignal): Promise<Lens> {
  return call<Lens>('lens', { model: session.address.model, ids: session.ids, top: 2 }, { signal });
}

/** All else that a closed Flow shows. */
export async function overview(signal: AbortSignal): Promise<Overview> {
  const { run, ids, texts } = session;
  const { model } = session.address;
  const [summary, captured] = await Promise.all([
    call<Summary>('summary', { model, ids }, { signal }),
    capture(['hook_embed', 'hook_pos_embed', 'ln_final.hook_normalized'], signal),
  ]);
  const before: Strips[] = [];
  const embed = captured.get('hook_embed');
  if (embed) {
    before.push(strips(embed, 'embedding', 'stream'));
  }
  const position = captured.get('hook_pos_embed');
  if (position) {
    before.push(strips(position, 'position', 'stream'));
  }
  const after: Strips[] = [];
  const final = captured.get('ln_final.hook_normalized');
  if (final) {
    after.push(strips(final, 'last norm', 'stream'));
  }
  const wrote = summary.layers.map((layer) =>
    layer.resid_pre.map((stream, t) => ({
      attention: (layer.attn_out[t] ?? 0) / stream,
      mlp: (layer.mlp_out[t] ?? 0) / stream,
    })),
  );
  // the first blocks write many times what is there; the scale is for the others
  const shares = Float32Array.from(
    wrote.flatMap((layer) => layer.flatMap((w) => [w.attention, w.mlp])),
  );
  shares.sort();
  const most = Math.max(shares[Math.floor(shares.length * 0.9)] ?? 1, 1e-9);
  return { run, texts, before, after, wrote, most };
}

export interface Block {
  readonly run: string;
  readonly layer: number;
  readonly columns: readonly Strips[];
  /** [head, query, key] */
  readonly pattern: Tensor;
}

/** A block that is open: its vectors and the patterns of its heads. */
export async function block(layer: number, signal: AbortSignal): Promise<Block> {
  const { run } = session;
  const at = `blocks.${layer}`;
  const names = [
    `${at}.hook_attn_out`,
    `${at}.hook_resid_mid`,
    `${at}.hook_mlp_out`,
    `${at}.hook_resid_post`,
  ];
  const captured = await capture([...names, `${at}.attn.hook_pattern`], signal);
  const labels: readonly (readonly [string, Kind])[] = [
    ['attention writes', 'head'],
    ['stream with it', 'stream'],
    ['MLP writes', 'mlp'],
    ['stream with both', 'stream'],
  ];
  const columns = names.flatMap((name, i) => {
    const found = captured.get(name);
    const [label, kind] = labels[i] as readonly [string, Kind];
    return found ? [strips(found, label, kind)] : [];
  });
  return {
    run,
    layer,
    columns,
    pattern: tensor({ header: {}, arrays: captured }, `${at}.attn.hook_pattern`),
  };
}

/** How much of the weight of a query each key has, of one head. */
export function weights(pattern: Tensor, head: number, query: number): Float32Array {
  return row(pattern, head, query);
}

/** Heads by how sharply they look: by the length of what they read, or as they are numbered. */
export function byStrength(result: Tensor, token: number): number[] {
  const heads = result.shape[1] ?? 0;
  const lengths = Array.from({ length: heads }, (_, h) => norm(row(result, token, h)));
  return lengths
    .map((_, h) => h)
    .sort((a, b) => (lengths[b] as number) - (lengths[a] as number) || a - b);
}

export function guessText(guess: Guess | undefined): string {
  return guess ? (guess.text ?? session.text(guess.id)) : '';
}
