package dev.loupe.explorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Attribution.Target;
import dev.loupe.inside.Effect;
import dev.loupe.inside.HeadScores;
import dev.loupe.inside.Intervention;
import dev.loupe.inside.Place;
import dev.loupe.model.Taps;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** What the Change page asks is answered by what the library computes, on every family. */
class ChangeCallsTest {
    private static final List<String> FAMILIES =
            List.of(
                    "gpt2",
                    "gpt-neox",
                    "gpt-neox-sequential",
                    "llama-tied",
                    "llama-3-rope",
                    "llama-mqa-bias",
                    "mistral-sliding",
                    "qwen2",
                    "qwen3",
                    "gemma3");
    private static final int[] IDS = {3, 1, 4, 1, 5, 9, 2, 6};
    private static final String ASKED = "\"ids\":[3,1,4,1,5,9,2,6]";
    private static final String FROM = ",\"from_ids\":[3,7,4,1,5,9,2,6]";

    private static Asking pages;

    @BeforeAll
    static void start() throws IOException {
        pages =
                Asking.about(
                        FAMILIES.stream()
                                .map(name -> Outside.fixture("families/" + name))
                                .toArray(Path[]::new));
    }

    @AfterAll
    static void end() {
        pages.close();
    }

    /** An answer, or the result behind lines of progress. */
    private static JsonNode ask(String call, String family, String more)
            throws IOException, InterruptedException {
        String body = "{\"model\":\"" + family + "\"," + ASKED + more + "}";
        var response = pages.send(pages.asking(call, body));
        String text = new String(response.body(), StandardCharsets.UTF_8);
        assertThat(response.statusCode()).as(text).isEqualTo(200);
        JsonNode last = Asking.MAPPER.readTree(text.strip().lines().toList().getLast());
        assertThat(last.has("error")).as(text).isFalse();
        return last.has("result") ? last.get("result") : last;
    }

    private static JsonNode effect(String family, String changes, String more)
            throws IOException, InterruptedException {
        return ask("effect", family, ",\"changes\":[" + changes + "]" + more);
    }

