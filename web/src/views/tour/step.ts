/** What the tour is made of. Its words are in `chapters/`, what it asks of a model in `facts.ts`. */
import type { Sampling } from '../../lib/sampling';
import type { Facts } from './facts';
import type { Sentence } from './say';

/** The views that stand beside the text. */
export type Live = 'generate' | 'flow' | 'meaning' | 'weights';

/** What the view beside the text shows at a step. What is left out is as at the start of a view. */
export interface Scene {
  readonly view: Live;
  readonly prompt: string;
  readonly sampling?: Partial<Sampling>;
  readonly drawn?: readonly number[];
  readonly selection?: string;
  /** a selector of the part of the view that the text speaks of, where it may be out of sight */
  readonly look?: string;
}

/** What the person has made of the view: all that a task looks at. */
export interface Seen {
  /** the person has written another sentence than the step's */
  readonly otherPrompt: boolean;
  readonly ids: readonly number[];
  readonly texts: readonly string[];
  /** how many tokens stand behind the prompt, and how many of them a dart drew (or argmax took) */
  readonly drawn: readonly { readonly text: string; readonly thrown: boolean }[];
  readonly sampling: Sampling;
  readonly selection: string;
  readonly token: number;
}

export interface Told {
  readonly says: readonly Sentence[];
  /** what the view shows; only a step that needs the model's answer for it says it here */
  readonly scene?: Partial<Scene>;
  readonly task?: Task;
}

/** Something to try, and how the tour notices that it was done. */
export interface Task {
  readonly asks: Sentence;
  readonly done: (seen: Seen) => boolean;
  readonly praise: (seen: Seen) => Sentence;
}

export interface Step {
  readonly title: string;
  readonly scene: Scene;
  /** what it says before the model has answered */
  readonly begins?: (facts: Facts) => readonly Sentence[];
  /** Asks the model for what the text says of it, and tells the step. */
  readonly tell: (facts: Facts) => Promise<Told> | Told;
}

export interface Chapter {
  readonly title: string;
  readonly steps: readonly Step[];
}
