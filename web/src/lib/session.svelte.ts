/** What the whole page knows: the model, the prompt, the texts drawn from it, and what went wrong. */
import { read, write, type Address } from './address';
import { call, ServerError, tensors, type ModelEntry, type ModelInfo, type Token } from './api';
import { row, tensor } from './binary';
import type { Theme } from './colour';
import { distribution, NEUTRAL, rank, type Ranked } from './sampling';
import { idsIn, wordless } from './wordless';
import { grow, path, root, type TextNode } from './tree';

const REMEMBERED = 24;
const TYPING_PAUSE = 180;
/** that the server takes at once */
const MOST_IDS = 1024;

export class Session {
  address = $state<Address>(read(location.hash));
  models = $state.raw<readonly ModelEntry[]>([]);
  /** what the chosen model is, once it is loaded */
  info = $state.raw<ModelInfo | null>(null);
  loading = $state.raw<{ share: number; note: string } | null>({
    share: 0,
    note: 'asking for models',
  });
  vocabulary = $state.raw<readonly string[]>([]);
  /** the sentence that the tokens are of: the prompt as it was last read */
  sentence = $state('');
  /** tokens of the prompt; those drawn behind it are in the tree */
  tokens = $state.raw<readonly Token[]>([]);
  tree = $state.raw<TextNode>(root());
  here = $state.raw<TextNode>(root());
  /** counts what grew, for the tree is not watched */
  grown = $state(0);
  problem = $state('');
  theme = $state<Theme>('light');
  /** the token that is looked at in every view; -1: none */
  token = $state(-1);
  /** one step on, by the view that is open */
  step: (() => void) | null = null;

  /** the model has no tokenizer: what is typed are ids */
  readonly wordless: boolean = $derived(wordless(this.vocabulary));
  readonly drawn: readonly TextNode[] = $derived(path(this.here));
  readonly ids: readonly number[] = $derived([
    ...this.tokens.map(({ id }) => id),
    ...this.drawn.map(({ id }) => id),
  ]);
  readonly texts: readonly string[] = $derived([
    ...this.tokens.map(({ text }) => text),
    ...this.drawn.map(({ text }) => text),
  ]);
  /** changes whenever another text or another model is looked at */
  readonly run: string = $derived(`${this.info ? this.address.model : ''}|${this.ids.join('.')}`);

  // a memory of answers, which nothing on the page watches
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #rows = new Map<string, Promise<Ranked>>();
  #typing: ReturnType<typeof setTimeout> | undefined;
  #tokenizing: AbortController | undefined;
  #choosing: AbortController | undefined;

  async start(): Promise<void> {
    await this.guard(async () => {
      const { models, default: first } = await call<{
        models: ModelEntry[];
        default: string | null;
      }>('models', {});
      this.models = models;
      const known = models.some(({ key }) => key === this.address.model);
      const key = known ? this.address.model : (first ?? models[0]?.key);
      if (key === undefined) {
        this.loading = null;
        throw new ServerError(
          'There is no model on this machine yet. Get one with ./loupe pull smollm2, then reload this page.',
        );
      }
      await this.choose(key);
    });
  }

  /** Loads a model and reads the prompt with its tokenizer. */
  async choose(key: string): Promise<void> {
    this.#choosing?.abort();
    const choosing = new AbortController();
    this.#choosing = choosing;
    const drawn = key === this.address.model || this.address.model === '' ? this.address.drawn : [];
    this.address.model = key;
    this.info = null;
    this.tokens = [];
    this.#rows.clear();
    this.loading = { share: 0, note: 'loading the model' };
    try {
      const { signal } = choosing;
      const info = await call<ModelInfo>(
        'model',
        { model: key },
        { signal, progress: (share, note) => (this.loading = { share, note }) },
      );
      const { tokens } = await call<{ tokens: string[] }>('vocabulary', { model: key }, { signal });
      if (signal.aborted) {
        return;
      }
      this.vocabulary = tokens;
      this.info = info;
      this.problem = '';
      this.models = this.models.map((model) =>
        model.key === key ? { ...model, loaded: true } : model,
      );
      await this.tokenize(drawn);
    } catch (error) {
      this.report(error);
    } finally {
      if (this.#choosing === choosing) {
        this.loading = null;
      }
    }
  }

