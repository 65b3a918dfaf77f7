package dev.loupe.files.store;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A hub on this machine that does what a test tells it, and remembers what it was asked. */
final class FakeHub implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, HttpHandler> handlers = new ConcurrentHashMap<>();
    private final List<Request> requests = new CopyOnWriteArrayList<>();

    /** One request: header values are null where there was no such header. */
    record Request(
            String host,
            String path,
            @Nullable String authorization,
            @Nullable String range,
            @Nullable String ifRange) {}

    FakeHub() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    private void handle(HttpExchange exchange) throws IOException {
        var headers = exchange.getRequestHeaders();
        String path = exchange.getRequestURI().toString();
        requests.add(
                new Request(
                        String.valueOf(headers.getFirst("Host")),
                        path,
                        headers.getFirst("Authorization"),
                        headers.getFirst("Range"),
                        headers.getFirst("If-Range")));
        HttpHandler handler = handlers.get(path);
        try (exchange) {
            if (handler == null) {
                exchange.sendResponseHeaders(404, -1);
            } else {
                handler.handle(exchange);
            }
        }
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + port());
    }

    int port() {
        return server.getAddress().getPort();
    }

    List<Request> requests() {
        return requests;
    }

    /** The requests for files, without those for lists. */
    List<Request> downloads() {
        return requests.stream().filter(request -> !request.path().startsWith("/api/")).toList();
    }

    void on(String path, HttpHandler handler) {
        handlers.put(path, handler);
    }

    void onList(String repo, HttpHandler handler) {
        on("/api/models/" + repo + "/tree/main?recursive=true", handler);
    }

    void onFile(String repo, String file, HttpHandler handler) {
        on("/" + repo + "/resolve/main/" + file, handler);
    }

    /** Publishes a repository whose files are given well. */
    void publish(String repo, Map<String, byte[]> files) {
        onList(repo, text(listing(files)));
        files.forEach((name, bytes) -> onFile(repo, name, file(bytes)));
    }

    static String listing(Map<String, byte[]> files) {
        StringBuilder json = new StringBuilder("[{\"type\":\"directory\",\"path\":\"onnx\"}");
        files.forEach(
                (name, bytes) -> json.append(',').append(entry(name, bytes.length, sha256(bytes))));
        return json.append(']').toString();
    }

    static String entry(String name, long size, String sha256) {
        return "{\"type\":\"file\",\"oid\":\"%s\",\"size\":%d,\"path\":\"%s\",\"lfs\":{\"oid\":\"%s\",\"size\":%d}}"
                .formatted("0".repeat(40), size, name, sha256, size);
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    static HttpHandler text(String text) {
        byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        return exchange -> {
            exchange.sendResponseHeaders(200, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        };
    }

    /** A file with an ETag that can be had from any byte on. */
    static HttpHandler file(byte[] bytes) {
        String etag = "\"" + sha256(bytes) + "\"";
        return exchange -> {
            String range = exchange.getRequestHeaders().getFirst("Range");
            String ifRange = exchange.getRequestHeaders().getFirst("If-Range");
            exchange.getResponseHeaders().add("ETag", etag);
            int from = 0;
            if (range != null && (ifRange == null || ifRange.equals(etag))) {
                from = Integer.parseInt(range.replaceAll("\\D", ""), 10);
                exchange.getResponseHeaders()
                        .add(
                                "Content-Range",
                                "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
            }
            exchange.sendResponseHeaders(from > 0 ? 206 : 200, bytes.length - from);
            exchange.getResponseBody().write(bytes, from, bytes.length - from);
        };
    }

    /** Announces the whole file, sends its beginning, and hangs up. */
    static HttpHandler cut(byte[] bytes, int after) {
        return exchange -> {
            exchange.getResponseHeaders().add("ETag", "\"" + sha256(bytes) + "\"");
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(Arrays.copyOf(bytes, after));
            exchange.getResponseBody().flush();
        };
    }

    /** One byte every few milliseconds, until the client goes away. */
    static HttpHandler drip(long length, long millis) {
        return exchange -> {
            exchange.sendResponseHeaders(200, length);
            try (OutputStream body = exchange.getResponseBody()) {
                for (long i = 0; i < length; i++) {
                    body.write(' ');
                    body.flush();
                    Thread.sleep(millis);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
    }

    static HttpHandler redirect(String location) {
        return exchange -> {
            exchange.getResponseHeaders().add("Location", location);
            exchange.sendResponseHeaders(302, -1);
        };
    }

    static HttpHandler status(int status, String... headers) {
        return exchange -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
            }
            exchange.sendResponseHeaders(status, -1);
        };
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
