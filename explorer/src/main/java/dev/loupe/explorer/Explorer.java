package dev.loupe.explorer;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.files.store.StoredModel;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;

/**
 * The explorer: pages for a browser on this machine, and what they ask of a model. It listens on
 * the loopback address alone, and answers only those who call it by that name, so that no page from
 * elsewhere can drive it.
 */
public final class Explorer implements AutoCloseable {
    /** The most that a request may say. */
    private static final int BODY = 1 << 20;

    private static final Set<HttpMethod> PAGES = Set.of(HttpMethod.GET, HttpMethod.HEAD);

    private static final String API = "/api/";

    private static final String HOST = "127.0.0.1";

    private static final Map<String, String> TYPES =
            Map.of(
                    "html", "text/html; charset=utf-8",
                    "js", "text/javascript; charset=utf-8",
                    "css", "text/css; charset=utf-8",
                    "svg", "image/svg+xml",
                    "png", "image/png",
                    "json", "application/json");

    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
                    + " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none';"
                    + " frame-ancestors 'none'";

    private final Vertx vertx;
    private final Engine engine = new Engine();
    private final Models models;
    private final Calls calls;
    private int port;

    private Explorer(
            List<Path> paths, List<StoredModel> stored, int threads, Map<String, Call> more) {
        models = new Models(paths, stored, threads);
        calls = new Calls(models, more);
        vertx =
                Vertx.vertx(
                        new VertxOptions()
                                .setEventLoopPoolSize(1)
                                .setWorkerPoolSize(1)
                                .setInternalBlockingPoolSize(1));
    }

    /** The same, with no other models than these. */
    public static Explorer start(List<Path> paths, int threads, int port) throws IOException {
        return start(paths, List.of(), threads, port);
    }

    /**
     * Starts it.
     *
     * @param paths of models that pages may look into, the first one first: files, folders, and
     *     folders of runs, whose checkpoints they may look into too
     * @param stored other models that pages may choose, such as those of the local store
     * @param threads how many compute
     * @param port where to listen; 0: wherever there is room
     * @throws IOException if the port is taken
     */
    public static Explorer start(List<Path> paths, List<StoredModel> stored, int threads, int port)
            throws IOException {
        return start(paths, stored, threads, port, Map.of());
    }

    /** The same with further calls. */
    static Explorer start(
            List<Path> paths,
            List<StoredModel> stored,
            int threads,
            int port,
            Map<String, Call> more)
            throws IOException {
        Explorer explorer = new Explorer(paths, stored, threads, more);
        try {
            HttpServer server =
                    explorer.vertx
                            .createHttpServer(
                                    new HttpServerOptions()
                                            .setHost(HOST)
                                            .setPort(port)
                                            .setHttp2ClearTextEnabled(false))
                            .requestHandler(explorer::handle)
                            .listen()
                            .toCompletionStage()
                            .toCompletableFuture()
                            .join();
            explorer.port = server.actualPort();
            return explorer;
        } catch (CompletionException e) {
            explorer.close();
            throw new IOException("port " + port + " cannot be had: " + e.getCause(), e);
        }
    }

    /** Where a browser finds it. */
    public URI address() {
        return URI.create("http://" + HOST + ":" + port + "/");
    }

    private void handle(HttpServerRequest request) {
        HttpServerResponse response = request.response();
        response.putHeader("Content-Security-Policy", POLICY)
                .putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Referrer-Policy", "no-referrer")
                .putHeader("Cache-Control", "no-store");
        try {
            checkCaller(request);
            String path = String.valueOf(request.path());
            if (path.startsWith(API)) {
                api(request, path.substring(API.length()));
            } else if (PAGES.contains(request.method())) {
                page(path, response);
            } else {
                throw new ApiException(405, "pages are only read");
            }
        } catch (ApiException e) {
            fail(response, e);
        }
    }

    /** A page from elsewhere can send requests here; the browser tells on it. */
    private void checkCaller(HttpServerRequest request) {
        Set<String> names = Set.of(HOST + ":" + port, "localhost:" + port, "[::1]:" + port);
        String host = request.getHeader("Host");
        if (host == null || !names.contains(host)) {
            throw new ApiException(403, "this is only for a browser on this machine");
        }
        String origin = request.getHeader("Origin");
        if (origin != null && names.stream().noneMatch(name -> origin.equals("http://" + name))) {
            throw new ApiException(403, "this is only for the explorer's own pages");
        }
    }

    private static void page(String path, HttpServerResponse response) {
        String name = path.equals("/") ? "/index.html" : path;
        String ending = name.substring(name.lastIndexOf('.') + 1);
        String type = TYPES.get(ending);
        byte[] bytes = name.contains("..") || type == null ? null : resource("/web" + name);
        if (bytes == null) {
            throw new ApiException(404, "there is no such page");
        }
        response.putHeader("Content-Type", type).end(Buffer.buffer(bytes));
    }

    private static byte @Nullable [] resource(String name) {
        try (InputStream in = Explorer.class.getResourceAsStream(name)) {
            return in == null ? null : in.readAllBytes();
        } catch (IOException e) {
            throw new ApiException(500, "the page cannot be read: " + e.getMessage());
        }
    }

    private void api(HttpServerRequest request, String name) {
        if (!request.method().equals(HttpMethod.POST)) {
            throw new ApiException(405, "calls are made by POST");
        }
        String type = request.getHeader("Content-Type");
        if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
            throw new ApiException(415, "calls take application/json");
        }
        Buffer body = Buffer.buffer();
        boolean[] over = {false};
        request.handler(piece -> {
            if (over[0]) {
                return;
            }
            if (body.length() + piece.length() > BODY) {
                over[0] = true;
                ApiException large =
                        new ApiException(413, "a request may have 1 MB; this one has more");
                fail(request.response().putHeader("Connection", "close"), large);
                return;
            }
            body.appendBuffer(piece);
        });
        request.endHandler(end -> {
            if (!over[0]) {
                try {
                    call(request, name, body.getBytes());
                } catch (ApiException e) {
                    fail(request.response(), e);
                }
            }
        });
    }

    private void call(HttpServerRequest request, String name, byte[] body) {
        JsonNode asked;
        try {
            asked = Answer.MAPPER.readTree(body);
        } catch (IOException e) {
            throw new ApiException(400, "the request is not JSON");
        }
        if (asked == null || !asked.isObject()) {
            throw new ApiException(400, "the request is not one JSON object");
        }
        Reply reply = new Reply(vertx, request.response());
        engine.submit(() -> calls.answer(name, asked, reply), reply);
    }

    static void fail(HttpServerResponse response, ApiException e) {
        if (!response.ended() && !response.closed()) {
            byte[] body =
                    Answer.json(Answer.MAPPER.createObjectNode().put("error", e.getMessage()))
                            .bytes();
            response.setStatusCode(e.status())
                    .putHeader("Content-Type", "application/json")
                    .end(Buffer.buffer(body));
        }
    }

    @Override
    public void close() {
        engine.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
        models.close();
    }
}
