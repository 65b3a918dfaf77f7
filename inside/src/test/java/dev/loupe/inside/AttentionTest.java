package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loupe.files.LocalModel;
import dev.loupe.kernels.Processor;
import dev.loupe.model.Gpt;
import dev.loupe.model.Taps;
import dev.loupe.model.TinyGpt;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** How heads are measured. */
class AttentionTest {
    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#families")
    void weightedVectorsAddUpToWhatTheHeadWrites(String name) {
        LocalModel model = Oracle.model(name);
        Gpt gpt = model.gpt();
        int[] ids = Oracle.ids(name);
        List<Hook> hooks = new ArrayList<>(AttentionWeights.hooks(1));
        hooks.add(Hooks.of(gpt).named("blocks.1.attn.hook_result"));
        Capture capture = new Capture(gpt, hooks, ids.length, 1 << 30);
        new Reader(gpt, model.processor(), capture).read(ids);
        NamedArray weighted = AttentionWeights.normWeighted(gpt, capture, 1);
        NamedArray results = capture.get("blocks.1.attn.hook_result");
        // the first token sees itself alone, so that what it receives is all that is written
        for (int head = 0; head < 6; head++) {
            double squares = 0;
            for (int i = 0; i < 96; i++) {
                squares += Math.pow(results.at(0, head, i), 2);
            }
            assertThat((double) weighted.at(head, 0, 0))
                    .isCloseTo(Math.sqrt(squares), within(1e-4));
            assertThat(weighted.at(head, 0, 1)).isZero();
            // and for any other the triangle inequality holds
            double sum = 0;
            double length = 0;
            for (int key = 0; key < ids.length; key++) {
                sum += weighted.at(head, ids.length - 1, key);
            }
            for (int i = 0; i < 96; i++) {
                length += Math.pow(results.at(ids.length - 1, head, i), 2);
            }
            assertThat(sum).isGreaterThan(Math.sqrt(length) - 1e-4);
        }
    }

    @Test
    void smolLm2HasHeadsThatLookAtTheTokenBeforeAndHeadsOfInduction() {
        LocalModel model = Oracle.model("smollm2");
        List<HeadScores> scores = HeadScores.of(model.gpt(), model.processor(), 2, 1, 1, Taps.NONE);
        assertThat(scores).hasSize(30 * 9);
        for (HeadScores s : scores) {
            assertThat(s.previous()).isBetween(0.0, 1.0);
            assertThat(s.first()).isBetween(0.0, 1.0);
        }
        HeadScores previous =
                scores.stream().max(Comparator.comparingDouble(HeadScores::previous)).orElseThrow();
        HeadScores induction =
                scores.stream()
                        .max(Comparator.comparingDouble(HeadScores::induction))
                        .orElseThrow();
        System.err.println("heads, smollm2: " + previous + ", " + induction);
        assertThat(previous.previous()).isGreaterThan(0.8);
        assertThat(induction.induction()).isGreaterThan(0.8);
        // what is looked for must have been written before
        assertThat(previous.layer()).isLessThan(induction.layer());
        assertThat(HeadScores.of(model.gpt(), model.processor(), 2, 1, 1, Taps.NONE))
                .isEqualTo(scores);
    }

    @Test
    void scoresNeedATextAndRoomForIt() {
        try (Processor processor = Processor.of(1)) {
            Gpt gpt = TinyGpt.of(1, processor.threads());
            assertThat(HeadScores.of(gpt, processor, 1, 5, -1, Taps.NONE)).hasSize(8);
            assertThatThrownBy(() -> HeadScores.of(gpt, processor, 0, 5, -1, Taps.NONE))
                    .hasMessageContaining("found 0 texts");
        }
    }
}
