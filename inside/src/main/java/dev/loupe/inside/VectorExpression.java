package dev.loupe.inside;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A sum of words: {@code woman - man + king}. Words are {@linkplain TokenName names of tokens}.
 *
 * @param terms in the order in which they were written, at least one
 */
public record VectorExpression(List<Term> terms) {
    private static final Pattern NAME =
            Pattern.compile("\\s*(?:'(?<quoted>[^']+)'|(?<word>[^\\s']\\S*))(?=\\s|$)\\s*");
    private static final Pattern SIGN = Pattern.compile("\\s*([+-])\\s+");

    /** Letters of a list that an error shows. */
    private static final int SHOWN = 40;

    /**
     * One of the words.
     *
     * @param minus whether it is subtracted
     */
    public record Term(boolean minus, TokenName name) {}

    public VectorExpression {
        terms = List.copyOf(terms);
    }

    /**
     * Reads one.
     *
     * @throws IllegalArgumentException if the text is no sum
     */
    public static VectorExpression parse(String text) {
        List<Term> terms = new ArrayList<>();
        int at = 0;
        do {
            Matcher sign = SIGN.matcher(text).region(at, text.length());
            boolean signed = sign.lookingAt();
            Matcher name = NAME.matcher(text).region(signed ? sign.end() : at, text.length());
            if (!name.lookingAt() || (!signed && at > 0)) {
                throw new IllegalArgumentException(
                        "found \""
                                + text
                                + "\", expected a sum of words such as \"woman - man + king\","
                                + " with spaces around + and -");
            }
            terms.add(new Term(signed && sign.group(1).equals("-"), name(name)));
            at = name.end();
        } while (at < text.length());
        return new VectorExpression(terms);
    }

    /**
     * The words of a list, between spaces or commas; quotes as in a sum.
     *
     * @throws IllegalArgumentException if a quote is not closed
     */
    public static List<TokenName> words(String text) {
        List<TokenName> words = new ArrayList<>();
        String spaced = text.replace(',', ' ').strip();
        int at = 0;
        while (at < spaced.length()) {
            Matcher name = NAME.matcher(spaced).region(at, spaced.length());
            if (!name.lookingAt()) {
                throw new IllegalArgumentException(
                        "found \""
                                + spaced.substring(at, Math.min(spaced.length(), at + SHOWN))
                                + "\", expected words between spaces, and quotes that are closed");
            }
            words.add(name(name));
            at = name.end();
        }
        return words;
    }

    private static TokenName name(Matcher name) {
        String quoted = name.group("quoted");
        return quoted == null
                ? new TokenName(name.group("word"), false)
                : new TokenName(quoted, true);
    }
}
