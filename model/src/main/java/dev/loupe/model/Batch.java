package dev.loupe.model;

import dev.loupe.kernels.KeyValues;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.SelfAttention.Visible;
import dev.loupe.kernels.Tensor;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The next tokens of one or more sequences, one row each; parts of generated tokens stand first.
 * What is computed for a row depends on its sequence and its role alone.
 */
public final class Batch {
    /**
     * The next tokens of one sequence.
     *
     * @param cache what the sequence remembers
     * @param generated true if the model drew them, false if they are a prompt's
     * @param ids at least one
     */
    public record Part(KvCache cache, boolean generated, int... ids) {
        public Part {
            if (ids.length == 0) {
                throw new IllegalArgumentException("a part has no tokens");
            }
        }
    }

    private final List<Part> parts;
    private final int[] ids;
    private final int[] positions;
    private final int[] partOf;
    private final int[] starts;
    private final int generated;

    /** As {@link #Batch(List)}. */
    public Batch(Part... given) {
        this(List.of(given));
    }

    /**
     * Parts of generated tokens go first, otherwise the order is kept.
     *
     * @throws IllegalArgumentException if two parts belong to the same sequence
     */
    public Batch(List<Part> given) {
        if (given.stream().map(Part::cache).distinct().count() < given.size()) {
            // the second would overwrite what the first remembers
            throw new IllegalArgumentException("a sequence is in a batch twice");
        }
        parts =
                Stream.concat(
                                given.stream().filter(Part::generated),
                                given.stream().filter(part -> !part.generated()))
                        .toList();
        int rows = parts.stream().mapToInt(part -> part.ids().length).sum();
        ids = new int[rows];
        positions = new int[rows];
        partOf = new int[rows];
        starts = new int[parts.size()];
        int row = 0;
        int drawn = 0;
        for (int p = 0; p < starts.length; p++) {
            Part part = parts.get(p);
            starts[p] = row;
            drawn += part.generated() ? part.ids().length : 0;
            for (int i = 0; i < part.ids().length; i++, row++) {
                ids[row] = part.ids()[i];
                positions[row] = part.cache().length() + i;
                partOf[row] = p;
            }
        }
        generated = drawn;
    }

    /** The parts in the order of their rows. */
    public List<Part> parts() {
        return parts;
    }

    /** The token of each row. */
    int[] ids() {
        return ids;
    }

    /** The position of each row in its sequence. */
    int[] positions() {
        return positions;
    }

    /** How many rows are generated tokens; they come first. */
    int generated() {
        return generated;
    }

    /** How many rows there are. */
    public int rows() {
        return ids.length;
    }

    /** The first row of a part. */
    public int start(int part) {
        return starts[part];
    }

    /** The first row of each part, in the order of {@link #parts}. */
    int[] starts() {
        return starts;
    }

    /** The last row of each part, in the order of {@link #parts}. */
    public int[] lastRows() {
        int[] last = new int[starts.length];
        for (int p = 0; p < last.length; p++) {
            last[p] = starts[p] + parts.get(p).ids().length - 1;
        }
        return last;
    }

    /** All rows. */
    public int[] allRows() {
        int[] all = new int[ids.length];
        Arrays.setAll(all, row -> row);
        return all;
    }

    /** Refuses ids and positions that the model has not. */
    void check(GptConfig config) {
        for (int row = 0; row < ids.length; row++) {
            if (ids[row] < 0 || ids[row] >= config.vocabSize()) {
                throw new IllegalArgumentException(
                        "token id: found %d, expected 0 to %d"
                                .formatted(ids[row], config.vocabSize() - 1));
            }
            if (positions[row] >= config.nCtx()) {
                throw new IllegalArgumentException(
                        "position: found %d, expected less than the context of %d"
                                .formatted(positions[row], config.nCtx()));
            }
        }
    }

    /** One past the last position that any row may look at. */
    int keys() {
        return Arrays.stream(positions).max().orElse(-1) + 1;
    }

    /** Stores the keys and values of all rows, and gives what each may look at. */
    Visible extend(Processor processor, int layer, Tensor k, Tensor v, int headDim, int window) {
        KeyValues[] keys = new KeyValues[starts.length];
        for (int p = 0; p < keys.length; p++) {
            int n = parts.get(p).ids().length;
            keys[p] =
                    parts.get(p)
                            .cache()
                            .extend(
                                    processor,
                                    layer,
                                    k.rows(starts[p], n),
                                    v.rows(starts[p], n),
                                    headDim);
        }
        return new View(this, keys, window);
    }

    void advance() {
        for (Part part : parts) {
            part.cache().advance(part.ids().length);
        }
    }

    private record View(Batch batch, KeyValues[] keys, int window) implements Visible {
        @Override
        public KeyValues keys(int row) {
            return keys[batch.partOf[row]];
        }

        @Override
        public int from(int row) {
            return window == 0 ? 0 : Math.max(0, batch.positions[row] - window + 1);
        }

        @Override
        public int to(int row) {
            return batch.positions[row] + 1;
        }
    }
}
