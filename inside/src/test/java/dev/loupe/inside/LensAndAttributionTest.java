package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Attribution.Kind;
import dev.loupe.inside.Attribution.Part;
import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.LogitLens.Guess;
import dev.loupe.inside.LogitLens.Reading;
import dev.loupe.kernels.Weight;
import dev.loupe.model.Block;
import dev.loupe.model.Gpt;
import dev.loupe.model.Linear;
import dev.loupe.model.Lora;
import dev.loupe.model.Taps;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/** The lens and the shares of a logit are those that transformers' numbers give. */
class LensAndAttributionTest {
    private static final long ROOM = 1 << 30;

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void theLensSaysWhatItSaysInTransformersAtEveryStageAndPosition(String name) {
        LocalModel model = Oracle.model(name);
        int[] ids = Oracle.ids(name);
        JsonNode expected = Oracle.of(name).get("lens");
        LogitLens lens = LogitLens.of(model.gpt(), model.processor(), ids, 3, ROOM);
        assertThat(lens.stages()).hasSize(expected.get("top").size());
        double worst = 0;
        for (int stage = 0; stage < lens.stages().size(); stage++) {
            assertThat(lens.stages().get(stage)).hasSize(ids.length);
            for (int t = 0; t < ids.length; t++) {
                Guess best = lens.stages().get(stage).get(t).best();
                String where = "stage %d, token %d".formatted(stage, t);
                assertThat(best.id())
                        .as(where)
                        .isEqualTo(expected.get("top").get(stage).get(t).intValue());
                double logit = expected.get("logit").get(stage).get(t).doubleValue();
                double p = expected.get("probability").get(stage).get(t).doubleValue();
                worst = Math.max(worst, Math.abs(best.logit() - logit) / Math.max(1, logit));
                worst = Math.max(worst, Math.abs(best.probability() - p));
            }
        }
        System.err.printf("lens, %s: %.2g%n", name, worst);
        assertThat(worst).isLessThan(1e-4);
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void afterTheLastBlockTheLensIsTheOutputToTheBit(String name) {
        LocalModel model = Oracle.model(name);
        Gpt gpt = model.gpt();
        int[] ids = Oracle.ids(name);
        LogitLens lens = LogitLens.of(gpt, model.processor(), ids, 5, ROOM);
        for (int t = 1; t <= ids.length; t++) {
            float[] logits =
                    new Reader(gpt, model.processor(), Taps.NONE).read(Arrays.copyOf(ids, t));
            Reading last = lens.stages().getLast().get(t - 1);
            assertThat(last).isEqualTo(LogitLens.reading(logits, 5));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void headsAndMlpsHaveTheSharesThatTransformersGivesThem(String name) {
        LocalModel model = Oracle.model(name);
        JsonNode expected = Oracle.of(name).get("attribution");
        int[] ids = Oracle.ids(name);
        Attribution found =
                Attribution.of(
                        model.gpt(),
                        model.processor(),
                        ids,
                        ids.length - 1,
                        Target.of(expected.get("target").intValue()));
        assertThat(found.logit()).isCloseTo(expected.get("logit").doubleValue(), within(1e-3));
        double worst = 0;
        int compared = 0;
        for (Part part : found.parts()) {
            JsonNode wanted = null;
            if (part.kind() == Kind.HEAD) {
                wanted = expected.get("heads").get(part.layer()).get(part.head());
            } else if (part.kind() == Kind.MLP) {
                wanted = expected.get("mlps").get(part.layer());
            }
            if (wanted != null) {
                worst = Math.max(worst, Math.abs(part.value() - wanted.doubleValue()));
                compared++;
            }
        }
        int nLayer = model.gpt().config().nLayer();
        assertThat(compared).isEqualTo(nLayer * (1 + model.gpt().config().attention().nHead()));
        System.err.printf(
                "attribution, %s: shares %.2g, sum %.2g%n",
                name, worst, Math.abs(found.sum() - found.logit()));
        assertThat(worst).isLessThan(1e-3);
        assertThat(found.sum()).isCloseTo(found.logit(), within(1e-3));
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void sharesOfADifferenceAtAnyPositionSumToIt(String name) {
        LocalModel model = Oracle.model(name);
        int[] ids = Oracle.ids(name);
        for (int position : new int[] {0, 2}) {
            Target target = new Target(7, OptionalInt.of(200));
            Attribution found =
                    Attribution.of(model.gpt(), model.processor(), ids, position, target);
            float[] logits =
                    new Reader(model.gpt(), model.processor(), Taps.NONE)
                            .read(Arrays.copyOf(ids, position + 1));
            assertThat(found.logit()).isEqualTo((double) logits[7] - logits[200]);
            assertThat(found.sum()).isCloseTo(found.logit(), within(1e-3));
        }
    }

    @Test
    void adaptersCountToo() {
        LocalModel model = Oracle.model("llama-mqa-bias");
        Gpt gpt = model.gpt();
        Linear out = gpt.blocks().get(1).attn().out();
        Lora lora = new Lora(filled(2, 96), filled(96, 2), 0.7f, 0);
        var block = gpt.blocks().get(1);
        var attn = block.attn();
        List<Block> blocks = new ArrayList<>(gpt.blocks());
        blocks.set(
                1,
                new Block(
                        1,
                        block.parallel(),
                        block.ln1(),
                        new Block.Attention(
                                attn.qkv(),
                                out.with(List.of(lora)),
                                attn.qNorm(),
                                attn.kNorm(),
                                attn.rotation(),
                                attn.heads(),
                                attn.keyWidth(),
                                attn.window()),
                        block.postAttn(),
                        block.ln2(),
                        block.mlp(),
                        block.postMlp()));
        Gpt adapted =
                new Gpt(gpt.config(), gpt.wte(), gpt.wpe(), blocks, gpt.lnF(), gpt.unembedding());
        int[] ids = Oracle.ids("llama-mqa-bias");
        Attribution plain = Attribution.of(gpt, model.processor(), ids, 4, Target.of(9));
        Attribution found = Attribution.of(adapted, model.processor(), ids, 4, Target.of(9));
        assertThat(found.sum()).isCloseTo(found.logit(), within(1e-3));
        assertThat(found.logit()).isNotCloseTo(plain.logit(), within(1e-2));
    }

    private static Weight filled(int rows, int cols) {
        float[][] panels = new float[(rows + 15) / 16][16 * cols];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                panels[r / 16][c * 16 + r % 16] = (float) Math.sin(3 * r + 7 * c);
            }
        }
        return new Weight.Floats(rows, cols, panels);
    }

    @Test
    void aTokenOrPositionThatIsNotThereIsRefused() {
        LocalModel model = Oracle.model("gpt2");
        int[] ids = {3, 4};
        assertThatThrownBy(
                        () -> Attribution.of(model.gpt(), model.processor(), ids, 2, Target.of(5)))
                .hasMessage("position: found 2, expected 0 to 1");
        assertThatThrownBy(() ->
                        Attribution.of(model.gpt(), model.processor(), ids, 1, Target.of(317)))
                .hasMessage("token id: found 317, expected 0 to 316");
    }
}
