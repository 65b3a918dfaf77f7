package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Attribution.Part;
import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.Intervention.Zero;
import dev.loupe.inside.LogitLens.Guess;
import dev.loupe.model.Block;
import dev.loupe.model.Gpt;
import dev.loupe.model.Taps;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.List;
import java.util.OptionalInt;

/** What is told of the parts of a run that was captured is what the run alone would tell. */
class PartsOfARunTest {
    private static CapturedRun run(LocalModel model, int[] ids, Taps changes) {
        return new CapturedRun(model.gpt(), model.processor(), ids, changes, 1 << 30);
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void sharesAreThoseOfAShorterRun(String name) {
        LocalModel model = Oracle.model(name);
        int[] ids = Oracle.ids(name);
        Target target = new Target(7, OptionalInt.of(200));
        Attribution alone = Attribution.of(model.gpt(), model.processor(), ids, 2, target);
        Attribution found = Attribution.of(run(model, ids, Taps.NONE), 2, target);
        assertThat(found.logit()).isCloseTo(alone.logit(), within(1e-4));
        assertThat(found.parts()).hasSameSizeAs(alone.parts());
        for (int i = 0; i < found.parts().size(); i++) {
            Part part = found.parts().get(i);
            assertThat(part.name()).isEqualTo(alone.parts().get(i).name());
            assertThat(part.value()).isCloseTo(alone.parts().get(i).value(), within(1e-3));
        }
        assertThatThrownBy(() -> Attribution.of(run(model, ids, Taps.NONE), ids.length, target))
                .hasMessageContaining("position: found " + ids.length);
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void lengthsAreTheSameWithoutRoomForVectors(String name) {
        LocalModel model = Oracle.model(name);
        int[] ids = Oracle.ids(name);
        List<Hook> hooks =
                Hooks.of(model.gpt())
                        .matching(List.of("*.hook_resid_p*", "*.hook_attn_out", "*.hook_mlp_out"));
        CapturedRun narrow = new CapturedRun(model.gpt(), model.processor(), ids, Taps.NONE, 1000);
        assertThatThrownBy(() -> narrow.get(hooks)).isInstanceOf(HookException.class);
        CapturedRun wide = run(model, ids, Taps.NONE);
        wide.get(hooks);
        double[][] lengths = narrow.lengths(hooks);
        assertThat(lengths).isDeepEqualTo(wide.lengths(hooks));
        float[] first = wide.get(hooks.getFirst()).values();
        double squares = 0;
        for (int i = 0; i < model.gpt().config().nEmbd(); i++) {
            squares += (double) first[i] * first[i];
        }
        assertThat(lengths[0][0]).isCloseTo(Math.sqrt(squares), within(1e-9));
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#families")
    void aHeadThatIsOffHasNoShareAndWritesNothing(String name) {
        LocalModel model = Oracle.model(name);
        Gpt gpt = model.gpt();
        int[] ids = Oracle.ids(name);
        Taps off = new Interventions(gpt, List.of(new Zero(Place.head(gpt, 1, 2))));
        CapturedRun run = run(model, ids, off);
        Attribution found = Attribution.of(run, 3, Target.of(9));
        for (Part part : found.parts()) {
            if (part.name().equals("L1 H2")) {
                assertThat(part.value()).isZero();
            }
        }
        assertThat(WrittenLengths.of(run, 3).heads()[1][2]).isZero();
        assertThat(WrittenLengths.of(run, 3).heads()[1][1]).isPositive();
        assertThat(found.sum()).isCloseTo(found.logit(), within(1e-3));
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void theLensOfOneTokenIsThatOfAll(String name) {
        LocalModel model = Oracle.model(name);
        int[] ids = Oracle.ids(name);
        CapturedRun run = run(model, ids, Taps.NONE);
        LogitLens lens = LogitLens.of(run, 2, () -> {});
        int stages = lens.stages().size();
        for (int stage : new int[] {0, 1, stages - 1}) {
            for (int t = 0; t < ids.length; t++) {
                List<Guess> top = lens.stages().get(stage).get(t).top();
                Guess best = top.getFirst();
                Guess second = top.get(1);
                double alone = LogitLens.of(run, Target.of(best.id()))[stage][t];
                assertThat(alone).isCloseTo(best.logit(), within(1e-3));
                Target both = new Target(best.id(), OptionalInt.of(second.id()));
                assertThat(LogitLens.of(run, both)[stage][t])
                        .isCloseTo(best.logit() - second.logit(), within(1e-3));
            }
        }
    }

    /** Each number of a head's result becomes as much larger as that of all heads does. */
    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void lengthsAreThoseOfWhatIsAddedToTheStream(String name) {
        LocalModel model = Oracle.model(name);
        int[] ids = Oracle.ids(name);
        CapturedRun run = run(model, ids, Taps.NONE);
        int position = 3;
        WrittenLengths lengths = WrittenLengths.of(run, position);
        for (Block block : List.of(model.gpt().blocks().get(0), model.gpt().blocks().getLast())) {
            int layer = block.layer();
            NamedArray results = run.get(new Hook(HookKind.RESULT, layer));
            NamedArray added = run.get(new Hook(HookKind.ATTN_OUT, layer));
            float[] bias = block.attn().out().bias();
            int nHead = results.shape()[1];
            double[] squares = new double[nHead];
            for (int e = 0; e < results.shape()[2]; e++) {
                double total = bias == null ? 0 : bias[e];
                for (int head = 0; head < nHead; head++) {
                    total += results.at(position, head, e);
                }
                double behind = block.postAttn() == null ? 1 : added.at(position, e) / total;
                for (int head = 0; head < nHead; head++) {
                    squares[head] += Math.pow(results.at(position, head, e) * behind, 2);
                }
            }
            for (int head = 0; head < nHead; head++) {
                double expected = Math.sqrt(squares[head]);
                assertThat(lengths.heads()[layer][head])
                        .isCloseTo(expected, within(1e-3 * expected + 1e-6));
            }
            NamedArray mlp = run.get(new Hook(HookKind.MLP_OUT, layer));
            double sum = 0;
            for (int e = 0; e < mlp.shape()[1]; e++) {
                sum += Math.pow(mlp.at(position, e), 2);
            }
            assertThat(lengths.mlps()[layer]).isCloseTo(Math.sqrt(sum), within(1e-6));
        }
    }
}
