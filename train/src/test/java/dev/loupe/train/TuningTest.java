package dev.loupe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loupe.files.BaseModel;
import dev.loupe.files.LocalModel;
import dev.loupe.files.Mix;
import dev.loupe.files.ModelFileException;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.Targets;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Batch;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.KvCache;
import dev.loupe.train.Architecture.Style;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

class TuningTest {
    private static final LoraSettings LORA = new LoraSettings(4, 8, 0, List.of());

    @TempDir private Path folder;

    private Path base;
    private Path data;

    @BeforeEach
    void writeModelAndExamples() throws IOException {
        base = TinyBase.folder(folder.resolve("base"), Style.LLAMA, 64);
        data = folder.resolve("examples.jsonl");
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            lines.add(
                    i % 2 == 0
                            ? "{\"prompt\": \"count to %d:\", \"completion\": \" aye aye\"}"
                                    .formatted(i)
                            : ("{\"messages\": [{\"role\": \"user\", \"content\": \"what is %d?\"},"
                                            + " {\"role\": \"assistant\", \"content\": \"aye\"}]}")
                                    .formatted(i));
        }
        Files.write(data, lines);
    }

    private TuneSettings settings(@Nullable LoraSettings lora, int together, int steps) {
        Schedule rates = new Schedule(Schedule.Kind.COSINE, 4e-3, 4e-4, 2, steps);
        float dropout = lora == null ? 0 : lora.dropout();
        Recipe recipe = new Recipe(rates, 4, 1, 0.9f, 0.999f, 0, 1, dropout, 3, false, 0);
        return new TuneSettings(
                base.toString(),
                List.of(data.toString()),
                false,
                lora,
                0,
                together,
                recipe,
                0,
                0.1,
                5,
                100,
                5,
                null,
                5);
    }

    private Tuning tuning(String name, TuneSettings settings) {
        return new Tuning(folder.resolve(name), settings, false, 2, (what, done, total) -> {});
    }

    private static void steps(Tuning tuning, int n) {
        for (int i = 0; i < n; i++) {
            assertThat(tuning.trainer().next().skipped()).isNull();
        }
    }

    private static byte[] bits(Tuning tuning) {
        Checkpoint checkpoint = tuning.trainer().checkpoint();
        List<float[]> arrays =
                Stream.concat(checkpoint.exact().stream(), checkpoint.moments().stream()).toList();
        ByteBuffer bytes = ByteBuffer.allocate(4 * arrays.stream().mapToInt(a -> a.length).sum());
        arrays.forEach(a -> {
            for (float x : a) {
                bytes.putFloat(x);
            }
        });
        return bytes.array();
    }

    private static float[] logits(Gpt gpt, Processor processor) {
        int[] ids = {72, 105, 33, 10, 97, 121};
        Batch batch = new Batch(new Batch.Part(KvCache.none(), false, ids));
        return gpt.logits(new Inference(processor), batch, new int[] {ids.length - 1}).data();
    }

    @Test
    void adaptersAndWeightsLearnTheAnswers() {
        for (LoraSettings lora : new LoraSettings[] {LORA, null}) {
            try (Tuning tuning = tuning("run", settings(lora, 1024, 60))) {
                double before = tuning.validate();
                steps(tuning, 60);
                assertThat(before).isGreaterThan(4);
                assertThat(tuning.validate()).isLessThan(before * 0.9);
            }
        }
    }

    @Test
    void answersAloneHaveAPartInTheLoss() {
        try (Tuning tuning = tuning("run", settings(LORA, 1024, 5))) {
            Gpt gpt = tuning.trainer().gpt();
            Example example = new Example(new int[] {5, 6, 7, 8}, new int[] {-1, 9, -1, 4});
            Lesson lesson = Example.lesson(List.of(example));
            assertThat(lesson.asked()).isEqualTo(2);
            Tensor logits =
                    gpt.logits(
                            new Inference(tuning.processor()),
                            lesson.batch(),
                            lesson.batch().allRows());
            double expected = (nats(logits, 1, 9) + nats(logits, 3, 4)) / 2;
            assertThat(tuning.trainer().validate(List.of(lesson)))
                    .isCloseTo(expected, within(1e-5));
        }
    }

    private static double nats(Tensor logits, int row, int id) {
        double sum = 0;
        for (int c = 0; c < logits.cols(); c++) {
            sum += Math.exp(logits.at(row, c));
        }
        return Math.log(sum) - logits.at(row, id);
    }

    @Test
    void theTokensOfAnExampleAreThoseOfItsAnswersFormat() {
        try (Tuning tuning = tuning("run", settings(LORA, 1024, 5))) {
            StringBuilder learned = new StringBuilder();
            for (Lesson lesson : tuning.held()) {
                for (int id : lesson.next()) {
                    learned.append(id == Targets.IGNORE ? "" : tuning.tokenizer().text(id));
                }
            }
            assertThat(learned.toString()).isEqualTo("aye<|im_end|>aye<|im_end|>");
        }
    }

    @Test
    void packedSideBySideExamplesGiveTheUpdateOfEachAlone() {
        try (Tuning packed = tuning("a", settings(LORA, 1024, 10));
                Tuning alone = tuning("b", settings(LORA, 1, 10))) {
            assertThat(packed.held()).hasSize(1);
            assertThat(alone.held()).hasSize(2);
            assertThat(packed.validate()).isCloseTo(alone.validate(), within(1e-6));
            for (int i = 0; i < 10; i++) {
                double loss = packed.trainer().next().loss();
                assertThat(alone.trainer().next().loss()).isCloseTo(loss, within(1e-4));
            }
        }
    }

    @Test
    void anExampleInAPackComputesTheBitsThatItComputesAlone() {
        try (Tuning tuning = tuning("run", settings(LORA, 1024, 5))) {
            Example one = new Example(new int[] {5, 6, 7}, new int[] {1, 2, 3});
            Example other = new Example(new int[] {8, 9}, new int[] {4, 4});
            Lesson pack = Example.lesson(List.of(one, other));
            Lesson alone = Example.lesson(List.of(other));
            Gpt gpt = tuning.trainer().gpt();
            Inference ops = new Inference(tuning.processor());
            Tensor together = gpt.loss(ops, pack.batch(), pack.targets(1));
            float[] two = {together.at(3, 0), together.at(4, 0)};
            Tensor apart = gpt.loss(ops, alone.batch(), alone.targets(1));
            assertThat(new float[] {apart.at(0, 0), apart.at(1, 0)}).isEqualTo(two);
        }
    }

    @Test
    void aRunThatWasStoppedGoesOnToTheSameBits() {
        for (LoraSettings lora :
                new LoraSettings[] {new LoraSettings(4, 8, 0.2f, List.of("q", "down")), null}) {
            String name = lora == null ? "full" : "lora";
            TuneSettings settings = settings(lora, 100, 12);
            byte[] straight;
            try (Tuning tuning = tuning(name + "-a", settings)) {
                steps(tuning, 12);
                straight = bits(tuning);
            }
            Path stopped = folder.resolve(name + "-b");
            try (Tuning tuning = tuning(name + "-b", settings)) {
                tuning.begin();
                steps(tuning, 5);
                tuning.checkpoints().save(tuning.trainer());
            }
            TuneSettings read = TuneSettings.read(stopped);
            try (Tuning again = new Tuning(stopped, read, true, 1, (what, done, total) -> {})) {
                assertThat(again.checkpoints().resume(again.trainer(), damage -> {})).isTrue();
                again.validate();
                steps(again, 7);
                assertThat(bits(again)).isEqualTo(straight);
            }
        }
    }

    @Test
    void theFolderComputesWhatTheTrainedModelDoes() {
        for (LoraSettings lora : new LoraSettings[] {LORA, null}) {
            String name = lora == null ? "full" : "lora";
            float[] trained;
            try (Tuning tuning = tuning(name, settings(lora, 1024, 10))) {
                tuning.begin();
                steps(tuning, 10);
                tuning.saveModel();
                trained = logits(tuning.trainer().gpt(), tuning.processor());
            }
            try (LocalModel model = LocalModel.load(folder.resolve(name), 1);
                    LocalModel before = LocalModel.load(base, 1)) {
                assertThat(logits(model.gpt(), model.processor())).isEqualTo(trained);
                assertThat(logits(before.gpt(), before.processor())).isNotEqualTo(trained);
            }
        }
        assertThat(folder.resolve("lora/model.safetensors")).doesNotExist();
    }

    @ParameterizedTest
    @EnumSource(
            value = Mix.class,
            names = {"Q8_0", "Q4_K_M", "Q4_1"})
    void aQuantisedBaseStaysAsItIsAndItsAdaptersLearn(Mix mix) throws IOException {
        base = TinyBase.gguf(folder, Style.LLAMA, mix);
        BaseModel before = BaseModel.of(base);
        try (Tuning tuning = tuning("run", settings(LORA, 1024, 30))) {
            double loss = tuning.validate();
            steps(tuning, 30);
            assertThat(tuning.validate()).isLessThan(loss * 0.9);
            tuning.begin();
        }
        assertThat(BaseModel.of(base)).isEqualTo(before);
        LocalModel.load(folder.resolve("run"), 1).close();
    }

    @Test
    void allWeightsOfAQuantisedModelBecomeFloats() throws IOException {
        base = TinyBase.gguf(folder, Style.LLAMA, Mix.Q8_0);
        try (Tuning tuning = tuning("run", settings(null, 1024, 8))) {
            tuning.begin();
            steps(tuning, 8);
            tuning.saveModel();
            assertThat(tuning.trainer().parameters()).hasSizeGreaterThan(8);
        }
        try (LocalModel model = LocalModel.load(folder.resolve("run"), 1)) {
            assertThat(model.tokenizer().orElseThrow().encode("a<|im_end|>")).hasSize(11);
        }
    }

    @Test
    void textIsLearnedFromInWindows() throws IOException {
        data = folder.resolve("text.txt");
        Files.writeString(data, "over the hills and far away, ".repeat(60));
        TuneSettings settings = settings(LORA, 1024, 40).within(32);
        try (Tuning tuning = tuning("run", settings)) {
            double before = tuning.validate();
            steps(tuning, 40);
            assertThat(tuning.validate()).isLessThan(before * 0.9);
        }
    }

    @Test
    void stepsFollowFromEpochs() {
        TuneSettings open =
                new TuneSettings(
                        base.toString(),
                        List.of(data.toString()),
                        false,
                        LORA,
                        0,
                        1024,
                        settings(LORA, 1, 1)
                                .recipe()
                                .with(new Schedule(Schedule.Kind.COSINE, 1e-2, 1e-3, -1, 1)),
                        3,
                        0.1,
                        0,
                        100,
                        0,
                        null,
                        0);
        try (Tuning tuning = tuning("run", open)) {
            // 18 of 20 examples are trained on, 4 a step
            assertThat(tuning.settings().recipe().schedule().steps()).isEqualTo(14);
            assertThat(tuning.settings().recipe().schedule().warmUp()).isEqualTo(1);
            assertThat(tuning.settings().evaluateEvery()).isEqualTo(1);
        }
    }

    private void refuses(String says, String... lines) throws IOException {
        Files.write(data, List.of(lines));
        assertThatThrownBy(() -> tuning("no", settings(LORA, 1024, 5)).close())
                .isInstanceOf(DataException.class)
                .hasMessageContaining(says);
    }

    @Test
    void brokenExamplesAreRefusedWithTheirLine() throws IOException {
        String good = "{\"prompt\": \"a\", \"completion\": \"b\"}";
        refuses("line 2 is no JSON", good, "{\"prompt\": ");
        refuses("line 2 is no example, expected {\"prompt\"", good, "{\"question\": \"a\"}");
        refuses("line 1 is no example", "{\"prompt\": 3, \"completion\": \"b\"}");
        refuses("line 1 has an empty completion", "{\"prompt\": \"a\", \"completion\": \"\"}");
        refuses(
                "line 1 has the role \"robot\", expected system, user or assistant",
                "{\"messages\": [{\"role\": \"robot\", \"content\": \"a\"}]}");
        refuses(
                "line 2 has the role nothing, expected",
                good,
                "{\"messages\": [{\"content\": \"a\"}]}");
        refuses(
                "line 1 has no assistant's message",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}");
        refuses(
                "line 1 has a message without a text",
                "{\"messages\": [{\"role\": \"user\", \"content\": [1]}]}");
        refuses(
                "line 1 has a system message that is not the first",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"system\","
                        + " \"content\": \"b\"}]}");
        refuses(
                "line 1 has 201 tokens, and the context is 128",
                "{\"prompt\": \"" + "a".repeat(200) + "\", \"completion\": \"b\"}");
        refuses("has no example to train on; at least one line is needed");
    }

    @Test
    void badLinesArePassedOverAndCounted() throws IOException {
        String good = "{\"prompt\": \"a\", \"completion\": \"b\"}";
        Files.write(data, List.of("{", good, "", "{\"prompt\": 1}", good));
        TuneSettings strict = settings(LORA, 1024, 5);
        TuneSettings lenient =
                new TuneSettings(
                        strict.base(),
                        strict.data(),
                        true,
                        LORA,
                        0,
                        1024,
                        strict.recipe(),
                        0,
                        0,
                        5,
                        100,
                        5,
                        null,
                        5);
        try (Tuning tuning = tuning("run", lenient)) {
            assertThat(tuning.skipped()).isEqualTo(2);
            assertThat(tuning.data()).contains("2 examples to train on, 0 held back");
            assertThat(tuning.validates()).isFalse();
        }
    }

    @Test
    void textAndExamplesAreNotMixed() throws IOException {
        Path mixed = Files.createDirectories(folder.resolve("mixed"));
        Files.copy(data, mixed.resolve("a.jsonl"));
        Files.writeString(mixed.resolve("b.txt"), "text");
        data = mixed;
        assertThatThrownBy(() -> tuning("no", settings(LORA, 1024, 5)).close())
                .isInstanceOf(DataException.class)
                .hasMessageContaining("b.txt: has text, and")
                .hasMessageContaining("a.jsonl has examples; fine-tune on one kind");
    }

    @Test
    void tooLittleTextSaysHowMuchIsNeeded() throws IOException {
        data = folder.resolve("tiny.txt");
        Files.writeString(data, "so short");
        assertThatThrownBy(() -> tuning("no", settings(LORA, 1024, 5)).close())
                .isInstanceOf(DataException.class)
                .hasMessageContaining("are not enough for one window of 128");
        Files.writeString(data, "");
        assertThatThrownBy(() -> tuning("no", settings(LORA, 1024, 5)).close())
                .hasMessageContaining("are not enough for one window");
    }

    @Test
    void targetsThatAModelHasNotAreRefused() throws IOException {
        assertThatThrownBy(() -> new LoraSettings(4, 8, 0, List.of("w")))
                .hasMessage(
                        "lora: found target 'w', expected some of q, k, v, qkv, o, gate, up, down");
        LoraSettings joined = new LoraSettings(4, 8, 0, List.of("qkv"));
        assertThatThrownBy(() -> tuning("no", settings(joined, 1024, 5)).close())
                .isInstanceOf(DataException.class)
                .hasMessage(
                        "lora: found target 'qkv', and the matrices of a llama are q, k, v, o,"
                                + " gate, up, down");
        base = TinyBase.folder(folder.resolve("gpt2"), Style.GPT2, 32);
        LoraSettings apart = new LoraSettings(4, 8, 0, List.of("q"));
        assertThatThrownBy(() -> tuning("no", settings(apart, 1024, 5)).close())
                .hasMessageEndingWith("the matrices of a gpt2 are qkv, o, up, down");
    }

    @Test
    void aBaseThatChangedOrIsGoneIsRefused() throws IOException {
        Path run = folder.resolve("run");
        TuneSettings settings = settings(LORA, 1024, 5);
        try (Tuning tuning = tuning("run", settings)) {
            tuning.begin();
        }
        Path weights = base.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        // touched, but the same
        Files.write(weights, bytes);
        LocalModel.load(run, 1).close();
        bytes[bytes.length - 2] ^= 1;
        Files.write(weights, bytes);
        assertThatThrownBy(() -> LocalModel.load(run, 1))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("its base model has changed")
                .hasMessageContaining("put that one back");
        assertThatThrownBy(() -> new Tuning(run, settings, true, 1, (what, done, total) -> {}))
                .isInstanceOf(ModelFileException.class);
        Files.delete(weights);
        Files.move(base, folder.resolve("elsewhere"));
        assertThatThrownBy(() -> LocalModel.load(run, 1))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("its base model is missing: no " + base)
                .hasMessageContaining("base.json");
    }

    @Test
    void anAdapterIsNoBase() {
        try (Tuning tuning = tuning("run", settings(LORA, 1024, 5))) {
            tuning.begin();
        }
        base = folder.resolve("run");
        assertThatThrownBy(() -> tuning("no", settings(LORA, 1024, 5)).close())
                .isInstanceOf(DataException.class)
                .hasMessageContaining("is an adapter; make a model of it first: loupe export");
    }
}
