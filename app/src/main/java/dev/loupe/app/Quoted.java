package dev.loupe.app;

/** Text of tokens for a terminal: in quotes, with what would move the cursor spelt out. */
final class Quoted {
    private Quoted() {}

    static String text(String text) {
        StringBuilder out = new StringBuilder("'");
        text.codePoints().forEach(c -> append(out, c));
        return out.append("'").toString();
    }

    private static void append(StringBuilder out, int c) {
        switch (c) {
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            case '\\' -> out.append("\\\\");
            default -> {
                int type = Character.getType(c);
                boolean moves =
                        Character.isISOControl(c)
                                || type == Character.FORMAT
                                || type == Character.LINE_SEPARATOR
                                || type == Character.PARAGRAPH_SEPARATOR;
                if (moves) {
                    out.append("\\u{").append(Integer.toHexString(c)).append('}');
                } else {
                    out.appendCodePoint(c);
                }
            }
        }
    }
}
