/** The calls of the server, as `docs/reference/explorer-api.md` has them. */
import { readTensors, type Tensors } from './binary';
import type { Sampling } from './sampling';

export interface ModelEntry {
  readonly key: string;
  readonly name: string;
  readonly bytes?: number;
  readonly parameters?: number;
  readonly types?: Readonly<Record<string, number>>;
  readonly loaded?: boolean;
  /** the key of the training run that it comes from */
  readonly run?: string;
  /** of a checkpoint of that run */
  readonly step?: number;
}

export interface ModelInfo {
  readonly config: Readonly<Record<string, unknown>>;
  readonly form: Readonly<Record<string, unknown>>;
  readonly hooks: readonly {
    readonly name: string;
    readonly shape: readonly (string | number)[];
  }[];
  readonly [more: string]: unknown;
}

export interface Token {
  readonly id: number;
  readonly text: string;
}

export interface Draw {
  readonly id: number;
  readonly u: number;
  readonly from: number;
  readonly to: number;
  readonly probability: number;
  readonly kept: number;
  readonly text?: string;
  readonly candidates?: readonly {
    id: number;
    logit: number;
    probability: number;
    kept: boolean;
  }[];
}

export interface Guess {
  readonly id: number;
  readonly logit: number;
  readonly probability: number;
  readonly text?: string;
}

export interface Lens {
  readonly stages: readonly string[];
  readonly readings: readonly (readonly { entropy: number; top: readonly Guess[] }[])[];
}

export interface Derivation {
  readonly name: string;
  readonly formula: string;
  readonly lines: readonly { text: string; value?: number | null }[];
  readonly terms: readonly {
    name: string;
    index: number | readonly number[] | null;
    weight?: number | null;
    input?: number | null;
    product: number;
  }[];
  readonly bias?: number | null;
  readonly result: number;
  readonly captured: number;
}

export interface Writes {
  readonly up: readonly { id: number; text?: string; value: number }[];
  readonly down: readonly { id: number; text?: string; value: number }[];
}

/** What the server said in plain words when it could not do as asked. */
export class ServerError extends Error {}

const UNREACHABLE =
  'Loupe does not answer. Is it still running? Start it again with ./loupe explore, then reload this page.';

async function post(name: string, body: object, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/api/${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });
  } catch (cause) {
    if (signal?.aborted) {
      throw cause;
    }
    throw new ServerError(UNREACHABLE, { cause });
  }
  if (!response.ok) {
    throw new ServerError(await saidBy(response));
  }
  return response;
}

async function saidBy(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { error?: string };
    if (error) {
      return error;
    }
  } catch {
    // not JSON: the status has to do
  }
  return `Loupe answered ${response.status} ${response.statusText} and no words with it.`;
}

export type Progress = (share: number, note: string) => void;

/** A call that is answered by JSON, or by lines of JSON with the progress before the result. */
export async function call<T>(
  name: string,
  body: object,
  { signal, progress }: { signal?: AbortSignal | undefined; progress?: Progress } = {},
): Promise<T> {
  const response = await post(name, body, signal);
  if (!(response.headers.get('Content-Type') ?? '').includes('ndjson')) {
    return (await response.json()) as T;
  }
  let result: { value: T } | undefined;
  for await (const line of lines(response)) {
    const said = JSON.parse(line) as {
      progress?: number;
      note?: string;
      result?: T;
      error?: string;
    };
    if (said.error !== undefined) {
      throw new ServerError(said.error);
    }
    if (said.progress !== undefined) {
      progress?.(said.progress, said.note ?? '');
    }
    if (said.result !== undefined) {
      result = { value: said.result };
    }
  }
  if (!result) {
    throw new ServerError(UNREACHABLE);
  }
  return result.value;
}

async function* lines(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  while (reader) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    rest += value;
    const whole = rest.split('\n');
    rest = whole.pop() ?? '';
    yield* whole.filter((line) => line.trim() !== '');
  }
  if (rest.trim() !== '') {
    yield rest;
  }
}

/** A call that is answered by tensors. */
export async function tensors(name: string, body: object, signal?: AbortSignal): Promise<Tensors> {
  return readTensors(await (await post(name, body, signal)).arrayBuffer());
}

/** A call that is answered by a file. */
export async function file(name: string, body: object): Promise<Blob> {
  return (await post(name, body)).blob();
}

/** The names the server has for the settings of a draw. */
export function wire(sampling: Sampling): object {
  return {
    temperature: sampling.temperature,
    top_k: sampling.topK,
    top_p: sampling.topP,
    min_p: sampling.minP,
  };
}
