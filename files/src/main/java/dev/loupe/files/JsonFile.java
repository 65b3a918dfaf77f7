package dev.loupe.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** Reads JSON of unknown origin as a stream of tokens, with bounds on depth and on names. */
final class JsonFile {
    private static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(16)
                                    .maxNameLength(4096)
                                    .maxNumberLength(32)
                                    .build())
                    // names of tensors are all different: a table of them would only grow
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .build();

    private JsonFile() {}

    /** Takes the tokens of one JSON value. */
    interface Tokens {
        void read(JsonParser json) throws IOException;
    }

    /** Reads from the first token on, and checks that nothing follows. */
    static void parse(Path file, String field, byte[] bytes, Tokens tokens) {
        // from bytes the parser would guess an encoding; the formats say UTF-8
        Reader text = new InputStreamReader(new ByteArrayInputStream(bytes), UTF_8);
        try (JsonParser json = FACTORY.createParser(text)) {
            json.nextToken();
            tokens.read(json);
            if (json.nextToken() != null) {
                throw new ModelFileException(file, field, "more after its end", "one JSON object");
            }
        } catch (JsonProcessingException e) {
            throw new ModelFileException(
                    file,
                    field,
                    "broken JSON" + place(e),
                    "valid JSON (" + firstLine(e.getOriginalMessage()) + ")");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void expect(Path file, String field, JsonParser json, JsonToken token, String expected) {
        JsonToken found = json.currentToken();
        if (found != token) {
            throw new ModelFileException(
                    file, field, found == null ? "nothing" : found.toString(), expected);
        }
    }

    /** Bounds that were exceeded have no place. */
    private static String place(JsonProcessingException e) {
        JsonLocation location = e.getLocation();
        return location == null ? "" : " at character " + location.getCharOffset();
    }

    private static String firstLine(String message) {
        String line = message.lines().findFirst().orElse("");
        return line.length() <= 160 ? line : line.substring(0, 160) + "...";
    }
}
