package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.Intervention.Steer;
import dev.loupe.inside.PatchingMap.Prompts;
import dev.loupe.inside.PatchingMap.Sweep;
import dev.loupe.kernels.Tensor;
import dev.loupe.model.Gpt;
import dev.loupe.model.Inference;
import dev.loupe.model.Taps;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** A sweep over heads finds what each head alone would bring back. */
class PatchingMapTest {
    private static final Target TARGET = new Target(7, OptionalInt.of(200));

    private static PatchingMap heads(LocalModel model, int[] clean, int[] corrupted) {
        return PatchingMap.of(
                model.gpt(),
                model.processor(),
                new Prompts(clean, corrupted, TARGET),
                Sweep.HEADS,
                Taps.NONE,
                done -> {});
    }

    private static int[] changed(int[] ids) {
        int[] other = ids.clone();
        other[1] = 40;
        return other;
    }

    private static CapturedRun run(LocalModel model, int[] ids) {
        return new CapturedRun(model.gpt(), model.processor(), ids, Taps.NONE, 1 << 30);
    }

    /** Where attention and MLP read the same, a head of the last block reaches only the stream. */
    @Test
    void aHeadOfTheLastParallelBlockAddsWhatItWritesInTheOtherRun() {
        LocalModel model = Oracle.model("gpt-neox");
        Gpt gpt = model.gpt();
        assertThat(gpt.config().parallel()).isTrue();
        int[] ids = Oracle.ids("gpt-neox");
        int[] other = changed(ids);
        PatchingMap map = heads(model, other, ids);
        int layer = gpt.config().nLayer() - 1;
        Hook result = new Hook(HookKind.RESULT, layer);
        NamedArray clean = run(model, other).get(result);
        NamedArray corrupted = run(model, ids).get(result);
        Tensor stream = run(model, ids).tensor(new Hook(HookKind.RESID_POST, layer));
        int last = ids.length - 1;
        Inference ops = new Inference(model.processor());
        for (int head = 0; head < gpt.config().attention().nHead(); head++) {
            Tensor x = Tensor.of(1, gpt.config().nEmbd());
            for (int e = 0; e < x.cols(); e++) {
                x.data()[e] =
                        stream.at(last, e) + clean.at(last, head, e) - corrupted.at(last, head, e);
            }
            Tensor logits = gpt.unembed(ops, ops.norm(x, gpt.lnF()), new int[] {0});
            double expected = logits.at(0, 7) - logits.at(0, 200);
            assertThat(expected).isNotCloseTo(map.corrupted(), within(1e-4));
            assertThat(map.values()[layer][head])
                    .as("head " + head)
                    .isCloseTo(expected, within(1e-4));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#families")
    void gradientsForesaySmallPatchesOfHeads(String name) {
        LocalModel model = Oracle.model(name);
        Gpt gpt = model.gpt();
        int[] ids = Oracle.ids(name);
        int[] other = changed(ids);
        PatchingMap guess =
                PatchingMap.byGradient(
                        gpt,
                        model.processor(),
                        new Prompts(other, ids, TARGET),
                        Sweep.HEADS,
                        Taps.NONE);
        assertThat(guess.values()).hasNumberOfRows(gpt.config().nLayer());
        assertThat(guess.values()[0]).hasSize(gpt.config().attention().nHead());
        Hook z = new Hook(HookKind.Z, 1);
        NamedArray from = run(model, ids).get(z);
        NamedArray to = run(model, other).get(z);
        int width = from.values().length / ids.length;
        float step = 1e-2f;
        for (int head : new int[] {0, 2}) {
            List<Intervention> changes = new ArrayList<>();
            for (int t = 0; t < ids.length; t++) {
                float[] way = new float[width];
                for (int c = 0; c < width; c++) {
                    way[c] = to.values()[t * width + c] - from.values()[t * width + c];
                }
                changes.add(new Steer(Place.head(gpt, 1, head).at(t), way, step));
            }
            Effect effect = Effect.of(gpt, model.processor(), ids, changes, 3);
            double moved = (effect.after(TARGET) - effect.before(TARGET)) / step;
            double said = guess.values()[1][head] - guess.corrupted();
            assertThat(moved).isCloseTo(said, within(0.05 * Math.abs(said) + 0.02));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "gemma3", "qwen3"})
    void theSamePromptTwiceBringsNothingBack(String name) {
        LocalModel model = Oracle.model(name);
        int[] ids = Oracle.ids(name);
        PatchingMap map = heads(model, ids, ids);
        for (double[] layer : map.values()) {
            assertThat(layer).containsOnly(map.corrupted());
        }
        assertThat(map.restored(0, 0)).isZero();
    }

    @Test
    void whoWatchesCanEndASweep() {
        LocalModel model = Oracle.model("gpt2");
        int[] ids = Oracle.ids("gpt2");
        List<Integer> told = new ArrayList<>();
        assertThatThrownBy(() ->
                        PatchingMap.of(
                                model.gpt(),
                                model.processor(),
                                new Prompts(changed(ids), ids, TARGET),
                                Sweep.HEADS,
                                Taps.NONE,
                                done -> {
                                    told.add(done);
                                    if (done == 3) {
                                        throw new IllegalStateException("enough");
                                    }
                                }))
                .hasMessage("enough");
        assertThat(told).containsExactly(1, 2, 3);
    }

    @Test
    void answersAreTheLikeliestTokensOfBoth() {
        float[] without = {1, 5, 2};
        float[] with = {1, 4, 6};
        assertThat(Effect.of(without, with, 1).answers())
                .isEqualTo(new Target(2, OptionalInt.of(1)));
        assertThat(Effect.of(with, with, 1).answers()).isEqualTo(Target.of(2));
    }

    @Test
    void tokensThatRoseAndFellAreTold() {
        Effect effect = Effect.of(new float[] {3, 2, 1, 0}, new float[] {1, 2, 3, 0}, 2);
        assertThat(effect.likeliest()).extracting(Effect.Moved::id).containsExactly(0, 2, 1);
        assertThat(effect.up(4)).extracting(Effect.Moved::id).containsExactly(2);
        assertThat(effect.down(4)).extracting(Effect.Moved::id).containsExactly(0);
        double p = Math.exp(3) / (Math.exp(3) + Math.exp(2) + Math.exp(1) + 1);
        assertThat(effect.up(1).getFirst().after()).isCloseTo(p, within(1e-12));
        Effect nothing = Effect.of(new float[] {3, 2}, new float[] {3, 2}, 2);
        assertThat(nothing.up(2)).isEmpty();
        assertThat(nothing.divergence()).isZero();
    }
}
