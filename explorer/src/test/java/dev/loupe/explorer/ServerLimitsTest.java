package dev.loupe.explorer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** The server works for few at a time, for nobody who has left, and holds one answer. */
@Timeout(120)
class ServerLimitsTest {
    private static final Path MODEL = Outside.fixture("families/gpt2");
    private static final int LARGE = 64 << 20;

    private final CountDownLatch open = new CountDownLatch(1);
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final AtomicInteger computed = new AtomicInteger();
    private final List<Socket> sockets = new ArrayList<>();
    private Explorer explorer;

    @BeforeEach
    void start() throws IOException {
        explorer =
                Explorer.start(
                        List.of(MODEL),
                        List.of(),
                        1,
                        0,
                        Map.of(
                                "gate",
                                question -> gate(),
                                "endless",
                                this::endless,
                                "large",
                                question -> large(),
                                "steps",
                                ServerLimitsTest::steps));
    }

    @AfterEach
    void end() throws IOException {
        open.countDown();
        for (Socket socket : sockets) {
            socket.close();
        }
        explorer.close();
    }

    /** Waits until the gate is opened. */
    private Answer gate() {
        begun.countDown();
        try {
            open.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return Answer.json(Answer.MAPPER.createObjectNode());
    }

    /** Goes on until nobody waits. */
    private Answer endless(Question question) {
        begun.countDown();
        try {
            while (true) {
                question.asker().check();
                Thread.onSpinWait();
            }
        } finally {
            stopped.countDown();
        }
    }

    private Answer large() {
        computed.incrementAndGet();
        return new Answer("application/octet-stream", new byte[LARGE]);
    }

    private static Answer steps(Question question) {
        question.asker().progress(0.5, "half");
        if (question.is("then", "fail")) {
            throw new ApiException(400, "no more");
        }
        return Answer.json(Answer.MAPPER.createObjectNode().put("done", true));
    }

    private Socket ask(String call, String body) throws IOException {
        Socket socket = new Socket(explorer.address().getHost(), explorer.address().getPort());
        socket.setSoTimeout(60_000);
        sockets.add(socket);
        send(socket, head(call, body.length()) + body);
        return socket;
    }

    private String head(String call, long length) {
        return """
        POST /api/%s HTTP/1.1\r
        Host: 127.0.0.1:%d\r
        Content-Type: application/json\r
        Content-Length: %d\r
        \r
        """
                .formatted(call, explorer.address().getPort(), length);
    }

    private static void send(Socket socket, String text) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(text.getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    private static int status(Socket socket) throws IOException {
        byte[] start = socket.getInputStream().readNBytes("HTTP/1.1 200".length());
        return Integer.parseInt(new String(start, StandardCharsets.US_ASCII).substring(9));
    }

    @Test
    void thirtyTwoWaitAndTheOthersAreTurnedAwayAtOnce() throws IOException, InterruptedException {
        Socket first = ask("gate", "{}");
        begun.await();
        List<Socket> others = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            others.add(ask("models", "{}"));
        }
        // the gate is still shut, so whoever has an answer did not wait for it
        List<Socket> away = new ArrayList<>();
        while (away.size() < others.size() - Engine.WAITING) {
            for (Socket socket : others) {
                if (!away.contains(socket) && socket.getInputStream().available() > 0) {
                    assertThat(status(socket)).isEqualTo(429);
                    away.add(socket);
                }
            }
            Thread.sleep(5);
        }
        others.removeAll(away);
        open.countDown();
        assertThat(status(first)).isEqualTo(200);
        for (Socket socket : others) {
            assertThat(status(socket)).isEqualTo(200);
        }
    }

    @Test
    void workForWhoHasLeftStops() throws IOException, InterruptedException {
        Socket socket = ask("endless", "{}");
        begun.await();
        socket.close();
        assertThat(stopped.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(status(ask("models", "{}"))).isEqualTo(200);
    }

    @Test
    void theNextAnswerIsComputedWhenOneIsTaken() throws IOException, InterruptedException {
        Socket slow = ask("large", "{}");
        assertThat(status(slow)).isEqualTo(200);
        Socket next = ask("large", "{}");
        Thread.sleep(300);
        assertThat(computed).hasValue(1);
        InputStream in = slow.getInputStream();
        long rest = LARGE;
        byte[] piece = new byte[1 << 20];
        for (int n = in.read(piece); rest > 0 && n >= 0; n = rest > 0 ? in.read(piece) : -1) {
            rest -= n;
        }
        assertThat(status(next)).isEqualTo(200);
        assertThat(computed).hasValue(2);
    }

    @Test
    void aBodyOfTenMegabytesIsRefusedBeforeItIsThere() throws IOException {
        Socket socket = ask("models", "{}");
        status(socket);
        Socket large = new Socket(explorer.address().getHost(), explorer.address().getPort());
        large.setSoTimeout(60_000);
        sockets.add(large);
        send(large, head("tokenize", 10_000_000));
        try {
            send(large, " ".repeat(2_000_000));
        } catch (SocketException e) {
            // the server has hung up already, with its answer before
            assertThat(e).isNotNull();
        }
        assertThat(status(large)).isEqualTo(413);
    }

    @Test
    void progressComesBeforeTheResult() throws IOException, InterruptedException {
        assertThat(lines("{}"))
                .containsExactly(
                        "{\"progress\":0.5,\"note\":\"half\"}", "{\"result\":{\"done\":true}}");
        assertThat(lines("{\"then\":\"fail\"}"))
                .containsExactly("{\"progress\":0.5,\"note\":\"half\"}", "{\"error\":\"no more\"}");
    }

    private List<String> lines(String body) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(explorer.address().resolve("api/steps"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(body))
                        .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<Stream<String>> response = client.send(request, BodyHandlers.ofLines());
            assertThat(response.headers().firstValue("Content-Type"))
                    .hasValue("application/x-ndjson");
            return response.body().toList();
        }
    }
}
