/** What the server answers about the vectors of tokens. */

/** A word that the person named, and the tokens that it is. */
export interface Named {
  readonly word: string;
  /** how many tokens; only a word of one has a vector */
  readonly pieces: number;
  /** the first of them */
  readonly ids: readonly number[];
}

export interface Term extends Named {
  readonly minus: boolean;
  /** it stood in quotes */
  readonly exact: boolean;
}

export type Place = readonly [number, number];

interface Placed {
  readonly id: number;
  readonly at: Place;
}

export interface Plane {
  /** one word more is added than taken away, so zero is not part of the picture */
  readonly among: boolean;
  readonly explained: readonly number[];
  readonly zero: Place;
  readonly sum: Place;
  readonly words: readonly Placed[];
  readonly neighbours: readonly Placed[];
}

export interface Neighbour {
  readonly id: number;
  readonly cosine: number;
  readonly length: number;
}

export interface Sum {
  readonly terms: readonly Term[];
  /** the rest is missing where a term is no token */
  readonly length?: number;
  readonly neighbours?: readonly Neighbour[];
  readonly plane?: Plane;
}

export interface Cloud {
  readonly points: readonly (readonly number[])[];
  readonly explained: readonly number[];
  readonly cosines: readonly (readonly number[])[];
  readonly lengths: readonly number[];
}

export interface Direction {
  readonly terms: readonly Term[];
  readonly length?: number;
  readonly words?: readonly (Named & { readonly at?: number })[];
}
