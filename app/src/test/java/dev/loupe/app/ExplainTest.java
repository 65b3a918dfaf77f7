package dev.loupe.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** {@code loupe explain} on the command line. */
class ExplainTest {
    @TempDir private Path folder;

    private static String smol() {
        return Outside.realModel().toString();
    }

    private static Run explain(String... more) {
        return Run.of(Run.args("explain", more));
    }

    @Test
    void franceIsExplained() {
        Run run = explain("The capital of France is", "-m", smol());
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("'The' ' capital' ' of' ' France' ' is'")
                .contains("Heads that wrote most to the logit of ' Paris'")
                .contains("L29")
                .contains("What comes next")
                .doesNotContain("\u001b");
        assertThat(explain("The", "-m", smol(), "--color", "always").out()).contains("\u001b[");
    }

    @Test
    void jsonHasTheSameNumbersAsNext() {
        String[] prompt = {"The capital of France is", "-m", smol(), "--json"};
        JsonNode json = explain(prompt).json();
        JsonNode next = Run.of(Run.args("next", prompt)).json();
        assertThat(json.get("ids")).isEqualTo(next.get("ids"));
        for (int i = 0; i < 8; i++) {
            JsonNode found = json.get("distribution").get("top").get(i);
            JsonNode wanted = next.get("candidates").get(i);
            assertThat(found.get("id")).isEqualTo(wanted.get("id"));
            assertThat(found.get("logit")).isEqualTo(wanted.get("logit"));
            assertThat(found.get("probability").doubleValue())
                    .isCloseTo(wanted.get("probability").doubleValue(), within(1e-9));
        }
        JsonNode attribution = json.get("attribution");
        assertThat(attribution.get("text").textValue()).isEqualTo(" Paris");
        assertThat(attribution.get("sum").doubleValue())
                .isCloseTo(attribution.get("logit").doubleValue(), within(1e-3));
        assertThat(attribution.get("parts")).hasSize(1 + 30 * 10 + 1);
        assertThat(json.get("lens")).hasSize(31);
        assertThat(json.get("lens").get(30).get("top"))
                .isEqualTo(json.get("distribution").get("top"));
        JsonNode head = json.get("heads").get(0);
        assertThat(head.get("looks_at").get(0).get("text").textValue()).isEqualTo(" France");
        assertThat(
                        explain("The capital of France is", "-m", smol(), "--json", "--lens")
                                .json()
                                .get("lens"))
                .hasSize(31 * 5);
    }

