package dev.loupe.explorer;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Reader;
import dev.loupe.model.Taps;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExplorerTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private final Path path = Outside.fixture("families/llama-tied");
    private Explorer explorer;

    @BeforeAll
    void start() throws IOException {
        explorer = Explorer.start(Map.of("tiny", path), 1, 0);
    }

    @AfterAll
    void stop() {
        explorer.close();
    }

    private record Reply(int status, String head, byte[] body) {
        JsonNode json() throws IOException {
            return MAPPER.readTree(body);
        }
    }

    private Reply send(String host, String more, String path, byte[] body) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), explorer.port())) {
            OutputStream out = socket.getOutputStream();
            String head =
                    "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n"
                            .formatted(path, host, body.length, more);
            out.write(head.getBytes(UTF_8));
            try {
                out.write(body);
                out.flush();
            } catch (IOException e) {
                // refused before all of it was read
                assertThat(body).hasSizeGreaterThan(1 << 20);
            }
            InputStream in = socket.getInputStream();
            byte[] all = in.readAllBytes();
            String text = new String(all, ISO_8859_1);
            int end = text.indexOf("\r\n\r\n");
            return new Reply(
                    Integer.parseInt(text.substring(9, 12)),
                    text.substring(0, end),
                    Arrays.copyOfRange(all, end + 4, all.length));
        }
    }

    private Reply call(String name, String body) throws IOException {
        return send(
                "127.0.0.1:" + explorer.port(),
                "Content-Type: application/json\r\n",
                "/api/" + name,
                body.getBytes(UTF_8));
    }

    @Test
    void logitsAreTheEnginesOwn() throws IOException {
        byte[] body = call("logits", "{\"ids\":[3,17,42]}").body();
        ByteBuffer bytes = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
        int header = bytes.getInt();
        assertThat((4 + header) % 8).isZero();
        try (LocalModel model = LocalModel.load(path, 1)) {
            float[] expected =
                    new Reader(model.gpt(), model.processor(), Taps.NONE).read(3, 17, 42);
            for (int i = 0; i < expected.length; i++) {
                assertThat(bytes.getFloat(4 + header + 4 * i)).isEqualTo(expected[i]);
            }
            assertThat(body).hasSize(4 + header + 4 * expected.length);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "models | {}",
                "shape | {\"name\":\"gpt3\"}",
                "lens | {\"ids\":[3,17]}",
                "draw | {\"ids\":[3,17],\"seed\":5,\"step\":2,\"sampling\":{\"top_k\":4}}",
                "summary | {\"ids\":[3,17]}",
                "derive | {\"ids\":[3,17],\"hook\":\"blocks.1.attn.hook_q\",\"index\":[1,0,2]}",
                "attribution | {\"ids\":[3,17],\"id\":4}",
                "effect | {\"ids\":[3,17],\"changes\":[{\"kind\":\"zero\",\"at\":\"L0H1\"}]}",
                "neighbours | {\"plus\":[3],\"minus\":[4]}",
                "project | {\"plus\":[3],\"ids\":[5,6]}",
                "components | {\"ids\":[3,4,5,6]}",
                "capture | {\"ids\":[3,17],\"hooks\":[\"*.hook_pattern\"]}",
                "attention | {\"ids\":[3,17],\"layer\":1}",
                "vector | {\"id\":7}",
                "heads | {}",
                "model | {}",
                "sweep | {\"ids\":[3,17],\"from_ids\":[4,17],\"id\":9,\"over\":\"heads\"}",
            })
    void callsAreAnswered(String name, String body) throws IOException {
        Reply reply = call(name, body);
        assertThat(reply.status()).as(new String(reply.body(), UTF_8)).isEqualTo(200);
        assertThat(new String(reply.body(), UTF_8)).doesNotContain("\"error\"");
        assertThat(reply.head()).contains("default-src 'none'", "nosniff", "no-store");
    }

    @Test
    void theSameSeedAndStepGiveTheSameDrawInsideOfItsInterval() throws IOException {
        String body = "{\"ids\":[3,17],\"seed\":5,\"step\":1}";
        JsonNode draw = call("draw", body).json();
        assertThat(draw).isEqualTo(call("draw", body).json());
        assertThat(draw.get("u").doubleValue())
                .isBetween(draw.get("from").doubleValue(), draw.get("to").doubleValue());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "400 | logits | {\"ids\":[99999999]}",
                "400 | logits | {\"ids\":[-1]}",
                "400 | logits | {\"ids\":[]}",
                "400 | logits | {\"ids\":[1.5]}",
                "400 | logits | []",
                "400 | logits | {\"ids\":",
                "400 | logits | {\"ids\":[1],\"model\":\"none\"}",
                "400 | attention | {\"ids\":[1],\"layer\":1000000000}",
                "400 | derive | {\"ids\":[1],\"hook\":\"blocks.9.nothing\",\"index\":[0]}",
                "400 | effect | {\"ids\":[1],\"changes\":[{\"kind\":\"zero\",\"at\":\"L99H0\"}]}",
                "400 | effect |"
                    + " {\"ids\":[1],\"changes\":[{\"kind\":\"scale\",\"at\":\"L0H0\",\"factor\":\"NaN\"}]}",
                "400 | draw | {\"ids\":[1],\"sampling\":{\"temperature\":-1}}",
                "404 | nothing | {}",
            })
    void whatIsWrongIsRefusedInOneSentence(int status, String name, String body)
            throws IOException {
        Reply reply = call(name, body);
        assertThat(reply.status()).isEqualTo(status);
        assertThat(reply.json().get("error").textValue()).isNotEmpty().doesNotContain("\n");
    }

    @Test
    void strangersAreRefused() throws IOException {
        String own = "127.0.0.1:" + explorer.port();
        String json = "Content-Type: application/json\r\n";
        byte[] none = "{}".getBytes(UTF_8);
        assertThat(send("evil.example", json, "/api/models", none).status()).isEqualTo(403);
        String origin = json + "Origin: http://evil.example\r\n";
        assertThat(send(own, origin, "/api/models", none).status()).isEqualTo(403);
        String text = "Content-Type: text/plain\r\n";
        assertThat(send(own, text, "/api/models", none).status()).isEqualTo(415);
    }

    @Test
    void aBodyOfMoreThanAMegabyteIsRefusedAndTheServerLives() throws IOException {
        try {
            String own = "127.0.0.1:" + explorer.port();
            String json = "Content-Type: application/json\r\n";
            assertThat(send(own, json, "/api/models", new byte[10 << 20]).status()).isEqualTo(413);
        } catch (IOException e) {
            // the connection may break before the answer is read
            assertThat(e).isNotNull();
        }
        assertThat(call("models", "{}").status()).isEqualTo(200);
    }
}
