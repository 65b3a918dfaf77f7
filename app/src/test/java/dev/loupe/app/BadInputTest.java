package dev.loupe.app;

import static dev.loupe.app.Run.args;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What makes no sense ends with one clear line on stderr and nothing on stdout. */
class BadInputTest {
    @TempDir private static Path folder;

    private static String model = "";

    @BeforeAll
    static void writeModel() throws IOException {
        model = TinyModel.write(folder.resolve("tiny")).toString();
    }

    private static void assertFails(Run run, int code, String... says) {
        assertThat(run.err()).startsWith("loupe: ").contains(says);
        assertThat(run.code()).isEqualTo(code);
        assertThat(run.out()).isEmpty();
        // picocli's errors have a second line that names the help
        assertThat(run.err().lines().filter(line -> !line.startsWith("try: "))).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            textBlock =
                    """
                    generate a -n x                      | 'x' is not an int
                    generate a -n -1                     | -n: found -1
                    generate a b                         | 'b'
                    generate a --nonsense                | '--nonsense'
                    generate a --temperature -1          | temperature: found -1.0, expected 0 or more
                    generate a --temperature NaN         | temperature: found NaN
                    generate a --top-p 0                 | top-p: found 0.0
                    generate a --top-p 1.5               | top-p: found 1.5
                    generate a --top-k -3                | top-k: found -3
                    generate a --min-p 2                 | min-p: found 2.0
                    generate a --typical-p 0             | typical-p: found 0.0
                    generate a --repetition-penalty 0    | repetition penalty: found 0.0
                    generate a --logit-bias 5            | KEY=VALUE
                    generate a --logit-bias x=1          | 'x' is not a token id
                    generate a --logit-bias 1=x          | 'x' is not a number
                    generate a --logit-bias 1=NaN        | logit bias: found NaN
                    generate a --samples 0               | --samples: found 0
                    generate a --batch 0                 | --batch: found 0
                    generate a --seed x                  | 'x' is not a long
                    generate a --stop=                   | --stop: found an empty text
                    generate a --ids 1                   | one place
                    generate a -f b                      | one place
                    generate --ids 1,x                   | found 'x'
                    generate --ids ,                     | --ids: found none
                    generate --jsonl --ids 1             | --jsonl and --ids
                    generate --jsonl --samples 2         | --jsonl and --samples
                    generate a -t 0                      | --threads: found 0
                    generate a -t 1 -t 2                 | only once
                    next a --top 0                       | --top: found 0
                    next a --ids 1                       | one place
                    logits a                             | --output
                    score                                | which text?
                    score a --text b                     | which text?
                    score a -c 1                         | --context: found 1
                    tokenize                             | which text?
                    explore --port 99999                 | --port: found 99999
                    explore -t 0                         | --threads: found 0
                    detokenize                           | which ids?
                    detokenize 1,z                       | found 'z'
                    bench -r 0                           | at least 1 repetition
                    bench --kv-type q8_0                 | expected one of [F32, F16]
                    bench -p x                           | 'x' is not an int
                    show a b                             | 'b'
                    quantize a b                         | TYPE
                    quantize a b Q9_9                    | Q9_9
                    """)
    void wrongUsageEndsWithTwo(String line, String says) {
        boolean takesModel = !line.matches("(show|quantize).*");
        assertFails(Run.of(takesModel ? args(line, "-m", model) : args(line)), 2, says);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "generate a",
                "next a",
                "logits a -o x",
                "score --text a",
                "tokenize a",
                "bench"
            })
    void aMissingModelSaysWhatPullWouldGet(String line) {
        assertFails(
                Run.of(args(line, "-m", "gpt2")),
                1,
                "no model 'gpt2' here",
                "`loupe pull gpt2` fetches openai-community/gpt2");
        assertFails(Run.of(args(line, "-m", "no/such.gguf")), 1, "no/such.gguf");
    }

    @Test
    void whatIsNoModelIsNotExplored() throws IOException {
        Path text = Files.writeString(folder.resolve("letter.txt"), "Dear reader");
        assertFails(Run.of(args("explore", "-m", text.toString(), "--no-open")), 1, "letter.txt");
        assertFails(
                Run.of(args("explore", "-m", model, "-m", text.toString(), "--no-open")),
                1,
                "letter.txt");
    }

    @Test
    void anEmptyPromptIsAnErrorWithoutBos() {
        assertFails(Run.of("generate", "", "-m", model), 1, "the prompt is empty", "no BOS");
        assertFails(Run.of("next", "-m", model), 1, "the prompt is empty", "no BOS");
        assertFails(
                Run.with("{\"prompt\": \"\"}\n", args("generate --jsonl -m " + model)), 1, "empty");
    }

    @Test
    void idsOutsideOfTheVocabularyAreNamed() {
        for (String id : new String[] {"317", "-1", "2147483647"}) {
            String says = "token id: found " + id + ", expected 0 to 316";
            assertFails(Run.of("generate", "--ids=1," + id, "-m", model), 1, says);
            assertFails(Run.of("next", "--ids=" + id, "-m", model), 1, says);
            assertFails(
                    Run.of("next", "--ids=1", "--logit-bias=" + id + "=1", "-m", model), 1, says);
            assertFails(
                    Run.with("{\"ids\": [" + id + "]}", args("generate --jsonl -m " + model)),
                    1,
                    says);
            assertFails(Run.of("detokenize", "--", id), 1, id);
        }
    }

    @Test
    void aPromptThatDoesNotFitNamesBothNumbers() {
        int nCtx = Run.of("show", model, "--json").json().at("/config/nCtx").intValue();
        String text = "a".repeat(nCtx + 1);
        String says = "has %d tokens, and the model's context holds %d".formatted(nCtx + 1, nCtx);
        assertFails(Run.of("generate", text, "-m", model), 1, says);
        assertFails(Run.of("next", text, "-m", model), 1, says);
        assertFails(Run.of("logits", text, "-o", folder + "/x.npy", "-m", model), 1, says);
        assertThat(folder.resolve("x.npy")).doesNotExist();
        assertThat(Run.of("next", "a".repeat(nCtx), "-m", model).code()).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "transformer.h.0.attn.c_attn.weight",
                "transformer.h.0.ln_1.weight",
                "transformer.wte.weight"
            })
    void aWeightThatIsNoNumberIsNamed(String tensor) throws IOException {
        Path broken = folder.resolve("broken-" + tensor);
        TinyModel.poison(TinyModel.write(broken), tensor, Float.NaN);
        assertFails(Run.of("generate", "a", "-m", broken.toString()), 1, tensor, "NaN");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    generate   | nonsense              | line 1
                    generate   | []                    | line 1: found no JSON object
                    generate   | {"text": "a"}         | line 1: found no prompt
                    generate   | {"prompt": 3}         | line 1: found no prompt
                    generate   | {"ids": []}           | line 1: found no prompt
                    generate   | {"ids": [1.5]}        | line 1: ids: found 1.5
                    tokenize   | {"prompt": "a"}       | line 1: found no text
                    detokenize | {"text": "a"}         | line 1: found no ids
                    detokenize | {"ids": ["a"]}        | line 1: ids: found "a"
                    """)
    void aBrokenLineIsNamed(String command, String line, String says) {
        assertFails(Run.with(line, command, "--jsonl", "-m", model), 1, says);
    }

    @Test
    void whereEveryTokenIsForbiddenThereIsNothingToDraw() {
        String all =
                IntStream.range(0, TinyModel.VOCAB_SIZE)
                        .mapToObj(id -> id + "=-inf")
                        .collect(Collectors.joining(","));
        for (String command : List.of("generate", "next")) {
            Run run = Run.of(command, "a", "--json", "-m", model, "--logit-bias", all);
            assertFails(run, 1, "no token may be drawn");
            assertThat(run.err()).doesNotContain("fault");
        }
    }

    @Test
    void moreTokensThanTheContextHoldsCannotBeMeasured() {
        assertFails(
                Run.of(args("bench -d 2147483647 -m " + model)), 1, "2147484159 tokens", "context");
    }

    @Test
    void aModelWithoutATokenizerAsksForIds() {
        String bare = Outside.fixture("families/gpt2").toString();
        assertFails(
                Run.of("generate", "--ids", "1", "--samples", "2", "-m", bare), 1, "no tokenizer");
        assertFails(Run.of("generate", "a", "-m", bare), 1, "no tokenizer", "--ids");
        assertFails(
                Run.of("generate", "--ids", "1", "--json", "--stop", "a", "-m", bare),
                1,
                "no tokenizer");
    }

    @Test
    void filesThatAreNoTextAreNamed() throws IOException {
        Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xFF, 0});
        assertFails(Run.of("next", "-f", binary.toString(), "-m", model), 1, "is not UTF-8 text");
        assertFails(Run.of("next", "-f", folder + "/none", "-m", model), 1, "no such file");
        assertFails(Run.of("score", folder.toString(), "-m", model), 1, "cannot be read");
        assertFails(
                Run.of("logits", "a", "-o", folder + "/none/x.npy", "-m", model),
                1,
                "folder does not exist");
        assertFails(Run.of("score", "--text", "a", "-m", model), 1, "at least 2");
    }
}
