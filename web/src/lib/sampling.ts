/**
 * From logits to the distribution that a token is drawn from, by the engine's own steps
 * (docs/reference/sampling.md), in double precision over the whole vocabulary.
 */
export interface Sampling {
  readonly temperature: number;
  /** 0: all */
  readonly topK: number;
  /** 1: all */
  readonly topP: number;
  /** 0: all */
  readonly minP: number;
}

export const NEUTRAL: Sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 };

/** The rule that cut a token. */
export type Cut = 'temperature 0' | 'top-k' | 'top-p' | 'min-p';

/** Logits with their order: once for each row, whatever the sliders say. */
export interface Ranked {
  readonly logits: Float32Array;
  /** ids, likeliest first; among equals the lower id first */
  readonly order: Uint32Array;
}

export function rank(logits: Float32Array): Ranked {
  const order = new Uint32Array(logits.length);
  for (let id = 0; id < order.length; id++) {
    order[id] = id;
  }
  order.sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b);
  return { logits, order };
}

export interface Distribution {
  readonly sampling: Sampling;
  readonly order: Uint32Array;
  /** by rank: the logit over the temperature (at temperature 0, the logit) */
  readonly scaled: Float64Array;
  /** by rank: the softmax of all, before anything is cut */
  readonly softmax: Float64Array;
  /** by rank: the probability of being drawn; 0 for what was cut */
  readonly probability: Float64Array;
  /** the ranks 0 to `kept` - 1 may be drawn */
  readonly kept: number;
  /** how many each step left, in the order of the steps that ran */
  readonly steps: readonly { readonly cut: Cut; readonly left: number }[];
  /** how tokens lie on the line of length 1: sorted only if a step had to sort them */
  readonly line: 'likeliest' | 'id';
  /** of the distribution that is drawn from, in bits */
  readonly entropy: number;
}

/**
 * The steps in the engine's order. Each cuts a tail of the ranks, so that what is kept is always the
 * first so many.
 */
export function distribution({ logits, order }: Ranked, sampling: Sampling): Distribution {
  const n = order.length;
  const greedy = sampling.temperature === 0;
  const divisor = greedy ? 1 : sampling.temperature;
  const scaled = new Float64Array(n);
  const weight = new Float64Array(n);
  const largest = n === 0 ? 0 : (logits[order[0] as number] as number) / divisor;
  let total = 0;
  for (let r = 0; r < n; r++) {
    const value = (logits[order[r] as number] as number) / divisor;
    const w = Math.exp(value - largest);
    scaled[r] = value;
    weight[r] = w;
    total += w;
  }
  const softmax = new Float64Array(n);
  for (let r = 0; r < n; r++) {
    softmax[r] = (weight[r] as number) / total;
  }
  const steps: { cut: Cut; left: number }[] = [];
  const kept = greedy ? Math.min(1, n) : cuts(sampling, scaled, weight, steps);
  if (greedy) {
    steps.push({ cut: 'temperature 0', left: kept });
  }
  let sum = 0;
  for (let r = 0; r < kept; r++) {
    sum += weight[r] as number;
  }
  const probability = new Float64Array(n);
  let entropy = 0;
  for (let r = 0; r < kept; r++) {
    const p = (weight[r] as number) / sum;
    probability[r] = p;
    entropy -= p > 0 ? p * Math.log2(p) : 0;
  }
  return {
    sampling,
    order,
    scaled,
    softmax,
    probability,
    kept,
    steps,
    line: greedy || sampling.topK > 0 || sampling.topP < 1 ? 'likeliest' : 'id',
    entropy: Math.max(entropy, 0),
  };
}

function cuts(
  { topK, topP, minP }: Sampling,
  scaled: Float64Array,
  weight: Float64Array,
  steps: { cut: Cut; left: number }[],
): number {
  let kept = scaled.length;
  if (topK > 0) {
    kept = Math.min(kept, topK);
    steps.push({ cut: 'top-k', left: kept });
  }
  if (topP < 1) {
    let total = 0;
    for (let r = 0; r < kept; r++) {
      total += weight[r] as number;
    }
    let sum = 0;
    for (let r = 0; r < kept; r++) {
      sum += weight[r] as number;
      if (sum >= topP * total) {
        kept = r + 1;
      }
    }
    steps.push({ cut: 'top-p', left: kept });
  }
  if (minP > 0) {
    const least = (scaled[0] ?? 0) + Math.log(minP);
    let left = 1;
    while (left < kept && (scaled[left] as number) >= least) {
      left++;
    }
    kept = Math.min(kept, left);
    steps.push({ cut: 'min-p', left: kept });
  }
  return kept;
}

/** The rule that cut the token of this rank, or null where it was kept. */
export function cutBy(distribution: Distribution, rank: number): Cut | null {
  return distribution.steps.find(({ left }) => rank >= left)?.cut ?? null;
}

/** The ranks that may be drawn, as they lie on the line of length 1. */
export function alongTheLine({ line, kept, order }: Distribution): Uint32Array {
  const ranks = Uint32Array.from({ length: kept }, (_, r) => r);
  return line === 'likeliest'
    ? ranks
    : ranks.sort((a, b) => (order[a] as number) - (order[b] as number));
}

/** The piece of the line of length 1 that the token of this rank has: [from, to). */
export function interval(distribution: Distribution, rank: number): [number, number] {
  let from = 0;
  for (const r of alongTheLine(distribution)) {
    if (r === rank) {
      break;
    }
    from += distribution.probability[r] as number;
  }
  return [from, from + (distribution.probability[rank] as number)];
}
