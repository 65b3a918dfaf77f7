package dev.loupe.files.store;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;

import org.jspecify.annotations.Nullable;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads which files a repository has: {@code /api/models/OWNER/REPO/tree/main?recursive=true}, an
 * array of objects with {@code type}, {@code path}, {@code size}, {@code oid} and, for large files,
 * {@code lfs.oid}. Long lists come in pages.
 */
final class HubListing {
    private static final long LONGEST = 16L << 20;
    private static final int MOST_FILES = 50_000;
    private static final int MOST_PAGES = 50;
    private static final long DEADLINE_NANOS = 60_000_000_000L;
    private static final Pattern NEXT = Pattern.compile("<([^>]+)>\\s*;\\s*rel=\"?next\"?");
    private static final JsonFactory JSON = new JsonFactory();

    private final Http http;
    private final URI endpoint;

    HubListing(Http http, URI endpoint) {
        this.http = http;
        this.endpoint = endpoint;
    }

    List<HubFile> of(Source.Hub source) throws IOException {
        List<HubFile> files = new ArrayList<>();
        String repo = source.owner() + "/" + source.repo();
        URI page =
                URI.create(
                        endpoint
                                + "/api/models/"
                                + Download.encoded(repo)
                                + "/tree/main?recursive=true");
        long start = System.nanoTime();
        for (int pages = 0; page != null; pages++) {
            if (pages == MOST_PAGES) {
                throw new StoreException(repo + ": more than " + MOST_FILES + " files");
            }
            try (Http.Answer answer = http.get(page, Map.of());
                    JsonParser json = JSON.createParser(new Bounded(answer.body(), start))) {
                readPage(json, files, repo);
                page = next(answer);
            } catch (com.fasterxml.jackson.core.JacksonException e) {
                throw new StoreException(
                        page
                                + ": the answer is not the list of files that a hub gives: "
                                + e.getOriginalMessage(),
                        e);
            }
        }
        return files;
    }

    private @Nullable URI next(Http.Answer answer) {
        Matcher link = NEXT.matcher(String.valueOf(answer.header("Link")));
        if (!link.find()) {
            return null;
        }
        URI next;
        try {
            next = answer.uri().resolve(link.group(1));
        } catch (IllegalArgumentException e) {
            throw new StoreException(answer.uri() + ": next page '" + link.group(1) + "'", e);
        }
        // Else a listing could send us anywhere, and its answer decides what is written.
        if (!String.valueOf(next.getRawAuthority()).equals(endpoint.getRawAuthority())
                || !endpoint.getScheme().equals(next.getScheme())) {
            throw new StoreException(answer.uri() + ": its next page is elsewhere, at " + next);
        }
        return next;
    }

    private static void readPage(JsonParser json, List<HubFile> files, String repo)
            throws IOException {
        if (json.nextToken() != JsonToken.START_ARRAY) {
            throw new StoreException(repo + ": found no list of files in the hub's answer");
        }
        while (json.nextToken() == JsonToken.START_OBJECT) {
            HubFile file = readEntry(json, repo);
            if (file != null) {
                files.add(file);
            }
            if (files.size() > MOST_FILES) {
                throw new StoreException(repo + ": more than " + MOST_FILES + " files");
            }
        }
        if (json.currentToken() != JsonToken.END_ARRAY) {
            throw new StoreException(repo + ": the hub's list of files ends in the middle");
        }
    }

    private static @Nullable HubFile readEntry(JsonParser json, String repo) throws IOException {
        String type = "";
        String path = "";
        String blob = null;
        String sha256 = null;
        long size = -1;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            JsonToken value = json.nextToken();
            if (value == JsonToken.START_OBJECT && field.equals("lfs")) {
                sha256 = readOid(json);
            } else if (value == JsonToken.START_OBJECT || value == JsonToken.START_ARRAY) {
                json.skipChildren();
            } else if (value == JsonToken.VALUE_STRING) {
                switch (field) {
                    case "type" -> type = json.getText();
                    case "path" -> path = json.getText();
                    case "oid" -> blob = json.getText();
                    default -> {}
                }
            } else if (value == JsonToken.VALUE_NUMBER_INT && field.equals("size")) {
                size = json.getLongValue();
            }
        }
        if (!type.equals("file")) {
            return null;
        }
        refuseTraversal(path, repo);
        if (size < 0) {
            throw new StoreException(repo + ": " + path + ": found no size, expected one");
        }
        return new HubFile(path, size, checksum(repo + ": " + path, sha256, blob, size));
    }

    private static @Nullable Checksum checksum(
            String what, @Nullable String sha256, @Nullable String blob, long size) {
        try {
            if (sha256 != null) {
                return new Checksum.Sha256(sha256);
            }
            return blob == null ? null : new Checksum.GitBlob(blob, size);
        } catch (IllegalArgumentException e) {
            throw new StoreException(what + ": the checksum " + e.getMessage(), e);
        }
    }

    private static @Nullable String readOid(JsonParser json) throws IOException {
        String oid = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            if (json.nextToken() == JsonToken.VALUE_STRING && field.equals("oid")) {
                oid = json.getText();
            } else {
                json.skipChildren();
            }
        }
        return oid;
    }

    /** No hub lists such a path; a server that does is not to be trusted with the others. */
    private static void refuseTraversal(String path, String repo) {
        for (String segment : path.split("/", -1)) {
            if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
                throw new StoreException(
                        repo
                                + ": lists a file '"
                                + path
                                + "', which leads out of the folder; nothing"
                                + " is written");
            }
        }
    }

    /** A body of bounded length, that arrives in bounded time. */
    private static final class Bounded extends FilterInputStream {
        private final long start;
        private long left = LONGEST;

        Bounded(InputStream body, long start) {
            super(body);
            this.start = start;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (System.nanoTime() - start > DEADLINE_NANOS) {
                throw new StoreException("the hub takes more than a minute to list the files");
            }
            int n = super.read(bytes, offset, length);
            left -= n;
            if (left < 0) {
                throw new StoreException(
                        "the hub's list of files is longer than " + LONGEST + " bytes");
            }
            return n;
        }
    }
}
