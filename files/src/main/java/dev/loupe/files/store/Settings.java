package dev.loupe.files.store;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * Where models are kept and fetched from.
 *
 * @param root the folder of the store; made when first needed
 * @param endpoint the hub, without a slash at the end
 * @param token the person's token at that hub; it is sent to no other origin
 * @param stall how long nothing may arrive before a connection counts as dead
 * @param attempts how often an interrupted download goes on by itself
 * @param offline true if nothing may be fetched
 */
public record Settings(
        Path root,
        URI endpoint,
        @Nullable String token,
        Duration stall,
        int attempts,
        boolean offline) {
    private static final int LONGEST_TOKEN = 1024;

    public Settings {
        String scheme = String.valueOf(endpoint.getScheme());
        if (!(scheme.equals("https") || scheme.equals("http"))
                || endpoint.getHost() == null
                || endpoint.getRawUserInfo() != null) {
            throw new StoreException(
                    "HF_ENDPOINT: found '"
                            + endpoint
                            + "', expected an address like https://huggingface.co");
        }
        if (token != null && !token.matches("[!-~]{1," + LONGEST_TOKEN + "}")) {
            throw new StoreException(
                    "HF_TOKEN: found spaces or characters that no token has; copy it again");
        }
    }

    /**
     * The settings that environment variables ask for: {@code LOUPE_HOME} or {@code XDG_DATA_HOME}
     * (the store), {@code HF_ENDPOINT}, {@code HF_TOKEN} or the file {@code token} in {@code
     * HF_HOME}, and {@code LOUPE_OFFLINE}.
     */
    public static Settings of(Map<String, String> environment) {
        String home = environment.getOrDefault("HOME", System.getProperty("user.home"));
        String endpoint = set(environment, "HF_ENDPOINT", "https://huggingface.co");
        URI uri;
        try {
            uri = URI.create(endpoint.replaceAll("/+$", ""));
        } catch (IllegalArgumentException e) {
            throw new StoreException(
                    "HF_ENDPOINT: found '"
                            + endpoint
                            + "', expected an address like https://huggingface.co",
                    e);
        }
        String data = set(environment, "XDG_DATA_HOME", home + "/.local/share");
        Path root = Path.of(set(environment, "LOUPE_HOME", data + "/loupe")).resolve("models");
        return new Settings(
                root.toAbsolutePath().normalize(),
                uri,
                token(environment, home),
                Duration.ofSeconds(30),
                4,
                set(environment, "LOUPE_OFFLINE", "0").matches("1|true|yes|on"));
    }

    /** The same, but with nothing fetched. */
    public Settings withoutNetwork() {
        return new Settings(root, endpoint, token, stall, attempts, true);
    }

    private static @Nullable String token(Map<String, String> environment, String home) {
        String token = set(environment, "HF_TOKEN", "").strip();
        if (token.isEmpty()) {
            String cache = set(environment, "XDG_CACHE_HOME", home + "/.cache");
            Path file = Path.of(set(environment, "HF_HOME", cache + "/huggingface"), "token");
            try {
                if (Files.isRegularFile(file) && Files.size(file) <= LONGEST_TOKEN) {
                    token = Files.readString(file).strip();
                }
            } catch (IOException e) {
                // A token that this person may not read is none.
                return null;
            }
        }
        return token.isEmpty() ? null : token;
    }

    private static String set(Map<String, String> environment, String name, String otherwise) {
        String value = environment.get(name);
        return value == null || value.isBlank() ? otherwise : value;
    }

    /** Hides the token. */
    @Override
    public String toString() {
        return "Settings[root=" + root + ", endpoint=" + endpoint + ", offline=" + offline + "]";
    }
}
