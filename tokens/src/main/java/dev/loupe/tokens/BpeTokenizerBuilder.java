package dev.loupe.tokens;

import java.util.List;
import java.util.Set;

/** What a {@link BpeTokenizer} is made of. Whatever is not said is absent. */
public final class BpeTokenizerBuilder {
    final Vocabulary vocabulary;
    final Merges merges;
    final Alphabet alphabet;
    WholePieces whole = WholePieces.NEVER;
    List<Rewriting> normalizers = List.of();
    List<Rewriting> preparations = List.of();
    List<Splitter> splitters = List.of();
    List<AddedToken> added = List.of();
    Set<Integer> endOfGeneration = Set.of();
    int[] before = {};
    int[] after = {};
    boolean byteFallback;
    boolean fuseUnknown;
    boolean dropsSpace;
    boolean decodesAdded;
    int unknown = -1;
    int bos = -1;
    int eos = -1;

    public BpeTokenizerBuilder(Vocabulary vocabulary, Merges merges, Alphabet alphabet) {
        this.vocabulary = vocabulary;
        this.merges = merges;
        this.alphabet = alphabet;
    }

    /** When a piece that is a token as a whole is not merged. */
    public BpeTokenizerBuilder whole(WholePieces when) {
        whole = when;
        return this;
    }

    /** What is done to the text between the added tokens that are found in the text as it is. */
    public BpeTokenizerBuilder normalizers(List<Rewriting> steps) {
        normalizers = steps;
        return this;
    }

    /** What is done to the text between all added tokens, before it is split. */
    public BpeTokenizerBuilder preparations(List<Rewriting> steps) {
        preparations = steps;
        return this;
    }

    /** Each splits further what the one before has left whole. */
    public BpeTokenizerBuilder splitters(List<Splitter> steps) {
        splitters = steps;
        return this;
    }

    public BpeTokenizerBuilder added(List<AddedToken> tokens) {
        tokens.forEach(t -> check(t.id(), "added token '" + t.text() + "'"));
        added = tokens;
        return this;
    }

    /** The tokens that are put around a text when asked. */
    public BpeTokenizerBuilder around(int[] inFront, int[] behind) {
        for (int id : inFront) {
            check(id, "the token in front of a text");
        }
        for (int id : behind) {
            check(id, "the token behind a text");
        }
        before = inFront;
        after = behind;
        return this;
    }

    /** Characters without a token become the tokens of their bytes, where there are such. */
    public BpeTokenizerBuilder byteFallback(boolean falls) {
        byteFallback = falls;
        return this;
    }

    /**
     * The token for what cannot be expressed. Without one it is left out.
     *
     * @param fused whether several in a row are one
     */
    public BpeTokenizerBuilder unknown(int id, boolean fused) {
        check(id, "the unknown token");
        unknown = id;
        fuseUnknown = fused;
        return this;
    }

    /** Decoding drops one space at the start of a text, for encoding puts one there. */
    public BpeTokenizerBuilder dropsSpace(boolean drops) {
        dropsSpace = drops;
        return this;
    }

    /**
     * Decoding treats added tokens like others: as they are after normalization, and with a space
     * for {@code ▁}. Otherwise they stand for themselves.
     */
    public BpeTokenizerBuilder decodesAdded(boolean decodes) {
        decodesAdded = decodes;
        return this;
    }

    public BpeTokenizerBuilder bos(int id) {
        check(id, "BOS");
        bos = id;
        return this;
    }

    public BpeTokenizerBuilder eos(int id) {
        check(id, "EOS");
        eos = id;
        return this;
    }

    public BpeTokenizerBuilder endOfGeneration(Set<Integer> ids) {
        ids.forEach(id -> check(id, "an end-of-generation token"));
        endOfGeneration = ids;
        return this;
    }

    /**
     * Makes the tokenizer.
     *
     * @throws IllegalArgumentException if the vocabulary is empty; the other methods throw it for
     *     an id that is not in the vocabulary
     */
    public BpeTokenizer build() {
        if (vocabulary.size() == 0) {
            throw new IllegalArgumentException("the vocabulary is empty");
        }
        return new BpeTokenizer(this);
    }

    private void check(int id, String what) {
        if (id < 0 || id >= vocabulary.size()) {
            throw new IllegalArgumentException(
                    what
                            + " has id "
                            + id
                            + ", but ids of this vocabulary are 0 to "
                            + (vocabulary.size() - 1));
        }
    }
}
