package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.loupe.files.Converter;
import dev.loupe.files.LocalModel;
import dev.loupe.files.Mix;
import dev.loupe.inside.Explanation.Question;
import dev.loupe.model.Taps;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.util.Optional;

/** All holds for weights of few bits as for floats. */
class QuantisedTest {
    @TempDir private Path folder;

    @ParameterizedTest
    @CsvSource({
        "gpt2, Q4_0",
        "gpt-neox, Q8_0",
        "llama-3-rope, Q5_1",
        "qwen3, BF16",
        "gemma3, Q4_1",
        "llama-mqa-bias, F16"
    })
    void explanationsAreWhole(String family, Mix mix) {
        Path file = folder.resolve(family + ".gguf");
        Path fixture = Outside.fixture("families/" + family);
        Converter.toGguf(fixture, file, Optional.of(mix), 1, (index, count, tensor) -> {});
        int[] ids = Oracle.ids(family);
        try (LocalModel model = LocalModel.load(file, 2)) {
            float[] plain = new Reader(model.gpt(), model.processor(), Taps.NONE).read(ids);
            Question question = new Question(ids, null, 5, 3, 1 << 30);
            Explanation found = Explanation.of(model.gpt(), model.processor(), question, Taps.NONE);
            assertThat(found.output()).isEqualTo(LogitLens.reading(plain, 5));
            assertThat(found.firstOfLens()).isEqualTo(ids.length - 3);
            assertThat(found.lens().stages().getLast().getLast()).isEqualTo(found.output());
            assertThat(found.attribution().sum())
                    .isCloseTo(found.attribution().logit(), within(1e-3));
            assertThat(found.heads()).hasSize(5);
            for (Explanation.Head head : found.heads()) {
                double weights = head.looks().stream().mapToDouble(Explanation.Look::weight).sum();
                assertThat(weights).isBetween(0.2, 1.0001);
            }
        }
    }
}
