package dev.loupe.app;

import static dev.loupe.app.Run.doubles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.junit.jupiter.api.Test;

import java.io.IOException;

/** SmolLM2 through the command line, against transformers on the same numbers. */
class RealModelTest {
    @Test
    void franceHasACapital() {
        String model = Outside.realModel().toString();
        String[] args = {
            "generate", "The capital of France is", "-m", model, "-n", "30", "--temperature", "0"
        };
        assertThat(Run.of(args).out()).startsWith(" Paris.");
    }

    @Test
    void keysAndValuesInHalvesGiveTheSameText() {
        String[] texts = new String[2];
        for (int i = 0; i < 2; i++) {
            texts[i] =
                    Run.of(
                                    "generate",
                                    "The capital of France is",
                                    "-m",
                                    Outside.realModel().toString(),
                                    "-n",
                                    "30",
                                    "--temperature",
                                    "0",
                                    "--kv-type",
                                    i == 0 ? "f32" : "f16")
                            .out();
        }
        assertThat(texts[1]).startsWith(" Paris.").isEqualTo(texts[0]);
    }

    @Test
    void scoreGivesEachTokenTheLogprobOfTransformers() throws IOException {
        JsonNode expected =
                new ObjectMapper()
                        .readTree(Outside.fixture("smollm2-135m-instruct.q4_1.json").toFile())
                        .get("score");
        Run run =
                Run.with(
                        expected.get("text").textValue(),
                        "score",
                        "-",
                        "--json",
                        "-m",
                        Outside.realModel().toString());
        JsonNode json = run.json();
        assertThat(json.get("tokens")).isEqualTo(expected.get("tokens"));
        double[] found = doubles(json.get("logprobs"));
        double[] wanted = doubles(expected.get("logprobs"));
        assertThat(found).hasSameSizeAs(wanted);
        for (int i = 0; i < wanted.length; i++) {
            assertThat(found[i]).as("token %d", i).isCloseTo(wanted[i], within(2e-3));
        }
        assertThat(json.get("mean_nll").doubleValue())
                .isCloseTo(expected.get("mean_nll").doubleValue(), within(1e-4));
    }

    @Test
    void showNamesTheSpecialTokens() {
        String model = Outside.realModel().toString();
        assertThat(Run.of("show", model).out())
                .contains(
                        """
                          tokenizer        byte-level BPE
                          pre-tokenizer    smollm
                          tokens           49152
                          BOS              1 '<|im_start|>', not added to texts
                          EOS              2 '<|im_end|>', not added to texts
                        """);
        assertThat(Run.of("show", model, "--json").json().get("tokenizer"))
                .hasToString(
                        "{\"kind\":\"byte-level BPE\",\"pre_tokenizer\":\"smollm\","
                                + "\"vocab_size\":49152,\"bos_id\":1,\"eos_id\":2,"
                                + "\"adds_bos\":false,\"adds_eos\":false,"
                                + "\"end_of_generation_ids\":[0,2]}");
    }

    @Test
    void anEmptyPromptBeginsWithBos() {
        Run run = Run.of("next", "", "--json", "-m", Outside.realModel().toString());
        assertThat(run.json().get("ids")).hasToString("[1]");
    }
}
