package dev.loupe.model;

import static dev.loupe.model.Conversation.USUAL;
import static dev.loupe.model.Conversation.read;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loupe.kernels.Kernels;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Tensor;
import dev.loupe.kernels.TensorType;
import dev.loupe.kernels.Threads;
import dev.loupe.model.Conversation.Pieces;
import dev.loupe.model.RandomGpt.Shape;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * The bits of a token's logits depend on the tokens of its sequence and their roles alone: not on
 * threads, kernels, neighbours, the pieces in which a prompt comes, or who looks in.
 */
class GptBitsTest {
    private static final Processor ALONE = Processor.of(1);

    /** One to three threads, with vectors and without. */
    private static final List<Processor> PROCESSORS = processors();

    private static List<Processor> processors() {
        List<Processor> processors = new ArrayList<>();
        for (int threads = 1; threads <= 3; threads++) {
            processors.add(new Processor(Kernels.vectors(), new Threads(threads)));
            processors.add(new Processor(Kernels.scalar(), new Threads(threads)));
        }
        return processors;
    }

    @AfterAll
    static void close() {
        PROCESSORS.forEach(Processor::close);
        ALONE.close();
    }

    /** Seventeen of 4 to 30 tokens. */
    private static List<Conversation> many() {
        List<Conversation> many = new ArrayList<>();
        for (int i = 0; i < 17; i++) {
            many.add(Conversation.of(i, 1 + 5 * i % 13, 2 + i % 4, 1 + i % 5, i % 3));
        }
        return many;
    }

    /** What each gives when it is read alone, a prompt at once, drawn tokens one by one. */
    private static float[][][] alone(Gpt gpt, List<Conversation> all) {
        float[][][] logits = new float[all.size()][][];
        for (int c = 0; c < logits.length; c++) {
            logits[c] = read(gpt, new Inference(ALONE), List.of(all.get(c)), USUAL)[0];
            for (float[] row : logits[c]) {
                for (float logit : row) {
                    assertThat(logit).isFinite();
                }
            }
        }
        return logits;
    }

    private static void assertSameBits(float[][][] found, float[][][] expected, String what) {
        assertThat(found.length).isEqualTo(expected.length);
        for (int c = 0; c < expected.length; c++) {
            for (int t = 0; t < expected[c].length; t++) {
                if (!Arrays.equals(found[c][t], expected[c][t])) {
                    int i = Arrays.mismatch(found[c][t], expected[c][t]);
                    throw new AssertionError(
                            "%s: logit %d of token %d of sequence %d is %s, alone it is %s"
                                    .formatted(what, i, t, c, found[c][t][i], expected[c][t][i]));
                }
            }
        }
    }

    /** Some sit out, some bring a token or two, some what is left of a prompt. */
    private static Pieces ragged(long seed) {
        Random random = new Random(seed);
        return (drawn, at, left) ->
                switch (random.nextInt(4)) {
                    case 0 -> 0;
                    case 1 -> left;
                    default -> 1 + random.nextInt(Math.min(left, 3));
                };
    }

    private static String on(Processor processor) {
        return "%s on %d threads"
                .formatted(processor.kernels().name(), processor.threads().count());
    }

