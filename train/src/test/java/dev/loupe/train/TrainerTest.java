package dev.loupe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loupe.kernels.Processor;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.GptLoader;
import dev.loupe.model.Parameter;
import dev.loupe.model.Parameters;
import dev.loupe.tokens.BpeVocabulary;
import dev.loupe.tokens.Tokenizer;
import dev.loupe.train.Architecture.Style;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

class TrainerTest {
    private static final int CONTEXT = 16;
    private static final String TEXT = "the quick brown fox jumps over the lazy dog. ".repeat(40);

    @TempDir private Path folder;

    private TokenFile data;
    private Tokenizer tokenizer;

    @BeforeEach
    void writeData() throws IOException {
        Files.writeString(folder.resolve("text.txt"), TEXT);
        tokenizer =
                BpeVocabulary.ofCharacters(Set.copyOf(TEXT.chars().boxed().toList()), List.of())
                        .tokenizer();
        Corpus corpus = Corpus.of(List.of(folder.resolve("text.txt")), false);
        data =
                TokenFile.write(
                        folder.resolve("tokens.bin"),
                        corpus,
                        tokenizer,
                        OptionalInt.empty(),
                        0,
                        bytes -> {});
    }

    @AfterEach
    void closeData() {
        data.close();
    }

    @Test
    void theLossFallsOnTextThatRepeats() {
        for (Style style : Style.values()) {
            try (Processor processor = Processor.of(2)) {
                Trainer trainer = trainer(style, processor, 60, 4, 1, 0);
                double first = trainer.next().loss();
                assertThat(first).as("a new model guesses").isCloseTo(Math.log(29), within(0.4));
                double last = first;
                while (!trainer.finished()) {
                    last = trainer.next().loss();
                }
                assertThat(last).as("%s, at the end", style).isLessThan(first * 0.6);
            }
        }
    }

    @Test
    void theSameSeedGivesTheSameBitsOnAnyNumberOfThreads() {
        byte[][] weights = new byte[3][];
        for (int threads = 1; threads <= 3; threads++) {
            try (Processor processor = Processor.of(threads)) {
                Trainer trainer = trainer(Style.LLAMA, processor, 6, 4, 1, 0.1f);
                while (!trainer.finished()) {
                    trainer.next();
                }
                weights[threads - 1] = bits(trainer);
            }
        }
        assertThat(weights[1]).isEqualTo(weights[0]);
        assertThat(weights[2]).isEqualTo(weights[0]);
    }

    @Test
    void trainingThatWasStoppedGoesOnToTheSameBits() {
        Checkpoints checkpoints = new Checkpoints(folder.resolve("checkpoints"), false);
        try (Processor processor = Processor.of(2)) {
            Trainer straight = trainer(Style.GPT2, processor, 40, 2, 2, 0.1f);
            steps(straight, 40);
            Trainer first = trainer(Style.GPT2, processor, 40, 2, 2, 0.1f);
            steps(first, 20);
            checkpoints.save(first);
            Trainer second = trainer(Style.GPT2, processor, 40, 2, 2, 0.1f);
            assertThat(checkpoints.resume(second, damage -> {})).isTrue();
            assertThat(second.step()).isEqualTo(20);
            second.validate(held(3));
            steps(second, 20);
            assertThat(bits(second)).isEqualTo(bits(straight));
        }
    }

    @Test
    void severalSmallBatchesAreTheUpdateOfALargeOne() {
        try (Processor processor = Processor.of(2)) {
            Trainer large = trainer(Style.GPT2, processor, 5, 8, 1, 0);
            Trainer small = trainer(Style.GPT2, processor, 5, 2, 4, 0);
            steps(large, 5);
            steps(small, 5);
            float[] a = numbers(large);
            float[] b = numbers(small);
            double off = 0;
            double all = 0;
            for (int i = 0; i < a.length; i++) {
                off += Math.pow(a[i] - b[i], 2);
                all += Math.pow(a[i], 2);
            }
            assertThat(Math.sqrt(off / all)).isLessThan(1e-4);
            assertThat(large.step()).isEqualTo(small.step());
        }
    }

    @Test
    void aLossThatIsNoNumberChangesNoWeight() {
        try (Processor processor = Processor.of(2)) {
            Trainer trainer = trainer(Style.GPT2, processor, 10, 2, 1, 0);
            steps(trainer, 3);
            Parameter norm =
                    Parameters.of(trainer.gpt()).stream()
                            .filter(Parameter::isVector)
                            .findFirst()
                            .orElseThrow();
            float good = norm.data()[0][0];
            norm.data()[0][0] = Float.NaN;
            float[] before = numbers(trainer);
            StepReport report = trainer.next();
            assertThat(report.skipped()).contains("NaN");
            assertThat(numbers(trainer)).isEqualTo(before);
            norm.data()[0][0] = good;
            assertThat(trainer.next().skipped()).isNull();
        }
    }