    @Test
    void aDifferenceOfTwoLogitsCanBeSharedOut() {
        JsonNode json =
                explain(
                                "The capital of France is",
                                "-m",
                                smol(),
                                "--json",
                                "--target",
                                " Paris",
                                "--against",
                                " London")
                        .json();
        JsonNode attribution = json.get("attribution");
        assertThat(attribution.get("against").intValue()).isPositive();
        assertThat(attribution.get("logit").doubleValue())
                .isCloseTo(17.3712 - 13.2450, within(1e-3));
        assertThat(attribution.get("sum").doubleValue())
                .isCloseTo(attribution.get("logit").doubleValue(), within(1e-3));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gpt2", "gpt-neox", "gpt-neox-sequential", "llama-tied", "llama-3-rope",
                "llama-mqa-bias", "mistral-sliding", "qwen2", "qwen3", "gemma3"
            })
    void everyFamilyIsExplainedEvenWithoutATokenizer(String family) {
        String model = Outside.fixture("families/" + family).toString();
        Run run = explain("--ids", "5,6,7,8,9,10,11,12,13,14,15", "--lens", "-m", model);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("#15").contains("all MLPs");
    }

    /** A zip's arrays, as numpy.load reads them: the header's text, and the bytes behind it. */
    private static Map<String, ByteBuffer> arrays(Path file, Map<String, String> headers)
            throws IOException {
        Map<String, ByteBuffer> arrays = new HashMap<>();
        try (InputStream in = Files.newInputStream(file);
                ZipInputStream zip = new ZipInputStream(in)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                ByteBuffer bytes =
                        ByteBuffer.wrap(zip.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
                int length = bytes.getShort(8);
                assertThat((10 + length) % 64).isZero();
                String name = entry.getName().replaceFirst("\\.npy$", "");
                headers.put(name, new String(bytes.array(), 10, length, StandardCharsets.US_ASCII));
                arrays.put(
                        name,
                        bytes.slice(10 + length, bytes.capacity() - 10 - length)
                                .order(ByteOrder.LITTLE_ENDIAN));
            }
        }
        return arrays;
    }

    @Test
    void captureWritesWhatPassesAndWhatIsDrawn() throws IOException {
        Path file = folder.resolve("inside.npz");
        Run run =
                explain(
                        "The capital of France is",
                        "-m",
                        smol(),
                        "-n",
                        "3",
                        "--json",
                        "--capture",
                        "blocks.*.attn.hook_pattern,ln_final.hook_scale",
                        "-o",
                        file.toString());
        assertThat(run.json().get("arrays")).hasSize(32);
        Map<String, String> headers = new HashMap<>();
        Map<String, ByteBuffer> arrays = arrays(file, headers);
        assertThat(headers.get("ids")).contains("'<i4'").contains("(8,)");
        assertThat(headers.get("blocks.29.attn.hook_pattern"))
                .contains("'descr': '<f4', 'fortran_order': False, 'shape': (9, 7, 7), }");
        assertThat(Objects.requireNonNull(arrays.get("ids")).getInt(5 * 4)).isEqualTo(7042);
        ByteBuffer pattern =
                Objects.requireNonNull(arrays.get("blocks.29.attn.hook_pattern"));
        float sum = 0;
        for (int key = 0; key < 7; key++) {
            sum += pattern.getFloat(4 * (6 * 7 + key));
        }
        assertThat(sum).isCloseTo(1, within(1e-5f));
    }

    @Test
    void hooksAreListed() {
        assertThat(explain("--hooks", "-m", smol()).out())
                .contains("blocks.29.attn.hook_result")
                .doesNotContain("hook_pos_embed");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "--capture blocks.40.hook_z -o x.npz; found block 40, expected 0 to 29",
                "--capture blocks.4.hook_x -o x.npz; close to it:",
                "--capture * -o x.npz; bytes, and",
            })
    void aCaptureThatCannotBeSaysWhy(String options, String message) {
        String ids = "5,".repeat(8000) + "6";
        Run run = explain(Run.args("--ids " + ids + " " + options, "-m", smol()));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "--capture x; say which with -o",
                "-o x.npz; go with --capture",
                "--capture x -o x.npz -n -1; expected 0 or more",
                "--top 0; expected 1 to 1000",
                "--against x; goes with --target",
                "--project x; goes with --embedding",
                "--components one; expected 3 or more",
            })
    void optionsThatMakeNoSenseAreRefused(String options, String message) {
        Run run = explain(Run.args("The " + options, "-m", smol()));
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains(message);
    }

    @Test
    void embeddingAnswersWithNeighbours() {
        JsonNode json = explain("--embedding", "woman - man + king", "--json", "-m", smol()).json();
        JsonNode first = json.get("neighbours").get(0);
        assertThat(first.get("text").textValue()).isEqualTo(" queen");
        assertThat(first.get("cosine").doubleValue()).isBetween(0.5, 1.0);
        assertThat(json.get("neighbours")).hasSize(8);
        assertThat(explain("--embedding", "' king' - #827", "-m", smol()).code()).isZero();
        Run unknown = explain("--embedding", "xylophonist", "-m", smol());
        assertThat(unknown.code()).isEqualTo(1);
        assertThat(unknown.err())
                .contains("'xylophonist' is no single token of this model, but 3 tokens");
        assertThat(explain("--embedding", "king - ", "-m", smol()).code()).isEqualTo(2);
        assertThat(explain("--embedding", "king -queen", "-m", smol()).err())
                .contains("expected a sum of words");
        Run far = explain("--embedding", "#99999", "-m", smol());
        assertThat(far.err()).contains("token id: found 99999, expected 0 to 49151");
    }

    @Test
    void wordsHavePlacesOnADirectionAndInAPlane() {
        JsonNode line =
                explain(
                                "--embedding",
                                "cats - cat",
                                "--project",
                                "one, two, three, four",
                                "--json",
                                "-m",
                                smol())
                        .json()
                        .get("projections");
        for (int i = 1; i < 4; i++) {
            assertThat(line.get(i).get("projection").doubleValue())
                    .isGreaterThan(line.get(i - 1).get("projection").doubleValue());
        }
        JsonNode points =
                explain("--components", "one two three cat dog", "--json", "-m", smol()).json();
        assertThat(points.get("points")).hasSize(5);
        assertThat(points.get("points").get(0).get("at")).hasSize(3);
    }
}