  /** The person types: the text is read when the fingers rest. */
  type(prompt: string): void {
    this.address.prompt = prompt;
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => void this.guard(() => this.tokenize([])), TYPING_PAUSE);
  }

  /** Shows another sentence with the tokens behind it, if it is not what is seen already. */
  async show(prompt: string, drawn: readonly number[]): Promise<void> {
    clearTimeout(this.#typing);
    // a sentence that is still being read is not seen yet
    const same = this.address.prompt === prompt && this.sentence === prompt;
    if (!same || this.address.drawn.join() !== drawn.join()) {
      this.address.prompt = prompt;
      await this.guard(() => this.tokenize(drawn));
    }
  }

  /** Reads the prompt, and goes to the text that stands behind it in the address. */
  async tokenize(drawn: readonly number[]): Promise<void> {
    this.#tokenizing?.abort();
    const tokenizing = new AbortController();
    this.#tokenizing = tokenizing;
    const { prompt } = this.address;
    const tokens = await this.#read(prompt, tokenizing.signal);
    const top = root();
    let here = top;
    for (const id of drawn.filter((id) => id < this.vocabulary.length)) {
      here = grow(here, id, this.text(id), null, null);
    }
    const { run } = this;
    this.sentence = prompt;
    this.tokens = tokens;
    this.tree = top;
    this.go(here);
    if (this.run !== run) {
      this.token = -1;
    }
    this.problem = '';
    if (here !== top) {
      await this.weigh(here);
    }
  }

  async #read(text: string, signal: AbortSignal): Promise<readonly Token[]> {
    if (this.wordless) {
      const ids = idsIn(text, this.vocabulary.length).slice(0, MOST_IDS);
      return ids.map((id) => ({ id, text: this.text(id) }));
    }
    const { model } = this.address;
    return (await call<{ tokens: Token[] }>('tokenize', { model, text }, { signal })).tokens;
  }

  /** Goes to a text of the tree. */
  go(node: TextNode): void {
    this.here = node;
    this.address.drawn = path(node).map(({ id }) => id);
    this.grown++;
  }

  /** Puts a token behind the text, drawn or chosen. */
  append(id: number, thrown: number | null, ranked: Ranked | null): void {
    this.go(grow(this.here, id, this.text(id), ranked ? own(ranked, id) : null, thrown));
  }

  text(id: number): string {
    return this.vocabulary[id] ?? `<${id}>`;
  }

  /** The logits behind the present text. */
  logits(): Promise<Ranked> {
    const key = this.run;
    let row = this.#rows.get(key);
    if (!row) {
      row = this.#logits(this.ids, [this.ids.length - 1]).then(([only]) => only as Ranked);
      this.#rows.set(key, row);
      row.catch(() => this.#rows.delete(key));
      for (const old of [...this.#rows.keys()].slice(0, -REMEMBERED)) {
        this.#rows.delete(old);
      }
    }
    return row;
  }

  async #logits(ids: readonly number[], positions: readonly number[]): Promise<Ranked[]> {
    const answer = await tensors('logits', { model: this.address.model, ids, positions });
    const logits = tensor(answer, 'logits');
    return positions.map((_, i) => rank(row(logits, i)));
  }

  /** Asks for the probabilities of a text that came with the address. */
  private async weigh(node: TextNode): Promise<void> {
    const nodes = path(node);
    const first = this.tokens.length - 1;
    if (first < 0) {
      return;
    }
    const rows = await this.#logits(
      this.ids,
      nodes.map((_, i) => first + i),
    );
    nodes.forEach((node, i) => (node.probability = own(rows[i] as Ranked, node.id)));
    this.grown++;
  }

  /** Runs something that asks the server; what goes wrong is said in plain sight. */
  async guard(what: () => Promise<void>): Promise<void> {
    try {
      await what();
    } catch (error) {
      this.report(error);
    }
  }

  report(error: unknown): void {
    if (error instanceof DOMException && error.name === 'AbortError') {
      return;
    }
    this.problem =
      error instanceof ServerError
        ? error.message
        : `Something in this page went wrong: ${error instanceof Error ? error.message : String(error)}. Reload it to go on.`;
  }

  /** The address as a link. */
  link(): string {
    return write($state.snapshot(this.address));
  }
}

/** The model's own probability of a token. */
function own(ranked: Ranked, id: number): number {
  const plain = distribution(ranked, NEUTRAL);
  return plain.softmax[plain.order.indexOf(id)] ?? 0;
}

export const session = new Session();
