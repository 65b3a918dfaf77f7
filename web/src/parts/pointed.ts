import type { Kind } from '../lib/colour';

/** What the pointer is on, for the one lens of the page. */
export interface Pointed {
  readonly name: string;
  readonly index: readonly number[];
  readonly place: number;
  readonly vector: Float32Array;
  readonly kind: Kind;
  readonly end: number;
  readonly each: number;
  /** whether a click says where the number comes from */
  readonly asks: boolean;
  readonly x: number;
  readonly y: number;
}
