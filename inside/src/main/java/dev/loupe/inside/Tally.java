package dev.loupe.inside;

import dev.loupe.model.GptConfig;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Where the parameters of a GPT are, exactly, from its configuration alone.
 *
 * @param rows one for each kind of parameter that the model has
 */
public record Tally(List<Row> rows) {
    /** What parameters are for. */
    public enum Kind {
        EMBEDDING("token vectors"),
        POSITIONS("position vectors"),
        QUERY("attention: query"),
        KEY("attention: key"),
        VALUE("attention: value"),
        OUTPUT("attention: output"),
        GATE("MLP: gate"),
        UP("MLP: up"),
        DOWN("MLP: down"),
        NORMS("norms"),
        BIASES("biases"),
        UNEMBEDDING("unembedding");

        private final String title;

        Kind(String title) {
            this.title = title;
        }

        /** For people. */
        public String title() {
            return title;
        }

        /** For programs: {@code up}. */
        public String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * The parameters of a kind.
     *
     * @param matrices how many matrices they are; a head's queries are one, so are its keys and its
     *     values, while the output of all heads is one, since they are added up. 0 for vectors
     * @param rows of such a matrix
     * @param cols of such a matrix
     * @param parameters how many numbers in all
     */
    public record Row(Kind kind, long matrices, int rows, int cols, long parameters) {}

    /**
     * Counts those of a configuration. A tied unembedding is the table of tokens, and counted once.
     */
    public static Tally of(GptConfig config) {
        List<Row> rows = new ArrayList<>();
        long layers = config.nLayer();
        int nEmbd = config.nEmbd();
        GptConfig.Heads heads = config.attention();
        GptConfig.Mlps mlp = config.mlp();
        rows.add(matrices(Kind.EMBEDDING, 1, config.vocabSize(), nEmbd));
        if (config.embedding().learnedPositions()) {
            rows.add(matrices(Kind.POSITIONS, 1, config.nCtx(), nEmbd));
        }
        rows.add(matrices(Kind.QUERY, layers * heads.nHead(), heads.headDim(), nEmbd));
        rows.add(matrices(Kind.KEY, layers * heads.nKvHead(), heads.headDim(), nEmbd));
        rows.add(matrices(Kind.VALUE, layers * heads.nKvHead(), heads.headDim(), nEmbd));
        rows.add(matrices(Kind.OUTPUT, layers, nEmbd, heads.queries()));
        if (mlp.gated()) {
            rows.add(matrices(Kind.GATE, layers, mlp.nInner(), nEmbd));
        }
        rows.add(matrices(Kind.UP, layers, mlp.nInner(), nEmbd));
        rows.add(matrices(Kind.DOWN, layers, nEmbd, mlp.nInner()));
        rows.add(vectors(Kind.NORMS, norms(config)));
        long biases = biases(config);
        if (biases > 0) {
            rows.add(vectors(Kind.BIASES, biases));
        }
        if (!config.embedding().tied()) {
            rows.add(matrices(Kind.UNEMBEDDING, 1, config.vocabSize(), nEmbd));
        }
        return new Tally(List.copyOf(rows));
    }

    private static Row matrices(Kind kind, long matrices, int rows, int cols) {
        long parameters = Math.multiplyExact(matrices, (long) rows * cols);
        return new Row(kind, matrices, rows, cols, parameters);
    }

    private static Row vectors(Kind kind, long parameters) {
        return new Row(kind, 0, 0, 0, parameters);
    }

    /** The norms' own biases are counted with them. */
    private static long norms(GptConfig config) {
        long inBlock = config.norm().after() ? 4 : 2;
        long vectors = config.nLayer() * inBlock + 1;
        long numbers = vectors * config.nEmbd() * (config.norm().bias() ? 2 : 1);
        long ofHeads =
                config.attention().qkNorm()
                        ? 2L * config.nLayer() * config.attention().headDim()
                        : 0;
        return numbers + ofHeads;
    }

    private static long biases(GptConfig config) {
        GptConfig.Heads heads = config.attention();
        GptConfig.Mlps mlp = config.mlp();
        long block = heads.bias() ? heads.queries() + 2L * heads.keys() : 0;
        block += heads.outBias() ? config.nEmbd() : 0;
        block += mlp.bias() ? (mlp.gated() ? 2L : 1L) * mlp.nInner() + config.nEmbd() : 0;
        return config.nLayer() * block;
    }

    /** How many parameters there are. */
    public long total() {
        return rows.stream().mapToLong(Row::parameters).sum();
    }

    /**
     * The tally as it is often told, and was of GPT-3: the matrices that data is multiplied with,
     * the unembedding counted as one of its own although it is tied; no positions, norms or biases.
     */
    public Tally matricesOnly() {
        List<Row> matrices = new ArrayList<>();
        for (Row row : rows) {
            if (row.matrices > 0 && row.kind != Kind.POSITIONS) {
                matrices.add(row);
            }
        }
        if (rows.stream().noneMatch(row -> row.kind == Kind.UNEMBEDDING)) {
            Row table = rows.getFirst();
            matrices.add(new Row(Kind.UNEMBEDDING, 1, table.rows, table.cols, table.parameters));
        }
        return new Tally(List.copyOf(matrices));
    }

    /** How many matrices there are. */
    public long matrices() {
        return rows.stream().mapToLong(Row::matrices).sum();
    }
}
