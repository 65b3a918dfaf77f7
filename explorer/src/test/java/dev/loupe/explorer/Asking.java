package dev.loupe.explorer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Asks an explorer as a page does. */
record Asking(Explorer explorer, HttpClient client) implements AutoCloseable {
    static final ObjectMapper MAPPER = new ObjectMapper();

    /** Starts an explorer of some models. */
    static Asking about(Path... models) throws IOException {
        return new Asking(
                Explorer.start(List.of(models), List.of(), 2, 0), HttpClient.newHttpClient());
    }

    HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(explorer.address().resolve(path));
    }

    HttpRequest asking(String call, String body) {
        return to("api/" + call)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
    }

    HttpResponse<byte[]> send(HttpRequest request) throws IOException, InterruptedException {
        return client.send(request, BodyHandlers.ofByteArray());
    }

    JsonNode ask(String call, String body) throws IOException, InterruptedException {
        HttpResponse<byte[]> response = send(asking(call, body));
        String text = new String(response.body(), StandardCharsets.UTF_8);
        assertThat(response.statusCode()).as(text).isEqualTo(200);
        return MAPPER.readTree(text);
    }

    /** That a question is refused, and what is said. */
    void refused(String call, String body, int status, String says)
            throws IOException, InterruptedException {
        HttpResponse<byte[]> response = send(asking(call, body));
        String text = new String(response.body(), StandardCharsets.UTF_8);
        assertThat(response.statusCode()).as(text).isEqualTo(status);
        assertThat(MAPPER.readTree(text).get("error").asText()).contains(says);
    }

    /** An answer that is tensors: the header, and a buffer that stands at the first number. */
    record Tensors(JsonNode header, ByteBuffer numbers) {}

    Tensors tensors(String call, String body) throws IOException, InterruptedException {
        byte[] bytes = send(asking(call, body)).body();
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int length = buffer.getInt();
        assertThat((4 + length) % 8).isZero();
        buffer.position(4 + length);
        String header = new String(bytes, 4, length, StandardCharsets.UTF_8);
        return new Tensors(MAPPER.readTree(header), buffer);
    }

    @Override
    public void close() {
        explorer.close();
        client.close();
    }
}
