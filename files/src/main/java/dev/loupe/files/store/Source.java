package dev.loupe.files.store;

import java.net.URI;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where a model comes from, as a person names it. */
public sealed interface Source {
    /**
     * A repository of the hub.
     *
     * @param which a file of it, or a quantisation such as {@code Q4_K_M}; empty to let Loupe
     *     choose
     */
    record Hub(String owner, String repo, String which) implements Source {
        private static final Pattern FORM =
                Pattern.compile("([^/:\\s]+)/([^/:\\s]+?)(?::([^:\\s]+))?");

        public Hub {
            FileNames.check(owner, "model");
            FileNames.check(repo, "model");
        }

        /**
         * Reads {@code owner/repo} or {@code owner/repo:file-or-quantisation}.
         *
         * @throws StoreException if it has another form
         */
        static Hub parse(String text) {
            Matcher form = FORM.matcher(text);
            if (!form.matches()) {
                throw new StoreException(
                        "no model is called '" + text + "'; a model of the hub is owner/repo");
            }
            String which = form.group(3);
            return new Hub(form.group(1), form.group(2), which == null ? "" : which);
        }

        @Override
        public String toString() {
            return owner + "/" + repo + (which.isEmpty() ? "" : ":" + which);
        }
    }

    /** One GGUF file at an address. */
    record Address(URI uri) implements Source {
        public Address {
            String path = String.valueOf(uri.getPath());
            if (uri.getHost() == null || uri.getRawUserInfo() != null) {
                throw new StoreException(
                        "'"
                                + uri
                                + "' has no host, or a password in it, which Loupe does not send");
            }
            if (!path.toLowerCase(Locale.ROOT).endsWith(".gguf")) {
                throw new StoreException(
                        "'"
                                + uri
                                + "' is not the address of a .gguf file; other models are more than"
                                + " one file, and pulled as owner/repo");
            }
            FileNames.check(path.substring(path.lastIndexOf('/') + 1), uri.toString());
        }

        String file() {
            return uri.getPath().substring(uri.getPath().lastIndexOf('/') + 1);
        }

        /**
         * What the store calls the owner of files from here: the host, and a port that is not
         * usual.
         */
        String owner() {
            return uri.getHost() + (uri.getPort() < 0 ? "" : "_" + uri.getPort());
        }

        @Override
        public String toString() {
            return uri.toString();
        }
    }

    /**
     * Reads a short name, {@code owner/repo[:file-or-quantisation]}, or an address.
     *
     * @param endpoint the hub, whose pages are read as the repositories that they show
     * @throws StoreException if it is none of these; it lists short names that are close
     */
    static Source parse(String text, URI endpoint) {
        if (text.matches("(?i)[a-z][a-z0-9+.-]*://.*")) {
            return address(text, endpoint);
        }
        Optional<KnownModel> known = KnownModel.named(text);
        if (known.isPresent()) {
            return known.get().source();
        }
        if (!text.contains("/")) {
            throw new StoreException("no model is called '" + text + "'; " + CloseNames.hint(text));
        }
        return Hub.parse(text);
    }

    private static Source address(String text, URI endpoint) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (java.net.URISyntaxException e) {
            throw new StoreException("'" + text + "' is not an address: " + e.getReason(), e);
        }
        String scheme = uri.getScheme().toLowerCase(Locale.ROOT);
        if (!scheme.equals("https") && !scheme.equals("http")) {
            throw new StoreException(
                    "'" + text + "': found " + scheme + "://, expected https:// or http://");
        }
        if (String.valueOf(uri.getRawAuthority()).equals(endpoint.getRawAuthority())) {
            Matcher page =
                    Pattern.compile("/([^/]+)/([^/]+?)(?:/(?:tree|blob|resolve)/main(?:/(.+))?)?/?")
                            .matcher(String.valueOf(uri.getPath()));
            if (page.matches()) {
                String file = page.group(3);
                return new Hub(page.group(1), page.group(2), file == null ? "" : file);
            }
        }
        return new Address(uri);
    }
}
