package dev.loupe.explorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.loupe.files.LocalModel;
import dev.loupe.generate.Distribution;
import dev.loupe.generate.Sampling;
import dev.loupe.inside.Reader;
import dev.loupe.model.Taps;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/** What pages get is what the engine computes; whoever is no page gets nothing. */
class ExplorerTest {
    private static final Path MODEL = Outside.fixture("families/gpt2");
    private static final ObjectMapper MAPPER = Asking.MAPPER;
    private static final int[] IDS = {3, 1, 4, 1, 5, 9, 2, 6};

    private static Asking pages;
    private static LocalModel model;
    private static Explorer explorer;

    @BeforeAll
    static void start() throws IOException {
        pages = Asking.about(MODEL);
        explorer = pages.explorer();
        model = LocalModel.load(MODEL, 1);
    }

    @AfterAll
    static void end() {
        pages.close();
        model.close();
    }

    private static HttpRequest.Builder to(String path) {
        return pages.to(path);
    }

    private static HttpRequest asking(String call, String body) {
        return pages.asking(call, body);
    }

    private static HttpResponse<byte[]> send(HttpRequest request)
            throws IOException, InterruptedException {
        return pages.send(request);
    }

    private static JsonNode ask(String call, String body) throws IOException, InterruptedException {
        return pages.ask(call, body);
    }

    private static String ids() {
        return "\"ids\":" + MAPPER.valueToTree(IDS);
    }

    private static float[] expected() {
        return new Reader(model.gpt(), model.processor(), Taps.NONE).read(IDS);
    }

    @Test
    void logitsAreTheEngines() throws IOException, InterruptedException {
        byte[] bytes = send(asking("logits", "{" + ids() + "}")).body();
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int length = buffer.getInt();
        JsonNode header = MAPPER.readTree(new String(bytes, 4, length, StandardCharsets.UTF_8));
        assertThat((4 + length) % 8).isZero();
        JsonNode array = header.get("arrays").get(0);
        assertThat(array.get("name").asText()).isEqualTo("logits");
        float[] expected = expected();
        assertThat(array.get("shape").toString()).isEqualTo("[1," + expected.length + "]");
        buffer.position(4 + length);
        for (float logit : expected) {
            assertThat(buffer.getFloat()).isEqualTo(logit);
        }
        assertThat(buffer.hasRemaining()).isFalse();
    }

    @Test
    void aDrawIsTheEngines() throws IOException, InterruptedException {
        Sampling sampling = Sampling.PLAIN.withTemperature(0.8).withTopP(0.9);
        SplittableRandom random = new SplittableRandom(7);
        random.nextDouble();
        Distribution.Throw thrown = Distribution.of(expected(), sampling, IDS).dart(random);
        String body =
                "{"
                        + ids()
                        + ",\"seed\":7,\"step\":1,\"sampling\":{\"temperature\":0.8,\"top_p\":0.9}}";
        JsonNode drawn = ask("draw", body);
        assertThat(drawn.get("id").intValue()).isEqualTo(thrown.drawn().id());
        assertThat(drawn.get("u").doubleValue()).isEqualTo(thrown.dart());
        assertThat(drawn.get("from").doubleValue()).isLessThanOrEqualTo(thrown.dart());
        assertThat(drawn.get("to").doubleValue()).isGreaterThan(thrown.dart());
        assertThat(drawn.get("order").asText()).isEqualTo("likeliest");
        assertThat(ask("draw", body)).isEqualTo(drawn);
    }

    @Test
    void theLensEndsWithTheOutput() throws IOException, InterruptedException {
        JsonNode lens = ask("lens", "{" + ids() + ",\"top\":1}");
        JsonNode last = lens.get("readings").get(lens.get("stages").size() - 1);
        JsonNode best = last.get(IDS.length - 1).get("top").get(0);
        float[] expected = expected();
        float highest = Float.NEGATIVE_INFINITY;
        for (float logit : expected) {
            highest = Math.max(highest, logit);
        }
        assertThat(best.get("logit").floatValue()).isEqualTo(highest);
        assertThat(expected[best.get("id").intValue()]).isEqualTo(highest);
    }

    @Test
    void numbersAreDerived() throws IOException, InterruptedException {
        JsonNode derived =
                ask(
                        "derive",
                        "{" + ids() + ",\"hook\":\"blocks.1.attn.hook_v\",\"index\":[3,1,2]}");
        double sum = derived.get("bias").doubleValue();
        for (JsonNode term : derived.get("terms")) {
            sum += term.get("product").doubleValue();
        }
        assertThat(sum).isCloseTo(derived.get("captured").doubleValue(), within(1e-5));
        JsonNode masked =
                ask(
                        "derive",
                        "{"
                                + ids()
                                + ",\"hook\":\"blocks.0.attn.hook_attn_scores\",\"index\":[0,1,5]}");
        assertThat(masked.get("captured").isNull()).isTrue();
        assertThat(masked.get("formula").asText()).contains("the key comes later");
    }