    @Test
    void anEffectIsThatOfTheLibrary() throws IOException, InterruptedException {
        JsonNode found =
                effect("gpt2", "{\"kind\":\"zero\",\"at\":\"L1H2\"}", ",\"id\":7,\"against\":9");
        try (LocalModel model = LocalModel.load(Outside.fixture("families/gpt2"), 1)) {
            List<Intervention> off = List.of(new Intervention.Zero(Place.head(model.gpt(), 1, 2)));
            Effect expected = Effect.of(model.gpt(), model.processor(), IDS, off, 10);
            Target target = new Target(7, OptionalInt.of(9));
            assertThat(found.get("kl").doubleValue())
                    .isCloseTo(expected.divergence() / Math.log(2), within(1e-6))
                    .isPositive();
            assertThat(found.get("logit_before").doubleValue())
                    .isCloseTo(expected.before(target), within(1e-4));
            assertThat(found.get("logit_after").doubleValue())
                    .isCloseTo(expected.after(target), within(1e-4));
            assertThat(found.get("tokens").get(0).get("id").intValue())
                    .isEqualTo(expected.likeliest().getFirst().id());
            assertThat(found.get("up").get(0).get("id").intValue())
                    .isEqualTo(expected.up(1).getFirst().id());
            assertThat(found.get("down").get(0).get("id").intValue())
                    .isEqualTo(expected.down(1).getFirst().id());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"kind\":\"scale\",\"at\":\"L1H2\",\"factor\":1}",
                "{\"kind\":\"steer\",\"at\":\"blocks.1.hook_resid_pre\",\"plus\":[5],\"minus\":[6],\"factor\":0}",
                "{\"kind\":\"patch\",\"at\":\"blocks.1.hook_resid_pre@2\",\"from_ids\":[3,1,4,1,5,9,2,6]}",
                "''"
            })
    void whatChangesNothingIsExactlyNothing(String change)
            throws IOException, InterruptedException {
        for (String family : List.of("gpt2", "gpt-neox", "gemma3")) {
            JsonNode found = effect(family, change, "");
            assertThat(found.get("kl").doubleValue()).isZero();
            assertThat(found.get("up")).isEmpty();
            assertThat(found.get("down")).isEmpty();
            assertThat(found.get("tokens")).hasSize(10);
            for (JsonNode token : found.get("tokens")) {
                assertThat(token.get("after")).isEqualTo(token.get("before"));
                assertThat(token.get("logit_after")).isEqualTo(token.get("logit_before"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gpt2",
                "gpt-neox",
                "gpt-neox-sequential",
                "llama-tied",
                "llama-3-rope",
                "llama-mqa-bias",
                "mistral-sliding",
                "qwen2",
                "qwen3",
                "gemma3"
            })
    void partsOfEveryFamilySumToTheLogit(String family) throws IOException, InterruptedException {
        JsonNode found = ask("parts", family, ",\"position\":5");
        double logit = found.get("logit").doubleValue();
        double sum = 0;
        int heads = 0;
        for (JsonNode part : found.get("parts")) {
            sum += part.get("value").doubleValue();
            if (part.get("kind").asText().equals("head")) {
                heads++;
                assertThat(part.get("length").doubleValue()).isPositive();
            }
        }
        JsonNode config = pages.ask("model", "{\"model\":\"" + family + "\"}").get("config");
        int layers = config.get("n_layer").intValue();
        assertThat(heads).isEqualTo(layers * config.get("n_head").intValue());
        assertThat(sum).isCloseTo(logit, within(1e-3));
        assertThat(found.get("sum").doubleValue()).isCloseTo(sum, within(1e-9));
        JsonNode stages = found.get("stream").get("logits");
        assertThat(stages).hasSize(layers + 1);
        assertThat(stages.get(layers).get(5).doubleValue()).isCloseTo(logit, within(1e-3));
        assertThat(found.get("stream").get("lengths").get(layers)).hasSize(IDS.length);

        // the token is the likeliest behind that position, and a part that is off has no share
        String change = ",\"changes\":[{\"kind\":\"zero\",\"at\":\"L1H2\"}]";
        JsonNode off = ask("parts", family, ",\"position\":5" + change);
        assertThat(off.get("id")).isEqualTo(found.get("id"));
        for (JsonNode part : off.get("parts")) {
            if (part.get("name").asText().equals("L1 H2")) {
                assertThat(part.get("value").doubleValue()).isZero();
                assertThat(part.get("length").doubleValue()).isZero();
            }
        }
    }

    /** A click on a cell makes the change whose result the cell shows. */
    @ParameterizedTest
    @CsvSource({
        "gpt2, heads, L1H2, 1, 2",
        "gpt-neox, heads, L2H1, 2, 1",
        "qwen3, resid_pre, blocks.1.hook_resid_pre@1, 1, 1",
        "gemma3, attn_out, blocks.1.hook_attn_out@4, 1, 4",
        "llama-mqa-bias, mlp_out, blocks.0.hook_mlp_out@1, 0, 1"
    })
    void aCellOfASweepIsWhatItsChangeDoes(
            String family, String over, String at, int layer, int column)
            throws IOException, InterruptedException {
        JsonNode swept = ask("sweep", family, FROM + ",\"over\":\"" + over + "\"");
        JsonNode against = swept.path("against");
        String patch = "{\"kind\":\"patch\",\"at\":\"" + at + "\"" + FROM + "}";
        JsonNode found =
                effect(
                        family,
                        patch,
                        ",\"id\":"
                                + swept.get("id")
                                + (against.isMissingNode() ? "" : ",\"against\":" + against));
        double value = swept.get("values").get(layer).get(column).doubleValue();
        double corrupted = swept.get("corrupted").doubleValue();
        double clean = swept.get("clean").doubleValue();
        assertThat(found.get("logit_after").doubleValue()).isCloseTo(value, within(1e-4));
        assertThat(found.get("logit_before").doubleValue()).isCloseTo(corrupted, within(1e-4));
        assertThat(value).isNotEqualTo(corrupted);
        assertThat(swept.get("restored").get(layer).get(column).doubleValue())
                .isCloseTo((value - corrupted) / (clean - corrupted), within(1e-9));
        JsonNode guess =
                ask("sweep", family, FROM + ",\"by\":\"gradient\",\"over\":\"" + over + "\"");
        assertThat(guess.get("clean").doubleValue()).isCloseTo(clean, within(1e-4));
        assertThat(guess.get("values").get(0)).hasSameSizeAs(swept.get("values").get(0));
    }

    @Test
    void scoresAreThoseOfTheLibrary() throws IOException, InterruptedException {
        JsonNode found = ask("heads", "llama-tied", "").get("heads");
        try (LocalModel model = LocalModel.load(Outside.fixture("families/llama-tied"), 1)) {
            List<HeadScores> expected =
                    HeadScores.of(
                            model.gpt(), model.processor(), 4, 1, model.firstToken(), Taps.NONE);
            assertThat(found).hasSameSizeAs(expected);
            HeadScores last = expected.getLast();
            JsonNode node = found.get(expected.size() - 1);
            assertThat(node.get("layer").intValue()).isEqualTo(last.layer());
            assertThat(node.get("head").intValue()).isEqualTo(last.head());
            assertThat(node.get("previous").doubleValue()).isCloseTo(last.previous(), within(1e-6));
            assertThat(node.get("induction").doubleValue())
                    .isCloseTo(last.induction(), within(1e-6));
        }
    }

    /** Whoever waits, and leaves when he was told something for the third time. */
    private static final class Leaving extends Asker {
        private final List<Double> told = new ArrayList<>();

        @Override
        void progress(double share, String note) {
            told.add(share);
            if (told.size() == 3) {
                leave();
            }
        }
    }

    @Test
    void aSweepStopsWhenNobodyWaitsForIt() throws IOException {
        try (Models models = new Models(List.of(Outside.fixture("families/gpt2")), List.of(), 1)) {
            Leaving asker = new Leaving();
            JsonNode asked = Asking.MAPPER.readTree("{" + ASKED + FROM + ",\"over\":\"heads\"}");
            assertThatThrownBy(() -> new Calls(models).answer("sweep", asked, asker))
                    .isInstanceOf(ApiException.class)
                    .hasMessageContaining("nobody waits");
            assertThat(asker.told).hasSize(3);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "effect|,\"changes\":[{\"kind\":\"zero\",\"at\":\"L9H0\"}]|found block 9",
                "effect|,\"changes\":[{\"kind\":\"zero\",\"at\":\"L0H99\"}]|found 99, expected 0"
                        + " to",
                "effect|,\"changes\":[{\"kind\":\"melt\",\"at\":\"L0H0\"}]|found 'melt'",
                "effect|,\"changes\":[{\"kind\":\"patch\",\"at\":\"L0H0\",\"from_ids\":[1]}]|found"
                        + " 1 tokens, expected 8",
                "effect|,\"changes\":[{\"kind\":\"scale\",\"at\":\"L0H0\",\"factor\":\"x\"}]|expected"
                    + " a number",
                "effect|,\"id\":1000000|id: found 1000000",
                "effect|,\"top\":1000|top: found 1000",
                "parts|,\"position\":8|position: found 8, expected 0 to 7",
                "parts|,\"id\":-1|id: found -1",
                "sweep|,\"from_ids\":[1,2]|found 2 and 8 tokens, expected equally many",
                "sweep|,\"from_ids\":[1,2,3,4,5,6,7,8],\"over\":\"all\"|found 'all'",
                "sweep|,\"from_ids\":[1,2,3,4,5,6,7,8],\"changes\":[]|leave them out",
                "sweep|,\"from_ids\":[1,2,3,4,5,6,7,8],\"by\":\"luck\"|found 'luck', expected runs",
                "sweep||from_ids: expected a list"
            })
    void whatIsWrongIsSaid(String call, String more, String says)
            throws IOException, InterruptedException {
        String rest = more == null ? "" : more;
        pages.refused(call, "{" + ASKED + rest + "}", 400, says);
    }
}