    @Test
    void gradientsFarOutsideArePassedOverOnceTheRateRisesNoMore() {
        for (int warmUp : new int[] {5, 40}) {
            try (Processor processor = Processor.of(2)) {
                Schedule schedule = new Schedule(Schedule.Kind.COSINE, 5e-3, 5e-4, warmUp, 60);
                Trainer trainer =
                        trainer(
                                Style.GPT2,
                                processor,
                                new Recipe(schedule, 2, 1, 0.9f, 0.99f, 0.1f, 1, 0, 5, false, 0));
                steps(trainer, 30);
                for (Parameter parameter : Parameters.of(trainer.gpt())) {
                    if (parameter.isVector()) {
                        for (int i = 0; i < parameter.data()[0].length; i++) {
                            parameter.data()[0][i] *= 1e3f;
                        }
                    }
                }
                StepReport report = trainer.next();
                assertThat(report.gradientNorm()).isGreaterThan(100);
                if (warmUp == 40) {
                    assertThat(report.skipped()).isNull();
                } else {
                    assertThat(report.skipped()).contains("far outside");
                }
            }
        }
    }

    @Test
    void aModelThatIsLostGoesBackAndOnMoreSlowly() {
        Checkpoints checkpoints = new Checkpoints(folder.resolve("checkpoints"), false);
        try (Processor processor = Processor.of(2)) {
            Trainer trainer = trainer(Style.GPT2, processor, 50, 2, 1, 0);
            steps(trainer, 3);
            checkpoints.save(trainer);
            byte[] good = bits(trainer);
            Parameters.of(trainer.gpt()).getFirst().data()[0][5] = Float.POSITIVE_INFINITY;
            while (!trainer.stuck()) {
                assertThat(trainer.next().skipped()).isNotNull();
            }
            assertThat(trainer.step()).isEqualTo(3 + Trainer.MOST_SKIPPED);
            assertThat(checkpoints.goBack(trainer, damage -> {})).isTrue();
            assertThat(bits(trainer)).isEqualTo(good);
            assertThat(trainer.step()).isEqualTo(3);
            StepReport next = trainer.next();
            assertThat(next.skipped()).isNull();
            assertThat(next.rate()).isCloseTo(schedule(50).at(3) / 2, within(1e-12));
        }
    }

    @Test
    void aDamagedCheckpointIsPassedOverForTheOneBefore() throws IOException {
        Path files = folder.resolve("checkpoints");
        Checkpoints checkpoints = new Checkpoints(files, false);
        try (Processor processor = Processor.of(2)) {
            Trainer trainer = trainer(Style.GPT2, processor, 50, 2, 1, 0);
            for (int i = 0; i < 3; i++) {
                steps(trainer, 2);
                checkpoints.save(trainer);
            }
            try (Stream<Path> there = Files.list(files)) {
                assertThat(there.map(f -> f.getFileName().toString()))
                        .containsExactlyInAnyOrder(
                                "step-00000004.checkpoint", "step-00000006.checkpoint");
            }
            Path newest = files.resolve("step-00000006.checkpoint");
            byte[] bytes = Files.readAllBytes(newest);
            List<byte[]> damages = new ArrayList<>();
            damages.add(Arrays.copyOf(bytes, bytes.length - 100));
            damages.add(Arrays.copyOf(bytes, 7));
            byte[] flipped = bytes.clone();
            flipped[bytes.length / 2] ^= 4;
            damages.add(flipped);
            for (byte[] damage : damages) {
                Files.write(newest, damage);
                List<String> said = new ArrayList<>();
                Trainer again = trainer(Style.GPT2, processor, 50, 2, 1, 0);
                assertThat(checkpoints.resume(again, said::add)).isTrue();
                assertThat(again.step()).isEqualTo(4);
                assertThat(said).singleElement().asString().contains("step-00000006");
            }
        }
    }

    @Test
    void aCheckpointOfAnotherModelIsRefused() {
        Checkpoints checkpoints = new Checkpoints(folder.resolve("checkpoints"), false);
        try (Processor processor = Processor.of(2)) {
            Trainer one = trainer(Style.GPT2, processor, 50, 2, 1, 0);
            checkpoints.save(one);
            List<String> said = new ArrayList<>();
            Trainer other = trainer(Style.LLAMA, processor, 50, 2, 1, 0);
            assertThat(checkpoints.resume(other, said::add)).isFalse();
            assertThat(said).singleElement().asString().contains("of another model");
        }
    }

    @Test
    void watchingChangesNothing() {
        try (Processor processor = Processor.of(2)) {
            Trainer watched = trainer(Style.GPT2, processor, 10, 2, 1, 0.2f);
            Trainer alone = trainer(Style.GPT2, processor, 10, 2, 1, 0.2f);
            for (int i = 0; i < 10; i++) {
                watched.next();
                assertThat(watched.validate(held(1 + i))).isPositive();
                alone.next();
            }
            assertThat(bits(watched)).isEqualTo(bits(alone));
        }
    }

