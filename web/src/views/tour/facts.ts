/** What the tour asks of the model that is loaded, so that every number in its text is the model's. */
import { FIRST } from '../../lib/address';
import { call, tensors, type Draw, type Lens, type ModelInfo, type Writes } from '../../lib/api';
import { row, tensor, type Tensor } from '../../lib/binary';
import type { Direction, Sum } from '../meaning/calls';
import { idsIn, wordless } from '../../lib/wordless';
import { rank, type Ranked } from '../../lib/sampling';

/** What the tour looks for in a model, by asking it. Answers are kept while the model stays. */
export class Facts {
  readonly model: string;
  readonly name: string;
  readonly info: ModelInfo;
  readonly vocabulary: readonly string[];
  /** tokens have no text, only numbers */
  readonly wordless: boolean;
  readonly signal: AbortSignal;
  readonly #progress: (done: number, of: number) => void;
  readonly #kept = new Map<string, Promise<unknown>>();

  constructor(
    model: { key: string; name: string; info: ModelInfo; vocabulary: readonly string[] },
    signal: AbortSignal,
    progress: (done: number, of: number) => void,
  ) {
    this.model = model.key;
    this.name = model.name;
    this.info = model.info;
    this.vocabulary = model.vocabulary;
    this.wordless = wordless(model.vocabulary);
    this.signal = signal;
    this.#progress = progress;
  }

  text(id: number): string {
    return this.vocabulary[id] ?? `<${id}>`;
  }

  /** A number of the configuration, by its name there; 0 where it is missing. */
  number(name: string): number {
    const value = this.info.config[name];
    return typeof value === 'number' ? value : 0;
  }

  /** A sentence as this model can be given it: without a tokenizer, as many ids as it has words. */
  prompt(text: string): string {
    const most = this.vocabulary.length - 1;
    return this.wordless
      ? text
          .trim()
          .split(/\s+/)
          .map((_, i) => Math.min(i + 1, most))
          .join(' ')
      : text;
  }

  /** The tokens of a text. */
  async ids(text: string): Promise<readonly number[]> {
    if (this.wordless) {
      return idsIn(this.prompt(text), this.vocabulary.length);
    }
    return this.#keep(`ids ${text}`, async () => {
      const { signal, model } = this;
      return (await call<{ ids: number[] }>('tokenize', { model, text }, { signal })).ids;
    });
  }

  /** All tokens by their logits behind a text. */
  async next(text: string): Promise<Ranked> {
    const ids = await this.ids(text);
    return this.#keep(`next ${ids.join()}`, async () => {
      const answer = await tensors('logits', { model: this.model, ids }, this.signal);
      return rank(row(tensor(answer, 'logits'), 0));
    });
  }

  /** The likeliest token, again and again, with the probability that it had. */
  likeliest(text: string, most: number): Promise<Drawn[]> {
    return this.#keep(`likeliest ${most} ${text}`, () => this.#draw(text, most, 0));
  }

  /** What the darts of the first seed draw. */
  thrown(text: string, most: number): Promise<Drawn[]> {
    return this.#keep(`thrown ${most} ${text}`, () => this.#draw(text, most, 1));
  }

  async #draw(text: string, most: number, temperature: number): Promise<Drawn[]> {
    const { model, signal } = this;
    const ids = [...(await this.ids(text))];
    const room = Number(this.info['most_tokens'] ?? 0) - ids.length;
    const drawn: Drawn[] = [];
    const many = Math.max(0, Math.min(most, room));
    for (let step = 0; step < many; step++) {
      this.#progress(step, many);
      const asked = { model, ids, sampling: { temperature: 1 }, seed: FIRST.seed, step };
      const draw = await call<Draw>('draw', asked, { signal });
      const first = draw.candidates?.[0] ?? draw;
      const { id, probability } = temperature === 0 ? first : draw;
      drawn.push({ id, text: this.text(id), probability, likeliest: first.probability });
      ids.push(id);
    }
    this.#progress(many, many);
    return drawn;
  }

  /** What the model would say at each stage. */
  async lens(text: string): Promise<Lens> {
    const ids = await this.ids(text);
    return this.#keep(`lens ${text}`, () =>
      call<Lens>('lens', { model: this.model, ids, top: 2 }, { signal: this.signal }),
    );
  }

  /** The patterns of all heads, by block: [head, query, key] each. */
  patterns(text: string): Promise<readonly Tensor[]> {
    return this.#keep(`patterns ${text}`, async () => {
      const { arrays } = await this.capture(text, ['blocks.*.attn.hook_pattern']);
      return [...arrays.values()].sort((a, b) => layerOf(a.name) - layerOf(b.name));
    });
  }

  async capture(text: string, hooks: readonly string[]) {
    const ids = await this.ids(text);
    return this.#keep(`capture ${hooks.join()} ${text}`, () =>
      tensors('capture', { model: this.model, ids, hooks }, this.signal),
    );
  }

  /** What attention and the MLP of each block added to the last token, beside the vector's length. */
  async wrote(text: string): Promise<{ attention: number; mlp: number }[]> {
    const ids = await this.ids(text);
    const last = ids.length - 1;
    const { layers } = await this.#keep(`summary ${text}`, () =>
      call<Summary>('summary', { model: this.model, ids }, { signal: this.signal }),
    );
    return layers.map(({ resid_pre, attn_out, mlp_out }) => ({
      attention: (attn_out[last] ?? 0) / (resid_pre[last] ?? 1),
      mlp: (mlp_out[last] ?? 0) / (resid_pre[last] ?? 1),
    }));
  }

  /** What a head pushes up at the last token. */
  async writes(text: string, layer: number, head: number): Promise<Writes> {
    const ids = await this.ids(text);
    const asked = { model: this.model, ids, layer, head, position: ids.length - 1, top: 5 };
    return this.#keep(`writes ${layer} ${head} ${text}`, () =>
      call<Writes>('writes', asked, { signal: this.signal }),
    );
  }

  /** The tokens nearest to a sum of words. */
  sum(text: string): Promise<Sum> {
    const asked = { model: this.model, table: 'embedding', text, n: 20 };
    return this.#keep(`sum ${text}`, () => call<Sum>('sum', asked, { signal: this.signal }));
  }

  /** How far words lie along a sum. */
  along(text: string, words: string): Promise<Direction> {
    const asked = { model: this.model, table: 'embedding', text, words };
    return this.#keep(`along ${text} ${words}`, () =>
      call<Direction>('direction', asked, { signal: this.signal }),
    );
  }

  /** Keeps what was answered; what failed or was stopped is asked again. */
  #keep<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const kept = this.#kept.get(key) as Promise<T> | undefined;
    if (kept) {
      return kept;
    }
    const asked = ask();
    this.#kept.set(key, asked);
    asked.catch(() => {
      if (this.#kept.get(key) === asked) {
        this.#kept.delete(key);
      }
    });
    return asked;
  }
}

interface Summary {
  readonly layers: readonly {
    readonly resid_pre: readonly number[];
    readonly attn_out: readonly number[];
    readonly mlp_out: readonly number[];
  }[];
}

export interface Drawn {
  readonly id: number;
  readonly text: string;
  /** that it had */
  readonly probability: number;
  /** of the likeliest token there */
  readonly likeliest: number;
}

function layerOf(hook: string): number {
  return Number(/^blocks\.(\d+)\./.exec(hook)?.[1] ?? 0);
}
