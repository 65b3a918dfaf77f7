/** What the server says about weights. */
import { call, tensors as askTensors, type Progress } from '../../lib/api';
import { tensor as named, type Tensor as Numbers } from '../../lib/binary';

export interface Part {
  readonly kind: string;
  readonly rows: number;
}

export interface Tensor {
  readonly name: string;
  readonly kind: string;
  /** the block; -1: of none */
  readonly layer: number;
  readonly rows: number;
  readonly cols: number;
  readonly parameters: number;
  /** as the file has it; shapes without weights have no file */
  readonly type?: string;
  readonly bytes?: number;
  /** multiplications for its singular values */
  readonly singular_work?: number;
  /** what it stands for, where it is several in one */
  readonly parts?: readonly Part[];
}

/** A kind of parameter, as a tally has it. */
export interface Kind {
  readonly kind: string;
  readonly title: string;
  /** 0: vectors */
  readonly matrices: number;
  readonly rows: number;
  readonly cols: number;
  readonly parameters: number;
}

export interface Weights {
  readonly preset?: string;
  readonly total: number;
  readonly bytes?: number;
  readonly tied: boolean;
  /** adapters are added to the numbers of the file */
  readonly adapted?: boolean;
  readonly most_singular_work: number;
  readonly tensors: readonly Tensor[];
  readonly kinds: readonly Kind[];
  readonly matrices_only: {
    readonly total: number;
    readonly matrices: number;
    readonly kinds: readonly Kind[];
  };
}

export interface Place {
  readonly row: number;
  readonly col: number;
  readonly value: number;
}

export interface Statistics {
  readonly rows: number;
  readonly cols: number;
  readonly mean: number;
  readonly deviation: number;
  readonly norm: number;
  readonly least: Place;
  readonly largest: Place;
  /** from the least to the largest, in bins of one width */
  readonly histogram: readonly number[];
}

export interface Singular {
  /** the largest first */
  readonly values: readonly number[];
  readonly squared_norm: number;
  readonly effective_rank: number;
}

/** Rows and columns, each from and to. */
export interface Window {
  readonly rows: readonly [number, number];
  readonly cols: readonly [number, number];
}

const PAUSE = 80;

/** Waits until whoever goes through all matrices rests at one. */
export function rest(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiting = setTimeout(resolve, PAUSE);
    signal.addEventListener('abort', () => {
      clearTimeout(waiting);
      reject(new DOMException('another is looked at', 'AbortError'));
    });
  });
}

export function askWeights(model: string, preset: string, signal: AbortSignal): Promise<Weights> {
  return call<Weights>('weights', preset === '' ? { model } : { preset }, { signal });
}

export interface Asking {
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export function askStatistics(model: string, name: string, asking: Asking): Promise<Statistics> {
  return call<Statistics>('matrix', { model, name }, asking);
}

export function askSingular(model: string, name: string, asking: Asking): Promise<Singular> {
  return call<Singular>('singular', { model, name }, asking);
}

export interface Cells {
  /** the number that each cell shows */
  readonly cells: Numbers;
  /** which one of its numbers that is, counted row by row */
  readonly places: Numbers;
}

export async function askCells(
  model: string,
  name: string,
  window: Window,
  each: readonly [number, number],
  signal: AbortSignal,
): Promise<Cells> {
  const answer = await askTensors('cells', { model, name, ...window, each }, signal);
  return { cells: named(answer, 'cells'), places: named(answer, 'places') };
}
