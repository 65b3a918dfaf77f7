package dev.loupe.model;

import static dev.loupe.model.Conversation.USUAL;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.Elementwise;
import dev.loupe.kernels.Packing;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Product;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Weight;
import dev.loupe.model.RandomGpt.Shape;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * A program that prints what all kernels and all kinds of models compute here, as a number for
 * each, so that two virtual machines can be compared. First comes the name of the kernels.
 */
final class BitsDigest {
    /** Nanoseconds for which a product is repeated, so that compiled code makes the last. */
    private static final long COMPILING = 10_000_000;

    private BitsDigest() {}

    /**
     * Its argument is for how many milliseconds it repeats itself, so that code is compiled; 0 for
     * a choice of what can be computed, once.
     */
    public static void main(String[] args) {
        long millis = Long.parseLong(args[0]);
        long end = System.nanoTime() + millis * 1_000_000;
        try (Processor processor = Processor.of(2)) {
            Map<String, Integer> first = of(processor, millis == 0);
            while (System.nanoTime() < end) {
                Map<String, Integer> again = of(processor, false);
                if (!again.equals(first)) {
                    throw new IllegalStateException(
                            "before it was compiled %s, then %s".formatted(first, again));
                }
            }
            System.out.println(processor.kernels().name());
            first.forEach((what, digest) -> System.out.printf("%s: %08x%n", what, digest));
        }
    }

    /** What was computed, and a digest of all its bits. */
    static Map<String, Integer> of(Processor processor, boolean some) {
        Map<String, Integer> digests = new TreeMap<>();
        for (TensorType type : TensorType.values()) {
            int cols = type.quantised() ? 256 : 131;
            Random random = new Random(type.id());
            Weight weight = Packing.pack(processor.threads(), matrices(type, cols, random));
            // one drawn token takes another path than several
            for (int drawn : some ? new int[] {3} : new int[] {1, 3, 5}) {
                Tensor x = noise(new Random(drawn), drawn + 5, cols, drawn);
                Tensor y = Tensor.of(x.rows(), weight.rows(), drawn);
                Product.multiply(processor, x, weight, null, y);
                int interpreted = Arrays.hashCode(y.data());
                long end = System.nanoTime() + (some ? 0 : COMPILING);
                while (System.nanoTime() < end) {
                    Product.multiply(processor, x, weight, null, y);
                }
                if (Arrays.hashCode(y.data()) != interpreted) {
                    throw new IllegalStateException(type + " has other bits when compiled");
                }
                digests.put(
                        "%s product, %d drawn".formatted(type, drawn), Arrays.hashCode(y.data()));
            }
        }
        for (Activation f : Activation.values()) {
            Tensor x = noise(new Random(1), 3, 1001, 0);
            Tensor y = Tensor.of(3, 1001);
            Elementwise.scale(processor, x, 12, x);
            Elementwise.activate(processor, f, x, y);
            digests.put(f + " activation", Arrays.hashCode(y.data()));
        }
        shapes(processor, some ? List.of(Shape.ODD) : List.of(Shape.values()), digests);
        if (!some) {
            types(processor, digests);
        }
        return digests;
    }

    /** Two matrices of a type and one of floats, which do not fill their panels. */
    private static List<StoredTensor> matrices(TensorType type, int cols, Random random) {
        return List.of(
                RandomGpt.matrix("a", type, 19, cols, random),
                RandomGpt.matrix("b", type, 10, cols, random),
                RandomGpt.matrix("c", TensorType.F32, 5, cols, random));
    }

    private static void shapes(
            Processor processor, List<Shape> shapes, Map<String, Integer> digests) {
        for (Shape shape : shapes) {
            Conversation one = Conversation.of(1, shape == Shape.WIDE ? 3 : 67, 2);
            Conversation two = Conversation.of(2, 4, 4, 1);
            Gpt gpt = RandomGpt.of(shape, TensorType.F32, processor.threads());
            digests.put(shape + " logits", logits(gpt, processor, one, two));
        }
    }

    /** Those of small blocks, since a matrix of one large block takes some thousand products. */
    private static void types(Processor processor, Map<String, Integer> digests) {
        for (TensorType type : TensorType.values()) {
            if (type.blockSize() <= 32) {
                Gpt gpt = RandomGpt.of(Shape.SMALL, type, processor.threads());
                Conversation one = Conversation.of(1, 5, 2);
                digests.put(type + " logits", logits(gpt, processor, one, one));
            }
        }
    }

    private static int logits(Gpt gpt, Processor processor, Conversation... conversations) {
        int digest = 0;
        float[][][] all =
                Conversation.read(gpt, new Inference(processor), List.of(conversations), USUAL);
        for (float[][] conversation : all) {
            for (float[] logits : conversation) {
                digest = 31 * digest + Arrays.hashCode(logits);
            }
        }
        return digest;
    }

    private static Tensor noise(Random random, int rows, int cols, int generated) {
        Tensor x = Tensor.of(rows, cols, generated);
        for (int i = 0; i < x.data().length; i++) {
            x.data()[i] = (float) random.nextGaussian();
        }
        return x;
    }
}
