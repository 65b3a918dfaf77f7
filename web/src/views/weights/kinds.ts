/** What kinds of parameters are called, how they are coloured, and what their rows and columns are. */
import type { Kind as Colour } from '../../lib/colour';
import { visible } from '../../lib/number';
import type { Tensor, Weights } from './calls';

interface Says {
  readonly title: string;
  readonly short: string;
  readonly colour: Colour;
  /** what a row is; empty where there is but one */
  readonly row: string;
  readonly col: string;
  readonly does: string;
}

const VECTOR = 'a number of the token\u2019s vector';
const READS = `${VECTOR}, behind the norm`;
const ADDS = `a number that is added to the token\u2019s vector`;

const SAYS: Readonly<Record<string, Says>> = {
  embedding: {
    title: 'token vectors',
    short: 'tokens',
    colour: 'stream',
    row: 'a token of the vocabulary',
    col: VECTOR,
    does: 'The table of tokens: each has a row, its vector, with which everything begins.',
  },
  positions: {
    title: 'position vectors',
    short: 'positions',
    colour: 'stream',
    row: 'a position in the text',
    col: 'a number that is added to the vector of the token there',
    does: 'Each position has a row too, so that the model can tell first from last.',
  },
  query: {
    title: 'attention: query',
    short: 'query',
    colour: 'query',
    row: 'a number of a head\u2019s query',
    col: READS,
    does: 'It makes of each token\u2019s vector what each head asks for.',
  },
  key: {
    title: 'attention: key',
    short: 'key',
    colour: 'key',
    row: 'a number of a head\u2019s key',
    col: READS,
    does: 'It makes of each token\u2019s vector what the token is found by.',
  },
  value: {
    title: 'attention: value',
    short: 'value',
    colour: 'value',
    row: 'a number of a head\u2019s value',
    col: READS,
    does: 'It makes of each token\u2019s vector what the token hands over when it is found.',
  },
  query_key_value: {
    title: 'attention: query, key, value',
    short: 'q, k, v',
    colour: 'query',
    row: 'a number of a query, then of a key, then of a value',
    col: READS,
    does: 'Queries, keys and values in one matrix, one under the other, as the file has them.',
  },
  output: {
    title: 'attention: output',
    short: 'output',
    colour: 'head',
    row: ADDS,
    col: 'a number of what a head has read',
    does: 'It puts what all heads have read back into the token\u2019s vector.',
  },
  gate: {
    title: 'MLP: gate',
    short: 'gate',
    colour: 'mlp',
    row: 'a neuron\u2019s gate',
    col: READS,
    does: 'It says for each neuron how far it opens.',
  },
  up: {
    title: 'MLP: up',
    short: 'up',
    colour: 'mlp',
    row: 'a neuron',
    col: READS,
    does: 'Each neuron looks for a pattern in the token\u2019s vector.',
  },
  down: {
    title: 'MLP: down',
    short: 'down',
    colour: 'mlp',
    row: ADDS,
    col: 'a neuron',
    does: 'Each neuron that found its pattern adds its own column to the vector.',
  },
  norms: {
    title: 'norms',
    short: 'norm',
    colour: 'ink',
    row: '',
    col: 'a number of the vector that the norm scales or shifts',
    does: 'Behind a norm each number of the vector is scaled, and in some models shifted.',
  },
  biases: {
    title: 'biases',
    short: 'bias',
    colour: 'ink',
    row: '',
    col: 'an output of the matrix that it belongs to',
    does: 'It is added to what a matrix gives, whatever the input.',
  },
  unembedding: {
    title: 'unembedding',
    short: 'unembedding',
    colour: 'ink',
    row: 'a token of the vocabulary',
    col: READS,
    does: 'The last vector times each row is a token\u2019s logit.',
  },
};

const UNKNOWN: Says = {
  title: 'others',
  short: '',
  colour: 'ink',
  row: 'an output',
  col: 'an input',
  does: '',
};

export function says(kind: string): Says {
  return SAYS[kind] ?? UNKNOWN;
}

/** The CSS variable of a colour. */
export function fill(colour: Colour): string {
  return colour === 'ink' ? 'var(--quiet)' : `var(--${colour})`;
}

export const isMatrix = ({ rows }: Tensor): boolean => rows > 1;

/** What a tensor weighs: numbers, or bytes of the file. */
export function size(tensor: Tensor, bytes: boolean): number {
  return bytes ? (tensor.bytes ?? 0) : tensor.parameters;
}

/** What a kind takes in the file, and in which types; what is several in one is divided by its rows. */
export function inFile(weights: Weights, kind: string): { bytes: number; types: string } {
  let bytes = 0;
  const types = new Set<string>();
  for (const tensor of weights.tensors) {
    const part = tensor.parts?.find((one) => one.kind === kind);
    if (tensor.kind === kind || part) {
      bytes += ((tensor.bytes ?? 0) * (part?.rows ?? tensor.rows)) / tensor.rows;
      types.add(tensor.type ?? '');
    }
  }
  return { bytes, types: [...types].join(', ') };
}

interface Shape {
  readonly headDim: number;
  readonly text: (id: number) => string;
}

/** What a row is, of those that have a name. */
export function rowName(tensor: Tensor, row: number, shape: Shape): string {
  const head = (at: number) =>
    `head ${Math.floor(at / shape.headDim)}, number ${at % shape.headDim}`;
  switch (tensor.kind) {
    case 'embedding':
    case 'unembedding':
      return `token ${row} \u201c${visible(shape.text(row))}\u201d`;
    case 'positions':
      return `position ${row}`;
    case 'query':
      return `query of ${head(row)}`;
    case 'key':
    case 'value':
      return `${tensor.kind} of ${head(row)}`;
    case 'query_key_value': {
      let above = 0;
      for (const { kind, rows } of tensor.parts ?? []) {
        if (row < above + rows) {
          return `${kind} of ${head(row - above)}`;
        }
        above += rows;
      }
      return '';
    }
    case 'gate':
    case 'up':
      return `neuron ${row}`;
    default:
      return '';
  }
}

/** What a column is, of those that have a name. */
export function colName(tensor: Tensor, col: number, shape: Shape): string {
  if (tensor.kind === 'output') {
    return `head ${Math.floor(col / shape.headDim)}, number ${col % shape.headDim}`;
  }
  return tensor.kind === 'down' ? `neuron ${col}` : '';
}
