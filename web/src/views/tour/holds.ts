/** Whether what the tour would like to say is so with this model, and what is so instead. */
import type { Lens, ModelInfo } from '../../lib/api';
import { at, row, type Tensor } from '../../lib/binary';
import { distribution, NEUTRAL, type Ranked, type Sampling } from '../../lib/sampling';

/** Where a token stands among all. */
export interface Standing {
  readonly id: number;
  /** 1 for the likeliest */
  readonly place: number;
  readonly logit: number;
  readonly probability: number;
}

/** The first so many tokens by probability. */
export function first(ranked: Ranked, most: number, sampling: Sampling = NEUTRAL): Standing[] {
  const now = distribution(ranked, sampling);
  return Array.from(ranked.order.slice(0, most), (id, rank) => ({
    id,
    place: rank + 1,
    logit: ranked.logits[id] as number,
    probability: now.probability[rank] as number,
  }));
}

/** The place and the probability of one token; null where the model has no such token. */
export function standing(ranked: Ranked, id: number): Standing | null {
  const rank = ranked.order.indexOf(id);
  if (rank < 0) {
    return null;
  }
  const { softmax } = distribution(ranked, NEUTRAL);
  return {
    id,
    place: rank + 1,
    logit: ranked.logits[id] as number,
    probability: softmax[rank] as number,
  };
}

/** A head, and how much it takes from where, as a share of 1. */
export interface Look {
  readonly layer: number;
  readonly head: number;
  /** the token that it takes most from, of those it was looked for among */
  readonly key: number;
  readonly share: number;
}

/** Nearly all tokens are equally likely, as where the parameters were never trained. */
export function unsure(ranked: Ranked): boolean {
  const most = Math.log2(ranked.logits.length);
  return most > 0 && distribution(ranked, NEUTRAL).entropy > 0.95 * most;
}

/**
 * The head that takes most from the token before: on average over the tokens from the third on, for the
 * second has nothing else to look at but the first and itself. Null for a text of fewer tokens.
 */
export function previousHead(patterns: readonly Tensor[]): Look | null {
  return best(patterns, (pattern, head) => {
    const n = pattern.shape[1] ?? 0;
    let sum = 0;
    for (let query = 2; query < n; query++) {
      sum += at(pattern, head, query, query - 1);
    }
    return n < 3 ? null : { key: n - 2, share: sum / (n - 2) };
  });
}

/**
 * The head whose last token takes most from one token between the first and itself. Many heads rest on
 * the first token, so that one does not count.
 */
export function finder(patterns: readonly Tensor[]): Look | null {
  return best(patterns, (pattern, head) => {
    const n = pattern.shape[1] ?? 0;
    const weights = row(pattern, head, n - 1);
    let key = -1;
    for (let k = 1; k < n - 1; k++) {
      if (key < 0 || (weights[k] as number) > (weights[key] as number)) {
        key = k;
      }
    }
    return key < 0 ? null : { key, share: weights[key] as number };
  });
}

function best(
  patterns: readonly Tensor[],
  look: (pattern: Tensor, head: number) => { key: number; share: number } | null,
): Look | null {
  let found: Look | null = null;
  patterns.forEach((pattern, layer) => {
    for (let head = 0; head < (pattern.shape[0] ?? 0); head++) {
      const seen = look(pattern, head);
      if (seen && (!found || seen.share > found.share)) {
        found = { layer, head, ...seen };
      }
    }
  });
  return found;
}

/** The token that a query takes most from. */
export function mostFrom(pattern: Tensor, head: number, query: number): number {
  const weights = row(pattern, head, query).subarray(0, query + 1);
  return weights.reduce((most, weight, key) => (weight > (weights[most] ?? 0) ? key : most), 0);
}

/** From which block on the last token's final guess is first, and what the block before it says. */
export interface Settled {
  readonly id: number;
  /** -1: from the embedding on */
  readonly layer: number;
  readonly layers: number;
  readonly before: number | null;
}

export function settled({ readings }: Lens): Settled {
  const guesses = readings.map((positions) => positions.at(-1)?.top[0]?.id ?? -1);
  const id = guesses.at(-1) ?? -1;
  let stage = guesses.length - 1;
  while (stage > 0 && guesses[stage - 1] === id) {
    stage--;
  }
  return {
    id,
    layer: stage - 1,
    layers: guesses.length - 1,
    before: stage > 0 ? (guesses[stage - 1] ?? null) : null,
  };
}

/** The longest run of at least `least` tokens that comes again; null where none does. */
export function repeated(ids: readonly number[], least: number): readonly number[] | null {
  for (let length = Math.floor(ids.length - 1); length >= least; length--) {
    const seen = new Map<string, number>();
    for (let from = 0; from + length <= ids.length; from++) {
      const key = ids.slice(from, from + length).join();
      const before = seen.get(key);
      if (before !== undefined && from >= before + length) {
        return ids.slice(from, from + length);
      }
      if (before === undefined) {
        seen.set(key, from);
      }
    }
  }
  return null;
}

/** Each of the numbers is larger than the one before. */
export function ordered(values: readonly number[]): boolean {
  return values.every((value, i) => i === 0 || value > (values[i - 1] as number));
}

/** How many parameters stand where, by the shapes of the configuration. */
export interface Parameters {
  readonly total: number;
  /** the table of the tokens' vectors, once where it is also the unembedding */
  readonly embedding: number;
  readonly unembedding: number;
  readonly attention: number;
  readonly mlp: number;
  /** norms, biases, positions: whatever is left */
  readonly rest: number;
}

/** Null where the shapes do not add up to less than the total, so that nothing wrong is said. */
export function parameters({ config, form, total }: ModelInfo): Parameters | null {
  const n = (name: string) => (typeof config[name] === 'number' ? config[name] : 0);
  const [layers, width, headDim] = [n('n_layer'), n('n_embd'), n('head_dim')];
  const embedding = n('vocab_size') * width;
  const unembedding = form['tied'] === true ? 0 : embedding;
  const attention = layers * 2 * width * headDim * (n('n_head') + n('n_kv_head'));
  const mlp = layers * (form['gated'] === true ? 3 : 2) * width * n('n_inner');
  const all = typeof total === 'number' ? total : 0;
  const rest = all - embedding - unembedding - attention - mlp;
  return rest < 0 || attention === 0
    ? null
    : { total: all, embedding, unembedding, attention, mlp, rest };
}
