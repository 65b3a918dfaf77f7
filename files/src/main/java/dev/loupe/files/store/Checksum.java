package dev.loupe.files.store;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/** What a hub says that the bytes of a file amount to. */
sealed interface Checksum {
    /** A digest that has taken in what comes before the bytes. */
    MessageDigest begin();

    /** The expected digest, in lower-case hexadecimal. */
    String hex();

    /** The SHA-256 of a large file. */
    record Sha256(String hex) implements Checksum {
        public Sha256 {
            hex = checked(hex, 64);
        }

        @Override
        public MessageDigest begin() {
            return digest("SHA-256");
        }

        @Override
        public String toString() {
            return "sha256 " + hex;
        }
    }

    /**
     * The name that Git gives the contents of a small file: the SHA-1 of {@code "blob " + size}, a
     * zero byte, and the contents.
     */
    record GitBlob(String hex, long size) implements Checksum {
        public GitBlob {
            hex = checked(hex, 40);
        }

        @Override
        public MessageDigest begin() {
            MessageDigest digest = digest("SHA-1");
            digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
            return digest;
        }

        @Override
        public String toString() {
            return "git blob " + hex;
        }
    }

    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    private static String checked(String hex, int length) {
        if (!hex.matches("[0-9a-fA-F]{" + length + "}")) {
            throw new IllegalArgumentException(
                    "'" + hex + "' is not " + length + " hexadecimal digits");
        }
        return hex.toLowerCase(Locale.ROOT);
    }

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has " + algorithm, e);
        }
    }
}
