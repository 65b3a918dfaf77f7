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
import java.util.Arrays;
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
        ByteBuffer pattern = Objects.requireNonNull(arrays.get("blocks.29.attn.hook_pattern"));
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

    @Test
    void aHeadThatIsSwitchedOffTakesParisWithIt() {
        JsonNode effect =
                explain("The capital of France is", "--zero", "L23H4", "--json", "-m", smol())
                        .json()
                        .get("effect");
        assertThat(effect.get("text").textValue()).isEqualTo(" Paris");
        assertThat(effect.get("kl").doubleValue()).isGreaterThan(0.5);
        assertThat(effect.get("logit_after").doubleValue())
                .isLessThan(effect.get("logit_before").doubleValue() - 2);
        assertThat(effect.get("before")).hasSize(8);
        JsonNode nothing =
                explain("The capital of France is", "--scale", "L23H4=1", "--json", "-m", smol())
                        .json()
                        .get("effect");
        assertThat(nothing.get("kl").doubleValue()).isZero();
        assertThat(nothing.get("after")).isEqualTo(nothing.get("before"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--mean blocks.3.mlp.hook_post[10:200]",
                "--scale blocks.3.hook_resid_post@-1=0.5",
                "--steer blocks.20.hook_resid_post@1:-1=60*London",
                "--cut L23H4:-1:3 --cut L23:4:2",
                "--zero blocks.2.attn.hook_v[1]@0:3",
                "--patch blocks.4.hook_resid_pre@3",
            })
    void everyChangeHasAnEffect(String options) {
        String[] other = {"The capital of France is", "-m", smol()};
        String from = options.startsWith("--patch") ? " --from=The_capital_of_Japan_is" : "";
        String[] args = Run.args("explain " + options + from, other);
        for (int i = 0; i < args.length; i++) {
            args[i] = args[i].replace('_', args[i].startsWith("--from") ? ' ' : '_');
        }
        Run run = Run.of(args);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("KL(before || after)").doesNotContain(" 0.00000 nats");
    }

    @Test
    void aSweepShowsWhereTheCountryIs() {
        String[] question = {
            "The capital of Japan is",
            "--from",
            "The capital of France is",
            "--sweep",
            "resid_pre",
            "--json",
            "-m",
            smol()
        };
        JsonNode sweep = explain(question).json().get("sweep");
        assertThat(sweep.get("text").textValue()).isEqualTo(" Paris");
        double clean = sweep.get("clean").doubleValue();
        assertThat(sweep.get("logits")).hasSize(30);
        assertThat(sweep.get("logits").get(0).get(3).doubleValue()).isCloseTo(clean, within(1e-3));
        assertThat(sweep.get("logits").get(29).get(4).doubleValue()).isCloseTo(clean, within(0.5));
        assertThat(sweep.get("logits").get(5).get(1).doubleValue())
                .isEqualTo(sweep.get("corrupted").doubleValue());
    }

    @Test
    void aSweepOverHeadsFindsTheOneThatReadsTheCountry() {
        String[] question = {
            "The capital of Japan is",
            "--from",
            "The capital of France is",
            "--sweep",
            "heads",
            "--by-gradient",
            "-m",
            smol()
        };
        String[] json = Arrays.copyOf(question, question.length + 1);
        json[question.length] = "--json";
        JsonNode logits = explain(json).json().get("sweep").get("logits");
        assertThat(logits).hasSize(30);
        double most = logits.get(23).get(4).doubleValue();
        for (JsonNode layer : logits) {
            assertThat(layer).hasSize(9);
            for (JsonNode head : layer) {
                assertThat(head.doubleValue()).isLessThanOrEqualTo(most);
            }
        }
        assertThat(explain(question).out()).contains("one head brings back").contains("H8");
    }

    @Test
    void aCaptureSeesWhatWasChanged() throws IOException {
        Path file = folder.resolve("changed.npz");
        explain(
                "The capital",
                "-m",
                smol(),
                "--zero",
                "L0H1",
                "--capture",
                "blocks.0.attn.hook_z",
                "-o",
                file.toString());
        ByteBuffer z =
                Objects.requireNonNull(arrays(file, new HashMap<>()).get("blocks.0.attn.hook_z"));
        assertThat(z.getFloat(4 * 64)).isZero();
        assertThat(z.getFloat(4 * 128)).isNotZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "2; --zero L5; expected a place such as L5H3",
                "1; --zero L5H9; head of blocks.5.attn.hook_z: found 9, expected 0 to 8",
                "1; --zero L30H1; found block 30, expected 0 to 29",
                "1; --mean blocks.1.attn.hook_pattern; can be looked at, not changed",
                "2; --zero L1H1@1; found position 1, expected -1 to 0",
                "2; --scale L1H1; expected PLACE=",
                "2; --scale L1H1=many; expected a number",
                "2; --steer blocks.1.hook_resid_pre=2; expected PLACE=STRENGTH*SUM",
                "1; --steer L1H1=2*king; steer the residual stream",
                "2; --cut L1H1; expected L5H3:QUERY:KEY",
                "2; --cut L1H1:0:0; must stay",
                "1; --scale hook_embed=1e38 --scale blocks.0.hook_resid_post=1e38; has grown too"
                        + " large",
                "2; --patch L1H1; give --from PROMPT",
                "2; --from x; goes with --patch",
                "2; --by-gradient; goes with --sweep",
                "2; --sweep nothing --from x; Invalid value",
                "1; --patch L1H1 --from a,b,c,d; expected 1 as the prompt has",
            })
    void aChangeThatCannotBeSaysWhy(int code, String options, String message) {
        Run run = explain(Run.args("The " + options, "-m", smol()));
        assertThat(run.err()).contains(message);
        assertThat(run.code()).isEqualTo(code);
    }

    @Test
    void aPageNeedsNothingElseAndShowsMarkupAsText() throws IOException {
        Path page = folder.resolve("page.html");
        String hostile = "<script>alert('1')</script> & \"<img src=x onerror=y>\"";
        Run run = explain(hostile, "-m", smol(), "--html", page.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).isEmpty();
        String html = Files.readString(page);
        assertThat(html)
                .contains("default-src 'none'")
                .contains("&lt;")
                .contains("prefers-color-scheme: dark")
                .doesNotContain("<script")
                .doesNotContain("<img")
                .doesNotContain("http://")
                .doesNotContain("https://")
                .doesNotContain("url(")
                .doesNotContain("@import")
                .doesNotContainPattern("<[^>]* on\\w+=")
                .endsWith("</html>\n");
        assertThat(folder.toFile().list()).containsExactly("page.html");
    }

    @Test
    void aPageHasTheNumbersOfTheObject() throws IOException {
        Path page = folder.resolve("page.html");
        JsonNode json =
                explain(
                                "The capital of France is",
                                "-m",
                                smol(),
                                "--json",
                                "--html",
                                page.toString())
                        .json();
        String html = Files.readString(page);
        JsonNode best = json.at("/distribution/top/0");
        assertThat(html)
                .contains("&#39; Paris&#39;")
                .contains("%.2f %%".formatted(100 * best.get("probability").doubleValue()))
                .contains("logit %.4f".formatted(best.get("logit").doubleValue()))
                .contains("%+.3f".formatted(json.at("/heads/0/attribution").doubleValue()));
        // a cell for each stage and token, and a square for each pair of tokens in each pattern
        assertThat(html.split("<td class=\"s\\d", -1)).hasSize(1 + 31 * 5);
        assertThat(html.split("<rect x=", -1)).hasSize(1 + 8 * 15);
    }

    @Test
    void aPageThatCannotBeWrittenIsAnError() {
        Run nowhere =
                explain("The", "-m", smol(), "--html", folder.resolve("no/p.html").toString());
        assertThat(nowhere.code()).isEqualTo(1);
        assertThat(nowhere.err()).contains("cannot be written");
        Run two = explain("The", "-m", smol(), "--html", "x.html", "--zero", "L1H1");
        assertThat(two.code()).isEqualTo(2);
    }

    @Test
    void everyHeadIsMeasured() {
        JsonNode scores = explain("--heads", "--json", "-m", smol()).json().get("head_scores");
        assertThat(scores).hasSize(270);
        assertThat(scores.get(11 * 9 + 1).get("previous").doubleValue()).isGreaterThan(0.8);
        assertThat(scores.get(18 * 9 + 6).get("induction").doubleValue()).isGreaterThan(0.8);
        String small = Outside.fixture("families/gpt2").toString();
        assertThat(explain("--heads", "--top", "2", "-m", small).out())
                .contains("(induction)")
                .contains("  L");
    }

    @Test
    void aQueryThatWouldSeeNothingIsRefused() {
        Run run = explain("The capital", "-m", smol(), "--cut", "L0:1:0", "--cut", "L0:1:1");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("position 1 of block 0 would see nothing any more");
    }
}
