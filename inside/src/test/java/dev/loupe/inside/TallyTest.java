package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loupe.files.ModelSummary;
import dev.loupe.inside.Tally.Kind;
import dev.loupe.inside.Tally.Row;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Parameters are counted exactly. */
class TallyTest {
    private static long of(Tally tally, Kind kind) {
        return tally.rows().stream()
                .filter(row -> row.kind() == kind)
                .mapToLong(Row::parameters)
                .sum();
    }

    @Test
    void gpt3HasTheNumbersThatAreTold() {
        Tally told = Tally.of(KnownShape.GPT3.config()).matricesOnly();
        assertThat(of(told, Kind.EMBEDDING)).isEqualTo(617_558_016L);
        for (Kind kind : new Kind[] {Kind.QUERY, Kind.KEY, Kind.VALUE, Kind.OUTPUT}) {
            assertThat(of(told, kind)).as("%s", kind).isEqualTo(14_495_514_624L);
        }
        assertThat(of(told, Kind.UP)).isEqualTo(57_982_058_496L);
        assertThat(of(told, Kind.DOWN)).isEqualTo(57_982_058_496L);
        assertThat(of(told, Kind.UNEMBEDDING)).isEqualTo(617_558_016L);
        assertThat(told.total()).isEqualTo(175_181_291_520L);
        assertThat(told.matrices()).isEqualTo(27_938);
    }

    @ParameterizedTest
    @CsvSource({
        "gpt2, 124439808",
        "gpt2-medium, 354823168",
        "GPT2-LARGE, 774030080",
        "gpt2-xl, 1557611200",
        "gpt3, 174604259328",
    })
    void withEverythingTheTotalIsTheModels(String label, long total) {
        KnownShape shape = KnownShape.named(label).orElseThrow();
        assertThat(Tally.of(shape.config()).total()).isEqualTo(total);
    }

    @ParameterizedTest
    @MethodSource("dev.loupe.inside.Oracle#models")
    void aModelsTensorsHaveAsManyNumbers(String name) {
        ModelSummary summary = ModelSummary.of(Oracle.model(name).path());
        Tally tally = Tally.of(summary.config());
        assertThat(tally.total()).isEqualTo(summary.total());
        var kinds = summary.tally();
        assertThat(of(tally, Kind.EMBEDDING)).isEqualTo(kinds.get(ModelSummary.Kind.EMBEDDING));
        assertThat(of(tally, Kind.DOWN)).isEqualTo(kinds.get(ModelSummary.Kind.MLP_DOWN));
        assertThat(of(tally, Kind.UP) + of(tally, Kind.GATE))
                .isEqualTo(kinds.get(ModelSummary.Kind.MLP_UP));
        assertThat(of(tally, Kind.QUERY) + of(tally, Kind.KEY) + of(tally, Kind.VALUE))
                .isEqualTo(kinds.get(ModelSummary.Kind.QUERY_KEY_VALUE));
    }
}
