package dev.loupe.explorer;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.ModelFileException;
import dev.loupe.generate.NoTokenException;
import dev.loupe.inside.NamedArray;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A server on this machine's own address that gives the explorer's pages and answers their calls.
 * It answers nobody else: the names of the host and of the page that asks are checked.
 */
public final class Explorer implements AutoCloseable {
    private static final int MOST_BODY = 1 << 20;
    private static final int CHUNK = 1 << 20;
    private static final long PATIENCE_SECONDS = 60;
    private static final String CSP =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
                    + " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none';"
                    + " frame-ancestors 'none'";
    private static final Map<String, String> TYPES =
            Map.of(
                    "html", "text/html; charset=utf-8",
                    "js", "text/javascript; charset=utf-8",
                    "css", "text/css; charset=utf-8",
                    "svg", "image/svg+xml",
                    "png", "image/png",
                    "json", "application/json",
                    "woff2", "font/woff2",
                    "txt", "text/plain; charset=utf-8");

    private final Vertx vertx;
    private final Engine engine = new Engine();
    private final Models models;
    private final Calls calls;
    private final HttpServer server;
    private final int port;

    private Explorer(Map<String, Path> paths, int threads, int wanted) throws IOException {
        models = new Models(paths, threads);
        calls = new Calls(models);
        vertx =
                Vertx.vertx(
                        new VertxOptions()
                                .setPreferNativeTransport(false)
                                .setEventLoopPoolSize(1)
                                .setWorkerPoolSize(1)
                                .setInternalBlockingPoolSize(1)
                                .setFileSystemOptions(
                                        new FileSystemOptions()
                                                .setClassPathResolvingEnabled(false)
                                                .setFileCachingEnabled(false)));
        server =
                vertx.createHttpServer(
                                new HttpServerOptions()
                                        .setHost("127.0.0.1")
                                        .setPort(wanted)
                                        .setReuseAddress(true)
                                        .setIdleTimeout(600))
                        .requestHandler(this::handle);
        try {
            port = await(server.listen()).actualPort();
        } catch (IOException e) {
            vertx.close();
            engine.close();
            throw e;
        }
    }

    /**
     * Starts a server, which runs until it is closed.
     *
     * @param models keys and where they are, the default first; at least one
     * @param threads that compute
     * @param port 0 for any that is free
     * @throws IOException if the port is taken
     */
    public static Explorer start(Map<String, Path> models, int threads, int port)
            throws IOException {
        if (models.isEmpty()) {
            throw new IllegalArgumentException("models: found none, expected at least one");
        }
        System.setProperty("vertx.disableDnsResolver", "true");
        return new Explorer(models, threads, port);
    }

    /** Where it listens. */
    public int port() {
        return port;
    }

