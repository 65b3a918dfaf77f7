/** The calls of the comparison, as `docs/reference/explorer-api.md` has them. */
import { call, tensors, type Guess, type Progress, type Token } from '../../lib/api';
import { row, tensor, type Tensor } from '../../lib/binary';
import { norm } from '../../lib/strip';

/** A model and the tokens that it reads. */
export interface Side {
  readonly model: string;
  readonly ids: readonly number[];
}

export interface Shape {
  readonly family: string;
  readonly n_layer: number;
  readonly n_embd: number;
  readonly n_ctx: number;
  readonly vocab_size: number;
  readonly total: number;
  readonly types: Readonly<Record<string, number>>;
}

export interface Pair {
  readonly ids: readonly number[];
  readonly tokens: readonly Token[];
  readonly same_vocabulary: boolean;
  readonly a: Shape;
  readonly b: Shape;
}

/** How likely a token is on a side, and which place it has there. */
export interface Place {
  readonly id: number;
  readonly probability: number;
  readonly rank: number;
}

export interface NextRow {
  readonly text: string;
  readonly a?: Place;
  readonly b?: Place;
}

export interface Next {
  readonly a: { readonly entropy: number };
  readonly b: { readonly entropy: number };
  /** in bits; absent where the vocabularies differ */
  readonly kl?: { readonly a_b: number; readonly b_a: number };
  readonly rows: readonly NextRow[];
}

export interface Score {
  /** of each token; the first is given */
  readonly bits: readonly (number | null)[];
  /** of each token; absent where the model has no tokenizer */
  readonly bytes?: readonly number[];
}

/** [stage][position] */
export interface Guesses {
  readonly readings: readonly (readonly {
    entropy: number;
    top: readonly (Guess & { text: string })[];
  }[])[];
}

export interface Curve {
  readonly train: readonly { step: number; loss: number }[];
  readonly validation: readonly { step: number; loss: number }[];
  readonly checkpoints: readonly { key: string; step: number }[];
}

/** The stream of a token at every stage, on both sides. */
export interface Streams {
  readonly a: Tensor;
  readonly b: Tensor;
  /** one for each stage; empty where the sides cannot be compared */
  readonly stages: readonly Difference[];
}

export interface Difference {
  readonly lengthA: number;
  readonly lengthB: number;
  /** the length of B minus A, in lengths of A */
  readonly relative: number;
  readonly cosine: number;
}

const TOP = 10;

export function pair(
  a: Side,
  model: string,
  text: string,
  signal: AbortSignal,
  progress: Progress,
): Promise<Pair> {
  const other = text === '' ? { model } : { model, text };
  return call<Pair>('pair', { ...a, other }, { signal, progress });
}

export function next(
  a: Side,
  b: Side,
  at: { a: number; b: number },
  signal: AbortSignal,
): Promise<Next> {
  const other = { ...b, position: at.b };
  return call<Next>('compare', { ...a, position: at.a, top: TOP, other }, { signal });
}

export function score(side: Side, signal: AbortSignal, progress: Progress): Promise<Score> {
  return call<Score>('score', side, { signal, progress });
}

export function guesses(
  side: Side,
  positions: readonly number[],
  signal: AbortSignal,
  progress: Progress,
): Promise<Guesses> {
  return call<Guesses>('guesses', { ...side, positions }, { signal, progress });
}

export function curve(model: string, signal: AbortSignal): Promise<Curve> {
  return call<Curve>('curve', { model }, { signal });
}

export async function streams(
  a: Side,
  b: Side,
  at: { a: number; b: number },
  signal: AbortSignal,
): Promise<Streams> {
  const other = { ...b, position: at.b };
  const got = await tensors('streams', { ...a, position: at.a, other }, signal);
  return differences(tensor(got, 'a'), tensor(got, 'b'));
}

/** What the stages of two streams differ by; nothing where their shapes do. */
export function differences(a: Tensor, b: Tensor): Streams {
  const comparable = a.shape.join() === b.shape.join();
  const stages = Array.from({ length: comparable ? (a.shape[0] ?? 0) : 0 }, (_, stage) =>
    differ(row(a, stage), row(b, stage)),
  );
  return { a, b, stages };
}

function differ(a: Float32Array, b: Float32Array): Difference {
  const [lengthA, lengthB] = [norm(a), norm(b)];
  const product = a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  return {
    lengthA,
    lengthB,
    relative: norm(minus(b, a)) / lengthA,
    cosine: product / (lengthA * lengthB),
  };
}

export function minus(b: Float32Array, a: Float32Array): Float32Array {
  return b.map((value, i) => value - (a[i] ?? 0));
}

/** How well a side expects its text. */
export interface Surprise {
  readonly tokens: number;
  readonly bits: number;
  readonly perToken: number;
  readonly perplexity: number;
  readonly bytes: number | null;
  readonly perByte: number | null;
}

/** Of the tokens behind the first; null where there are none. */
export function surprise({ bits, bytes }: Score): Surprise | null {
  const scored = bits.filter((each) => each !== null);
  if (scored.length === 0) {
    return null;
  }
  const sum = scored.reduce((total, each) => total + each, 0);
  const size = bytes?.slice(1).reduce((total, each) => total + each, 0) ?? null;
  return {
    tokens: scored.length,
    bits: sum,
    perToken: sum / scored.length,
    perplexity: 2 ** (sum / scored.length),
    bytes: size,
    perByte: size ? sum / size : null,
  };
}
