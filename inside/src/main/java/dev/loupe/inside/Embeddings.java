package dev.loupe.inside;

import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Product;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.Weight;
import dev.loupe.model.Gpt;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.IntPredicate;

/**
 * The vectors of the tokens, and what their directions mean: neighbours, sums and differences
 * (Mikolov et al. 2013, arXiv:1301.3781), projections on a direction, and principal components.
 * Vectors are rows of {@code wte}, or of the unembedding, {@code nEmbd} numbers; nearness is the
 * cosine of the angle.
 */
public final class Embeddings {
    /** Rows that are decoded together. */
    private static final int ROWS = 256;

    private final Weight table;
    private final Processor processor;
    private final float[] lengths;

    private Embeddings(Weight table, Processor processor) {
        this.table = table;
        this.processor = processor;
        lengths = new float[table.rows()];
        processor
                .threads()
                .each(
                        table.rows(),
                        ROWS,
                        (worker, from, to) -> {
                            float[] row = new float[table.cols()];
                            for (int id = from; id < to; id++) {
                                table.row(id, row, 0);
                                lengths[id] = (float) length(row);
                            }
                        });
    }

    /** Those of a model. The length of each vector is measured once, here. */
    public static Embeddings of(Gpt gpt, Processor processor) {
        return new Embeddings(gpt.wte(), processor);
    }

    /**
     * The same of the unembedding, which has a vector for each token too: those with which the last
     * vector of a text is multiplied. In a tied model they are the same vectors. Its bias and its
     * adapters are left out.
     */
    public static Embeddings ofUnembedding(Gpt gpt, Processor processor) {
        return new Embeddings(gpt.unembedding().weight(), processor);
    }

    /**
     * A token near a vector.
     *
     * @param cosine of the angle between them, -1 to 1
     */
    public record Neighbour(int id, double cosine) {}

    /** How many tokens there are. */
    public int vocabSize() {
        return table.rows();
    }

    /** The length of a token's vector. */
    public double length(int id) {
        return lengths[id];
    }

    /**
     * The vector of a token.
     *
     * @throws IndexOutOfBoundsException if there is no such token
     */
    public float[] vector(int id) {
        float[] row = new float[table.cols()];
        table.row(Objects.checkIndex(id, table.rows()), row, 0);
        return row;
    }

    /**
     * The sum of the vectors of some tokens less those of others.
     *
     * @param plus ids
     * @param minus ids
     */
    public float[] sum(int[] plus, int[] minus) {
        float[] sum = new float[table.cols()];
        for (int id : plus) {
            add(sum, vector(id), 1);
        }
        for (int id : minus) {
            add(sum, vector(id), -1);
        }
        return sum;
    }

    private static void add(float[] sum, float[] vector, float factor) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += factor * vector[i];
        }
    }

    /**
     * A direction from pairs: the mean of the differences {@code to - from}, so that what the pairs
     * have in common is left: (cat, cats), (dog, dogs) point to the plural.
     *
     * @param pairs {@code {from, to}} each
     * @throws IllegalArgumentException if there is none
     */
    public float[] direction(List<int[]> pairs) {
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException("a direction needs at least one pair of tokens");
        }
        float[] mean = new float[table.cols()];
        for (int[] pair : pairs) {
            add(mean, sum(new int[] {pair[1]}, new int[] {pair[0]}), 1f / pairs.size());
        }
        return mean;
    }

    /** The product of a token's vector with a direction of length 1. */
    public double projection(int id, float[] direction) {
        float[] vector = vector(id);
        double dot = 0;
        for (int i = 0; i < vector.length; i++) {
            dot += (double) vector[i] * direction[i];
        }
        double length = length(direction);
        return length == 0 ? 0 : dot / length;
    }

    /**
     * The tokens whose vectors lie nearest to one, nearest first.
     *
     * @param n how many
     * @param allowed which tokens may be named; those of the question usually may not
     */
    public List<Neighbour> nearest(float[] vector, int n, IntPredicate allowed) {
        double length = length(vector);
        Tensor x = new Tensor(vector, 0, 1, vector.length, vector.length, 1);
        Tensor products = Tensor.of(1, table.rows(), 1);
        Product.multiply(processor, x, table, null, products);
        float[] cosines = products.data();
        for (int id = 0; id < cosines.length; id++) {
            double both = length * lengths[id];
            cosines[id] = both == 0 ? 0 : (float) (cosines[id] / both);
        }
        List<Neighbour> nearest = new ArrayList<>();
        for (int id : Top.of(cosines, n, allowed)) {
            nearest.add(new Neighbour(id, cosines[id]));
        }
        return List.copyOf(nearest);
    }

    private static double length(float[] vector) {
        double squares = 0;
        for (float x : vector) {
            squares += (double) x * x;
        }
        return Math.sqrt(squares);
    }

    /**
     * Principal components of some tokens: where they lie along the directions in which they differ
     * most.
     *
     * @param ids at least two
     * @param dimensions 1, 2, 3...; at most one less than there are tokens
     */
    public PrincipalComponents components(int[] ids, int dimensions) {
        List<float[]> vectors = new ArrayList<>();
        for (int id : ids) {
            vectors.add(vector(id));
        }
        return PrincipalComponents.of(vectors, dimensions);
    }
}
