package dev.loupe.app;

import static dev.loupe.app.Run.args;
import static dev.loupe.app.Run.doubles;
import static dev.loupe.app.Run.ints;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** Each command, from its arguments to its output, on the small models of the fixtures. */
class CommandsTest {
    @TempDir private static Path folder;

    private static String model = "";

    @BeforeAll
    static void writeModel() throws IOException {
        model = TinyModel.write(folder.resolve("tiny")).toString();
    }

    private static Run generate(String options, String... more) {
        return Run.of(args("generate -m " + model + " " + options, more));
    }

    private static List<String> keys(JsonNode node) {
        return node.propertyStream().map(java.util.Map.Entry::getKey).toList();
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
    void everyFamilyGivesTheTokensAndLogitsOfTransformers(String family) throws IOException {
        Path of = Outside.fixture("families/" + family);
        JsonNode expected = new ObjectMapper().readTree(of.resolve("expected.json").toFile());
        for (JsonNode each : expected.get("cases")) {
            String ids =
                    Arrays.stream(ints(each.get("ids")))
                            .mapToObj(Integer::toString)
                            .collect(Collectors.joining(","));
            int[] greedy = ints(each.get("greedy"));
            String prompt = " -m " + of + " --ids " + ids + " -t 2 ";
            Run run = Run.of(args("generate" + prompt + "--ignore-eos --json -n " + greedy.length));
            assertThat(run.err()).isEmpty();
            assertThat(ints(run.json().get("ids"))).isEqualTo(greedy);

            Path file = folder.resolve(family + ".npy");
            Run logits = Run.of(args("logits" + prompt + "--json -o " + file));
            JsonNode rows = each.get("logits");
            assertThat(ints(logits.json().get("shape")))
                    .containsExactly(rows.size(), rows.get(0).size());
            assertClose(Files.readAllBytes(file), rows);
        }
    }

    private static void assertClose(byte[] npy, JsonNode rows) {
        double largest =
                StreamSupport.stream(rows.spliterator(), false)
                        .flatMapToDouble(row -> Arrays.stream(doubles(row)))
                        .map(Math::abs)
                        .max()
                        .orElse(0);
        double bound = 1e-5 * Math.max(1, largest);
        ByteBuffer buffer = ByteBuffer.wrap(npy).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(npy).startsWith(0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0);
        buffer.position(10 + buffer.getShort(8));
        for (JsonNode row : rows) {
            for (JsonNode logit : row) {
                assertThat((double) buffer.getFloat())
                        .isCloseTo(logit.doubleValue(), within(bound));
            }
        }
        assertThat(buffer.hasRemaining()).isFalse();
    }

    @Test
    void generateSaysInJsonWhatItDid() {
        JsonNode json = generate("abc -n 5 --json --seed 7").json();
        assertThat(keys(json))
                .containsExactly(
                        "model", "prompt_ids", "ids", "text", "finish_reason", "seed", "timings");
        assertThat(keys(json.get("timings")))
                .containsExactly("prompt_tokens", "prompt_ms", "predicted_tokens", "predicted_ms");
        assertThat(json.get("model").textValue()).isEqualTo(model);
        assertThat(ints(json.get("prompt_ids"))).containsExactly('a' - '!', 'b' - '!', 'c' - '!');
        assertThat(json.get("ids")).hasSize(5);
        assertThat(json.get("finish_reason").textValue()).isEqualTo("length");
        assertThat(json.get("seed").intValue()).isEqualTo(7);
        assertThat(json.at("/timings/prompt_tokens").intValue()).isEqualTo(3);
        assertThat(json.at("/timings/predicted_tokens").intValue()).isEqualTo(5);
    }

    @Test
    void aPromptCanComeFromStdinAFileOrTheArgument() throws IOException {
        Path file = Files.writeString(folder.resolve("prompt.txt"), "abc");
        String expected = generate("abc -n 9").out();
        assertThat(Run.with("abc", args("generate - -n 9 -m " + model)).out()).isEqualTo(expected);
        assertThat(generate("-f " + file + " -n 9").out()).isEqualTo(expected);
        assertThat(Run.with("abc", args("next - --json -m " + model)).json().get("ids")).hasSize(3);
        assertThat(Run.with("abc", args("score - --json -m " + model)).json().get("tokens").asInt())
                .isEqualTo(3);
    }

    @Test
    void echoPrintsThePromptInFront() {
        assertThat(generate("abc -n 9 --echo").out()).isEqualTo("abc" + generate("abc -n 9").out());
    }

    @Test
    void theNextTokensProbabilitiesSumToOneAndGiveTheEntropy() {
        JsonNode json =
                Run.of(args("next abc --top 317 --temperature 0.1 --json -m " + model)).json();
        assertThat(keys(json))
                .containsExactly("model", "ids", "temperature", "entropy", "candidates");
        double sum = 0;
        double entropy = 0;
        double before = 1;
        double shift = Double.NaN;
        for (JsonNode candidate : json.get("candidates")) {
            assertThat(keys(candidate))
                    .containsExactly("id", "text", "logit", "logprob", "probability");
            double p = candidate.get("probability").doubleValue();
            double logprob = candidate.get("logprob").doubleValue();
            assertThat(p).isLessThanOrEqualTo(before);
            assertThat(logprob).isCloseTo(Math.log(p), within(1e-9));
            // the softmax of logits over the temperature: their difference is the same for all
            double difference = candidate.get("logit").doubleValue() / 0.1 - logprob;
            assertThat(difference)
                    .isCloseTo(Double.isNaN(shift) ? difference : shift, within(1e-4));
            shift = difference;
            before = p;
            sum += p;
            entropy -= p * Math.log(p) / Math.log(2);
        }
        assertThat(sum).isCloseTo(1, within(1e-9));
        assertThat(json.get("entropy").doubleValue()).isCloseTo(entropy, within(1e-9));
    }

    @Test
    void aForbiddenTokenHasNoProbabilityAndIsNeverDrawn() {
        int best = generate("abc -n 1 --json").json().at("/ids/0").intValue();
        Run other = generate("abc -n 1 --json --logit-bias " + best + "=-inf");
        assertThat(other.json().at("/ids/0").intValue()).isNotEqualTo(best);
        JsonNode all =
                Run.of(
                                args(
                                        "next abc --json --top 317 -m "
                                                + model
                                                + " --logit-bias "
                                                + best
                                                + "=-inf"))
                        .json()
                        .get("candidates");
        JsonNode last = all.get(all.size() - 1);
        assertThat(last.get("id").intValue()).isEqualTo(best);
        assertThat(last.get("probability").doubleValue()).isZero();
        assertThat(last.get("logprob").isNull()).isTrue();
    }

    @Test
    void aStopTextEndsTheOutputBeforeIt() {
        String whole = generate("abc -n 20 --seed 3").out().strip();
        String stop = whole.substring(7, 10);
        int first = whole.indexOf(stop);
        Run run = generate("abc -n 20 --seed 3 --json --stop", "nowhere", "--stop", stop);
        assertThat(run.json().get("text").textValue()).isEqualTo(whole.substring(0, first));
        assertThat(run.json().get("finish_reason").textValue()).isEqualTo("stop");
        assertThat(generate("abc -n 20 --seed 3 --stop", stop).out())
                .isEqualTo(whole.substring(0, first) + System.lineSeparator());
    }

    @Test
    void samplesAreReproducibleAndEachIsThatOfItsOwnSeed() {
        String options = "abc -n 12 --temperature 2 --json ";
        JsonNode samples = generate(options + "--samples 3 --seed 11 -t 1").json().get("samples");
        JsonNode again = generate(options + "--samples 3 --seed 11 -t 3").json().get("samples");
        for (int i = 0; i < 3; i++) {
            JsonNode alone = generate(options + "--seed " + (11 + i)).json();
            assertThat(samples.get(i).get("ids")).isEqualTo(alone.get("ids"));
            assertThat(again.get(i).get("ids")).isEqualTo(alone.get("ids"));
            assertThat(samples.get(i).get("seed").intValue()).isEqualTo(11 + i);
        }
        assertThat(samples.get(0).get("ids")).isNotEqualTo(samples.get(1).get("ids"));
    }

    @Test
    void aLineStandsBetweenSamples() {
        String options = "abc -n 5 --temperature 2 --seed ";
        String texts = generate(options + "4").out() + "----\n" + generate(options + "5").out();
        assertThat(generate(options + "4 --samples 2").out()).isEqualTo(texts);
        assertThat(generate(options + "4 --samples 2 --echo").out())
                .startsWith("abc")
                .contains("----\nabc");
    }

    @Test
    void aBatchOfLinesGivesWhatEachLineGivesAlone() {
        String lines =
                """
                {"prompt": "abc"}
                {"ids": [260, 308, 236, 39, 114, 204, 194]}

                {"prompt": "xyz and more"}
                """;
        for (String batch : List.of("1", "2", "8")) {
            Run run =
                    Run.with(
                            lines,
                            args("generate --jsonl -n 10 --seed 5 --batch " + batch, "-m", model));
            List<JsonNode> found = run.jsonLines();
            assertThat(found).hasSize(3);
            List<Run> alone =
                    List.of(
                            generate("abc -n 10 --seed 5 --json"),
                            generate("--ids 260,308,236,39,114,204,194 -n 10 --seed 6 --json"),
                            generate("-n 10 --seed 7 --json", "xyz and more"));
            for (int i = 0; i < 3; i++) {
                assertThat(found.get(i).get("ids")).isEqualTo(alone.get(i).json().get("ids"));
                assertThat(found.get(i).get("text")).isEqualTo(alone.get(i).json().get("text"));
            }
        }
    }

    @Test
    void generationEndsWhereTheContextEnds() {
        int nCtx = Run.of("show", model, "--json").json().at("/config/nCtx").intValue();
        JsonNode json = generate("abc -n 5000 --ignore-eos --json").json();
        assertThat(json.get("finish_reason").textValue()).isEqualTo("length");
        // the last token that was drawn needs no place any more
        assertThat(json.get("ids")).hasSize(nCtx - 3 + 1);
    }

    @Test
    void tokenizeAndDetokenizeAreInverse() {
        Run ids =
                Run.with(
                        "{\"text\": \"Hello!\"}\n\n{\"text\": \"\"}\n",
                        args("tokenize --jsonl -m " + model));
        assertThat(ids.out()).isEqualTo("{\"ids\":[39,68,75,75,78,0]}\n{\"ids\":[]}\n");
        Run text = Run.with(ids.out(), args("detokenize --jsonl -m " + model));
        assertThat(text.out()).isEqualTo("{\"text\":\"Hello!\"}\n{\"text\":\"\"}\n");
        JsonNode tokens = Run.of(args("tokenize Hello! --json -m " + model)).json().get("tokens");
        assertThat(tokens.get(1)).hasToString("{\"id\":68,\"text\":\"e\",\"start\":1,\"end\":2}");
        assertThat(Run.of(args("detokenize 39,68 -m " + model)).out()).isEqualTo("He\n");
    }

    @Test
    void scoreIsTheMeanOfTheLogprobsThatNextGives() {
        JsonNode json = Run.of(args("score --text abcd --json -m " + model)).json();
        assertThat(keys(json))
                .containsExactly("model", "tokens", "mean_nll", "perplexity", "logprobs");
        double[] logprobs = doubles(json.get("logprobs"));
        assertThat(logprobs).hasSize(3);
        double mean = -Arrays.stream(logprobs).average().orElseThrow();
        assertThat(json.get("mean_nll").doubleValue()).isCloseTo(mean, within(1e-12));
        assertThat(json.get("perplexity").doubleValue()).isCloseTo(Math.exp(mean), within(1e-9));
        JsonNode next = Run.of(args("next abc --top 317 --json -m " + model)).json();
        for (JsonNode candidate : next.get("candidates")) {
            if (candidate.get("text").textValue().equals("d")) {
                assertThat(candidate.get("logprob").doubleValue())
                        .isCloseTo(logprobs[2], within(1e-6));
            }
        }
    }

    @Test
    void showCountsEveryParameter() {
        JsonNode json = Run.of("show", model, "--json").json();
        assertThat(keys(json))
                .containsExactly(
                        "model",
                        "config",
                        "tokenizer",
                        "tally",
                        "total",
                        "kinds",
                        "types",
                        "tensors");
        long ofKinds = 0;
        for (JsonNode kind : json.get("kinds")) {
            ofKinds += kind.get("parameters").longValue();
        }
        assertThat(json.get("total").longValue()).isEqualTo(ofKinds);
        long total = 0;
        for (JsonNode kind : json.get("tally")) {
            total += kind.longValue();
        }
        assertThat(json.get("total").longValue()).isEqualTo(total);
        assertThat(json.at("/config/vocabSize").intValue()).isEqualTo(TinyModel.VOCAB_SIZE);
    }

    @Test
    void showKnowsTheShapeOfGpt3() {
        JsonNode json = Run.of("show", "gpt3", "--json").json();
        assertThat(json.get("total").longValue()).isEqualTo(174_604_259_328L);
        assertThat(json.at("/matrices_only/total").longValue()).isEqualTo(175_181_291_520L);
        assertThat(json.at("/matrices_only/matrices").longValue()).isEqualTo(27_938);
        assertThat(Run.of("show", "gpt3").out())
                .contains("175,181,291,520  in 27,938 matrices")
                .contains("Left out: position vectors (25,165,824), norms (")
                .contains("Counted twice");
        assertThat(Run.of("show", "gpt2-xl").out()).contains("1,557,611,200");
        assertThat(Run.of("show", "gpt5").code()).isEqualTo(1);
    }

    @Test
    void showSaysWhatTheTokenizerIs() throws IOException {
        // the end token is that of config.json, which generate heeds too
        assertThat(Run.of("show", model, "--json").json().get("tokenizer"))
                .hasToString(
                        "{\"kind\":\"byte-level BPE\",\"pre_tokenizer\":\"ByteLevel\","
                                + "\"vocab_size\":317,\"bos_id\":null,\"eos_id\":null,"
                                + "\"adds_bos\":false,\"adds_eos\":false,"
                                + "\"end_of_generation_ids\":[2]}");
        assertThat(Run.of("show", model).out())
                .contains("tokenizer        byte-level BPE", "tokens           317");
        String bare = Outside.fixture("families/gpt2").toString();
        assertThat(Run.of("show", bare, "--json").json().get("tokenizer").isNull()).isTrue();
        assertThat(Run.of("show", bare).out()).contains("tokenizer        none");
    }

    @Test
    void showSaysWhyATokenizerIsNotUsableAndTheRestAllTheSame() throws IOException {
        Path broken = TinyModel.write(folder.resolve("unusable"));
        Path file = broken.resolve("tokenizer.json");
        Files.writeString(file, Files.readString(file).replace("BPE", "Unigram"));
        JsonNode json = Run.of("show", broken.toString(), "--json").json();
        assertThat(json.at("/tokenizer/error").textValue()).contains("Unigram", "BPE");
        assertThat(json.at("/config/vocabSize").intValue()).isEqualTo(TinyModel.VOCAB_SIZE);
        assertThat(Run.of("show", broken.toString()).out()).contains("not usable: ", "vocabSize");
    }

    @Test
    void benchNamesItsTestsAsLlamaBenchDoes() {
        JsonNode json = Run.of(args("bench -p 8 -n 4 -r 2 -d 3 --json -m " + model)).json();
        assertThat(json.get("kv_type").textValue()).isEqualTo("f32");
        JsonNode rows = json.get("rows");
        assertThat(rows).hasSize(2);
        assertThat(rows.get(0).get("test").textValue()).isEqualTo("pp8 @ d3");
        assertThat(rows.get(1).get("test").textValue()).isEqualTo("tg4 @ d3");
        assertThat(rows.get(1).get("tokens_per_second").doubleValue()).isPositive();
        assertThat(rows.get(1).get("stddev").doubleValue()).isNotNegative();
    }

    @Test
    void kvTypeIsThatOfTheCache() {
        JsonNode json =
                Run.of(args("bench -p 2 -n 0 -r 1 --kv-type F16 --json -m " + model)).json();
        assertThat(json.get("kv_type").textValue()).isEqualTo("f16");
        String logprobs = "score --text abcabc --json -m " + model;
        JsonNode floats = Run.of(args(logprobs)).json().get("logprobs");
        JsonNode halves = Run.of(args(logprobs + " --kv-type f16")).json().get("logprobs");
        assertThat(halves).isNotEqualTo(floats).hasSameSizeAs(floats);
        for (int i = 0; i < floats.size(); i++) {
            assertThat(halves.get(i).doubleValue())
                    .isCloseTo(floats.get(i).doubleValue(), within(0.01));
        }
    }

    @Test
    void theModelUsedLastIsTheDefault() {
        generate("abc -n 1");
        JsonNode json = Run.of(args("generate abc -n 1 --json")).json();
        assertThat(json.get("model").textValue()).isEqualTo(model);
        assertThat(Run.of("tokenize", "a").out()).isEqualTo("     64  'a'\n");
    }
}
