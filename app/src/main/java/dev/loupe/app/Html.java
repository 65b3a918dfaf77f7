package dev.loupe.app;

import java.util.Locale;

/**
 * HTML, piece by piece. Text that comes from a model or a person goes through {@link #text}, and is
 * never markup.
 */
final class Html {
    private final StringBuilder out = new StringBuilder();

    /** Markup that Loupe wrote itself. */
    Html raw(String markup) {
        out.append(markup);
        return this;
    }

    /** Text, whatever it holds. */
    Html text(String text) {
        out.append(escaped(text));
        return this;
    }

    /** A start tag, a text, an end tag. */
    Html element(String tag, String attributes, String text) {
        out.append('<').append(tag);
        if (!attributes.isEmpty()) {
            out.append(' ').append(attributes);
        }
        out.append('>').append(escaped(text)).append("</").append(tag).append(">\n");
        return this;
    }

    /** Fit for the body and for quoted attributes. */
    static String escaped(String text) {
        StringBuilder escaped = new StringBuilder();
        text.codePoints()
                .forEach(c -> {
                    switch (c) {
                        case '&' -> escaped.append("&amp;");
                        case '<' -> escaped.append("&lt;");
                        case '>' -> escaped.append("&gt;");
                        case '"' -> escaped.append("&quot;");
                        case '\'' -> escaped.append("&#39;");
                        default -> {
                            boolean allowed = c >= 0x20 || c == '\n' || c == '\t';
                            boolean half = c >= 0xD800 && c <= 0xDFFF;
                            escaped.appendCodePoint(allowed && !half ? c : 0xFFFD);
                        }
                    }
                });
        return escaped.toString();
    }

    static String number(String format, double x) {
        return String.format(Locale.ROOT, format, x);
    }

    @Override
    public String toString() {
        return out.toString();
    }
}
