package dev.loupe.files.store;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;

/**
 * Asks servers for files. Redirects are followed by hand, because each is a new address to judge:
 * the token goes to the hub alone, nothing but HTTP is spoken, and what began encrypted stays so.
 */
final class Http implements AutoCloseable {
    private static final int MOST_REDIRECTS = 5;
    private static final Duration CONNECT = Duration.ofSeconds(20);

    private final Settings settings;
    private final HttpClient client;

    Http(Settings settings) {
        this.settings = settings;
        Duration connect = settings.stall().compareTo(CONNECT) < 0 ? settings.stall() : CONNECT;
        // HTTP/1.1: one stream a connection, so a stalled one is closed without hurting another.
        this.client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(connect)
                        .build();
    }

    /**
     * What a server gave.
     *
     * @param uri where it came from in the end
     * @param body fails when nothing arrives for as long as the settings allow
     */
    record Answer(URI uri, HttpResponse<InputStream> response, StallGuard body)
            implements AutoCloseable {
        int status() {
            return response.statusCode();
        }

        /** A header, or null. */
        @Nullable String header(String name) {
            return response.headers().firstValue(name).orElse(null);
        }

        @Override
        public void close() throws IOException {
            body.close();
        }
    }

    /** A server that is busy or broken now; a later try may do. */
    static final class Busy extends IOException {
        private static final long serialVersionUID = 1L;

        private final int seconds;

        Busy(String message, int seconds) {
            super(message);
            this.seconds = seconds;
        }

        /** How long the server asks to wait; 0 where it does not say. */
        int seconds() {
            return seconds;
        }
    }

    /**
     * Gets an address.
     *
     * @param headers sent along, to every host on the way
     * @return an answer with status 200, 206 or 416
     * @throws IOException if the connection fails or the server is busy: another try may do
     * @throws StoreException if another try would fail too
     */
    Answer get(URI from, Map<String, String> headers) throws IOException {
        URI uri = from;
        for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
            HttpResponse<InputStream> response = send(uri, headers);
            int status = response.statusCode();
            if (status == 200 || status == 206 || status == 416) {
                return new Answer(uri, response, new StallGuard(response.body(), settings.stall()));
            }
            response.body().close();
            if (status < 300 || status > 399) {
                throw refused(uri, response);
            }
            uri = redirected(uri, response.headers().firstValue("Location").orElse(null));
        }
        throw new StoreException(from + ": more than " + MOST_REDIRECTS + " redirects");
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    private HttpResponse<InputStream> send(URI uri, Map<String, String> headers)
            throws IOException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri)
                        .timeout(settings.stall())
                        .header("User-Agent", "loupe")
                        .header("Accept-Encoding", "identity");
        headers.forEach(request::header);
        if (settings.token() != null && isHub(uri)) {
            request.header("Authorization", "Bearer " + settings.token());
        }
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (HttpConnectTimeoutException | ConnectException e) {
            throw new IOException("cannot reach " + uri.getAuthority(), e);
        } catch (HttpTimeoutException e) {
            throw new IOException(
                    uri.getAuthority() + " did not answer in " + seconds(settings.stall()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException("interrupted", e);
        }
    }

    private boolean isHub(URI uri) {
        URI hub = settings.endpoint();
        return uri.getScheme().equalsIgnoreCase(hub.getScheme())
                && uri.getHost().equalsIgnoreCase(hub.getHost())
                && port(uri) == port(hub);
    }

    private static int port(URI uri) {
        boolean plain = uri.getScheme().equalsIgnoreCase("http");
        return uri.getPort() >= 0 ? uri.getPort() : plain ? 80 : 443;
    }

    static URI redirected(URI from, @Nullable String location) {
        if (location == null) {
            throw new StoreException(from + ": a redirect that does not say where to");
        }
        URI to;
        try {
            to = from.resolve(location);
        } catch (IllegalArgumentException e) {
            throw new StoreException(from + ": a redirect to '" + location + "'", e);
        }
        String scheme = String.valueOf(to.getScheme());
        boolean web = scheme.equalsIgnoreCase("https") || scheme.equalsIgnoreCase("http");
        if (!web || to.getHost() == null || to.getRawUserInfo() != null) {
            throw new StoreException(
                    from + ": a redirect to '" + location + "', which is no web address");
        }
        if (scheme.equalsIgnoreCase("http") && from.getScheme().equalsIgnoreCase("https")) {
            throw new StoreException(
                    from + ": a redirect to '" + location + "', which is not encrypted");
        }
        return to;
    }

    /** Why there is no file; thrown or returned by what a later try could change. */
    private StoreException refused(URI uri, HttpResponse<?> response) throws Busy {
        int status = response.statusCode();
        String code = response.headers().firstValue("X-Error-Code").orElse("");
        if (status == 429 || status >= 500) {
            String problem =
                    status == 429
                            ? "asks to wait (HTTP 429)"
                            : "is in trouble (HTTP " + status + ")";
            throw new Busy(uri.getAuthority() + " " + problem, retryAfter(response));
        }
        if (status == 404 || code.equals("RepoNotFound") || code.equals("EntryNotFound")) {
            return new StoreException(
                    uri
                            + ": not there (HTTP "
                            + status
                            + "); check the name, or set HF_TOKEN if it"
                            + " is private");
        }
        if (status == 401 || status == 403) {
            String way =
                    settings.token() == null
                            ? "ask for access on its page, make a token at "
                                    + settings.endpoint()
                                    + "/settings/tokens and set HF_TOKEN to it"
                            : "the token in HF_TOKEN gives no access; ask for it on its page";
            return new StoreException(
                    uri + ": gated, private or not there (HTTP " + status + "): " + way);
        }
        return new StoreException(uri + ": HTTP " + status);
    }

    private static int retryAfter(HttpResponse<?> response) {
        String seconds = response.headers().firstValue("Retry-After").orElse("");
        return seconds.matches("\\d{1,3}") ? Integer.parseInt(seconds, 10) : 0;
    }

    static String seconds(Duration duration) {
        return Objects.requireNonNull(duration).toMillis() / 1000.0 + " s";
    }
}
