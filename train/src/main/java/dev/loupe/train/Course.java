package dev.loupe.train;

import dev.loupe.tokens.Tokenizer;

import java.util.Set;

/** Something that is trained in a folder: a new model, or one that is there already. */
public sealed interface Course extends AutoCloseable permits Run, Tuning {
    /** Told of what takes long before the first step. */
    @FunctionalInterface
    interface Watcher {
        void at(String what, long done, long total);
    }

    Plan settings();

    Trainer trainer();

    Checkpoints checkpoints();

    Tokenizer tokenizer();

    /** Tokens after which the model has nothing more to say. */
    Set<Integer> endOfGeneration();

    /** For people: what is trained, behind its number. */
    String parameters();

    /** For people: how much data there is. */
    String data();

    /** How many tokens a step trains on, as a mean. */
    long tokensOfStep();

    /** What samples begin with. */
    int[] samplePrompt();

    /** Whether anything is held back to validate with. */
    boolean validates();

    /** The loss on what is held back, in nats a token. */
    double validate();

    /** Writes what is trained, as it stands, into the folder. */
    void saveModel();

    /** To be called between pieces of work that leave much behind, as a token of a sample does. */
    void tidy();

    @Override
    void close();
}