    private static <T> T await(Future<T> future) throws IOException {
        try {
            return future.toCompletionStage()
                    .toCompletableFuture()
                    .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } catch (TimeoutException e) {
            throw new IOException("nobody takes the answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private void handle(HttpServerRequest request) {
        HttpServerResponse response = request.response();
        response.putHeader("Content-Security-Policy", CSP)
                .putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Referrer-Policy", "no-referrer")
                .putHeader("Cross-Origin-Resource-Policy", "same-origin");
        try {
            checkHost(request);
            String path = request.path() == null ? "/" : request.path();
            if (path.startsWith("/api/")) {
                response.putHeader("Cache-Control", "no-store");
                call(request, path.substring("/api/".length()));
            } else {
                page(request, path);
            }
        } catch (Refused e) {
            refuse(response, e);
        }
    }

    private void checkHost(HttpServerRequest request) {
        Set<String> own = Set.of("127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port);
        String host = request.getHeader("Host");
        if (host == null || !own.contains(host)) {
            throw new Refused(403, "the explorer answers at http://127.0.0.1:" + port + "/ only");
        }
        String origin = request.getHeader("Origin");
        if (origin != null
                && !(origin.startsWith("http://") && own.contains(origin.substring(7)))) {
            throw new Refused(403, "the explorer answers its own pages only");
        }
    }

    private static void page(HttpServerRequest request, String path) {
        boolean head = request.method().equals(HttpMethod.HEAD);
        if (!head && !request.method().equals(HttpMethod.GET)) {
            throw new Refused(405, "pages are read with GET");
        }
        String name = path.equals("/") ? "/index.html" : path;
        if (!name.matches("(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")) {
            throw new Refused(404, "there is no such page");
        }
        try (InputStream in = Explorer.class.getResourceAsStream("/web" + name)) {
            String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
            if (in == null || type == null) {
                throw new Refused(404, "there is no such page");
            }
            request.response().putHeader("Content-Type", type);
            request.response().putHeader("Cache-Control", "no-cache");
            Buffer whole = Buffer.buffer(in.readAllBytes());
            request.response().end(head ? Buffer.buffer() : whole);
        } catch (IOException e) {
            throw new Refused(500, "the page cannot be read: " + e.getMessage());
        }
    }

    private void call(HttpServerRequest request, String name) {
        if (!request.method().equals(HttpMethod.POST)) {
            throw new Refused(405, "calls are made with POST");
        }
        String type = request.getHeader("Content-Type");
        if (type == null || !type.split(";", 2)[0].strip().equalsIgnoreCase("application/json")) {
            throw new Refused(415, "send the request as Content-Type: application/json");
        }
        if (!calls.has(name)) {
            throw new Refused(404, "there is no call of that name");
        }
        Reply reply = new Reply(request.response());
        request.response().closeHandler(gone -> reply.leave());
        request.response().exceptionHandler(gone -> reply.leave());
        Buffer body = Buffer.buffer();
        request.handler(part -> {
            if (reply.gone()) {
                return;
            }
            if (body.length() + part.length() > MOST_BODY) {
                reply.leave();
                request.response().putHeader("Connection", "close");
                refuse(
                        request.response(),
                        new Refused(413, "the request has more than 1 MB; send less"));
                return;
            }
            body.appendBuffer(part);
        });
        request.endHandler(end -> {
            if (!reply.gone()) {
                try {
                    JsonNode node = Shapes.MAPPER.readTree(body.getBytes());
                    Question question = new Question(node);
                    engine.add(() -> answer(name, question, reply));
                } catch (JsonProcessingException e) {
                    refuse(request.response(), new Refused(400, "the request is no JSON"));
                } catch (IOException e) {
                    refuse(request.response(), new Refused(400, "the request cannot be read"));
                } catch (Refused e) {
                    refuse(request.response(), e);
                }
            }
        });
    }

    private void answer(String name, Question question, Reply reply) {
        if (reply.gone()) {
            return;
        }
        try {
            reply.send(calls.answer(name, question, reply), question.text("format", "binary"));
        } catch (Gone e) {
            reply.leave();
        } catch (IOException e) {
            reply.drop();
        } catch (Refused e) {
            reply.fail(e);
        } catch (IllegalArgumentException | NoTokenException | ModelFileException e) {
            reply.fail(
                    new Refused(400, ModelFileException.oneLine(String.valueOf(e.getMessage()))));
        } catch (OutOfMemoryError e) {
            reply.fail(new Refused(413, "the memory is too small for that; ask for less"));
        } catch (RuntimeException | Error e) {
            reply.fail(new Refused(500, e + "; this is a fault of Loupe's"));
        }
    }

    private static void refuse(HttpServerResponse response, Refused e) {
        if (response.ended() || response.closed()) {
            return;
        }
        response.setStatusCode(e.status()).putHeader("Content-Type", "application/json");
        response.end(error(e).toString());
    }

    private static ObjectNode error(Refused e) {
        return Shapes.object().put("error", e.getMessage());
    }

    /** The answer to one request, as it is written. The engine's thread waits for slow readers. */
    private static final class Reply extends Asker {
        private final HttpServerResponse response;
        private boolean lines;

        Reply(HttpServerResponse response) {
            this.response = response;
        }

        @Override
        void line(ObjectNode line) {
            if (!lines) {
                lines = true;
                response.setChunked(true).putHeader("Content-Type", "application/x-ndjson");
            }
            write(Buffer.buffer(line + "\n"));
        }

        private void write(Buffer buffer) {
            check();
            try {
                await(response.write(buffer));
            } catch (IOException e) {
                drop();
                throw new Gone();
            }
        }

        void drop() {
            leave();
            response.reset();
        }

        void fail(Refused e) {
            if (gone()) {
                return;
            }
            if (lines) {
                response.end(error(e) + "\n");
            } else {
                refuse(response, e);
            }
        }

        void send(Answer answer, String format) throws IOException {
            check();
            switch (answer) {
                case Answer.Json json -> send(json.value());
                case Answer.Arrays arrays when format.equals("json") -> send(asJson(arrays));
                case Answer.Arrays arrays -> send(arrays);
            }
        }

        private void send(JsonNode json) throws IOException {
            if (lines) {
                ObjectNode result = Shapes.object();
                result.set("result", json);
                await(response.end(result + "\n"));
            } else {
                response.putHeader("Content-Type", "application/json");
                await(response.end(Buffer.buffer(json.toString())));
            }
        }

        private static JsonNode asJson(Answer.Arrays answer) {
            ObjectNode node = answer.header().deepCopy();
            ArrayNode list = node.putArray("arrays");
            for (NamedArray array : answer.arrays()) {
                ObjectNode one = list.addObject().put("name", array.name());
                one.set("shape", Shapes.json(array.shape()));
                one.set("values", Shapes.json(array.values()));
            }
            return node;
        }

        private void send(Answer.Arrays answer) throws IOException {
            ObjectNode header = answer.header().deepCopy();
            ArrayNode list = header.putArray("arrays");
            long offset = 0;
            for (NamedArray array : answer.arrays()) {
                ObjectNode one = list.addObject().put("name", array.name());
                one.set("shape", Shapes.json(array.shape()));
                one.put("offset", offset);
                offset += 4L * array.values().length;
            }
            byte[] text = header.toString().getBytes(UTF_8);
            int padded = (text.length + 4 + 7) / 8 * 8 - 4;
            response.putHeader("Content-Type", "application/octet-stream");
            response.putHeader("Content-Length", String.valueOf(4 + padded + offset));
            write(
                    Buffer.buffer()
                            .appendIntLE(padded)
                            .appendBytes(text)
                            .appendString(" ".repeat(padded - text.length)));
            for (NamedArray array : answer.arrays()) {
                float[] values = array.values();
                for (int at = 0; at < values.length; at += CHUNK / 4) {
                    int n = Math.min(CHUNK / 4, values.length - at);
                    ByteBuffer bytes = ByteBuffer.allocate(4 * n).order(ByteOrder.LITTLE_ENDIAN);
                    bytes.asFloatBuffer().put(values, at, n);
                    write(Buffer.buffer(bytes.array()));
                }
            }
            await(response.end());
        }
    }

    @Override
    public void close() {
        engine.close();
        @Nullable Throwable failed = null;
        try {
            await(vertx.close());
        } catch (IOException e) {
            failed = e;
        }
        if (failed == null) {
            models.close();
        }
    }
}