    @Test
    void theAverageOfTheWeightsIsAModelToo() {
        Checkpoints checkpoints = new Checkpoints(folder.resolve("checkpoints"), false);
        try (Processor processor = Processor.of(2)) {
            Trainer plain = trainer(Style.GPT2, processor, 40, 2, 1, 0);
            Trainer averaging = averaging(processor);
            double[] means = new double[2];
            for (int i = 0; i < 40; i++) {
                plain.next();
                averaging.next();
                if (i == 20) {
                    checkpoints.save(averaging);
                }
            }
            means[0] = plain.validate(held(20));
            means[1] = averaging.withAverage(() -> averaging.validate(held(20)));
            assertThat(means[1]).isNotEqualTo(means[0]).isLessThan(2.5);
            assertThat(averaging.validate(held(20)))
                    .as("the weights themselves are those of training without an average")
                    .isEqualTo(means[0]);
            Trainer again = averaging(processor);
            assertThat(checkpoints.resume(again, damage -> {})).isTrue();
            steps(again, 19);
            assertThat(bits(again)).isEqualTo(bits(averaging));
        }
    }

    private Trainer averaging(Processor processor) {
        Recipe recipe = new Recipe(schedule(40), 2, 1, 0.9f, 0.99f, 0.1f, 1, 0, 5, false, 0.9);
        return trainer(Style.GPT2, processor, recipe);
    }

    @Test
    void briefCheckpointsKeepTheWeightsAndRoundTheMoments() throws IOException {
        Path files = folder.resolve("checkpoints");
        try (Processor processor = Processor.of(2)) {
            Trainer trainer = trainer(Style.GPT2, processor, 40, 2, 1, 0);
            steps(trainer, 20);
            new Checkpoints(folder.resolve("whole"), false).save(trainer);
            Checkpoints checkpoints = new Checkpoints(files, true);
            checkpoints.save(trainer);
            String name = "step-00000020.checkpoint";
            assertThat((double) Files.size(files.resolve(name)))
                    .isCloseTo(
                            Files.size(folder.resolve("whole").resolve(name)) * 2 / 3.0,
                            within(600.0));
            Trainer again = trainer(Style.GPT2, processor, 40, 2, 1, 0);
            assertThat(checkpoints.resume(again, damage -> {})).isTrue();
            assertThat(bits(again)).as("weights").isEqualTo(bits(trainer));
            double loss = 0;
            double exact = 0;
            for (int i = 0; i < 20; i++) {
                loss = again.next().loss();
                exact = trainer.next().loss();
            }
            assertThat(loss).as("moments").isNotEqualTo(exact).isCloseTo(exact, within(0.01));
        }
    }

    @Test
    void shapesThatCannotBeAreRefused() {
        assertThatThrownBy(() -> new Architecture(Style.GPT2, 2, 3, 3, 32, 64, 16))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("width 32")
                .hasMessageContaining("3 heads");
        assertThatThrownBy(() -> new Architecture(Style.LLAMA, 2, 4, 3, 32, 64, 16))
                .hasMessageContaining("share");
    }

    private static Schedule schedule(int steps) {
        return new Schedule(Schedule.Kind.COSINE, 5e-3, 5e-4, 5, steps);
    }

    private Trainer trainer(
            Style style, Processor processor, int steps, int batch, int times, float dropout) {
        Recipe recipe =
                new Recipe(
                        schedule(steps), batch, times, 0.9f, 0.99f, 0.1f, 1, dropout, 5, false, 0);
        return trainer(style, processor, recipe);
    }

    private Trainer trainer(Style style, Processor processor, Recipe recipe) {
        Architecture shape =
                new Architecture(style, 2, 4, style == Style.GPT2 ? 4 : 2, 32, 48, CONTEXT);
        GptConfig config = shape.config(tokenizer.vocabSize());
        Gpt gpt = GptLoader.load(config, new Initialization(config, 5), processor.threads());
        Windows windows = new Windows(0, data.size(), CONTEXT, 5);
        TextWindows text = new TextWindows(data, windows, recipe);
        return new Trainer(gpt, Parameters.of(gpt), recipe, text, processor);
    }

    private List<Lesson> held(int most) {
        Recipe recipe = new Recipe(schedule(1), 2, 1, 0.9f, 0.99f, 0.1f, 1, 0, 5, false, 0);
        return new TextWindows(data, new Windows(0, data.size(), CONTEXT, 5), recipe)
                .held(0, data.size(), most);
    }

    private static void steps(Trainer trainer, int n) {
        for (int i = 0; i < n; i++) {
            assertThat(trainer.next().skipped()).isNull();
        }
    }

    private static float[] numbers(Trainer trainer) {
        List<float[]> arrays = trainer.checkpoint().exact();
        int n = arrays.stream().mapToInt(array -> array.length).sum();
        float[] all = new float[n];
        int at = 0;
        for (float[] array : arrays) {
            System.arraycopy(array, 0, all, at, array.length);
            at += array.length;
        }
        return all;
    }

    private static byte[] bits(Trainer trainer) {
        float[] numbers = numbers(trainer);
        java.nio.ByteBuffer bytes = java.nio.ByteBuffer.allocate(4 * numbers.length);
        bytes.asFloatBuffer().put(numbers);
        return bytes.array();
    }
}