    @Test
    void pushesOfAllPartsAreAmongThoseOfTheSum() throws IOException, InterruptedException {
        JsonNode head =
                ask("writes", "{" + ids() + ",\"layer\":1,\"head\":0,\"position\":4,\"top\":3}");
        assertThat(head.get("up")).hasSize(3);
        assertThat(head.get("up").get(0).get("value").doubleValue())
                .isGreaterThan(head.get("down").get(0).get("value").doubleValue());
        assertThat(
                        ask("writes", "{" + ids() + ",\"layer\":1,\"mlp\":true,\"position\":4}")
                                .get("up"))
                .hasSize(8);
    }

    @Test
    void captureGivesWhatIsThere() throws IOException, InterruptedException {
        String hooks = ",\"hooks\":[\"hook_embed\",\"no_such_hook\"]";
        assertThat(send(asking("capture", "{" + ids() + hooks + "}")).statusCode()).isEqualTo(200);
        byte[] zip = send(asking("capture", "{" + ids() + hooks + ",\"format\":\"npz\"}")).body();
        assertThat(new String(zip, 0, 2, StandardCharsets.US_ASCII)).isEqualTo("PK");
        JsonNode summary = ask("summary", "{" + ids() + "}");
        assertThat(summary.get("layers")).hasSize(model.gpt().config().nLayer());
        assertThat(summary.get("layers").get(0).get("mlp_out")).hasSize(IDS.length);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "logits|{\"ids\":[]}|400|expected at least one",
                "logits|{\"ids\":[1000000]}|400|found 1000000, expected 0 to",
                "logits|{\"ids\":[-1]}|400|found -1",
                "logits|{\"ids\":[1.5]}|400|expected a list of integers",
                "logits|{\"ids\":\"x\"}|400|expected a list of integers",
                "logits|{\"ids\":[1],\"positions\":[1]}|400|expected numbers from 0 to 0",
                "capture|{\"ids\":[1],\"hooks\":[\"x\"]}|400|no hook is called x",
                "derive|{\"ids\":[1],\"hook\":\"blocks.1000000000.hook_resid_pre\",\"index\":[0,0]}|400|expected"
                    + " 0 to",
                "derive|{\"ids\":[1],\"hook\":\"hook_embed\",\"index\":[0,1000000000]}|400|expected"
                        + " a place",
                "writes|{\"ids\":[1],\"layer\":1000000000,\"position\":0}|400|layer: found"
                        + " 1000000000",
                "draw|{\"ids\":[1],\"sampling\":{\"temperature\":-1}}|400|temperature",
                "draw|{\"ids\":[1],\"sampling\":{\"temperature\":\"NaN\"}}|400|expected a number",
                "logits|{\"ids\":[1],\"model\":\"other\"}|404|no model called other",
                "nothing|{}|404|no call nothing",
                "logits|[1]|400|not one JSON object",
                "logits|{|400|not JSON"
            })
    void whatIsWrongIsSaid(String call, String body, int status, String says)
            throws IOException, InterruptedException {
        pages.refused(call, body, status, says);
    }

    @Test
    void othersGetNothing() throws IOException, InterruptedException {
        assertThat(raw("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")).contains(" 403 ");
        HttpRequest foreign =
                to("api/models")
                        .header("Content-Type", "application/json")
                        .header("Origin", "http://evil.example")
                        .POST(BodyPublishers.ofString("{}"))
                        .build();
        assertThat(send(foreign).statusCode()).isEqualTo(403);
        HttpRequest form = to("api/models").POST(BodyPublishers.ofString("{}")).build();
        assertThat(send(form).statusCode()).isEqualTo(415);
        assertThat(send(to("api/models").build()).statusCode()).isEqualTo(405);
        assertThat(send(to("nothing.html").build()).statusCode()).isEqualTo(404);
        String policy =
                send(to("nothing.html").build())
                        .headers()
                        .firstValue("Content-Security-Policy")
                        .orElse("");
        assertThat(policy).contains("default-src 'none'").doesNotContain("unsafe");
    }

    private static String raw(String text) throws IOException {
        URI address = explorer.address();
        try (Socket socket = new Socket(address.getHost(), address.getPort())) {
            OutputStream out = socket.getOutputStream();
            out.write(text.getBytes(StandardCharsets.US_ASCII));
            out.flush();
            byte[] start = socket.getInputStream().readNBytes(20);
            return new String(start, StandardCharsets.US_ASCII);
        }
    }

    @Test
    void aTakenPortIsSaid() {
        int port = explorer.address().getPort();
        assertThatThrownBy(() -> Explorer.start(List.of(MODEL), List.of(), 1, port))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("port " + port);
    }
}