    private static void assertAloneAndInCompany(Gpt gpt, List<Conversation> all) {
        float[][][] expected = alone(gpt, all);
        for (Processor processor : PROCESSORS) {
            Inference ops = new Inference(processor);
            // without vectors a type takes a second for each of these
            boolean scalar = processor.kernels().name().equals("scalar");
            for (int size : scalar ? new int[] {5} : new int[] {1, 2, 5, 17}) {
                int n = Math.min(size, all.size());
                assertSameBits(
                        read(gpt, ops, all.subList(0, n), USUAL),
                        Arrays.copyOf(expected, n),
                        "batch of " + n + ", " + on(processor));
            }
            int seed = processor.threads().count();
            assertSameBits(read(gpt, ops, all, ragged(seed)), expected, "ragged, " + on(processor));
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyShapeGivesATokenTheSameBitsInAnyCompany(Shape shape) {
        TensorType type = shape == Shape.ODD ? TensorType.F16 : TensorType.F32;
        assertAloneAndInCompany(RandomGpt.of(shape, type, ALONE.threads()), many());
    }

    @ParameterizedTest
    @EnumSource
    void everyTypeGivesATokenTheSameBitsInAnyCompany(TensorType type) {
        List<Conversation> all = new ArrayList<>();
        for (int i = 0; i < 17; i++) {
            all.add(Conversation.of(i, 1 + 3 * i % 5, 1 + i % 2));
        }
        assertAloneAndInCompany(RandomGpt.of(Shape.WIDE, type, ALONE.threads()), all);
    }

    @ParameterizedTest
    @EnumSource
    void aShortPromptMayBeCutAnywhere(Shape shape) {
        Gpt gpt = RandomGpt.of(shape, TensorType.F32, ALONE.threads());
        List<Conversation> one = List.of(Conversation.of(5, 12, 2));
        float[][][] expected = alone(gpt, one);
        Inference ops = new Inference(PROCESSORS.get(2));
        for (int first = 1; first < 12; first++) {
            for (int second = first + 1; second <= 12; second++) {
                int[] cuts = {first, second};
                assertSameBits(
                        read(gpt, ops, one, cutAt(cuts)),
                        expected,
                        "cut at " + Arrays.toString(cuts));
            }
        }
    }

    /** Pieces that end at each of these positions. */
    private static Pieces cutAt(int... cuts) {
        return (drawn, at, left) -> {
            for (int cut : cuts) {
                if (cut > at && cut < at + left) {
                    return cut - at;
                }
            }
            return left;
        };
    }

    /** Attention and its cache work in blocks of 64 positions; other bounds are tried as well. */
    private static final int[][] LONG_CUTS = {
        {1},
        {63},
        {64},
        {65},
        {100},
        {127},
        {128},
        {129},
        {192},
        {64, 128},
        {63, 65, 127, 129},
        {16, 17, 33, 96, 160}
    };

    @ParameterizedTest
    @EnumSource
    void aLongPromptMayBeCutAnywhere(Shape shape) {
        Gpt gpt = RandomGpt.of(shape, TensorType.F32, ALONE.threads());
        List<Conversation> one = List.of(Conversation.of(6, 197, 6, 9, 3));
        float[][][] expected = alone(gpt, one);
        Inference ops = new Inference(PROCESSORS.get(2));
        for (int[] cuts : LONG_CUTS) {
            assertSameBits(
                    read(gpt, ops, one, cutAt(cuts)), expected, "cut at " + Arrays.toString(cuts));
        }
        for (int size : new int[] {1, 7, 16, 50}) {
            Pieces equal = (drawn, at, left) -> Math.min(size, left);
            assertSameBits(read(gpt, ops, one, equal), expected, "pieces of " + size);
        }
        Inference scalar = new Inference(PROCESSORS.get(5));
        assertSameBits(read(gpt, scalar, one, cutAt(70, 130)), expected, "cut, scalar");
    }

    @ParameterizedTest
    @EnumSource
    void longAndShortSequencesShareABatch(Shape shape) {
        Gpt gpt = RandomGpt.of(shape, TensorType.F32, ALONE.threads());
        List<Conversation> all = new ArrayList<>(many().subList(0, 4));
        all.add(Conversation.of(20, 150, 20));
        all.add(Conversation.of(21, 60, 80));
        float[][][] expected = alone(gpt, all);
        for (Processor processor : PROCESSORS) {
            Random random = new Random(processor.threads().count());
            Pieces pieces = (drawn, at, left) -> random.nextInt(Math.min(left, 40) + 1);
            assertSameBits(
                    read(gpt, new Inference(processor), all, pieces), expected, on(processor));
        }
    }

    /** Sees everything, and hands on what it saw or its copy. */
    private record Everywhere(boolean copies) implements Taps {
        @Override
        public boolean wants(Site site, int layer) {
            return true;
        }

        @Override
        public Tensor at(Site site, int layer, Tensor x, Ops ops) {
            return copies ? x.copy() : x;
        }
    }

    @ParameterizedTest
    @EnumSource
    void lookingInChangesNoBit(Shape shape) {
        Gpt gpt = RandomGpt.of(shape, TensorType.F32, ALONE.threads());
        List<Conversation> all = new ArrayList<>(many().subList(0, 5));
        all.add(Conversation.of(20, 70, 3));
        float[][][] expected = alone(gpt, all);
        for (boolean copies : new boolean[] {false, true}) {
            for (Processor processor : PROCESSORS.subList(2, 4)) {
                Inference ops = new Inference(processor, new Everywhere(copies));
                assertSameBits(
                        read(gpt, ops, all, ragged(9)), expected, "watched, " + on(processor));
                assertSameBits(read(gpt, ops, all, USUAL), expected, "watched, together");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void rowsThatAreAskedForHaveTheBitsThatTheyHaveAmongAll(Shape shape) {
        Gpt gpt = RandomGpt.of(shape, TensorType.F32, ALONE.threads());
        Conversation prompt = Conversation.of(3, 9);
        float[][] expected = alone(gpt, List.of(prompt))[0];
        for (Processor processor : PROCESSORS) {
            for (int[] rows : new int[][] {{8}, {0, 8}, {3, 4, 5, 7}, {8, 1}}) {
                Batch.Part part = new Batch.Part(new KvCache(gpt.config()), false, prompt.ids());
                Tensor found = gpt.logits(new Inference(processor), new Batch(part), rows);
                for (int r = 0; r < rows.length; r++) {
                    int from = found.row(r);
                    assertThat(Arrays.copyOfRange(found.data(), from, from + found.cols()))
                            .as("row %d, %s", rows[r], on(processor))
                            .isEqualTo(expected[rows[r]]);
                }
            }
        }
    }

    /** Else the bits above would be equal whatever attention did. */
    @ParameterizedTest
    @EnumSource
    void whatCameBeforeShowsInTheBitsOfAToken(Shape shape) {
        Gpt gpt = RandomGpt.of(shape, TensorType.F32, ALONE.threads());
        Conversation one = Conversation.of(3, 9, 1);
        int[] other = one.ids().clone();
        other[8] = (other[8] + 1) % RandomGpt.VOCAB;
        List<Conversation> two = List.of(one, new Conversation(other, one.drawn()));
        float[][][] logits = alone(gpt, two);
        for (int t = 0; t < 10; t++) {
            assertThat(Arrays.equals(logits[0][t], logits[1][t]))
                    .as("token %d", t)
                    .isEqualTo(t < 8);
        }
    }
}
